"""Equal questions that are under way at the same time share one query."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")

CHECK_DISCONNECT_AFTER_SECONDS = 0.02  # most answers are there by then, and nobody needs to look whether the client is


class _Flight(Generic[T]):
    def __init__(self, task: "asyncio.Task[T]") -> None:
        self.task = task
        self.waiting = 0


class SingleFlight(Generic[T]):
    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Flight[T]] = {}

    @contextmanager
    def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> "Iterator[asyncio.Task[T]]":
        """The flight of that key, begun if there is none. It ends when nobody is aboard any more.

        Whoever waits for it shares it: use `asyncio.wait`, as a cancelled `await` would cancel it for all.
        """
        flight = self._under_way.get(key) or self._begin(key, work)
        flight.waiting += 1
        try:
            yield flight.task
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._forget(key, flight)  # at once: whoever came while it is cancelled would be cancelled with it
                flight.task.cancel()

    def _begin(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        flight = self._under_way[key] = _Flight(asyncio.create_task(work()))
        flight.task.add_done_callback(lambda _: self._ended(key, flight))
        return flight

    def _ended(self, key: Hashable, flight: _Flight[T]) -> None:
        self._forget(key, flight)
        if not flight.task.cancelled():
            flight.task.exception()  # whoever waited has seen it; with nobody left it is not an error

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]


async def result_or_disconnect(work: "asyncio.Task[T]", gone: Callable[[], Coroutine[Any, Any, object]]) -> T | None:
    """The result of `work`, or None if the client hangs up before."""
    done, _ = await asyncio.wait({work}, timeout=CHECK_DISCONNECT_AFTER_SECONDS)
    if not done:
        leaving = asyncio.create_task(gone())
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
    return work.result() if work.done() else None
