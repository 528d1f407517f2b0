"""A pool of connections on the site's clock that only read, and a bound on the requests that wait for one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg

from evload.database.connecting import Connection, connect, is_shared, use_clock
from evload.database.errors import NoRoom, QueryFailed, TooBusy, driver_errors_translated

ANSWER_TIMEOUT_SECONDS = 1.0  # beyond the statement timeout: then the server is gone silently, or frozen
RELEASE_TIMEOUT_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.02
FIRST_WITHIN_SECONDS = 0.5


class Pool:
    """Connections that begin when one is needed, of which a user of the pool takes one at a time."""

    def __init__(self, dsn: str, purpose: str, size: int, settings: Mapping[str, str]) -> None:
        self._dsn = dsn
        self._purpose = purpose
        self._settings = {"default_transaction_read_only": "on", "jit": "off", **settings}
        self._pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            connect=self._connect, min_size=0, max_size=size, connection_class=Connection
        )

    async def open(self) -> None:
        """Connects to nothing yet: the API starts, and says so, while the database is away."""
        await self._pool

    async def close(self) -> None:
        self._pool.terminate()

    async def forget_site_clock(self) -> None:
        """Connections take the site's clock when they begin."""
        await self._pool.expire_connections()

    async def _connect(self, *_: object, **__: object) -> Connection:
        connection = await connect(self._dsn, self._purpose)
        if not connection.is_shared:
            await use_clock(connection, self._settings, is_local=False)
        return connection


class Database(Pool):
    """Answers one query at a time on each connection, within a time, for a bounded number of requests."""

    def __init__(
        self,
        dsn: str,
        *,
        pool_size: int,
        max_waiting_requests: int,
        statement_timeout_seconds: float,
        max_body_bytes: int,
        busy: Callable[[int], None],
    ) -> None:
        settings = {
            "statement_timeout": str(round(statement_timeout_seconds * 1000)),
            "evload.max_body_bytes": str(max_body_bytes),
            # Each query has one good plan whatever its values, and planning costs more than running it.
            "plan_cache_mode": "force_generic_plan",
            # What is read is small or read often, and so in memory, where an index costs little more than a scan.
            "random_page_cost": "1.1",
        }
        super().__init__(dsn, "api", pool_size, settings)
        self._busy = busy
        self._requests = 0
        self._max_requests = pool_size + max_waiting_requests
        self._within_seconds = statement_timeout_seconds + ANSWER_TIMEOUT_SECONDS

    def deadline(self) -> float:
        """The time of the event loop by which a request that begins now must have its answer from the database."""
        return asyncio.get_running_loop().time() + self._within_seconds

    async def fetch_row(self, text: str, values: Sequence[Any], by: float | None = None) -> asyncpg.Record:
        """The one row of a query that always has one, by a deadline, its own unless given. Raises TooBusy at once when
        too many wait already, or when no connection is free in time; DatabaseUnavailable, QueryFailed."""
        if self._requests >= self._max_requests:
            raise TooBusy
        self._requests += 1
        self._busy(1)
        try:
            with driver_errors_translated():
                row = await self._fetch_again(text, values, self.deadline() if by is None else by)
        finally:
            self._requests -= 1
            self._busy(-1)
        if row is None:
            raise QueryFailed
        return row

    async def _fetch_again(self, text: str, values: Sequence[Any], by: float) -> asyncpg.Record | None:
        """Once more where a standby gave the query up for a change of its primary."""
        try:
            return await self._fetch(text, values, by)
        except asyncpg.TransactionRollbackError:
            return await self._fetch(text, values, by)

    async def _fetch(self, text: str, values: Sequence[Any], by: float) -> asyncpg.Record | None:
        connection: asyncpg.pool.PoolConnectionProxy | None = None
        try:
            async with asyncio.timeout_at(by) as limit:
                connection = await self._acquire()
                return await self._row(connection, text, values)
        except TimeoutError:
            if connection is None and limit.expired():
                raise TooBusy from None
            if connection is not None:
                connection.terminate()
            raise
        except asyncpg.InternalClientError:  # it broke while a request was on its way out, and is of no use any more
            if connection is not None:
                connection.terminate()
            raise
        finally:  # a server that froze would otherwise never let go of a query that was given up
            if connection is not None:
                await self._pool.release(connection, timeout=RELEASE_TIMEOUT_SECONDS)

    async def _acquire(self) -> asyncpg.pool.PoolConnectionProxy:
        """Waits for a connection of the pool where the server has no room for one more, and a moment for the first."""
        until = asyncio.get_running_loop().time() + FIRST_WITHIN_SECONDS
        while True:
            try:
                return await self._pool.acquire()
            except NoRoom:
                if not self._pool.get_size() and asyncio.get_running_loop().time() > until:
                    raise
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _row(
        self, connection: asyncpg.pool.PoolConnectionProxy, text: str, values: Sequence[Any]
    ) -> asyncpg.Record | None:
        if not is_shared(connection):
            return await connection.fetchrow(text, *values)
        async with connection.transaction(readonly=True):
            await use_clock(connection, self._settings, is_local=True)
            return await connection.fetchrow(text, *values)
