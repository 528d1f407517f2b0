"""Standard streams that nothing can hold up: a reader that stopped, a closed pipe, a full disk."""

import atexit
import io
import os
import select
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

MAX_WAITING_BYTES = 4_000_000
FLUSH_WITHIN_SECONDS = 1.0


def open_closed_streams() -> None:
    """Opens the null device for a standard stream that is closed: else the next socket would get its number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def keep_running_without_readers() -> None:
    """Lets what this process prints be lost where nobody takes it, instead of ending the process."""
    sys.stdout, sys.stderr = _unbreakable(1), _unbreakable(2)


def _unbreakable(number: int) -> io.TextIOWrapper:
    raw: Any = _Unbreakable(number)
    return io.TextIOWrapper(raw, errors="backslashreplace", line_buffering=True, write_through=True)


class _Unbreakable(io.RawIOBase):
    """Writes to a file descriptor, and takes an error for success."""

    def __init__(self, number: int) -> None:
        self._number = number

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def fileno(self) -> int:
        return self._number

    def write(self, data: bytes) -> int:  # type: ignore[override]
        write_all(self._number, bytes(data))
        return len(data)


def write_all(number: int, data: bytes) -> None:
    """Drops the rest where the descriptor takes nothing more."""
    with suppress(OSError):
        while data:
            try:
                data = data[os.write(number, data) :]
            except BlockingIOError:
                select.select([], [number], [])


class LineWriter:
    """Writes lines by a thread of its own. Who logs never waits; lines that too many wait before are lost."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> None:
        with self._changed:
            if self._waiting_bytes + len(line) > MAX_WAITING_BYTES:
                return
            self._lines.append(line)
            self._waiting_bytes += len(line)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def flush(self) -> None:
        """Waits a moment until all lines are written."""
        until = time.monotonic() + FLUSH_WITHIN_SECONDS
        with self._changed:
            while self._waiting_bytes and self._changed.wait(max(0.0, until - time.monotonic())):
                pass

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._lines:
                    self._changed.wait()
                lines = b"".join(self._lines)
                self._lines.clear()
            write_all(self._number, lines)
            with self._changed:
                self._waiting_bytes -= len(lines)
                self._changed.notify_all()
