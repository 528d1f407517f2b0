"""A file's clean rows on their way into Postgres: cleaned in a thread while Postgres takes in the rows before them."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import asyncpg
import polars as pl

from evload.ingest import wire
from evload.ingest.ahead import one_ahead, one_awaited_ahead
from evload.ingest.frames import MEASURES, WH
from evload.ingest.read import Batch, LoadFile
from evload.ingest.rejects import Rejects
from evload.ingest.report import Progress

Piece = bytes | memoryview
FIELDS = ("date_from", "date_to", "user_id", "session_id", *MEASURES)


@dataclass
class Counts:
    rows_read: int = 0
    coerced: int = 0
    users: set[str] = field(default_factory=set)
    hours: set[datetime] = field(default_factory=set)


class Staging:
    """Where rows wait until they are merged."""

    table = "staging"
    columns = FIELDS

    def encoded(self, batch: Batch) -> Iterator[memoryview]:
        return wire.rows(_fields(batch), len(self.columns))


class StraightIn:
    """`hourly_load` itself. Equal keys are counted within a block of the file, where nearly all of them are."""

    table = "hourly_load"
    columns = ("batch_id", "occurrence", *FIELDS)

    def __init__(self, batch_id: int) -> None:
        self._batch = wire.integer(batch_id)
        self.duplicates = 0

    def encoded(self, batch: Batch) -> Iterator[memoryview]:
        rows, fields = batch.rows, _fields(batch)
        key = pl.col("who").cast(pl.UInt64) * (1 << 32) + pl.col("times")
        if rows.select(key.n_unique()).item() == rows.height:
            return wire.rows(fields, len(self.columns), self._batch, wire.integer(0))
        occurrence = rows.select(pl.int_range(pl.len()).over("who", "times")).to_series()
        self.duplicates += int((occurrence > 0).sum())
        numbers = wire.integers(range(occurrence.n_unique()))
        return wire.rows([wire.Field(occurrence, numbers), *fields], len(self.columns), self._batch)


def _fields(batch: Batch) -> list[wire.Field]:
    rows, sessions = batch.rows, batch.sessions
    who = wire.texts(sessions["user_id"]) + wire.integers(sessions["session_id"])
    hours = wire.Field(rows["times"], wire.hours(batch.hours["date_from"]))
    return [hours, wire.Field(rows["who"], who), *wire.kwh(rows.select(WH))]


async def copy(
    connection: asyncpg.Connection,
    file: LoadFile,
    name: str,
    rejects: Rejects,
    target: Staging | StraightIn,
    see: Callable[[Batch], None] = lambda batch: None,
) -> Counts:
    counts, progress = Counts(), Progress(name)

    def blocks() -> Iterator[list[Piece]]:
        yield [wire.BEGIN]
        for batch in one_ahead(file.batches()):
            _count(batch, counts, rejects)
            progress.show(counts.rows_read, file.bytes_read, file.bytes_total)
            see(batch)
            yield [*target.encoded(batch)]
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
    async for block in one_awaited_ahead(blocks):
        for piece in block:
            yield piece


def _count(batch: Batch, counts: Counts, rejects: Rejects) -> None:
    counts.rows_read += batch.rows_read
    counts.coerced += batch.coerced
    counts.users.update(batch.sessions["user_id"][batch.rows["who"].unique()].unique())
    counts.hours.update(batch.hours["date_from"][batch.rows["times"].unique()])
    rejects.add(batch.rejects)


def _as_csv(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False)
    return buffer.getvalue()
