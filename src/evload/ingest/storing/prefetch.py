"""What is needed next is made meanwhile in threads; daemons, as one that waits for a pipe must not keep us alive."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def _in_thread(work: Callable[[], T]) -> "Future[T]":
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # whoever waits for the future shall see it
            future.set_exception(error)

    future.set_running_or_notify_cancel()
    threading.Thread(target=run, daemon=True).start()
    return future


def prefetch(items: Iterator[T]) -> Iterator[T]:
    """Makes the next item while the one before it is worked on."""
    upcoming = _in_thread(lambda: next(items, None))
    while (item := upcoming.result()) is not None:
        upcoming = _in_thread(lambda: next(items, None))
        yield item


async def aprefetch(items: Iterator[T]) -> AsyncIterator[T]:
    """The same on an event loop, which goes on meanwhile."""
    upcoming = _in_thread(lambda: next(items, None))
    while (item := await asyncio.wrap_future(upcoming)) is not None:
        upcoming = _in_thread(lambda: next(items, None))
        yield item
