"""Who waits for a lock in Postgres: what tests wait for instead of sleeping."""

import asyncio

import asyncpg

PATIENCE_SECONDS = 60.0


async def somebody_waits(connection: asyncpg.Connection, table: str) -> None:
    """Until somebody waits for a lock on the table."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass)"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await connection.fetchval(waiting, table):
            await asyncio.sleep(0.02)


async def nobody_waits(connection: asyncpg.Connection) -> None:
    """Until nobody waits for a lock in this database."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await lock_waiters(connection):
            await asyncio.sleep(0.02)


async def lock_waiters(connection: asyncpg.Connection) -> int:
    """How many sessions of this database wait for a lock, also when asked within a transaction."""
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    found: int = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return found
