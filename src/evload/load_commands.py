"""The commands that change what is stored: loading files, taking loads out again, and computing the sums again."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import click

from evload.command import ask, database, json_option, on_a_database, run, say, say_json, without_asking
from evload.errors import EvloadError, shown
from evload.load_parameters import as_load_options, reading_options
from evload.resources import folder
from evload.retention import FirstDay, FirstDayType

SAMPLE = folder("data") / "sample_hourly_loads.csv"
SAMPLE_TIMEZONE = "Europe/Oslo"
ROWS_REJECTED = 3  # the exit code of a load that is done, but left rows out
WORTH_COMPACTING = 0.2  # of the rows
DATA_FILES = click.Path(path_type=Path)


@click.command(
    help="""Load FILES, and bring the views up to date.

    FILES are files, folders, patterns like 'loads/*.csv', or - for standard input. Hours, intervals and sessions in the
    formats of `evload formats` are recognised. Each file is loaded as a whole or not at all. Loading one again changes
    only what differs. Exit codes: 0 done, 1 a file failed, 3 done, but rows were rejected.
    """
)
@click.argument("files", nargs=-1, required=True, type=DATA_FILES)
@reading_options
@click.option("--again", is_flag=True, help="Load a file also if exactly its bytes were loaded before.")
@click.option("--dry-run", is_flag=True, help="Report what a load would do, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object per file.")
@click.option(
    "--rejects-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for FILE.rejects.csv with the rejected rows of a file, or FILE.rejects-2.csv. Default: here.",
)
@click.option(
    "--explain", is_flag=True, help="Say how FILES are understood, with their first rows as hours; load nothing."
)
@on_a_database
def load(files: tuple[Path, ...], explain: bool, as_json: bool, data_dir: Path | None, **given: Any) -> None:
    from evload.priority import lower_priority

    options = as_load_options(**given)
    with database(data_dir) as (settings, dsn):
        as_json = as_json or settings.log_format == "json"
        options |= {"pseudonym_key": settings.pseudonym_key_bytes}
        lower_priority()
        if explain:
            explain_all(dsn, files, **options)
        elif load_all(dsn, files, as_json=as_json, **options):
            raise click.exceptions.Exit(ROWS_REJECTED)


def load_all(dsn: str, files: tuple[Path, ...], *, as_json: bool = False, **options: Any) -> bool:
    """The files after one that fails are loaded all the same. Tells whether rows were rejected."""
    from evload.ingest.find import files_of
    from evload.ingest.load import LoadOptions

    failed = rejected = False
    for file in files_of(files, say):
        try:
            rejected |= _load_one(dsn, file, LoadOptions(**options), as_json=as_json)
        except EvloadError as error:
            failed = True
            _tell_failure(dsn, file, error, LoadOptions(**options), as_json=as_json)
    if failed:
        raise click.exceptions.Exit(1)
    return rejected


def _tell_failure(dsn: str, file: Path, error: EvloadError, options: Any, *, as_json: bool) -> None:
    from evload.ingest.failures import LoadFailure, record

    failure = LoadFailure.of(file, error)
    if as_json:
        click.echo(failure.as_json())
    else:
        say(f"Error: {error}")
    if not options.dry_run:
        with suppress(EvloadError):  # the database is away, and the failure was told
            run(record(dsn, failure, options, uuid4().hex))


def explain_all(dsn: str, files: tuple[Path, ...], **options: Any) -> None:
    from evload.ingest.batches import fetch
    from evload.ingest.explain import explained, ids_of
    from evload.ingest.find import files_of
    from evload.ingest.options import LoadOptions

    wanted = LoadOptions(**options)
    timezone = run(fetch(dsn, "site/timezone"))[0][0]
    for file in files_of(files, say):
        click.echo(explained(file, timezone, wanted, run(ids_of(dsn, wanted))))


def _load_one(dsn: str, file: Path, options: Any, *, as_json: bool = False) -> bool:
    from evload.ingest.load import load_file

    report = run(load_file(dsn, file, options))
    click.echo(report.as_json() if as_json else report.as_text())
    return report.rejected > 0


def load_sample(dsn: str, pseudonym_key: bytes | None) -> None:
    from evload.ingest.load import LoadOptions

    _load_one(dsn, SAMPLE, LoadOptions(timezone=SAMPLE_TIMEZONE, is_sample=True, pseudonym_key=pseudonym_key))


@click.command(help="List what was loaded, and what failed.")
@json_option
@on_a_database
def batches(data_dir: Path | None, as_json: bool) -> None:
    from evload.ingest.batches import fetch

    with database(data_dir, create=False) as (_, dsn):
        listed = run(fetch(dsn, "batches/list"))
    found = [{**one, "rejected_by_reason": json.loads(one["rejected_by_reason"])} for one in listed]
    if as_json:
        say_json(found)
        return
    click.echo(f"{'batch':>5}  {'loaded at (UTC)':<16}  {'inserted':>11}  {'updated':>9}  {'rejected':>8}  file")
    for one in found:
        click.echo(
            f"{one['batch_id'] or '-':>5}  {one['loaded_at']:%Y-%m-%d %H:%M}  {one['inserted']:>11,}"
            f"  {one['updated']:>9,}  {one['rejected']:>8,}  {one['file_name']}{_notes(one)}"
        )
        for reason, count in one["rejected_by_reason"].items():
            click.echo(f"{'':>5}  {count:,} rejected: {shown(reason)}")


def _notes(batch: Mapping[str, Any]) -> str:
    notes = "  (sample)" if batch["is_sample"] else ""
    notes += f"  (source {batch['source']})" if batch["source"] else ""
    notes += f"  (taken out at {batch['unloaded_at']:%Y-%m-%d %H:%M})" if batch["unloaded_at"] else ""
    return notes + (f"  (failed: {batch['failure']})" if batch["failure"] else "")


@click.command(
    help="""Take the rows of a BATCH out again.

    Afterwards the data are as if its file had never been loaded: rows that it overwrote are again as they were.
    """
)
@click.argument("batch", type=click.IntRange(1, 2**31 - 1))
@without_asking
@on_a_database
def unload(batch: int, yes: bool, data_dir: Path | None) -> None:
    from evload.ingest import batches

    with database(data_dir, create=False) as (_, dsn):
        found = run(batches.find(dsn, batch))
        rows = run(batches.fetch(dsn, "batches/count_rows", batch))[0]["stored_rows"]
        ask(f"Take out batch {batch} ({found['file_name']}), {rows:,} rows?", yes=yes)
        removal = run(batches.unload(dsn, batch))
    restored = f", {removal.restored:,} as they were before" if removal.restored else ""
    sessions = f"; {removal.sessions:,} charging sessions changed" if removal.sessions else ""
    click.echo(f"{removal.removed:,} rows taken out{restored}{sessions}. Data version {removal.data_version}.")


@click.command(
    help="""End the retention of old days: take out every row before a day, for good, and give their disk back.

    DAY is a date; an AGE such as '2 years', '18 months' or '90 days' counts back from today.
    """
)
@click.option("--before", "first", required=True, type=FirstDayType(), help="The first day to keep.")
@without_asking
@on_a_database
def drop(first: FirstDay, yes: bool, data_dir: Path | None) -> None:
    from evload.ingest import batches

    with database(data_dir, create=False) as (_, dsn):
        today = datetime.now(ZoneInfo(run(batches.fetch(dsn, "site/timezone"))[0]["timezone"])).date()
        day = first.on(today)
        if day > today:
            raise EvloadError(f"{day} is in the future: name a day that has come, up to which all may go.")
        found = run(batches.fetch(dsn, "batches/count_before", day))[0]
        if found["stored_rows"] or found["stored_sessions"]:
            ask(f"Take out {_what_goes(found)} before {day}, for good?", yes=yes)
        removal = run(batches.drop_before(dsn, day))
        sessions = f", and {removal.sessions:,} charging sessions" if removal.sessions else ""
        click.echo(f"{removal.removed:,} rows taken out{sessions}. Data version {removal.data_version}.")
        if removal.removed > found["all_rows"] * WORTH_COMPACTING:
            _compact_if_free(dsn)


def _compact_if_free(dsn: str) -> None:
    """The rows are gone, whether their disk is given back now or later."""
    from evload.ingest.compact import NotGivenBack

    try:
        _compact(dsn)
    except NotGivenBack as error:
        say(f"{error}")


def _what_goes(found: Any) -> str:
    sessions = f" and {found['stored_sessions']:,} charging sessions" if found["stored_sessions"] else ""
    since = f", from {found['first_day']} on," if found["first_day"] else ""
    return f"all {found['stored_rows']:,} rows{sessions}{since}"


@click.command(help="Give back the disk of rows that were taken out. `evload drop` does it by itself.")
@on_a_database
def compact(data_dir: Path | None) -> None:
    with database(data_dir, create=False) as (_, dsn):
        _compact(dsn)


def _compact(dsn: str) -> None:
    from evload.ingest import batches
    from evload.ingest.compact import compact as give_back

    before = run(batches.fetch(dsn, "site/status"))[0]["database_bytes"]
    run(give_back(dsn))
    after = run(batches.fetch(dsn, "site/status"))[0]["database_bytes"]
    click.echo(f"The database takes {after / 1e6:,.0f} MB of disk, {before / 1e6:,.0f} MB before.")


@click.command(help="Compute all sums and views again, for instance after rows were changed by hand.")
@on_a_database
def refresh(data_dir: Path | None) -> None:
    from evload.ingest.refresh import refresh as refresh_views

    with database(data_dir, create=False) as (_, dsn):
        click.echo(f"All views are up to date. Data version {run(refresh_views(dsn))}.")


COMMANDS = (load, batches, unload, drop, compact, refresh)
