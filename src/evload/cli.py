"""The commands: here the parts are wired together."""

import functools
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from evload import schema
from evload.command import Commands, database, run, say
from evload.database import connect, driver_errors_translated
from evload.errors import EvloadError
from evload.queries import query
from evload.resources import folder
from evload.settings import Settings
from evload.signals import stop_on_signals

SAMPLE = folder("data") / "sample_hourly_loads.csv"
SAMPLE_TIMEZONE = "Europe/Oslo"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="evload")
def main() -> None:
    """Hourly EV charging loads in, exact KPIs out.

    Works on the Postgres named by DATABASE_URL (or EVLOAD_DATABASE_URL), else on the embedded one.
    """
    stop_on_signals()


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda command: functools.reduce(lambda made, decorator: decorator(made), reversed(decorators), command)


on_a_database = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the embedded Postgres keeps its data. Default: EVLOAD_DATA_DIR, else the user's data folder.",
)
as_a_server = _options(
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on."),
    click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."),
    click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Processes that serve."),
)
data_files = click.Path(path_type=Path)


@main.command()
@click.argument("files", nargs=-1, type=data_files)
@on_a_database
@as_a_server
def up(files: tuple[Path, ...], data_dir: Path | None, host: str, port: int, workers: int) -> None:
    """Start everything: Postgres, tables, data, API.

    FILES are loaded first. With none given, an empty database gets the bundled sample.
    """
    from evload.serve import listen

    with (
        closing(listen(host, port)) as listener,
        database(data_dir, migrate=True, restart_server=True) as (settings, dsn),
    ):
        if files:
            _load_all(dsn, files)
        elif run(_is_empty(dsn)):
            _load_sample(dsn)
        _serve(settings, listener, workers)


@main.command()
@on_a_database
@as_a_server
def serve(data_dir: Path | None, host: str, port: int, workers: int) -> None:
    """Serve the API, and nothing else."""
    from evload.serve import listen

    with closing(listen(host, port)) as listener, database(data_dir, restart_server=True) as (settings, _):
        _serve(settings, listener, workers)


def _serve(settings: Settings, listener: Any, workers: int) -> None:
    from evload import serve as api

    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def announce() -> None:
        click.echo(f"evload serves on {address}")
        click.echo(f"  look {address}/dashboard")
        click.echo(f"  try  {address}/kpi/total-energy")
        click.echo(f"  docs {address}/docs")
        click.echo("Ctrl-C ends it.")

    api.serve(settings, listener, workers, announce)


async def _is_empty(dsn: str) -> bool:
    connection = await connect(dsn, "prepare")
    try:
        looks_empty: bool = await connection.fetchval(query("ingest/looks_empty").text)
        return looks_empty
    finally:
        await connection.close()


@main.command()
@click.argument("files", nargs=-1, required=True, type=data_files)
@click.option("--strict", is_flag=True, help="Refuse a whole file for one rejected row.")
@click.option("--again", is_flag=True, help="Load a file also if exactly its bytes were loaded before.")
@click.option("--dry-run", is_flag=True, help="Report what a load would do, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object per file.")
@click.option(
    "--rejects-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for FILE.rejects.csv, which holds the rejected rows of a file. Default: the current folder.",
)
@on_a_database
def load(files: tuple[Path, ...], as_json: bool, data_dir: Path | None, **options: Any) -> None:
    """Load FILES of hourly loads, and bring the views up to date.

    FILES are files, folders, patterns like 'loads/*.csv', or - for standard input. Each file is loaded as a whole or
    not at all. Loading one again changes only what differs.
    """
    from evload.ingest.storing.priority import lower_priority

    with database(data_dir) as (_, dsn):
        lower_priority()
        _load_all(dsn, files, as_json=as_json, **options)


def _load_all(dsn: str, named: tuple[Path, ...], *, as_json: bool = False, **options: Any) -> None:
    """The files after one that fails are loaded all the same."""
    from evload.ingest.find import files_of
    from evload.ingest.load import LoadOptions

    failed = False
    for file in files_of(named):
        try:
            _load_one(dsn, file, LoadOptions(**options), as_json=as_json)
        except EvloadError as error:
            failed = True
            say(f"Error: {error}")
    if failed:
        raise click.exceptions.Exit(1)


def _load_one(dsn: str, file: Path, options: Any, *, as_json: bool = False) -> None:
    from evload.ingest.load import load_file

    report = run(load_file(dsn, file, options))
    click.echo(report.as_json() if as_json else report.as_text())


def _load_sample(dsn: str) -> None:
    from evload.ingest.load import LoadOptions

    _load_one(dsn, SAMPLE, LoadOptions(timezone=SAMPLE_TIMEZONE))


@main.command()
@on_a_database
def batches(data_dir: Path | None) -> None:
    """List what was loaded."""
    from evload.ingest.batches import fetch

    with database(data_dir) as (_, dsn):
        found = run(fetch(dsn, "batches/list"))
    click.echo(f"{'batch':>5}  {'loaded at (UTC)':<16}  {'inserted':>11}  {'updated':>9}  {'rejected':>8}  file")
    for one in found:
        note = f"  (taken out at {one['unloaded_at']:%Y-%m-%d %H:%M})" if one["unloaded_at"] else ""
        click.echo(
            f"{one['batch_id']:>5}  {one['loaded_at']:%Y-%m-%d %H:%M}  {one['inserted']:>11,}  {one['updated']:>9,}"
            f"  {one['rejected']:>8,}  {one['file_name']}{note}"
        )


without_asking = click.option("--yes", is_flag=True, help="Do not ask first.")


@main.command()
@click.argument("batch", type=click.IntRange(1, 2**31 - 1))
@without_asking
@on_a_database
def unload(batch: int, yes: bool, data_dir: Path | None) -> None:
    """Take the rows of a BATCH out again.

    Rows that a later load wrote stay as it left them. Loads whose rows the batch had overwritten are named.
    """
    from evload.ingest import batches

    with database(data_dir) as (_, dsn):
        found = run(batches.find(dsn, batch))
        rows = run(batches.fetch(dsn, "batches/count_rows", batch))[0]["stored_rows"]
        _ask(f"Take out batch {batch} ({found['file_name']}), {rows:,} rows?", yes)
        removal = run(batches.unload(dsn, batch))
    click.echo(f"{removal.removed:,} rows taken out. Data version {removal.data_version}.")
    for other, file_name in removal.overwritten:
        click.echo(
            f"Batch {other} ({file_name}) had rows that this one overwrote: `evload load --again` brings them back."
        )


@main.command()
@click.option("--before", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day to keep.")
@without_asking
@on_a_database
def drop(day: datetime, yes: bool, data_dir: Path | None) -> None:
    """End the retention of old days: take out every row before a day."""
    from evload.ingest import batches

    with database(data_dir) as (_, dsn):
        rows = run(batches.fetch(dsn, "batches/count_before", day.date()))[0]["stored_rows"]
        _ask(f"Take out all {rows:,} rows before {day:%Y-%m-%d}?", yes)
        removal = run(batches.drop_before(dsn, day.date()))
    click.echo(f"{removal.removed:,} rows taken out. Data version {removal.data_version}.")


def _ask(question: str, yes: bool) -> None:
    if not yes and not click.confirm(question, err=True):
        raise EvloadError("Nothing was changed.")


@main.command()
@on_a_database
def refresh(data_dir: Path | None) -> None:
    """Compute both materialized views again, for instance after rows were changed by hand."""
    from evload.ingest.storing.totals import refresh as refresh_views

    with database(data_dir) as (_, dsn):
        click.echo(f"Both views are up to date. Data version {run(refresh_views(dsn))}.")


@main.command()
@on_a_database
def migrate(data_dir: Path | None) -> None:
    """Bring the tables and views to the newest revision. Running it again changes nothing."""
    with database(data_dir, migrate=True):
        click.echo(f"The database is at revision {schema.newest_revision()}.")


@main.command()
@on_a_database
def status(data_dir: Path | None) -> None:
    """Say what the database holds."""
    with database(data_dir) as (_, dsn):
        found = run(_status(dsn))
    for name, value in found.items():
        click.echo(f"{name.replace('_', ' ') + ':':<16} {_shown(value)}")


async def _status(dsn: str) -> dict[str, Any]:
    connection = await connect(dsn, "status")
    try:
        with driver_errors_translated():
            row = await connection.fetchrow(query("site/status").text)
        return {"revision": schema.newest_revision(), **dict(row or {})}
    finally:
        await connection.close()


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return f"{value:,}" if isinstance(value, int) else str(value)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--users", default=40, show_default=True, type=click.IntRange(min=1), help="How many users, at the end.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2025-07-15", show_default=True, help="First day.")
@click.option("--days", default=122, show_default=True, type=click.IntRange(min=1), help="How many days.")
@click.option("--sessions-per-week", default=2.5, show_default=True, type=float, help="Per user.")
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed gives the same file.")
@click.option("--timezone", default=SAMPLE_TIMEZONE, show_default=True, help="The clock of the file.")
def sample(file: Path, start: datetime, **plan: Any) -> None:
    """Write a generated FILE in the published format."""
    from evload.sample import SamplePlan, write_sample

    rows = write_sample(SamplePlan(start=start.date(), **plan), file)
    click.echo(f"{file}: {rows:,} rows")
