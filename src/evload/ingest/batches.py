"""Lists what was loaded, and takes it out again: one load, or everything before a day."""

from dataclasses import dataclass
from datetime import date

import asyncpg

from evload import schema
from evload.database import connect, driver_errors_translated
from evload.errors import EvloadError
from evload.ingest.storing.totals import bring_up_to_date, lock_writers, note_touched
from evload.ingest.storing.transaction import write_transaction
from evload.queries import query


class NoSuchBatch(EvloadError):
    """There is no such load."""


@dataclass(frozen=True)
class Removal:
    """`restored` rows show again what an earlier load brought."""

    removed: int
    restored: int
    data_version: int


async def fetch(dsn: str, name: str, *values: object) -> list[asyncpg.Record]:
    """Gives the rows of a query that only looks."""
    connection = await connect(dsn, "look")
    try:
        with driver_errors_translated():
            await schema.check(connection)
            return await connection.fetch(query(name).text, *values)
    finally:
        await connection.close()


async def find(dsn: str, batch_id: int) -> asyncpg.Record:
    """Raises NoSuchBatch, also for one that was taken out already."""
    found = await fetch(dsn, "batches/find", batch_id)
    if not found:
        raise NoSuchBatch(f"There is no batch {batch_id}. `evload batches` lists them.")
    if found[0]["unloaded_at"] is not None:
        raise NoSuchBatch(f"Batch {batch_id} was taken out already, at {found[0]['unloaded_at']:%Y-%m-%d %H:%M} UTC.")
    return found[0]


async def unload(dsn: str, batch_id: int) -> Removal:
    """Leaves the data as if that file had never been loaded: rows that it overwrote are again as they were."""
    async with write_transaction(dsn, f"batch {batch_id}") as connection:
        await lock_writers(connection)
        removed, restored, lost_measure = await take_out(connection, batch_id)
        if not (removed or restored or lost_measure):
            return Removal(0, 0, await connection.fetchval(query("site/data_version").text))
        version = await bring_up_to_date(connection, more_rows=-removed, refresh_all=lost_measure)
        return Removal(removed, restored, version)


async def take_out(connection: asyncpg.Connection, batch_id: int) -> tuple[int, int, bool]:
    """Takes out a load and notes what that touches.

    Returns how many rows are gone, how many show another load, and whether a measure is held no more.
    """
    await connection.execute(query("batches/forget_hidden").text, batch_id)
    restored = await connection.fetchval(query("batches/restore").text, batch_id)
    removed = await connection.fetchval(query("batches/remove").text, batch_id)
    await connection.execute(query("batches/mark_unloaded").text, batch_id)
    await connection.execute(query("batches/forget_users").text)
    await note_touched(connection)
    lost = await connection.fetch(query("batches/hold_measures").text)
    return removed, restored, bool(lost)


async def drop_before(dsn: str, day: date) -> Removal:
    """Takes out every row before a day for good: no unload brings any of them back."""
    async with write_transaction(dsn, f"drop before {day}") as connection:
        await lock_writers(connection)
        removed = await connection.fetchval(query("batches/remove_before").text, day)
        if not removed:
            return Removal(0, 0, await connection.fetchval(query("site/data_version").text))
        await connection.execute(query("batches/forget_users").text)
        await note_touched(connection)
        return Removal(removed, 0, await bring_up_to_date(connection, more_rows=-removed))
