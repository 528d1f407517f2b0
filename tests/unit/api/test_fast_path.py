"""A connection answers what it can at once, in the order of the requests, and leaves the rest to uvicorn."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from evload.api.answers.cache import Headers
from evload.api.server.fast_path import COPIED_BYTES, FastPath, FastPathProtocol
from evload.api.server.parsed_requests import (
    MAX_PARSED_BYTES,
    MAX_PARSED_REQUEST_BYTES,
    ParsedRequest,
    ParsedRequests,
)

LARGE = b"x" * (COPIED_BYTES + 1)
BODIES = {"/known": b"at once", "/large": LARGE}
ANSWER = re.compile(rb"HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)*?content-length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n")
PATIENCE_SECONDS = 20
SLOW_SECONDS = 1.2
ARRIVES_WITHIN_SECONDS = 0.1


def parsed_request(path: str) -> ParsedRequest:
    return ParsedRequest(path, b"", None, (b"", None, False), b"", [])


class Application(FastPath):
    def __init__(self) -> None:
        self.parsed_requests = ParsedRequests()
        self.parsed = 0

    def parse(self, url: bytes, headers: Headers) -> ParsedRequest | None:
        self.parsed += 1
        return None if (b"x-slowly", b"1") in headers else parsed_request(url.decode())

    def cached_response(self, parsed: ParsedRequest, client: tuple[str, int] | None) -> tuple[int, bytes, bytes] | None:
        body = BODIES.get(parsed.path)
        return None if body is None else (200, b"content-length: %d\r\n\r\n" % len(body), body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        if scope["path"] == "/slow":
            await asyncio.sleep(SLOW_SECONDS)
        text = f"{scope['method']} {scope['path']} {body.decode()}".strip().encode()
        headers = [(b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})


@asynccontextmanager
async def served(
    application: Application | None = None,
    keep_alive_seconds: int = 5,
    protocol: type[HttpToolsProtocol] = FastPathProtocol,
) -> AsyncIterator[int]:
    config = uvicorn.Config(
        application or Application(),
        http=protocol,
        lifespan="off",
        log_level="error",
        proxy_headers=False,
        timeout_keep_alive=keep_alive_seconds,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/{version}", "Host: here", *headers, "", "")).encode()


async def answers(port: int, requests: bytes, *, then_close: bool = False) -> list[bytes]:
    """The bodies that come back until the server closes the connection, which it is asked to do at last."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(requests if then_close else requests + get("/end", "Connection: close"))
    received = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    writer.close()
    return _bodies(received)


def _bodies(received: bytes) -> list[bytes]:
    bodies, position = [], 0
    while position < len(received):
        head = ANSWER.match(received, position)
        assert head, received[position : position + 300]
        assert b"date: " in head[0]
        bodies.append(received[head.end() : head.end() + int(head[1])])
        position = head.end() + int(head[1])
    return bodies


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (get("/known"), b"at once"),
        (get("/known", "Connection: keep-alive", "Accept: */*"), b"at once"),
        (get("/large"), LARGE),
        (get("/other"), b"GET /other"),
        (get("/known", "X-Slowly: 1"), b"GET /known"),
        (get("/known", "Content-Length: 0", method="POST"), b"POST /known"),
        (get("/known", "Content-Length: 4", method="PUT") + b"body", b"PUT /known body"),
    ],
)
async def test_an_answer(request_: bytes, answer: bytes) -> None:
    async with served() as port:
        assert await answers(port, request_) == [answer, b"GET /end"]


@pytest.mark.parametrize(
    "request_", [get("/known", "Connection: close"), get("/known", version="1.0"),
                 get("/known", "Connection: keep-alive", version="1.0")]
)  # fmt: skip
async def test_a_connection_that_ends_with_its_answer(request_: bytes) -> None:
    async with served() as port:
        assert await answers(port, request_, then_close=True) == [b"GET /known"]


async def test_many_requests_at_once_are_answered_in_their_order() -> None:
    paths = ["/known", "/other", "/known", "/slow", "/known", "/known", "/large", "/other", "/known"]
    async with served() as port:
        got = await answers(port, b"".join(map(get, paths)))
    assert len(got) == len(paths) + 1
    for path, body in zip(paths, got, strict=False):
        assert body in (BODIES.get(path), f"GET {path}".encode())
    assert got[0] == b"at once"


async def test_a_request_in_pieces() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in (get("/known")[:10], get("/known")[10:-1], get("/known")[-1:] + get("/end", "Connection: close")):
            writer.write(piece)
            await asyncio.sleep(ARRIVES_WITHIN_SECONDS)
        assert _bodies(await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)) == [b"at once", b"GET /end"]
        writer.close()


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, piece: bytes) -> None:
        self._writer.write(piece)

    async def receive(self, count: int = 1) -> list[bytes]:
        """The next bodies."""
        bodies = []
        for _ in range(count):
            head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)
            found = ANSWER.fullmatch(head)
            assert found, head
            bodies.append(await asyncio.wait_for(self._reader.readexactly(int(found[1])), PATIENCE_SECONDS))
        return bodies

    async def ask(self, piece: bytes) -> bytes:
        self.send(piece)
        return (await self.receive())[0]


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def test_a_request_that_was_answered_is_not_parsed_again() -> None:
    application = Application()
    async with served(application) as port, connected(port) as first, connected(port) as second:
        for connection in (first, first, second, second):
            assert await connection.ask(get("/known")) == b"at once"
        assert application.parsed == 1
        assert await second.ask(get("/known", "Accept: */*")) == b"at once"
        assert await second.ask(get("/other")) == b"GET /other"
        assert await second.ask(get("/known")) == b"at once"
    assert application.parsed == 3


async def test_only_a_whole_request_is_remembered() -> None:
    application = Application()
    async with served(application) as port, connected(port) as connection:
        connection.send(get("/known") * 2)
        assert await connection.receive(2) == [b"at once"] * 2
        connection.send(get("/known") + get("/large")[:9])
        assert await connection.receive() == [b"at once"]
        assert await connection.ask(get("/large")[9:]) == LARGE
        connection.send(get("/known") + get("/other"))
        assert await connection.receive(2) == [b"at once", b"GET /other"]
        connection.send(get("/known")[:9])
        await asyncio.sleep(ARRIVES_WITHIN_SECONDS)
        connection.send(get("/known")[9:] + get("/known"))
        assert await connection.receive(2) == [b"at once"] * 2
    assert application.parsed_requests.known == {}


async def test_a_header_that_reads_like_a_known_request_is_a_header() -> None:
    async with served() as port, connected(port) as connection:
        assert await connection.ask(get("/known")) == b"at once"
        connection.send(b"GET /other HTTP/1.1\r\nX: ")
        await asyncio.sleep(ARRIVES_WITHIN_SECONDS)
        assert await connection.ask(get("/known")) == b"GET /other"


async def test_a_body_that_reads_like_a_known_request_is_a_body() -> None:
    known = get("/known")
    async with served() as port, connected(port) as connection:
        assert await connection.ask(known) == b"at once"
        connection.send(get("/other", f"Content-Length: {len(known)}", method="POST"))
        await asyncio.sleep(ARRIVES_WITHIN_SECONDS)
        assert await connection.ask(known) == b"POST /other " + known.strip()
        assert await connection.ask(known) == b"at once"


async def test_a_known_request_waits_for_the_one_before() -> None:
    async with served() as port, connected(port) as connection:
        assert await connection.ask(get("/known")) == b"at once"
        connection.send(get("/slow"))
        await asyncio.sleep(ARRIVES_WITHIN_SECONDS)
        connection.send(get("/known"))
        assert await connection.receive(2) == [b"GET /slow", b"GET /known"]
        assert await connection.ask(get("/known")) == b"at once"


async def test_what_is_remembered_is_bounded() -> None:
    application = Application()
    async with served(application) as port, connected(port) as connection:
        assert await connection.ask(get("/known", f"X: {'x' * MAX_PARSED_REQUEST_BYTES}")) == b"at once"
    assert application.parsed_requests.known == {}
    most = 0
    for number in range(3 * MAX_PARSED_BYTES // MAX_PARSED_REQUEST_BYTES):
        application.parsed_requests.add(b"%4000d" % number, parsed_request("/known"))
        most = max(most, len(application.parsed_requests.known))
        assert 0 < len(application.parsed_requests.known) * 8000 < MAX_PARSED_BYTES
    assert most * 10_000 > MAX_PARSED_BYTES


async def test_who_does_not_read_is_not_written_to_without_end() -> None:
    """Past what the connection takes, requests wait like all others, and none is lost."""
    count = 2000
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
        writer.write(get("/large") * count + get("/end", "Connection: close"))
        await asyncio.sleep(0.5)
        got = _bodies(await asyncio.wait_for(reader.read(), PATIENCE_SECONDS))
        writer.close()
    assert len(got) == count + 1
    assert set(got) == {LARGE, b"GET /large", b"GET /end"}
    assert b"GET /large" in got


async def test_a_connection_is_not_idle_while_it_waits_for_an_answer() -> None:
    async with served(keep_alive_seconds=1) as port:
        assert await answers(port, get("/known") + get("/slow")) == [b"at once", b"GET /slow", b"GET /end"]


async def test_a_connection_that_polls_is_not_idle() -> None:
    async with served(keep_alive_seconds=1) as port, connected(port) as connection:
        for _ in range(4):
            assert await connection.ask(get("/known")) == b"at once"
            await asyncio.sleep(0.6)


async def test_an_idle_connection_is_closed() -> None:
    async with served(keep_alive_seconds=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/known"))
        assert _bodies(await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)) == [b"at once"]
        writer.close()
