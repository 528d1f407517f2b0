"""How a command runs: its errors as sentences, the signals that end it, its settings and the database it works on."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from evload import schema
from evload.database import CONNECTION_ERRORS, connect, driver_errors_translated, translated
from evload.embedded import default_data_dir, running_server
from evload.errors import EvloadError
from evload.settings import Settings

T = TypeVar("T")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


on_a_database = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the embedded Postgres keeps its data. Default: EVLOAD_DATA_DIR, else the user's data folder.",
)


class Stopped(KeyboardInterrupt):
    """A signal came while something other than the API was at work."""


class Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EvloadError as error:
            raise click.ClickException(str(error)) from error
        except ValidationError as error:
            raise click.UsageError("; ".join(_setting_problem(one) for one in error.errors())) from error
        except CONNECTION_ERRORS as error:  # the connection broke between two of our own steps
            raise click.ClickException(str(translated(error))) from error
        except UnicodeDecodeError as error:
            raise click.UsageError("The file .env is not UTF-8. Save it as UTF-8.") from error
        except KeyboardInterrupt:
            raise click.ClickException("Stopped before it was done. What was under way is not kept.") from None


def _setting_problem(error: Any) -> str:
    name = str(error["loc"][0]).upper()
    variable = "EVLOAD_DATABASE_URL or DATABASE_URL" if name.endswith("DATABASE_URL") else f"EVLOAD_{name}"
    return f"{variable}: {error['msg']}"


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def stop_on_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)


def ignore_stop_signals() -> None:
    """From here on signals are ignored: an impatient second Ctrl-C would leave Postgres running, and call what is done
    not done."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, but a signal cancels the work where it waits, so that it can clean up after itself.

    Raises Stopped then.
    """

    async def until_signalled() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, task.cancel)  # type: ignore[union-attr]
        try:
            return await work
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, _stop)

    try:
        return asyncio.run(until_signalled())
    except asyncio.CancelledError:
        raise Stopped from None


def say(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def database(
    data_dir: Path | None, *, migrate: bool = False, restart_server: bool = False
) -> Iterator[tuple[Settings, str]]:
    """The settings, and the address of the database: the configured one, or the embedded server's.

    The embedded one is evload's own, so its schema is always brought up to date.
    """
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    if settings.database_url:
        run(_prepare(settings.database_url, settings, migrate=migrate))
        yield settings, settings.database_url
        return
    with running_server(settings.data_dir or default_data_dir(os.environ), say, revive=restart_server) as dsn:
        try:
            run(_prepare(dsn, settings, migrate=True))
            yield settings.with_database(dsn), dsn
        finally:
            ignore_stop_signals()


async def _prepare(dsn: str, settings: Settings, *, migrate: bool) -> None:
    connection = await connect(dsn, "prepare")
    try:
        with driver_errors_translated():
            if migrate and await schema.is_behind(connection):
                from evload.migrate import upgrade  # alembic takes a second to load, and seldom has work

                await upgrade(dsn)
            await schema.check(connection)
            await schema.settle_timezone(connection, settings.timezone)
    finally:
        await connection.close()
