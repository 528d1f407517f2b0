"""Copies the rows of queries out of one snapshot of the data, at the pace of whoever takes them.

The connections are few and their own. Who takes rows slowly holds one, and Postgres waits. Few copies look for their
first rows at the same time; from then on they take turns in passing rows on, and rest, as polls want the processor too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from evload.database.connecting import Connection, is_shared, use_clock
from evload.database.errors import CONNECTION_ERRORS, QueryFailed, driver_errors_translated
from evload.database.pool import RELEASE_TIMEOUT_SECONDS, Pool
from evload.priority import LAST, lower_backend_priority

MOST_AT_ONCE = 10
MOST_BEGINNING = 2
LEAST_REST_SECONDS = 0.004  # Postgres fills its socket's buffer in that time, and seldom waits
REST = 3  # times the time that the thread worked
MOST_REST_SECONDS = 0.02
SILENT_SECONDS = 60.0  # of Postgres, before the first row and between two
MOST_SECONDS = 3600.0  # as long as a snapshot is held, nothing deleted since can be cleaned up, and no table changed
TOO_SLOW = "The query took too long and was stopped. Ask for a shorter range."

Take = Callable[[bytes], Awaitable[None]]
"""Takes the next rows. The copy waits for it."""


class Snapshot:
    """One state of the data, as a connection of its own sees it."""

    def __init__(self, connection: asyncpg.pool.PoolConnectionProxy, turn: "_Turn") -> None:
        self._connection = connection
        self._turn = turn

    async def fetch_row(self, text: str, values: Sequence[Any]) -> asyncpg.Record:
        """The one row of a query that always has one. Raises QueryFailed, DatabaseUnavailable."""
        async with asyncio.timeout(SILENT_SECONDS):
            row = await self._connection.fetchrow(text, *values)
        if row is None:
            raise QueryFailed
        return row

    async def copy(self, text: str, values: Sequence[Any], delimiter: str, take: Take) -> None:
        """Passes the query's rows on as CSV without a header, some whole rows at a time."""
        async with self._turn as turn:

            async def pass_on(rows: bytes) -> None:
                turn.end()
                await take(rows)
                await turn.begin()

            await self._connection.copy_from_query(
                text, *values, output=pass_on, format="csv", delimiter=delimiter, encoding="utf-8"
            )


class _Turn:
    """A copy's share of Postgres and of the event loop."""

    def __init__(self, begins: asyncio.Semaphore, pace: "_Pace") -> None:
        self._begins = begins
        self._pace = pace
        self._is_beginning = False
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> "_Turn":
        await self._limit.__aenter__()
        await self._begins.acquire()
        self._is_beginning = True
        self._wait_for_postgres()
        return self

    async def __aexit__(self, *error: Any) -> None:
        self.end()
        await self._limit.__aexit__(*error)

    async def begin(self) -> None:
        await self._pace.rest()
        self._wait_for_postgres()

    def end(self) -> None:
        if self._is_beginning:
            self._is_beginning = False
            self._begins.release()
        if not self._limit.expired():
            self._limit.reschedule(None)

    def _wait_for_postgres(self) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + SILENT_SECONDS)


class _Pace:
    """Leaves the event loop to others between any two pieces, the longer the more it worked since the last one.

    Meanwhile more rows arrive, and fewer large pieces cost less than many small ones.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._worked_seconds = 0.0

    async def rest(self) -> None:
        async with self._turn:
            worked_seconds = time.thread_time() - self._worked_seconds
            await asyncio.sleep(min(max(REST * worked_seconds, LEAST_REST_SECONDS), MOST_REST_SECONDS))
            self._worked_seconds = time.thread_time()


class Snapshots(Pool):
    """Whoever takes a connection sees the data as they are then."""

    def __init__(self, dsn: str) -> None:
        # A copy lasts as long as its reader takes; SILENT_SECONDS bounds Postgres.
        super().__init__(dsn, "export", MOST_AT_ONCE, {"statement_timeout": "0", "random_page_cost": "1.1"})
        self._begins = asyncio.Semaphore(MOST_BEGINNING)
        self._pace = _Pace()

    async def _connect(self, *_: object, **__: object) -> Connection:
        connection = await super()._connect()
        lower_backend_priority(self._dsn, connection, LAST)
        return connection

    @asynccontextmanager
    async def take(self) -> AsyncIterator[Snapshot]:
        """Raises QueryFailed, DatabaseUnavailable."""
        with driver_errors_translated():
            connection = await self._pool.acquire()
            try:
                async with asyncio.timeout(MOST_SECONDS), _transaction(connection):
                    if is_shared(connection):
                        await use_clock(connection, self._settings, is_local=True)
                    yield Snapshot(connection, _Turn(self._begins, self._pace))
            except TimeoutError:
                raise QueryFailed(TOO_SLOW) from None
            finally:
                await self._pool.release(connection, timeout=RELEASE_TIMEOUT_SECONDS)


@asynccontextmanager
async def _transaction(connection: asyncpg.pool.PoolConnectionProxy) -> AsyncIterator[None]:
    """A connection that cannot end its transaction at once is of no use any more."""
    transaction = connection.transaction(isolation="repeatable_read", readonly=True)
    try:
        async with asyncio.timeout(SILENT_SECONDS):
            await transaction.start()
        yield
    finally:
        try:
            async with asyncio.timeout(RELEASE_TIMEOUT_SECONDS):
                await transaction.rollback()
        except (TimeoutError, *CONNECTION_ERRORS):
            connection.terminate()
        except BaseException:
            connection.terminate()
            raise
