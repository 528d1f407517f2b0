"""Lets few work at a time, and bounds who waits for a turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evload.database.errors import TooBusy

BUSY = "Too many exports are under way. Try again in a moment."


class Places:
    def __init__(self, size: int, *, max_waiting: int, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(size)
        self._here = 0
        self._max_here = size + max_waiting
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Raises TooBusy at once when too many wait already, or when no place is free in time."""
        if self._here >= self._max_here:
            raise TooBusy(BUSY)
        self._here += 1
        try:
            await self._take()
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._here -= 1

    async def _take(self) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise TooBusy(BUSY) from None
