"""Lists what was loaded, and takes it out again: one load, or everything before a day."""

from dataclasses import dataclass
from datetime import date

import asyncpg

from evload import schema
from evload.database.connecting import looking
from evload.errors import EvloadError
from evload.ingest.storing.hidden import uncover, uncover_sessions
from evload.ingest.storing.totals import bring_up_to_date, lock_writers, note_touched
from evload.ingest.storing.transaction import write_transaction
from evload.queries import query


class NoSuchBatch(EvloadError):
    """There is no such load."""


@dataclass(frozen=True)
class Removal:
    """`restored` rows show again what an earlier load brought; so do some sessions, which are in `sessions` as well."""

    removed: int = 0
    restored: int = 0
    sessions: int = 0
    """Charging sessions that changed: gone, or as an earlier load brought them."""
    data_version: int = 0


@dataclass(frozen=True)
class TakenOut:
    """How many rows and sessions are gone and show another load, and whether a measure is held no more."""

    removed: int
    restored: int
    has_lost_measure: bool
    sessions_removed: int = 0
    sessions_restored: int = 0

    @property
    def changes_data(self) -> bool:
        return any((self.removed, self.restored, self.has_lost_measure, self.sessions_removed, self.sessions_restored))


async def fetch(dsn: str, name: str, *values: object) -> list[asyncpg.Record]:
    """Gives the rows of a query that only looks."""
    async with looking(dsn, "look") as connection:
        await schema.check(connection)
        return await connection.fetch(query(name).text, *values)


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
        out = await take_out(connection, batch_id)
        if not out.changes_data:
            return Removal(data_version=await connection.fetchval(query("site/data_version").text))
        version = await bring_up_to_date(
            connection,
            more_rows=-out.removed,
            more_sessions=-out.sessions_removed,
            loses_rows=True,
            refresh_all=out.has_lost_measure,
        )
        return Removal(out.removed, out.restored, out.sessions_removed + out.sessions_restored, version)


async def take_out(connection: asyncpg.Connection, batch_id: int) -> TakenOut:
    """Takes out a load and notes what that touches."""
    load = await connection.fetchrow(query("batches/find").text, batch_id)
    assert load is not None
    await connection.execute(query("batches/forget_hidden").text, batch_id)
    sessions = await uncover_sessions(connection, batch_id) if load["sessions"] else (0, 0)
    removed, restored = await uncover(connection, batch_id, load["first_hour"], load["last_hour"])
    if load["sessions"]:
        revealed = await connection.fetchrow(query("batches/reveal").text)
        assert revealed is not None
        removed, restored = removed - revealed["inserted"], restored + sum(revealed)
    await connection.execute(query("batches/mark_unloaded").text, batch_id)
    await note_touched(connection)
    lost = await connection.fetch(query("batches/hold_measures").text)
    return TakenOut(removed, restored, bool(lost), *sessions)


async def drop_before(dsn: str, day: date) -> Removal:
    """Takes out every row before a day, and the sessions that were plugged in before it, for good.

    No unload brings any of them back.
    """
    async with write_transaction(dsn, f"drop before {day}") as connection:
        await lock_writers(connection)
        removed = await connection.fetchval(query("batches/remove_before").text, day)
        sessions = await connection.fetchval(query("batches/remove_sessions_before").text, day)
        if not removed and not sessions:
            return Removal(data_version=await connection.fetchval(query("site/data_version").text))
        await note_touched(connection)
        version = await bring_up_to_date(connection, more_rows=-removed, more_sessions=-sessions, loses_rows=True)
        return Removal(removed, 0, sessions, version)
