"""The log of a command that serves: a line on standard error for each event that matters, as text or as JSON.

The same event may come again and again, as clients may cause it: some are told, and the others of a minute are counted
and told together.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from functools import partial

from evload.errors import shown
from evload.streams import LineWriter

TOLD = 3  # of an event, before the others of the same minute are counted
COUNTED_SECONDS = 60.0


def open_log(log_format: str, level: str) -> None:
    """Sends what evload and its libraries log to standard error. Once opened, it stays as it is."""
    root = logging.getLogger()
    if is_open():
        return
    root.handlers = [LogHandler(as_json=log_format == "json")]
    root.setLevel(logging.WARNING)
    logging.getLogger("evload").setLevel(level.upper())


def is_open() -> bool:
    return any(isinstance(handler, LogHandler) for handler in logging.getLogger().handlers)


class LogHandler(logging.Handler):
    def __init__(self, *, as_json: bool, number: int = 2, counted_seconds: float = COUNTED_SECONDS) -> None:
        super().__init__()
        self._line = _json_line if as_json else _text_line
        self._writer = LineWriter(number)
        self._counted_seconds = counted_seconds
        self._repeated: dict[tuple[str, str], _Repeated] = {}

    def emit(self, record: logging.LogRecord) -> None:
        key = (record.name, str(record.msg))
        repeated = self._repeated.get(key)
        if repeated is None:
            if len(self._repeated) > 1000:  # texts that are no patterns
                self._repeated.clear()
            repeated = self._repeated[key] = _Repeated()
        if repeated.is_told(record, self._counted_seconds, partial(self._tell_counted, repeated)):
            self._write(record, "")

    def _tell_counted(self, repeated: "_Repeated") -> None:
        with self.lock or threading.RLock():
            last, count = repeated.taken()
            if last is not None:
                self._write(last, f" ({count:,} more like this in {self._counted_seconds:.0f} seconds)")

    def _write(self, record: logging.LogRecord, addition: str) -> None:
        try:
            message = shown(record.getMessage()) + addition
        except (TypeError, ValueError):  # arguments that do not fit: better their pattern than nothing
            message = shown(record.msg)
        self._writer.write(f"{self._line(record, message)}\n".encode(errors="backslashreplace"))

    def flush(self) -> None:
        for repeated in list(self._repeated.values()):
            self._tell_counted(repeated)
        self._writer.flush()


class _Repeated:
    """How often an event came since it was told last."""

    def __init__(self) -> None:
        self._since = 0.0
        self._told = self._counted = 0
        self._last: logging.LogRecord | None = None

    def is_told(self, record: logging.LogRecord, seconds: float, at_end: Callable[[], None]) -> bool:
        now = time.monotonic()
        if now - self._since >= seconds and not self._counted:
            self._since, self._told = now, 0
        if self._told < TOLD:
            self._told += 1
            return True
        self._counted += 1
        self._last = copy(record)
        self._last.exc_info = None  # the traceback was told, and would keep what the request held
        if self._counted == 1:
            timer = threading.Timer(max(0.0, self._since + seconds - now), at_end)
            timer.daemon = True
            timer.start()
        return False

    def taken(self) -> tuple[logging.LogRecord | None, int]:
        last, count = self._last, self._counted
        self._last, self._counted = None, 0
        return last, count


def _text_line(record: logging.LogRecord, message: str) -> str:
    line = f"{_time(record)} {record.levelname} {message}"
    return f"{line}\n{_traceback(record)}" if record.exc_info else line


def _json_line(record: logging.LogRecord, message: str) -> str:
    entry = {
        "time": _time(record),
        "level": record.levelname.lower(),
        "event": getattr(record, "event", "other"),
        "message": message,
        "logger": record.name,
        "process": os.getpid(),
    }
    if record.exc_info:
        entry["traceback"] = _traceback(record)
    return json.dumps(entry, ensure_ascii=False)


def _traceback(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
