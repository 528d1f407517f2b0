"""Turns the rows of exports into Parquet or Arrow, in processes of their own, which wait some time for another one."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import orjson

from evload.api.answers.pieces import LENGTH
from evload.database.errors import QueryFailed
from evload.queries import Typed
from evload.snapshots import Take

MOST_AT_ONCE = 4
IDLE_SECONDS = 60.0
STREAM_LIMIT_BYTES = 1_000_000
# -P: a folder `evload` where the command runs is none of ours.
WRITER = ("-P", "-m", "evload.api.answers.columnar_writer")
BROKEN = "The file could not be written. Try again, or ask for .csv instead."


class ColumnarTable:
    """One table on its way through a process."""

    def __init__(self, process: Process, columns: Typed, zone: str | None, take: Take, *, is_parquet: bool) -> None:
        self._process = process
        self._wanted = orjson.dumps({"is_parquet": is_parquet, "columns": columns, "zone": zone}) + b"\n"
        self._take = take
        self._passing_on: asyncio.Task[None] | None = None
        self.is_under_way = False

    async def begin(self) -> None:
        self.is_under_way = True
        self._passing_on = asyncio.create_task(self._pass_on())
        await self._write(self._wanted)

    async def write(self, rows: bytes) -> None:
        await self._write(LENGTH.pack(len(rows)) + rows)

    async def end(self) -> None:
        await self._write(LENGTH.pack(0))
        assert self._passing_on is not None
        await self._passing_on
        self.is_under_way = False

    async def close(self) -> None:
        if self._passing_on is not None:
            self._passing_on.cancel()
            await asyncio.gather(self._passing_on, return_exceptions=True)

    async def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        assert self._passing_on is not None
        with suppress(OSError, RuntimeError):  # the process has ended: the task below knows why
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        if self._passing_on.done():
            self._passing_on.result()

    async def _pass_on(self) -> None:
        """Ends the process if nobody takes what it gives, as writing to it would wait for ever."""
        assert self._process.stdout is not None
        try:
            while size := LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))[0]:
                await self._take(await self._process.stdout.readexactly(size))
        except asyncio.IncompleteReadError:
            raise QueryFailed(BROKEN) from None
        except BaseException:
            _end(self._process)
            raise


class Columnar:
    def __init__(self) -> None:
        self._idle: dict[Process, asyncio.TimerHandle] = {}

    def close(self) -> None:
        for process in list(self._idle):
            self._end_idle(process)

    @asynccontextmanager
    async def table(
        self, columns: Typed, zone: str | None, take: Take, *, is_parquet: bool
    ) -> AsyncIterator[ColumnarTable]:
        """The process may start while the caller still waits for the first rows."""
        process = await self._waiting_or_new()
        table = ColumnarTable(process, columns, zone, take, is_parquet=is_parquet)
        try:
            yield table
        finally:
            await table.close()
            if table.is_under_way:
                _end(process)
            else:
                loop = asyncio.get_running_loop()
                self._idle[process] = loop.call_later(IDLE_SECONDS, self._end_idle, process)

    def _end_idle(self, process: Process) -> None:
        self._idle.pop(process).cancel()
        _end(process)

    async def _waiting_or_new(self) -> Process:
        while self._idle:
            process, timer = self._idle.popitem()
            timer.cancel()
            if process.returncode is None:
                return process
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable, *WRITER, stdin=PIPE, stdout=PIPE, limit=STREAM_LIMIT_BYTES
            )
        except OSError:  # no memory, or no room for another process
            raise QueryFailed(BROKEN) from None


def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
