"""Keeps sums and views equal to the rows, at the price of what a transaction changed."""

import time
from collections.abc import Awaitable, Callable

import asyncpg

from evload.queries import query

PutTotals = Callable[[asyncpg.Connection], Awaitable[bool]]
"""Puts the sums of all rows, known already, into their empty tables. False: SQL must add them up."""


async def lock_writers(connection: asyncpg.Connection) -> None:
    """Waits until nobody else changes rows, and keeps others from it until the transaction ends."""
    await connection.execute(query("totals/lock_writers").text)
    # A connection keeps numbers in store, and a pooler keeps connections: numbers must grow from load to load.
    await connection.execute("DISCARD SEQUENCES")


async def note_touched(connection: asyncpg.Connection) -> None:
    """Notes which hours and users' days the rows of `touched_row` lie on."""
    await connection.execute(query("totals/note_touched").text)


async def forget_touched(connection: asyncpg.Connection) -> None:
    await connection.execute(query("totals/forget_sums").text)
    await connection.execute(query("totals/forget_user_days").text)


async def bring_up_to_date(
    connection: asyncpg.Connection,
    *,
    more_rows: int,
    more_sessions: int = 0,
    loses_rows: bool = False,
    refresh_all: bool = False,
    put_totals: PutTotals | None = None,
) -> int:
    """Adds up again what was touched, and refreshes the parts of the views that it lies in, or all with `refresh_all`.
    With `loses_rows` it looks whether a user or one of their locations has no rows any more.

    Returns the new data version.
    """
    began = time.perf_counter()
    if put_totals is None or not await put_totals(connection):
        if put_totals is not None:
            await connection.execute(query("totals/touch_everything").text)
        await forget_touched(connection)
        await connection.execute(query("totals/compute_sums").text)
        await connection.execute(query("totals/compute_user_days").text)
        await connection.execute(query("totals/compute_user_periods").text)
    if loses_rows:
        await connection.execute(query("totals/forget_users").text)
    await connection.execute(query("totals/compute_session_days").text)
    has_moved = await connection.fetchval(query("totals/move_recent").text)
    await _refresh_views(connection, all_parts=refresh_all or has_moved)
    seconds = time.perf_counter() - began
    version: int = await connection.fetchval(query("totals/new_version").text, more_rows, more_sessions, seconds)
    return version


async def _refresh_views(connection: asyncpg.Connection, *, all_parts: bool) -> None:
    if not await connection.fetchval(query("totals/are_populated").text):
        await connection.execute(query("totals/populate").text)
        return
    touched = await connection.fetchrow(query("totals/touched_parts").text)
    assert touched is not None
    parts = [part for part in ("closed", "recent") if all_parts or touched[part]]
    for view in ("hourly", "daily"):  # days are made of the hours of both parts
        for part in parts:
            await connection.execute(query(f"totals/refresh_{view}_{part}").text)
