"""Takes out what a load shows, and shows what other loads brought for it."""

from datetime import datetime

import asyncpg

from evload.queries import query


async def uncover(
    connection: asyncpg.Connection, batch_id: int, first_hour: datetime | None, last_hour: datetime | None
) -> tuple[int, int]:
    """Does so for the rows between two hours. Returns how many are gone, and how many show another load."""
    values = batch_id, first_hour, last_hour
    restored = await connection.fetchval(query("batches/restore").text, *values)
    removed = await connection.fetchval(query("batches/remove").text, *values)
    return removed, restored


async def uncover_sessions(connection: asyncpg.Connection, batch_id: int) -> tuple[int, int]:
    """Does so for charging sessions, and unmarks the rows that other loads brought for them.

    Returns how many sessions are gone, and how many show another load.
    """
    await connection.execute(query("totals/note_session_days").text, batch_id)
    await connection.execute(query("batches/touch_sessions").text, batch_id)
    await connection.execute(query("batches/forget_hidden_sessions").text, batch_id)
    restored = await connection.fetchval(query("batches/restore_sessions").text, batch_id)
    removed = await connection.fetchval(query("batches/remove_sessions").text, batch_id)
    await connection.execute(query("batches/unsupersede").text)
    return removed, restored
