"""Copies a file's clean rows into Postgres, which takes in some rows while a thread cleans the next ones."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import asyncpg
import polars as pl

from evload.ingest.block import Block
from evload.ingest.frames import MEASURES, WH
from evload.ingest.read import LoadFile
from evload.ingest.rejects import Rejects
from evload.ingest.report import Progress
from evload.ingest.storing import wire
from evload.ingest.storing.prefetch import aprefetch, prefetch

Piece = bytes | memoryview
FIELDS = ("date_from", "date_to", "user_id", "session_id", "location_id", *MEASURES)


@dataclass
class Counts:
    rows_read: int = 0
    rows_stored: int = 0
    coerced: int = 0
    users: set[tuple[str, str]] = field(default_factory=set)
    """Each with a location."""
    hours: set[datetime] = field(default_factory=set)
    measures: set[str] = field(default_factory=set)
    """Those of which there was a value."""


class DirectCopy:
    """Writes rows for `hourly_load`, or for the table `staging`, which is like it.

    Equal keys are counted within a block of the file, where nearly all of them are, in the order of their values: so
    the order of a file's rows changes nothing.
    """

    columns = ("batch_id", "occurrence", *FIELDS)

    def __init__(self, table: str, batch_id: int = 0) -> None:
        self.table = table
        self._batch_id = wire.integer(batch_id)
        self.duplicates = 0

    def encoded(self, block: Block) -> Iterator[memoryview]:
        rows, fields = block.rows, _fields(block)
        key = pl.col("session_index").cast(pl.UInt64) * (1 << 32) + pl.col("hour_index")
        if rows.select(key.n_unique()).item() == rows.height:
            return wire.rows(fields, len(self.columns), self._batch_id, wire.integer(0))
        occurrence = _occurrence(block)
        self.duplicates += int((occurrence > 0).sum())
        numbers = wire.integers(range(occurrence.n_unique()))
        return wire.rows([wire.Field(occurrence, numbers), *fields], len(self.columns), self._batch_id)


def _occurrence(block: Block) -> pl.Series:
    """Counts equal keys from 0 by location, then energies, as `sql/ingest/bulk_number.sql` and `merge.sql` do."""
    key = ("session_index", "hour_index")
    location = block.locations.rank("dense")[block.rows["location_index"]]
    values = block.rows.select(*key, location.alias("location"), *WH).with_row_index("row")
    counted = values.sort("location", *WH, nulls_last=True).with_columns(occurrence=pl.int_range(pl.len()).over(key))
    return counted.sort("row")["occurrence"]


def _fields(block: Block) -> list[wire.Field]:
    rows, sessions = block.rows, block.sessions
    session = wire.texts(sessions["user_id"]) + wire.integers(sessions["session_id"])
    hours = wire.Field(rows["hour_index"], wire.hours(block.hours["date_from"]))
    location = wire.Field(rows["location_index"], wire.texts(block.locations))
    return [hours, wire.Field(rows["session_index"], session), location, *(wire.kwh(rows[name]) for name in WH)]


async def copy(
    connection: asyncpg.Connection,
    file: LoadFile,
    name: str,
    rejects: Rejects,
    target: DirectCopy,
    on_block: Callable[[Block], None] = lambda block: None,
) -> Counts:
    counts, progress = Counts(), Progress(name)

    def blocks() -> Iterator[list[Piece]]:
        yield [wire.BEGIN]
        for block in prefetch(file.blocks()):
            _count(block, counts, rejects)
            progress.show(counts.rows_read, file.bytes_read, file.bytes_total)
            on_block(block)
            yield [*target.encoded(block)]
        yield [wire.END]

    copied = connection.copy_to_table(target.table, source=_sent(blocks()), columns=target.columns, format="binary")
    try:
        await _unless_lost(connection, copied)
    finally:
        progress.done()
    return counts


async def copy_frames(
    connection: asyncpg.Connection, table: str, frames: Iterator[pl.DataFrame], columns: Sequence[str]
) -> None:
    blocks: Iterator[list[Piece]] = ([_as_csv(frame)] for frame in frames)
    copied = connection.copy_to_table(table, source=_sent(blocks), columns=columns, format="csv")
    await _unless_lost(connection, copied)


async def _unless_lost(connection: asyncpg.Connection, work: Coroutine[Any, Any, str]) -> None:
    """asyncpg's COPY waits for ever if the connection is lost while it waits to write; this ends it."""
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    copying, losing = asyncio.create_task(work), asyncio.create_task(lost.wait())
    try:
        await asyncio.wait({copying, losing}, return_when=asyncio.FIRST_COMPLETED)
        if not copying.done():
            raise asyncpg.ConnectionDoesNotExistError("the connection to Postgres was lost")
        await copying
    finally:
        losing.cancel()
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)


def _sent(blocks: Iterator[list[Piece]]) -> AsyncIterator[bytes]:
    return cast("AsyncIterator[bytes]", _pieces(blocks))  # asyncpg takes whatever has a buffer


async def _pieces(blocks: Iterator[list[Piece]]) -> AsyncIterator[Piece]:
    async for block in aprefetch(blocks):
        for piece in block:
            yield piece
            await asyncio.sleep(0)  # so that the loss of the connection is heard of before more is written to it


def _count(block: Block, counts: Counts, rejects: Rejects) -> None:
    counts.rows_read += block.rows_read
    counts.rows_stored += block.rows.height
    counts.coerced += block.coerced
    counts.users.update(_users(block))
    counts.hours.update(block.hours["date_from"][block.rows["hour_index"].unique()])
    counts.measures.update(name for name in MEASURES if block.rows[f"{name}_wh"].count())
    rejects.add(block.rejects)


def _users(block: Block) -> Iterator[tuple[str, str]]:
    pairs = block.rows.select("session_index", "location_index").unique()
    yield from zip(
        block.sessions["user_id"][pairs["session_index"]], block.locations[pairs["location_index"]], strict=True
    )


def _as_csv(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False)
    return buffer.getvalue()
