"""What was loaded, and taking it out again: one load, or everything before a day."""

from dataclasses import dataclass
from datetime import date

import asyncpg

from evload import schema
from evload.database import connect, driver_errors_translated
from evload.errors import EvloadError
from evload.ingest.storing.totals import bring_up_to_date, lock_writers
from evload.ingest.storing.transaction import write_transaction
from evload.queries import query


class NoSuchBatch(EvloadError):
    """There is no such load."""


@dataclass(frozen=True)
class Removal:
    removed: int
    data_version: int
    overwritten: list[tuple[int, str]]
    """Loads whose rows it had overwritten, as (batch, file name): they may be loaded again to bring those back."""


async def fetch(dsn: str, name: str, *values: object) -> list[asyncpg.Record]:
    """The rows of a query that only looks."""
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
    """Takes out the rows that are as the load left them; rows that a later load wrote stay."""
    async with write_transaction(dsn, f"batch {batch_id}") as connection:
        await lock_writers(connection)
        removed = await connection.fetchrow(query("batches/remove").text, batch_id)
        assert removed is not None
        await connection.execute(query("batches/mark_unloaded").text, batch_id)
        overwritten = await connection.fetch(query("batches/still_loaded").text, removed["overwritten"] or [])
        return await _finish(connection, removed, [(row["batch_id"], row["file_name"]) for row in overwritten])


async def drop_before(dsn: str, day: date) -> Removal:
    async with write_transaction(dsn, f"drop before {day}") as connection:
        await lock_writers(connection)
        removed = await connection.fetchrow(query("batches/remove_before").text, day)
        assert removed is not None
        return await _finish(connection, removed, [])


async def _finish(
    connection: asyncpg.Connection, removed: asyncpg.Record, overwritten: list[tuple[int, str]]
) -> Removal:
    await connection.execute(query("batches/forget_users").text, removed["user_ids"] or [])
    if removed["removed"]:
        version = await bring_up_to_date(connection, more_rows=-removed["removed"])
    else:
        version = await connection.fetchval("SELECT data_version FROM site")
    return Removal(removed["removed"], version, overwritten)
