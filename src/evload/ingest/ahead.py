"""What is needed next is made meanwhile in threads; daemons, as one that waits for a pipe must not keep us alive."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> "Future[T]":
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # whoever waits for the future shall see it
            future.set_exception(error)

    future.set_running_or_notify_cancel()
    threading.Thread(target=run, daemon=True).start()
    return future


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """Makes the next item while the one before it is worked on."""
    upcoming = in_thread(lambda: next(items, None))
    while (item := upcoming.result()) is not None:
        upcoming = in_thread(lambda: next(items, None))
        yield item


async def one_awaited_ahead(items: Iterator[T]) -> AsyncGenerator[T]:
    """The same for who must not be held up."""
    upcoming = asyncio.wrap_future(in_thread(lambda: next(items, None)))
    try:
        while (item := await upcoming) is not None:
            upcoming = asyncio.wrap_future(in_thread(lambda: next(items, None)))
            yield item
    finally:
        upcoming.cancel()
