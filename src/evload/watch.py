"""Follows the data version: told by NOTIFY, and asking every second for where notifications do not arrive."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True)
class SiteState:
    data_version: int
    zone: ZoneInfo
    is_empty: bool
    """Then nothing needs a query, and nobody waits for the first load, which locks the table it fills."""


class Watch:
    """Knows the site's state as of the last word from the database, which stays known while the database is away.

    A new state holds once `changed` has prepared for it.
    """

    def __init__(self, dsn: str, changed: Callable[[SiteState | None, SiteState], Awaitable[None]]) -> None:
        self._dsn = dsn
        self._changed = changed
        self._state: SiteState | None = None
        self._wake = asyncio.Event()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.problem: EvloadError | None = DatabaseUnavailable()

    async def open(self) -> None:
        """Waits a moment for the first word, so that the first requests find a state."""
        self._task = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self.next_after(None), FIRST_ANSWER_WITHIN_SECONDS)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def state(self) -> SiteState:
        """Raises what keeps evload from knowing it."""
        if self._state is None:
            problem = self.problem or DatabaseUnavailable()
            raise type(problem)(str(problem))
        return self._state

    @property
    def data_version(self) -> int | None:
        return self._state.data_version if self._state else None

    async def catch_up(self, data_version: int) -> None:
        """Waits a moment for a version that somebody has seen to follow this one."""
        self._wake.set()
        with suppress(TimeoutError, EvloadError):
            await asyncio.wait_for(self.next_after(data_version), CATCH_UP_WITHIN_SECONDS)

    async def next_after(self, data_version: int | None) -> SiteState:
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
            await schema.check(connection)
            await self._listen(connection)
            while True:
                self._wake.clear()
                await self._ask(connection)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), ASK_EVERY_SECONDS)
        finally:
            connection.terminate()

    async def _listen(self, connection: asyncpg.Connection) -> None:
        """A standby cannot; a pooler says yes and keeps the words. Asking every second covers both."""
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
        state = SiteState(row["data_version"], ZoneInfo(row["timezone"]), row["is_empty"])
        if state != before:
            await self._changed(before, state)
            self._state = state
            async with self._news:
                self._news.notify_all()
