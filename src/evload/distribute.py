"""Spreads the rows over the machines of a Citus cluster: everything else stays on its coordinator."""

import asyncpg

from evload.database.connecting import looking
from evload.errors import EvloadError
from evload.queries import query

DISTRIBUTE = "SELECT create_distributed_table('hourly_load', 'user_id')"


async def distribute(dsn: str) -> None:
    """Raises EvloadError where there is no Citus, and where it was done before."""
    async with looking(dsn, "distribute") as connection, connection.transaction():
        if not await connection.fetchval(query("site/has_citus").text):
            raise EvloadError(
                "The database has no Citus extension: run CREATE EXTENSION citus there first. "
                "On any other Postgres the rows stay in one table."
            )
        await _refuse_if_distributed(connection)
        await connection.execute(query("totals/lock_writers").text)
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(DISTRIBUTE)


async def _refuse_if_distributed(connection: asyncpg.Connection) -> None:
    if await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = $1::regclass)", "hourly_load"
    ):
        raise EvloadError("The table hourly_load is distributed already.")
