"""Locks between processes, and waiting that says what it waits for."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FIRST_WORD_SECONDS = 5.0
_NEXT_WORD_SECONDS = 30.0
_PAUSE_SECONDS = 0.05


class PatientWait:
    """Waits as long as it takes, and says so now and then."""

    def __init__(self, say: Callable[[str], None], what: str) -> None:
        self._say = say
        self._what = what
        self._next_word = time.monotonic() + FIRST_WORD_SECONDS

    def pause(self) -> None:
        if time.monotonic() >= self._next_word:
            self._say(f"{self._what}; still waiting.")
            self._next_word = time.monotonic() + _NEXT_WORD_SECONDS
        time.sleep(_PAUSE_SECONDS)


@contextmanager
def lock_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def share_lock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_SH)


@contextmanager
def exclusive(descriptor: int, say: Callable[[str], None], what: str) -> Iterator[None]:
    patience = PatientWait(say, what)
    while not try_lock(descriptor):
        patience.pause()
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
