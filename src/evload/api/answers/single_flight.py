"""Lets concurrent callers with the same key share one run of the work (single flight)."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")

CHECK_DISCONNECT_AFTER_SECONDS = 0.02  # most answers are ready earlier, and save the cost of the check


class _Flight(Generic[T]):
    def __init__(self, task: "asyncio.Task[T]") -> None:
        self.task = task
        self.waiting = 0


class SingleFlight(Generic[T]):
    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Flight[T]] = {}

    @contextmanager
    def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> "Iterator[asyncio.Task[T]]":
        """Yields the task that runs the work for the key, started if none runs. The last caller to leave cancels it.

        Callers wait for it with `asyncio.wait`: `await` would pass a caller's own cancellation on to the shared task.
        """
        flight = self._under_way.get(key) or self._begin(key, work)
        flight.waiting += 1
        try:
            yield flight.task
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._forget(key, flight)  # before the cancellation, or a new caller would join a cancelled task
                flight.task.cancel()

    def _begin(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        flight = self._under_way[key] = _Flight(asyncio.create_task(work()))
        flight.task.add_done_callback(lambda _: self._ended(key, flight))
        return flight

    def _ended(self, key: Hashable, flight: _Flight[T]) -> None:
        self._forget(key, flight)
        if not flight.task.cancelled():
            flight.task.exception()  # read here, or asyncio would log an error that no caller waited for

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]


async def result_or_disconnect(work: "asyncio.Task[T]", gone: Callable[[], Coroutine[Any, Any, object]]) -> T | None:
    """Returns the result of `work`, or None if the client disconnects before."""
    done, _ = await asyncio.wait({work}, timeout=CHECK_DISCONNECT_AFTER_SECONDS)
    if not done:
        leaving = asyncio.create_task(gone())
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
    return work.result() if work.done() else None
