"""A file's clean rows on their way into Postgres: cleaned in a thread while Postgres takes in the rows before them."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import polars as pl

from evload.ingest.frames import MEASURES
from evload.ingest.read import Batch, LoadFile
from evload.ingest.rejects import Rejects
from evload.ingest.report import Progress

KEY = ("user_id", "date_from", "session_id")
INSTANT = "%Y-%m-%d %H:%M:%S%.f+00"


@dataclass
class Counts:
    rows_read: int = 0
    coerced: int = 0
    users: set[str] = field(default_factory=set)
    hours: set[datetime] = field(default_factory=set)


@dataclass(frozen=True)
class Target:
    """A table, its columns, and what must be added to clean rows to get them."""

    table: str
    columns: tuple[str, ...]
    completed: Callable[[pl.DataFrame], pl.DataFrame]


STAGING = Target("staging", ("line", "date_from", "date_to", "user_id", "session_id", *MEASURES), lambda rows: rows)


def straight_in(batch_id: int) -> Target:
    """`hourly_load` itself. Equal keys are counted within a block of the file, where nearly all of them are."""

    def completed(rows: pl.DataFrame) -> pl.DataFrame:
        counted = pl.lit(0)
        if rows.select(pl.struct(KEY).is_duplicated().any()).item():
            counted = pl.int_range(pl.len()).over(KEY)
        return rows.with_columns(counted.alias("occurrence"), pl.lit(batch_id).alias("batch_id"))

    columns = ("date_from", "date_to", "user_id", "session_id", "occurrence", "batch_id", *MEASURES)
    return Target("hourly_load", columns, completed)


async def copy(
    connection: asyncpg.Connection,
    file: LoadFile,
    name: str,
    rejects: Rejects,
    target: Target,
    see: Callable[[pl.DataFrame], None] = lambda rows: None,
) -> Counts:
    """`see` gets all clean rows, a block at a time."""
    counts, progress = Counts(), Progress(name)

    def frames() -> Iterator[pl.DataFrame]:
        for batch in file.batches():
            _count(batch, counts, rejects)
            progress.show(counts.rows_read, file.bytes_read, file.bytes_total)
            see(batch.rows)
            yield _with_texts_of_instants(target.completed(batch.rows).select(target.columns))

    try:
        await copy_frames(connection, target.table, frames(), target.columns)
    finally:
        progress.done()
    return counts


async def copy_frames(
    connection: asyncpg.Connection, table: str, frames: Iterator[pl.DataFrame], columns: Sequence[str]
) -> None:
    def next_block() -> bytes | None:
        frame = next(frames, None)
        return None if frame is None else _as_csv(frame)

    copied = connection.copy_to_table(table, source=_one_ahead(next_block), columns=columns, format="csv")
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


async def _one_ahead(next_block: Callable[[], bytes | None]) -> AsyncIterator[bytes]:
    """Makes the next block while the one before it is sent."""
    upcoming = _in_thread(next_block)
    try:
        while (block := await upcoming) is not None:
            upcoming = _in_thread(next_block)
            yield block
    finally:
        upcoming.cancel()


def _in_thread(work: Callable[[], bytes | None]) -> "asyncio.Future[bytes | None]":
    """In a daemon thread, unlike `asyncio.to_thread`: one that waits for a pipe must not keep evload from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bytes | None] = loop.create_future()

    def settle(result: bytes | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except BaseException as error:  # whoever awaits the future shall see it
            failed = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, daemon=True).start()
    return future


def _count(batch: Batch, counts: Counts, rejects: Rejects) -> None:
    counts.rows_read += batch.rows_read
    counts.coerced += batch.coerced
    counts.users.update(batch.rows["user_id"].unique())
    counts.hours.update(batch.rows["date_from"].unique())
    rejects.add(batch.rejects)


def _as_csv(rows: pl.DataFrame) -> bytes:
    """An unquoted nothing is null to COPY, and a quoted one the empty text of a filler row's user."""
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False)
    return buffer.getvalue()


def _with_texts_of_instants(rows: pl.DataFrame) -> pl.DataFrame:
    """A block holds few different instants: each is written out once, where the CSV writer would do so for each row."""
    instants = pl.concat([rows["date_from"], rows["date_to"]]).unique().to_frame("instant")
    texts = instants.with_columns(text=pl.col("instant").dt.strftime(INSTANT))
    for name in ("date_from", "date_to"):
        mine = rows.select(pl.col(name).alias("instant")).join(texts, on="instant", how="left", maintain_order="left")
        rows = rows.with_columns(mine["text"].alias(name))
    return rows
