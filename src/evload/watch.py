"""Follows the data version, by NOTIFY and by asking every second where none arrives, and looks after the schema."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from evload import schema
from evload.database import DRIVER_ERRORS, DatabaseUnavailable, QueryFailed, connect, translated
from evload.errors import EvloadError
from evload.queries import query

CHANNEL = "evload_data_version"
ASK_EVERY_SECONDS = 1.0
ANSWER_WITHIN_SECONDS = 5.0
RECONNECT_AFTER_SECONDS = 0.25
FIRST_ANSWER_WITHIN_SECONDS = 2.0
CATCH_UP_WITHIN_SECONDS = 0.2


class DataVersion(NamedTuple):
    """Two states of the data never share both, whatever was restored or failed over."""

    number: int
    id: UUID


@dataclass(frozen=True)
class SiteState:
    data_version: DataVersion
    zone: ZoneInfo
    is_empty: bool
    """Then nothing needs a query, and nobody waits for the first load, which locks the table it fills."""
    measures: tuple[str, ...]
    """Those that are held, the default one first."""


class Watch:
    """Knows the site's state as the database told it last, also while the database is away.

    A new state holds once `changed` has prepared for it.
    """

    def __init__(self, dsn: str, changed: Callable[[SiteState | None, SiteState], Awaitable[None]]) -> None:
        self._dsn = dsn
        self._changed = changed
        self._state: SiteState | None = None
        self._wake = asyncio.Event()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._checked_at = 0.0
        self.problem: EvloadError | None = DatabaseUnavailable()

    async def open(self) -> None:
        """Waits a moment for the first state, so that the first requests find one."""
        self._task = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self.next_after(None), FIRST_ANSWER_WITHIN_SECONDS)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def state(self) -> SiteState:
        """Raises the problem with the database while no state is known."""
        if self._state is None:
            problem = self.problem or DatabaseUnavailable()
            raise type(problem)(str(problem))
        return self._state

    @property
    def data_version(self) -> DataVersion | None:
        return self._state.data_version if self._state else None

    async def catch_up(self, data_version: DataVersion) -> None:
        """Waits a moment until this version is no longer the current one, as a query has seen a newer one."""
        self._wake.set()
        with suppress(TimeoutError, EvloadError):
            await asyncio.wait_for(self.next_after(data_version), CATCH_UP_WITHIN_SECONDS)

    async def next_after(self, data_version: DataVersion | None) -> SiteState:
        """Waits until the data version is another one."""
        async with self._news:
            await self._news.wait_for(lambda: self.data_version != data_version)
            return self.state

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except DRIVER_ERRORS as error:
                self.problem = translated(error)
            except schema.WrongSchema as error:
                self.problem = QueryFailed(str(error))
            except EvloadError as error:
                self.problem = error
            await asyncio.sleep(RECONNECT_AFTER_SECONDS)

    async def _follow(self) -> None:
        connection = await connect(self._dsn, "watch", {"statement_timeout": "5s"})
        connection.add_termination_listener(lambda *_: self._wake.set())
        try:
            await self._check_schema(connection)
            await self._listen(connection)
            while True:
                self._wake.clear()
                if time.monotonic() - self._checked_at >= ASK_EVERY_SECONDS:
                    await self._check_schema(connection)
                await self._ask(connection)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), ASK_EVERY_SECONDS)
        finally:
            connection.terminate()

    async def _check_schema(self, connection: asyncpg.Connection) -> None:
        """Costs a few look-ups in the catalogue. Views may be dropped, or the schema downgraded, at any time."""
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            await schema.check(connection)
            await schema.check_complete(connection)
        self._checked_at = time.monotonic()

    async def _listen(self, connection: asyncpg.Connection) -> None:
        """Listens where that is possible. A standby refuses, a pooler accepts and tells nothing: asking covers both."""
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
            how = "listening"
        except asyncpg.PostgresError:
            how = "asking"
        await connection.execute(f"SET application_name = 'evload watch, {how}'")

    async def _ask(self, connection: asyncpg.Connection) -> None:
        row = await connection.fetchrow(query("site/state").text, timeout=ANSWER_WITHIN_SECONDS)
        if row is None:
            raise DatabaseUnavailable
        before, self.problem = self._state, None
        version = DataVersion(row["data_version"], row["data_version_id"])
        state = SiteState(version, ZoneInfo(row["timezone"]), row["is_empty"], tuple(row["measures"]))
        if state != before:
            await self._changed(before, state)
            self._state = state
            async with self._news:
                self._news.notify_all()
