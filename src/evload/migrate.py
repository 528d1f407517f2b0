"""Brings the schema to the newest revision by alembic, over asyncpg like everything else."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
from alembic import command, op
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from evload.database.connecting import connect
from evload.errors import EvloadError
from evload.queries import query, statements
from evload.resources import folder
from evload.schema import OWN_DATABASE

T = TypeVar("T")


class CannotMigrate(EvloadError):
    """The tables could not be brought up to date."""


# SQLSTATEs of what another program's tables, functions, types or alembic_version lead to.
TAKEN_NAMES = {"42P07", "42723", "42710", "42703", "42809", "42P16"}


def run_script(migration: str, direction: str) -> None:
    """Runs `up.sql` or `down.sql` of the folder named like the migration, one statement at a time, or writes it out."""
    context = op.get_context()
    script = Path(migration).with_suffix("") / f"{direction}.sql"
    for statement in statements(script.read_text(encoding="utf-8")):
        if context.as_sql:
            context.impl.static_output(f"{statement};\n")
        else:
            op.get_bind().exec_driver_sql(statement)


def downgrade_scripts() -> list[str]:
    """From the newest revision to an empty database."""
    folders = sorted((folder("migrations") / "versions").glob("*/"), reverse=True)
    return [(one / "down.sql").read_text(encoding="utf-8") for one in folders if (one / "down.sql").is_file()]


def engine_for(dsn: str) -> AsyncEngine:
    """asyncpg reads the address itself, so that every form it knows (sockets, sslmode) works here too."""

    async def creator() -> asyncpg.Connection:
        return await connect(dsn, "migrate")

    return create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def _in_transaction(dsn: str, work: Callable[[Connection], T]) -> T:
    engine = engine_for(dsn)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except DBAPIError as error:
        reason = str(error.orig).partition(": ")[2] or error.orig
        if getattr(error.orig, "sqlstate", None) in TAKEN_NAMES:
            raise CannotMigrate(
                f"The database holds tables of another program, nothing was changed: {reason}. {OWN_DATABASE}"
            ) from error
        raise CannotMigrate(f"The tables could not be brought up to date, nothing was changed: {reason}.") from error
    except CommandError as error:
        raise CannotMigrate(f"The tables could not be brought up to date, nothing was changed: {error}.") from error
    finally:
        await engine.dispose()


async def upgrade(dsn: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Returns the revisions before and after; they are equal when there was nothing to do."""

    def work(connection: Connection) -> tuple[str | None, str | None]:
        connection.exec_driver_sql(query("site/lock_migrations").text)
        before = MigrationContext.configure(connection).get_current_revision()
        command.upgrade(_config(connection), revision)
        return before, MigrationContext.configure(connection).get_current_revision()

    return await _in_transaction(dsn, work)


async def downgrade(dsn: str, revision: str = "base") -> None:
    await _in_transaction(dsn, lambda connection: command.downgrade(_config(connection), revision))
