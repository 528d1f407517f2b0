"""The command line: its commands, and how they wire the parts together."""

import functools
import logging
import shlex
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from evload import backup_commands, load_commands, privacy_commands, schema, tokens
from evload.command import Commands, copy_embedded, database, json_option, on_a_database, run, say, say_json
from evload.database.connecting import looking
from evload.distribute import distribute as distribute_rows
from evload.drop_folder_command import watch
from evload.embedded import is_embedded
from evload.errors import EvloadError, shown
from evload.format_commands import formats
from evload.load_commands import DATA_FILES, SAMPLE_TIMEZONE, load_all, load_sample
from evload.queries import query
from evload.settings import Settings
from evload.signals import stop_on_signals
from evload.streams import keep_running_without_readers, open_closed_streams
from evload.token_commands import token

log = logging.getLogger(__name__)
OF_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - said, not listened on


class NotOpen(EvloadError):
    message = (
        "Others reach {host}, and there is no token to ask them for: make one with `evload token create NAME --role"
        " reader`, or let everybody read everything with --open."
    )


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Hourly EV charging loads in, exact KPIs out.

    Works on the Postgres named by DATABASE_URL (or EVLOAD_DATABASE_URL), else on the embedded one.
    """,
)
@click.version_option(package_name="evload")
def main() -> None:
    open_closed_streams()
    stop_on_signals()


for command in (*load_commands.COMMANDS, *privacy_commands.COMMANDS, *backup_commands.COMMANDS, formats, token, watch):
    main.add_command(command)


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda command: functools.reduce(lambda made, decorator: decorator(made), reversed(decorators), command)


as_a_server = _options(
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on."),
    click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."),
    click.option("--open", "is_open", is_flag=True, help="Serve to everybody, without tokens, on any address."),
    click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Processes that serve."),
)


@main.command(
    help="""Start everything: Postgres, tables, data, API.

    FILES are loaded first. With none given, the embedded Postgres begins with a bundled sample, which makes way for the
    first file that is loaded.
    """
)
@click.argument("files", nargs=-1, type=DATA_FILES)
@on_a_database
@as_a_server
def up(files: tuple[Path, ...], data_dir: Path | None, host: str, port: int, is_open: bool, workers: int) -> None:
    from evload.serve import listen

    keep_running_without_readers()
    with (
        closing(listen(host, port)) as listener,
        database(data_dir, migrate=True, restart_server=True) as (settings, dsn),
    ):
        settings = _opened(settings, dsn, listener, is_open=is_open)
        if files:
            as_json, key = settings.log_format == "json", settings.pseudonym_key_bytes
            load_all(dsn, files, as_json=as_json, pseudonym_key=key)
        elif is_embedded(dsn) and run(_was_never_loaded(dsn)):
            load_sample(dsn, settings.pseudonym_key_bytes)
        _serve(settings, listener, workers)


@main.command(help="Serve the API, and nothing else.")
@on_a_database
@as_a_server
def serve(data_dir: Path | None, host: str, port: int, is_open: bool, workers: int) -> None:
    from evload.serve import listen

    keep_running_without_readers()
    with closing(listen(host, port)) as listener, database(data_dir, restart_server=True) as (settings, dsn):
        _serve(_opened(settings, dsn, listener, is_open=is_open), listener, workers)


def _opened(settings: Settings, dsn: str, listener: Any, *, is_open: bool) -> Settings:
    """Raises NotOpen where others reach the address, no token is there, and nobody said that everybody may read."""
    from evload.serve import is_reached_by_others

    if is_open or settings.open:
        if run(tokens.hold(dsn)):
            say("Nobody is asked for a token: --open, or EVLOAD_OPEN, serves everything to everybody.")
        return settings.opened()
    if is_reached_by_others(listener) and not run(tokens.hold(dsn)):
        raise NotOpen(NotOpen.message.format(host=listener.getsockname()[0]))
    return settings


def _serve(settings: Settings, listener: Any, workers: int) -> None:
    from evload import serve as api

    address = _address(*listener.getsockname()[:2]) + settings.root_path
    has_started = False

    def announce() -> None:
        nonlocal has_started
        has_started = True
        log.info("evload %s has started on %s", version("evload"), address, extra={"event": "started"})
        if settings.log_format == "json":
            return
        click.echo(f"evload serves on {address}")
        click.echo(f"  look {address}/dashboard")
        click.echo(f"  try  {address}/kpi/total-energy")
        click.echo(f"  docs {address}/docs")
        click.echo("Ctrl-C ends it.")

    try:
        api.serve(settings, listener, workers, announce)
    finally:
        if has_started:
            log.info("evload has stopped", extra={"event": "stopped"})


def _address(host: str, port: int) -> str:
    """Gives an address that a person at this machine can open: what listens on all addresses has no other name."""
    host = OF_THIS_MACHINE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _was_never_loaded(dsn: str) -> bool:
    async with looking(dsn, "prepare") as connection:
        was_never_loaded: bool = await connection.fetchval(query("ingest/was_never_loaded").text)
    return was_never_loaded


@main.command(help="Bring the tables and views to the newest revision. Running it again changes nothing.")
@on_a_database
def migrate(data_dir: Path | None) -> None:
    with database(data_dir, migrate=True):
        click.echo(f"The database is at revision {schema.newest_revision()}.")


@main.command(help="Say what the database holds.")
@json_option
@on_a_database
def status(data_dir: Path | None, as_json: bool) -> None:
    with database(data_dir, create=False) as (_, dsn):
        found = run(_status(dsn))
    if as_json:
        say_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name.replace('_', ' ') + ':':<16} {_shown(value)}")


async def _status(dsn: str) -> dict[str, Any]:
    async with looking(dsn, "status") as connection:
        row = await connection.fetchrow(query("site/status").text)
    return {"revision": schema.newest_revision(), **dict(row or {})}


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return f"{value:,}" if isinstance(value, int) else str(value)


@main.command(
    help="""Make DIR the data folder of a standby of the embedded Postgres.

    `evload serve --data-dir DIR` serves from it and keeps it following. Postgres writes first loads twice from now on.
    """
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@on_a_database
def replica(folder: Path, data_dir: Path | None) -> None:
    copy_embedded(data_dir, folder)
    click.echo(f"{shown(folder)} is a standby. Serve it by: evload serve --data-dir {shlex.quote(str(folder))}")


@main.command(help="Make a standby a server of its own, for when its primary is lost.")
@on_a_database
def promote(data_dir: Path | None) -> None:
    with database(data_dir, create=False) as (_, dsn):
        run(_promote(dsn))
    click.echo("It is a primary now. Do not start the old one again.")


async def _promote(dsn: str) -> None:
    async with looking(dsn, "promote") as connection:
        if not await connection.fetchval("SELECT pg_is_in_recovery()"):
            raise EvloadError("It is a primary already.")
        await connection.execute("SELECT pg_promote()")


@main.command(help="Spread the rows over the workers of a Citus cluster.")
@on_a_database
def distribute(data_dir: Path | None) -> None:
    with database(data_dir, create=False) as (_, dsn):
        run(distribute_rows(dsn))
    click.echo("The rows are distributed by user.")


@main.command(help="Print the SQL of the three roles for a Postgres server of your own.")
def roles() -> None:
    click.echo(query("roles").text.rstrip())


@main.command(help="Write a generated FILE in the published format.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--users", default=40, show_default=True, type=click.IntRange(min=1), help="How many users, at the end.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2025-07-15", show_default=True, help="First day.")
@click.option("--days", default=122, show_default=True, type=click.IntRange(min=1), help="How many days.")
@click.option("--sessions-per-week", default=2.5, show_default=True, type=float, help="Per user.")
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed gives the same file.")
@click.option("--timezone", default=SAMPLE_TIMEZONE, show_default=True, help="The clock of the file.")
def sample(file: Path, start: datetime, **plan: Any) -> None:
    from evload.sample import SamplePlan, write_sample

    rows = write_sample(SamplePlan(start=start.date(), **plan), file)
    click.echo(f"{shown(file)}: {rows:,} rows")
