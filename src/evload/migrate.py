"""The schema: brought to the newest revision by alembic, over asyncpg like everything else."""

from collections.abc import Callable
from typing import TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from evload.database import connect
from evload.errors import EvloadError
from evload.resources import folder

T = TypeVar("T")


class CannotMigrate(EvloadError):
    """The tables could not be brought up to date."""


# One at a time per database, whoever starts first: `evload up` may run on several machines.
MIGRATION_LOCK = "SELECT pg_advisory_xact_lock(7302154)"


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
        raise CannotMigrate(f"The tables could not be brought up to date, nothing was changed: {reason}.") from error
    finally:
        await engine.dispose()


async def upgrade(dsn: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Returns the revisions before and after; they are equal when there was nothing to do."""

    def work(connection: Connection) -> tuple[str | None, str | None]:
        connection.exec_driver_sql(MIGRATION_LOCK)
        before = MigrationContext.configure(connection).get_current_revision()
        command.upgrade(_config(connection), revision)
        return before, MigrationContext.configure(connection).get_current_revision()

    return await _in_transaction(dsn, work)


async def downgrade(dsn: str, revision: str = "base") -> None:
    await _in_transaction(dsn, lambda connection: command.downgrade(_config(connection), revision))
