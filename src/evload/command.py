"""Runs a command of the command line: reports errors as sentences, builds the settings, prepares the database."""

import asyncio
import json
import logging
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from evload import schema
from evload.database.connecting import looking
from evload.database.errors import CONNECTION_ERRORS, driver_errors_translated, translated
from evload.embedded import default_data_dir, dsn_of_reader, make_replica, running_server
from evload.errors import EvloadError
from evload.logs import open_log
from evload.settings import Settings
from evload.signals import Stopped, cancel_on_signals, ignore_stop_signals

T = TypeVar("T")
log = logging.getLogger(__name__)
TWO_DATABASES = (
    "--data-dir means the embedded Postgres, and DATABASE_URL (in the environment or .env) names a server:"
    " leave one of them out."
)

on_a_database = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the embedded Postgres keeps its data. Default: EVLOAD_DATA_DIR, else the user's data folder.",
)


without_asking = click.option("--yes", is_flag=True, help="Do not ask first.")
json_option = click.option("--json", "as_json", is_flag=True, help="Say it as JSON, for programs.")


class Commands(click.Group):
    """The group of all commands reports every expected error in one sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        as_json = "--json" in ctx.args
        try:
            return self._invoke(ctx)
        except click.ClickException as error:
            if not as_json:
                raise
            click.echo(json.dumps({"error": error.format_message()}))
            ctx.exit(error.exit_code)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EvloadError as error:
            raise click.ClickException(str(error)) from error
        except ValidationError as error:
            raise click.UsageError("; ".join(_setting_problem(one) for one in error.errors())) from error
        except CONNECTION_ERRORS as error:  # raised where no code translates: between two statements
            raise click.ClickException(str(translated(error))) from error
        except UnicodeDecodeError as error:
            raise click.UsageError("The file .env is not UTF-8. Save it as UTF-8.") from error
        except KeyboardInterrupt:
            raise click.ClickException("Stopped before it was done. What was under way is not kept.") from None


def _setting_problem(error: Any) -> str:
    name = str(error["loc"][0]).upper()
    variable = "EVLOAD_DATABASE_URL or DATABASE_URL" if name.endswith("DATABASE_URL") else f"EVLOAD_{name}"
    return f"{variable}: {error['msg']}"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine like `asyncio.run`, but a stop signal cancels it, so that its `finally` blocks run.

    Raises Stopped then.
    """

    async def until_signalled() -> T:
        with cancel_on_signals():
            return await work

    try:
        return asyncio.run(until_signalled())
    except asyncio.CancelledError:
        raise Stopped from None


def say_json(value: object) -> None:
    click.echo(json.dumps(value, default=lambda moment: moment.isoformat()))


def say(text: str) -> None:
    click.echo(text, err=True)


def ask(question: str, *, yes: bool) -> None:
    """Raises EvloadError unless a person agrees, or did so with `--yes`."""
    if not yes and not click.confirm(question, err=True):
        raise EvloadError("Nothing was changed.")


def _log_notice(text: str) -> None:
    log.warning("%s", text, extra={"event": "embedded_postgres"})


@contextmanager
def database(
    data_dir: Path | None, *, create: bool = True, migrate: bool = False, restart_server: bool = False
) -> Iterator[tuple[Settings, str]]:
    """Yields the settings and the address of the database: the configured one, or the embedded server's.

    In the settings, which the API gets, the embedded server's is the address for those who only read.

    Without `create` an embedded server must have its data already, for commands that work on what is there. The
    embedded database belongs to evload alone, so its schema is always upgraded.
    """
    settings = _settings(data_dir)
    if restart_server:
        open_log(settings.log_format, settings.log_level)
    if settings.database_url:
        run(_prepare(settings.database_url, settings, migrate=migrate))
        yield settings, settings.database_url
        return
    _forget_libpq_variables()
    with running_server(
        _folder(settings), _log_notice if restart_server else say, create=create, revive=restart_server
    ) as dsn:
        try:
            run(_prepare(dsn, settings, migrate=True))
            yield settings.with_database(dsn_of_reader(dsn)), dsn
        finally:
            ignore_stop_signals()


def copy_embedded(data_dir: Path | None, target: Path) -> None:
    """Makes `target` a standby of the embedded server."""
    settings = _settings(data_dir)
    if settings.database_url:
        raise EvloadError(
            "Only the embedded Postgres can be copied, and DATABASE_URL names a server: make its standby there."
        )
    _forget_libpq_variables()
    try:
        make_replica(_folder(settings), target, say)
    finally:
        ignore_stop_signals()


def _settings(data_dir: Path | None) -> Settings:
    """Raises EvloadError where two databases are named: taking one could drop or serve what was not meant."""
    if data_dir is None:
        return Settings()
    settings = Settings(data_dir=data_dir)
    if settings.database_url:
        raise EvloadError(TWO_DATABASES)
    return settings


def _folder(settings: Settings) -> Path:
    return settings.data_dir or default_data_dir(os.environ)


def _forget_libpq_variables() -> None:
    """Removes `PGSSLMODE` and its like: they mean servers of the user's, and would also hold for the embedded one."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


async def _prepare(dsn: str, settings: Settings, *, migrate: bool) -> None:
    if migrate and await _is_behind(dsn):
        from evload.migrate import upgrade  # importing alembic takes a second and is rarely needed

        with driver_errors_translated():
            await upgrade(dsn)
    async with looking(dsn, "prepare") as connection:
        await schema.check(connection)
        await schema.settle_timezone(connection, settings.timezone)


async def _is_behind(dsn: str) -> bool:
    async with looking(dsn, "prepare") as connection:
        return await schema.is_behind(connection)
