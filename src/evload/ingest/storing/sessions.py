"""Stores the charging sessions of a file beside the rows that were made of them."""

import asyncpg
import polars as pl

from evload.ingest.block import Block
from evload.ingest.frames import CHARGING_SESSIONS, session_key
from evload.ingest.on_disk import FramesOnDisk
from evload.ingest.report import MergedSessions
from evload.ingest.storing.copying import copy_frames
from evload.ingest.storing.hidden import uncover
from evload.queries import query

WITHDRAWN = -1
"""What shows in the place of a load's number, for a moment, in rows that are about to go."""
STAGED = (
    "session_key", "session_id", "source_session_id", "user_id", "location_id", "plug_in_at", "plug_out_at",
    "charging_seconds", "energy_kwh", "last_hour",
)  # fmt: skip


class WaitingSessions:
    """Sessions that wait on disk until the rows are copied, as a connection copies into one table at a time.

    `close` gives them up.
    """

    def __init__(self) -> None:
        self._on_disk = FramesOnDisk()
        self.close = self._on_disk.close

    def add(self, block: Block) -> None:
        if block.charging_sessions is not None and block.charging_sessions.height:
            self._on_disk.add(block.charging_sessions.select(CHARGING_SESSIONS.names()))

    async def stage(self, connection: asyncpg.Connection) -> bool:
        """Copies them into their temporary table. Tells whether there are any."""
        if not self._on_disk:
            return False
        await copy_frames(connection, "staged_session", map(_staged, self._on_disk.frames()), STAGED)
        await connection.execute("ANALYZE staged_session")
        return True


def _staged(sessions: pl.DataFrame) -> pl.DataFrame:
    id_ = pl.col("source_session_id")
    return sessions.select(
        session_key(),
        "session_id",
        pl.when(id_ != "").then(id_),
        "user_id",
        "location_id",
        "plug_in_at",
        "plug_out_at",
        "charging_seconds",
        (pl.col("energy_wh") / 1000).alias("energy_kwh"),  # as exact in its shortest text as in whole Wh
        "last_hour",
    )


async def merge_sessions(connection: asyncpg.Connection, batch_id: int, source: str) -> MergedSessions:
    """Moves the staged sessions over. A session that arrives again replaces itself, with all of its rows."""
    merged = await connection.fetchrow(query("ingest/merge_sessions").text, batch_id, source)
    assert merged is not None
    await connection.execute(query("totals/note_session_days").text, batch_id)
    withdrawn = 0
    if merged["sessions"] > merged["inserted"]:
        withdrawn = await _withdraw_earlier(connection, batch_id, source)
    return MergedSessions(**merged, withdrawn=withdrawn)


async def _withdraw_earlier(connection: asyncpg.Connection, batch_id: int, source: str) -> int:
    await connection.execute(query("ingest/supersede_hidden").text, batch_id, source)
    hours = await connection.fetchrow(query("ingest/withdraw").text, batch_id, source)
    assert hours is not None
    removed, _ = await uncover(connection, WITHDRAWN, *hours)
    return removed
