"""A client of raw sockets for the protocol fuzzer: it sends bytes as they are given, and reads answers one by one."""

import re
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

ANSWER_WITHIN_SECONDS = 15
# These differ between two answers that are equal otherwise.
IGNORED = {b"date", b"server-timing", b"connection"}
OWN_ADDRESS = re.compile(rb"^http://127\.0\.0\.1:\d+")

Address = tuple[str, int]


def address_of(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


class Closed(Exception):
    """The server closed the connection before the answer was complete."""


class Answer:
    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status, self.body = status, body
        named = dict(headers)
        self.version = named.get(b"x-data-version")
        self.etag = named.get(b"etag", b"").decode("latin-1")
        self.is_hit = b"hit" in named.get(b"server-timing", b"")
        self.closes = b"close" in named.get(b"connection", b"").lower()
        kept = ((name, OWN_ADDRESS.sub(b"", value)) for name, value in headers if name not in IGNORED)
        self.headers = tuple(sorted(kept))

    def __str__(self) -> str:
        return f"{self.status} {dict(self.headers)} {self.body[:120]!r}"

    def difference(self, other: "Answer") -> str:
        """Names the first part in which two answers differ; it is empty if none does."""
        if self.status != other.status:
            return "status"
        if self.headers != other.headers:
            names = {name.decode("latin-1") for name, _ in set(self.headers) ^ set(other.headers)}
            return f"headers {', '.join(sorted(names)) or 'repeated'}"
        return "body" if self.body != other.body else ""


class Connection:
    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, timeout=ANSWER_WITHIN_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read_answer(self, *, has_body: bool) -> Answer:
        status = 100
        while status < 200:  # informational answers come before the one that counts
            head = self._read_until(b"\r\n\r\n").removesuffix(b"\r\n\r\n").split(b"\r\n")
            status = int(head[0].split(b" ", 2)[1])
        pairs = (line.partition(b": ") for line in head[1:])
        headers = [(name.lower(), value) for name, _, value in pairs]
        has_body = has_body and status not in (204, 304)
        return Answer(status, headers, self._read_body(dict(headers)) if has_body else b"")

    def _read_body(self, headers: dict[bytes, bytes]) -> bytes:
        if headers.get(b"transfer-encoding") == b"chunked":
            return self._read_chunks()
        return self._read(int(headers[b"content-length"]))

    def _read_chunks(self) -> bytes:
        body = b""
        while length := int(self._read_until(b"\r\n"), 16):
            body += self._read(length)
            self._read(2)
        self._read(2)
        return body

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self.unread:
            self._receive()
        return self._read(self.unread.index(mark) + len(mark))

    def _read(self, length: int) -> bytes:
        while len(self.unread) < length:
            self._receive()
        found, self.unread = self.unread[:length], self.unread[length:]
        return found

    def _receive(self) -> None:
        data = self._socket.recv(1 << 18)
        if not data:
            raise Closed
        self.unread += data
