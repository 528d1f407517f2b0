"""Connections to Postgres, and the one place where its driver's errors become ours."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import asyncpg

from evload.errors import EvloadError
from evload.queries import query

CONNECT_TIMEOUT_SECONDS = 5.0
ANSWER_TIMEOUT_SECONDS = 1.0  # beyond the statement timeout: then the server is gone silently, or frozen
RELEASE_TIMEOUT_SECONDS = 1.0
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


class DatabaseUnavailable(EvloadError):
    message = "The database cannot be reached. Try again in a moment."


class QueryFailed(EvloadError):
    message = "The database could not answer this request."


class TooBusy(EvloadError):
    message = "Too many requests are waiting for the database. Try again in a moment."


CONNECTION_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
DRIVER_ERRORS = (OSError, *CONNECTION_ERRORS)

# SQLSTATE, or its class of two characters -> what the client is told. Never the driver's own text: it may hold
# addresses, SQL or data.
MEANINGS: dict[str, EvloadError] = {
    "57014": QueryFailed("The query took too long and was stopped. Ask for a shorter range."),
    "42P01": QueryFailed("The database has no evload tables yet. Run `evload migrate`."),
    "55000": QueryFailed("The views in the database are empty, as after a restore. Run `evload refresh`."),
    "42883": QueryFailed("The tables in the database are of an older evload. Run `evload migrate`."),
    "08": DatabaseUnavailable(),
    "28": DatabaseUnavailable("The database does not accept evload's user or password."),
    "3D": DatabaseUnavailable("The database that evload should use does not exist."),
    "53100": QueryFailed("The database's disk is full. Make room there, then try again."),
    "53200": QueryFailed("The database is out of memory. Try again in a moment, or with less at once."),
    "53300": DatabaseUnavailable("The database has no room for another connection. Try again in a moment."),
    "53400": QueryFailed("This needs more than the database's configuration allows. Try again with less at once."),
    "53": DatabaseUnavailable("The database is short of resources. Try again in a moment."),
    "57P": DatabaseUnavailable(),
}


def translated(error: Exception) -> EvloadError:
    """The one place where a driver's error becomes ours."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        for known in (state, state[:3], state[:2]):
            if known in MEANINGS:
                meaning = MEANINGS[known]
                return type(meaning)(str(meaning))
        return QueryFailed()
    return DatabaseUnavailable()


@contextmanager
def driver_errors_translated() -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translated(error) from error


async def connect(dsn: str, purpose: str, settings: Mapping[str, str] = NO_SETTINGS) -> asyncpg.Connection:
    """A connection of one's own, outside any pool, named after its purpose. Raises DatabaseUnavailable."""
    server_settings = {"application_name": f"evload {purpose}", "jit": "off", **settings}
    with driver_errors_translated():
        try:
            return await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_SECONDS, server_settings=server_settings)
        except (ValueError, OverflowError) as error:
            raise DatabaseUnavailable("The address of the database cannot be right. Look at DATABASE_URL.") from error


class PooledConnection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        """Nothing to reset, as a pool only ever runs SELECTs. It saves a round trip for each, and keeps the clock."""
        return ""


async def use_site_clock(connection: asyncpg.Connection) -> None:
    await connection.execute(query("site/use_clock").text)


class Database:
    """A pool of read-only connections on the site's clock, and a bound on the requests that wait for one."""

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
        self._busy = busy
        self._requests = 0
        self._max_requests = pool_size + max_waiting_requests
        self._within_seconds = statement_timeout_seconds + ANSWER_TIMEOUT_SECONDS
        self._pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_SECONDS,
            connection_class=PooledConnection,
            init=use_site_clock,
            server_settings={
                "application_name": "evload api",
                "default_transaction_read_only": "on",
                "statement_timeout": str(round(statement_timeout_seconds * 1000)),
                "jit": "off",
                "evload.max_body_bytes": str(max_body_bytes),
                # Each query has one good plan whatever its values, and planning costs more than running it.
                "plan_cache_mode": "force_generic_plan",
                # What is read is small or read often, and so in memory, where an index costs little more than a scan.
                "random_page_cost": "1.1",
            },
        )

    async def open(self) -> None:
        """Connects to nothing yet: the API starts, and says so, while the database is away."""
        await self._pool

    async def close(self) -> None:
        self._pool.terminate()

    async def forget_site_clock(self) -> None:
        """Connections take the site's clock when they begin."""
        await self._pool.expire_connections()

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
                row = await self._fetch(text, values, self.deadline() if by is None else by)
        finally:
            self._requests -= 1
            self._busy(-1)
        if row is None:
            raise QueryFailed
        return row

    async def _fetch(self, text: str, values: Sequence[Any], by: float) -> asyncpg.Record | None:
        connection: asyncpg.pool.PoolConnectionProxy | None = None
        try:
            async with asyncio.timeout_at(by) as limit:
                connection = await self._pool.acquire()
                return await connection.fetchrow(text, *values)
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
