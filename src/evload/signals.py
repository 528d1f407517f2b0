"""The signals that stop evload, and what each phase of a command does when one arrives."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A stop signal arrived while a command other than the server was running."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def stop_on_signals() -> None:
    """Makes each stop signal raise Stopped in the main thread."""
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)


def ignore_stop_signals() -> None:
    """Makes the process ignore stop signals while it closes down.

    A second Ctrl-C would leave the embedded Postgres running, and report finished work as unfinished.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def cancel_on_signals() -> Iterator[None]:
    """Makes each stop signal cancel the current asyncio task, and afterwards raise Stopped again."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, _stop)
