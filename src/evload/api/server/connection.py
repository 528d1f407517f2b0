"""uvicorn's connection with bounds on what one client may hold: the length of a request's head, and time.

`fast_path.FastPathProtocol` adds answers from memory. Of uvicorn's inside this needs little, so that it also stands
where the fast path is off: callbacks that httptools names, `cycle`, `timeout_keep_alive_task`, `send_400_response`,
`_start_asgi_task`.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 65_536
UNCOUNTED_BYTES = 1024  # of a head: its method, version and last blank line, which may come in a later piece
REQUEST_SECONDS = 10.0  # for a request to arrive, and for a connection to ask at all
UNREAD_SECONDS = 30.0  # for a client to take the next bytes of an answer
UNREAD_AT_END_SECONDS = 2.0  # the same while evload ends
LINGER_SECONDS = 1.0
TOO_LONG = f"The head of the request is longer than {MAX_HEAD_BYTES // 1024} kB."
TOO_SLOW = f"The request did not arrive within {REQUEST_SECONDS:.0f} seconds."
STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}

log = logging.getLogger(__name__)


def is_told_here(record: logging.LogRecord) -> bool:
    """Whether a log record of uvicorn's says no more than `tell_malformed`."""
    return record.msg == "Invalid HTTP request received."


def tell_malformed(client: tuple[str, int] | None) -> None:
    address = client[0] if client else "an unknown address"
    log.warning("Malformed or too long HTTP request from %s", address, extra={"event": "malformed"})


class HeadTooLong(Exception):
    """Raised through the parser, which stops."""


class BoundedConnection(HttpToolsProtocol):
    """A connection with one timer, which looks whether anything moves. Answers and requests do not pay for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_between_requests = True
        self._is_in_head = False
        self._is_refused = self._is_too_long = False
        self._requests_in_data = 0
        self._data_bytes = 0
        self._head_bytes = self._foreign_bytes = 0
        """What came since the last head began, and what of that may belong to requests before it."""
        self._began_at = 0.0
        self._unread_bytes = 0
        self._unread_since = 0.0
        self._unread_seconds = UNREAD_SECONDS
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)
        if self._under_way is not None and not self._under_way.response_complete:
            self._under_way.disconnected = True
            self._under_way.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """uvicorn tells only the last request that came that its client left: not the one that the others wait for."""
        self._under_way = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._data_bytes, self._requests_in_data = len(data), 0 if self._is_between_requests else 1
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        bytes_of_head = self._head_bytes - self._foreign_bytes
        if self._is_in_head and not self._is_refused and bytes_of_head > MAX_HEAD_BYTES + UNCOUNTED_BYTES:
            self._refuse(431, TOO_LONG)

    def on_message_begin(self) -> None:
        self._head_bytes = self._data_bytes
        self._foreign_bytes = self._data_bytes if self._requests_in_data else 0
        self._requests_in_data += 1
        self._is_between_requests, self._is_in_head = False, True
        self._began_at = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._head_bytes > MAX_HEAD_BYTES:  # else there is nothing to count
            lines = sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)
            if len(self.url) + lines > MAX_HEAD_BYTES:
                self._is_too_long = True
                raise HeadTooLong
        self._is_in_head = False
        self.on_head_accepted()

    def on_head_accepted(self) -> None:
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_between_requests = True
        super().on_message_complete()

    def resume_writing(self) -> None:
        self._unread_bytes = 0
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls this when the parser stops. An answer under way must not be mixed with this one."""
        tell_malformed(self.client)
        if self._is_busy():
            self.transport.close()
        elif self._is_too_long:
            self._refuse(431, TOO_LONG)
        else:
            super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Answers as if no upgrade had been asked for, as HTTP allows; uvicorn would log two lines for each."""

    def shutdown(self) -> None:
        """Evload ends: clients that do not read hold it up no longer than a moment."""
        super().shutdown()
        self._unread_seconds = UNREAD_AT_END_SECONDS
        self._look()

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _look(self) -> None:
        """Ends the connection if nothing moves, or looks again when that may be so."""
        if self._timer is not None:
            self._timer.cancel()
        now = self.loop.time()
        if self._is_unread(now):
            self.transport.abort()
        elif not (self._is_busy() or self._is_refused or self.transport.is_closing()) and self._is_too_slow(now):
            self._give_up()
        waits_seconds = min(REQUEST_SECONDS, self._unread_seconds / 2)
        if not self._is_between_requests and not self._is_busy():
            waits_seconds = max(0.1, min(waits_seconds, self._began_at + REQUEST_SECONDS - now))
        self._timer = self.loop.call_later(waits_seconds, self._look)

    def _is_unread(self, now: float) -> bool:
        """Whether the client has not taken a byte of what waits for it for too long."""
        unread_bytes = self.transport.get_write_buffer_size()
        if not unread_bytes or unread_bytes != self._unread_bytes:
            self._unread_bytes, self._unread_since = unread_bytes, now
        return bool(unread_bytes) and now - self._unread_since >= self._unread_seconds

    def _is_too_slow(self, now: float) -> bool:
        """Whether a request is late, or the connection neither asks nor is timed by uvicorn as an idle one."""
        if self._is_between_requests:
            return self.timeout_keep_alive_task is None
        return now - self._began_at >= REQUEST_SECONDS

    def _give_up(self) -> None:
        if self._is_in_head:
            self._refuse(408, TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        """Tells why and ends the connection: a moment later, or what still arrives would make the answer be lost."""
        if self._is_busy():
            self.transport.close()
            return
        self._is_refused = True
        body = orjson.dumps({"detail": detail})
        head = STATUS_LINES[status] + b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
        self.transport.write(head + b"connection: close\r\n\r\n" + body)
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)
