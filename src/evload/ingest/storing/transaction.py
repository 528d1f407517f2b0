"""Opens the transaction of a change: rows, views, data version and its NOTIFY are seen together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from evload import schema
from evload.database.connecting import close, connect, use_clock
from evload.database.errors import DRIVER_ERRORS, reason_of, translated
from evload.errors import EvloadError
from evload.priority import lower_backend_priority
from evload.queries import Query, query

SETTINGS = {
    "jit": "off",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # What is read by key is in memory, where an index costs little more than a scan.
    "random_page_cost": "1.1",
    # For sorting a file's rows and building keys; one load at a time uses it.
    "work_mem": "64MB",
    "maintenance_work_mem": "64MB",
    # What was written goes to disk meanwhile, so that there is little left of it to wait for at the end.
    "backend_flush_after": "2MB",
}


# SQLSTATE classes of what is wrong with the rows, and not with the database: cardinality, values, constraints, limits.
ABOUT_ROWS = ("21", "22", "23", "54")


class NothingChanged(EvloadError):
    """Nothing was changed."""


class RowsRefused(NothingChanged):
    """Nothing was changed, and trying it again would not help."""


@asynccontextmanager
async def write_transaction(dsn: str, subject: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection inside a transaction, on the site's clock, with the temporary tables.

    Raises NothingChanged, naming `subject`.
    """
    connection = await connect(dsn, "load")
    try:
        lower_backend_priority(dsn, connection)
        async with connection.transaction():
            await schema.check(connection)
            await use_clock(connection, SETTINGS, is_local=True)
            await connection.execute(query("ingest/temporary_tables").text)
            yield connection
    except DRIVER_ERRORS as error:
        kind = RowsRefused if _is_about_rows(error) else NothingChanged
        raise kind(f"{subject}: nothing was changed{_reason(error, connection)}") from error
    finally:
        await close(connection)


async def execute_each(connection: asyncpg.Connection, script: Query) -> None:
    """Sends one statement at a time: Citus hands a message that alters a distributed table to its workers whole."""
    for statement in script.statements:
        await connection.execute(statement)


def _is_about_rows(error: Exception) -> bool:
    state = (error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else ""
    return isinstance(error, asyncpg.DataError) or state[:2] in ABOUT_ROWS


def _reason(error: Exception, connection: asyncpg.Connection) -> str:
    """An error of the system is the database's only if it is about the connection."""
    is_of_connection = isinstance(error, ConnectionError | TimeoutError) or connection.is_closed()
    if isinstance(error, OSError) and not is_of_connection:
        return f": {error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
    reason = reason_of(error) if isinstance(error, asyncpg.PostgresError) else translated(error)
    return f", the database stopped the work: {reason}"
