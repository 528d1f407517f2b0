"""Keeps the views equal to the rows, at the price of what a transaction changed."""

import time
from collections.abc import Awaitable, Callable

import asyncpg

from evload.ingest.storing.transaction import write_transaction
from evload.queries import query

PutSums = Callable[[asyncpg.Connection], Awaitable[bool]]
"""Puts the sums of all rows, known already, into their tables. False: Postgres must add them up."""


async def lock_writers(connection: asyncpg.Connection) -> None:
    """Whoever changes rows goes one after the other."""
    await connection.execute(query("totals/lock_writers").text)


async def _compute_touched(connection: asyncpg.Connection) -> None:
    await connection.execute("ANALYZE touched_hour")
    await connection.execute(query("totals/forget_sums").text)
    await connection.execute(query("totals/compute_sums").text)
    await connection.execute("ANALYZE touched_user_day")
    await connection.execute(query("totals/touch_next_days").text)


async def _compute_everything(connection: asyncpg.Connection, put_sums: PutSums | None) -> None:
    if put_sums is None or not await put_sums(connection):
        await connection.execute(query("totals/compute_all_sums").text)
        await connection.execute(query("totals/compute_all_user_days").text)
    await connection.execute(query("totals/touch_uneven_days").text)


async def bring_up_to_date(
    connection: asyncpg.Connection, *, more_rows: int, everything: bool = False, put_sums: PutSums | None = None
) -> int:
    """Adds up again what was touched, or everything, and refreshes the parts of the views that it lies in.

    With `put_sums`, which has them added up already, it is everything. Returns the new data version.
    """
    began = time.perf_counter()
    everything = (
        everything or put_sums is not None or await connection.fetchval(query("totals/touched_much").text, more_rows)
    )
    if everything:
        await _compute_everything(connection, put_sums)
    else:
        await _compute_touched(connection)
    await connection.execute(query("totals/forget_user_days").text)
    await connection.execute(query("totals/compute_user_days").text)
    moved = await connection.fetchrow(query("totals/move_recent").text)
    touched = await connection.fetchrow(query("totals/touched_parts").text)
    assert touched is not None
    for part in ("closed", "recent"):
        if everything or moved or touched[part]:
            await connection.execute(query(f"totals/refresh_{part}").text)
    seconds = time.perf_counter() - began
    version: int = await connection.fetchval(query("totals/new_version").text, more_rows, seconds)
    return version


async def refresh(dsn: str) -> int:
    """Computes everything again from the rows. Returns the new data version."""
    async with write_transaction(dsn, "refresh") as connection:
        await lock_writers(connection)
        more_rows = await connection.fetchval(query("totals/miscounted").text)
        return await bring_up_to_date(connection, more_rows=more_rows, everything=True)
