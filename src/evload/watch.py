"""Follows the data version, by NOTIFY and by asking every second where none arrives, and looks after the schema."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from evload import schema
from evload.database.connecting import Connection, connect, kept_together
from evload.database.errors import DRIVER_ERRORS, DatabaseUnavailable, QueryFailed, translated
from evload.errors import EvloadError
from evload.queries import query
from evload.tokens import Token, known

CHANNEL = "evload_data_version"
ASK_EVERY_SECONDS = 1.0
ANSWER_WITHIN_SECONDS = 5.0
RECONNECT_AFTER_SECONDS = 0.25
FIRST_LOOK_WITHIN_SECONDS = 10.0
CATCH_UP_WITHIN_SECONDS = 2.0
BEHIND = "The standby that answers is behind what was answered before. Try again in a moment."

log = logging.getLogger(__name__)


class DataVersion(NamedTuple):
    """Two states of the data never share both, whatever was restored or failed over."""

    number: int
    id: UUID


NO_DATA_VERSION = DataVersion(-1, UUID(int=0))


class Position(NamedTuple):
    """How far a server has come in its history, which goes on with another timeline where a standby was promoted."""

    timeline: int
    wal_bytes: Decimal


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

    A new state holds once `changed` has prepared for it; `tokens_changed` is told first which tokens there are.
    """

    def __init__(
        self,
        dsn: str,
        changed: Callable[[SiteState | None, SiteState], Awaitable[None]],
        tokens_changed: Callable[[tuple[Token, ...]], None] = lambda _: None,
    ) -> None:
        self._dsn = dsn
        self._changed = changed
        self._tokens_changed = tokens_changed
        self._tokens: tuple[Token, ...] | None = None
        self._state: SiteState | None = None
        self._wake = asyncio.Event()
        self._has_looked = asyncio.Event()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._checked_at = 0.0
        self._is_listening = False
        self._position: Position | None = None
        self._problem: EvloadError | None = DatabaseUnavailable()
        self._told: str | None = None

    @property
    def problem(self) -> EvloadError | None:
        return self._problem

    @problem.setter
    def problem(self, problem: EvloadError | None) -> None:
        """Logs each change: the database went, with a reason, or is back."""
        self._problem = problem
        told, self._told = self._told, None if problem is None else str(problem)
        if self._told is not None and self._told != told:
            log.warning("The database cannot be used: %s", problem, extra={"event": "database_lost"})
        elif told is not None and self._told is None:
            log.info("The database answers again", extra={"event": "database_back"})

    async def open(self) -> None:
        """Waits for the first state or problem, so that the first requests find one."""
        self._task = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_WITHIN_SECONDS):
                await self._has_looked.wait()

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

    def wake(self) -> None:
        """Makes it ask now, as a query has seen another version."""
        self._wake.set()

    async def catch_up(self, data_version: DataVersion) -> None:
        """Waits a moment for a version that a query has seen, or a newer one. Raises DatabaseUnavailable."""
        self.wake()
        try:
            async with asyncio.timeout(CATCH_UP_WITHIN_SECONDS), self._news:
                await self._news.wait_for(lambda: (self.data_version or NO_DATA_VERSION).number >= data_version.number)
        except TimeoutError:
            raise DatabaseUnavailable(BEHIND) from None

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
            self._has_looked.set()
            await asyncio.sleep(RECONNECT_AFTER_SECONDS)

    async def _follow(self) -> None:
        connection = await connect(self._dsn, "serve")
        connection.add_termination_listener(lambda *_: self._wake.set())
        self._is_listening = False
        self._checked_at = 0.0
        try:
            while True:
                self._wake.clear()
                await self._look(connection)
                with suppress(TimeoutError):  # wait_for of Python 3.11 can lose a cancellation
                    async with asyncio.timeout(ASK_EVERY_SECONDS):
                        await self._wake.wait()
        finally:
            connection.terminate()

    async def _look(self, connection: Connection) -> None:
        """Looks at tokens, schema and state; listens as soon as that is possible.

        Tokens come first, as what is wrong with the rest must not keep a revoked one alive.
        """
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS), kept_together(connection):
            await self._look_at_tokens(connection)
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS), kept_together(connection):
            if time.monotonic() - self._checked_at >= ASK_EVERY_SECONDS:
                await self._check_schema(connection)
            found = await connection.fetchrow(query("site/state").text)
        if found is None:
            raise DatabaseUnavailable
        if not self._is_listening and not found["is_standby"] and not connection.is_shared:
            await self._listen(connection)
        await self._take(connection, found)

    async def _look_at_tokens(self, connection: Connection) -> None:
        with suppress(asyncpg.UndefinedTableError):  # what is wrong with the schema is told where that is checked
            tokens = await known(connection)
            if tokens != self._tokens:
                self._tokens_changed(tokens)
                self._tokens = tokens

    async def _check_schema(self, connection: asyncpg.Connection) -> None:
        """Costs a few look-ups in the catalogue. Views may be dropped, or the schema downgraded, at any time."""
        await schema.check(connection)
        await schema.check_complete(connection)
        self._checked_at = time.monotonic()

    async def _listen(self, connection: Connection) -> None:
        """Asking covers what cannot listen: a standby, and a pooler, which accepts and tells nothing."""
        await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
        self._is_listening = True
        await connection.execute("SET application_name = 'evload serve, listening'")
        self._wake.set()  # what was told before it listened

    async def _take(self, connection: Connection, found: asyncpg.Record) -> None:
        version = DataVersion(found["data_version"], found["data_version_id"])
        state = SiteState(version, ZoneInfo(found["timezone"]), found["is_empty"], tuple(found["measures"]))
        before = self._state
        if state == before:
            self.problem = None
            return
        position = await _position(connection)
        if before is not None and found["is_standby"] and self._is_behind(before.data_version, version, position):
            self.problem = DatabaseUnavailable(BEHIND)
            return
        self.problem = None
        log.debug("The data version is %d", version.number, extra={"event": "data_version"})
        await self._changed(before, state)
        self._state, self._position = state, position
        self._has_looked.set()
        async with self._news:
            self._news.notify_all()

    def _is_behind(self, before: DataVersion, version: DataVersion, position: "Position | None") -> bool:
        """Whether a standby shows a state from before the last one. An older backup that was restored came after it."""
        if version.number > before.number or version == before:
            return False
        return position is None or self._position is None or position <= self._position


async def _position(connection: Connection) -> Position | None:
    """`None` on servers that do not tell it."""
    try:
        async with kept_together(connection):
            found = await connection.fetchrow(query("site/position").text, timeout=ANSWER_WITHIN_SECONDS)
    except asyncpg.PostgresError:
        return None
    return None if found is None else Position(*found)
