"""`evload watch DIR`: loads what is dropped into a folder, for as long as it runs."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from evload.command import database, on_a_database, run
from evload.database.errors import DatabaseUnavailable
from evload.errors import EvloadError, shown
from evload.load_parameters import as_load_options, reading_options
from evload.signals import Stopped
from evload.streams import keep_running_without_readers


@click.command(
    help="""Load every file that is dropped into DIR, until it is stopped.

    A file that is complete, as it has not changed from one look to the next, is loaded as by `evload load` and moved to
    DIR/done, or to DIR/failed, with its report and its rejected rows beside it. What `load` leaves alone in a folder
    stays. While the database is away, files wait.
    """
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@reading_options
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(0.1, 3600),
    default=5,
    show_default=True,
    help="Seconds from one look at DIR to the next.",
)
@click.option(
    "--min-age",
    "min_age_seconds",
    type=click.FloatRange(min=0),
    default=0,
    show_default=True,
    help="Seconds for which a file must not have changed, where two looks are not enough.",
)
@click.option("--name", help="What DIR is called in `evload status`. Default: its path.")
@click.option("--forget", is_flag=True, help="DIR is watched no more: forget it, so that no alarm waits for it.")
@click.option("--json", "as_json", is_flag=True, help="Say what became of each file as a line of JSON.")
@on_a_database
def watch(
    folder: Path,
    every_seconds: float,
    min_age_seconds: float,
    name: str | None,
    forget: bool,
    as_json: bool,
    data_dir: Path | None,
    **given: Any,
) -> None:
    from evload.ingest.drop_folder.folder import DropFolder, watched_alone
    from evload.ingest.drop_folder.watcher import Outcome, Watcher
    from evload.ingest.options import LoadOptions

    def tell(outcome: Outcome) -> None:
        if as_json:
            _say(outcome.as_json().decode(), is_error=False)
        else:
            _say(outcome.as_text(), is_error=outcome.is_failure)

    keep_running_without_readers()
    known_as = shown(name or folder.absolute())
    if forget:
        _forget(known_as, data_dir)
        return
    options = LoadOptions(**as_load_options(**given))
    drop_folder = DropFolder(folder, min_age_seconds)
    with watched_alone(drop_folder), suppress(Stopped):
        _watch(Watcher(drop_folder, known_as, options, every_seconds, _say, tell), data_dir)
    _say(f"{shown(folder)} is watched no more.")


def _watch(watcher: Any, data_dir: Path | None) -> None:
    """A database that is away at the start is waited for, as one that goes later."""
    from evload.ingest.drop_folder.troubles import Troubles
    from evload.priority import lower_priority

    troubles = Troubles(_say)
    while True:
        try:
            with database(data_dir, restart_server=True) as (settings, dsn):
                troubles.are_over()
                lower_priority()
                run(watcher.run(dsn, settings.pseudonym_key_bytes))
        except DatabaseUnavailable as error:
            time.sleep(troubles.met(f"{error}"))


def _forget(name: str, data_dir: Path | None) -> None:
    from evload.ingest.drop_folder.watcher import forget

    with database(data_dir, create=False) as (_, dsn):
        if not run(forget(dsn, name)):
            raise EvloadError(f"No folder is known as {name}. `evload status` lists those that were watched.")
    click.echo(f"{name} is forgotten.")


def _say(text: str, *, is_error: bool = True) -> None:
    click.echo(text, err=is_error)
