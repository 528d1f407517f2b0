"""Gives the disk back that rows held which were taken out.

Deleted rows leave room in their table, which Postgres uses for later rows but does not give back. The rows are copied
beside the polls, which go on reading the old table, and the copy takes its place in a moment in which nobody reads.
"""

import asyncio
import re
from contextlib import suppress

import asyncpg

from evload.database.connecting import close, connect, is_shared
from evload.database.errors import driver_errors_translated
from evload.errors import EvloadError
from evload.ingest.storing.totals import lock_writers
from evload.ingest.storing.transaction import execute_each, write_transaction
from evload.queries import query, schema_statement

WAIT_FOR_READERS = "SET LOCAL lock_timeout = '500ms'"
TRIES = 60
PAUSE_SECONDS = 0.5
# Small beside the rows: they are written anew in a second or two, for which who reads them waits.
OTHER_TABLES = (
    "hidden_load", "hourly_sum", "user_day", "user_period", "user_location",
    "charging_session", "hidden_session", "session_day", "load_batch",
    "hourly_closed", "hourly_recent", "daily_closed", "daily_recent", "monthly_closed",
)  # fmt: skip
OF_ROWS = re.compile(r"CREATE FUNCTION energy_kwh\(\w+ hourly_load,")


class NotGivenBack(EvloadError):
    message = "The disk was not given back, as others kept reading the rows: run `evload compact` later."


ON_CITUS = (
    "The disk of the rows is not given back on Citus: run VACUUM (FULL) hourly_load there, in an hour without polls."
)


async def compact(dsn: str) -> None:
    """Raises NotGivenBack, and NothingChanged; the rows are as they were then."""
    async with write_transaction(dsn, "compact") as connection:
        if await connection.fetchval(query("site/has_citus").text):
            raise NotGivenBack(ON_CITUS)
        await lock_writers(connection)
        await execute_each(connection, query("compact/copy"))
        for grant in await connection.fetch(query("compact/grants").text):
            await connection.execute(grant["statement"])
        last = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('hourly_load', 'index'))")
        await connection.execute("SELECT setval(pg_get_serial_sequence('hourly_load_kept', 'index'), $1)", last)
        await _swap(connection)
    await _write_anew(dsn)


async def _swap(connection: asyncpg.Connection) -> None:
    """Waits for readers only for moments, as new ones queue up behind it meanwhile."""
    for _ in range(TRIES):
        with suppress(asyncpg.LockNotAvailableError):
            async with connection.transaction():
                await connection.execute(WAIT_FOR_READERS)
                await execute_each(connection, query("compact/swap"))
                await connection.execute(schema_statement(OF_ROWS))
            return
        await asyncio.sleep(PAUSE_SECONDS)
    raise NotGivenBack


async def _write_anew(dsn: str) -> None:
    connection = await connect(dsn, "compact")
    try:
        with driver_errors_translated():
            how = "ANALYZE"
            if not is_shared(connection):  # what is set on a pooler's connection would stay for its other clients
                await connection.execute("SET statement_timeout = 0; SET lock_timeout = '2s'")
                how = "FULL, ANALYZE"
            for table in OTHER_TABLES:
                with suppress(asyncpg.LockNotAvailableError):
                    await connection.execute(f"VACUUM ({how}) {table}")
    finally:
        await close(connection)
