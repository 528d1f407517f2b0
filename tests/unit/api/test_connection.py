"""No client holds a connection, memory or the others by what it sends, does not send, or does not read."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import product

import pytest
import uvloop
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from evload.api.server import connection
from evload.api.server.connection import MAX_HEAD_BYTES, BoundedConnection
from evload.api.server.fast_path import FastPathProtocol
from tests.unit.api.test_fast_path import Application, connected, get, served

SECONDS = 0.4  # stands for every time-out
PATIENCE_SECONDS = 20
HUGE = b"x" * 30_000_000
ANSWERS = {"/huge": HUGE, "/deaf": b"without the body of the request"}
PROTOCOLS = (FastPathProtocol, BoundedConnection)
Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Huge(Application):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in ANSWERS:
            return await super().__call__(scope, receive, send)
        body = ANSWERS[scope["path"]]
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return await send({"type": "http.response.body", "body": body})


class Listening(Application):
    """Its answers to `/listen` last until they learn that their client left."""

    def __init__(self) -> None:
        super().__init__()
        self.has_learned = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/listen":
            await super().__call__(scope, receive, send)
            return
        while (await receive())["type"] != "http.disconnect":
            pass
        self.has_learned.set()


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUEST_SECONDS", "UNREAD_SECONDS", "UNREAD_AT_END_SECONDS"):
        monkeypatch.setattr(connection, name, SECONDS)


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> type[HttpToolsProtocol]:
    kind: type[HttpToolsProtocol] = request.param
    return kind


async def with_port(protocol: type[HttpToolsProtocol], client: Callable[[int], Awaitable[None]]) -> None:
    async with served(Huge(), protocol=protocol) as port, asyncio.timeout(PATIENCE_SECONDS):
        await client(port)


def talk(protocol: type[HttpToolsProtocol], client: Client) -> None:
    """Lets a client talk to a server, on the event loop that evload has."""

    async def connect(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await client(reader, writer)
        finally:
            writer.close()

    uvloop.run(with_port(protocol, connect))


def padded(head_bytes: int, *, lines: int = 1, path: str = "/known") -> bytes:
    """A request whose address and headers have exactly so many bytes."""
    bare = len(path) + len("Host: here\r\n") + lines * len("X: \r\n")
    each, rest = divmod(head_bytes - bare, lines)
    return get(path, *(f"X: {'y' * (each + (rest if number == 0 else 0))}" for number in range(lines)))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[at : at + size] for at in range(0, len(data), size))


async def received_for(port: int, data: bytes, piece_bytes: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        for piece in pieces(data, piece_bytes):
            writer.write(piece)
            await writer.drain()

    sending = asyncio.create_task(send())
    received = b""
    with suppress(ConnectionResetError):  # where it may not be told
        while part := await asyncio.wait_for(reader.read(1 << 20), PATIENCE_SECONDS):
            received += part
    await asyncio.gather(sending, return_exceptions=True)
    writer.close()
    return received


@pytest.mark.parametrize("before", [0, 1, 2000])
def test_a_head_is_as_long_as_it_may_be_or_431(protocol: type[HttpToolsProtocol], before: int) -> None:
    """However many lines it has and however it arrives, alone or after other requests."""
    end = get("/end", "Connection: close")

    async def client(port: int) -> None:
        for lines, piece_bytes, excess in product((1, 5000), (1000, 70_000, 10_000_000), (0, 1, 1_000_000)):
            data = get("/known") * before + padded(MAX_HEAD_BYTES + excess, lines=lines) + end
            received = await received_for(port, data, piece_bytes)
            answers = received.count(b"HTTP/1.1 200")
            if not excess:
                assert answers == before + 2
            elif protocol is FastPathProtocol or not before:
                assert (answers, received.count(b"HTTP/1.1 431")) == (before, 1)
            else:  # while an answer is under way there is no telling
                assert answers <= before

    uvloop.run(with_port(protocol, client))


@pytest.mark.parametrize("held_back", range(1, 8))
def test_the_longest_head_may_come_in_any_pieces(protocol: type[HttpToolsProtocol], held_back: int) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = padded(MAX_HEAD_BYTES)
        writer.write(data[:-held_back])
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(data[-held_back:])
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    talk(protocol, client)


def test_what_follows_a_head_that_is_too_long_is_not_a_request(protocol: type[HttpToolsProtocol]) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(padded(MAX_HEAD_BYTES + 1) + get("/known"))
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(get("/known"))
        received = await reader.read()
        assert received.startswith(b"HTTP/1.1 431 ")
        assert received.endswith(b'{"detail":"The head of the request is longer than 64 kB."}')
        assert received.count(b"HTTP/1.1") == 1

    talk(protocol, client)


@pytest.mark.parametrize("before", [b"", get("/known"), get("/other"), get("/other") * 2])
def test_a_head_that_is_too_long_is_refused_once(
    protocol: type[HttpToolsProtocol], before: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where all of it, or still more, arrives at once."""

    async def client(port: int) -> None:
        for excess, lines, end in product((1, 100_000), (1, 5000), (b"", get("/known"))):
            await received_for(port, before + padded(MAX_HEAD_BYTES + excess, lines=lines) + end, 10_000_000)

    uvloop.run(with_port(protocol, client))
    assert not [record for record in caplog.records if record.exc_info]


def test_an_answer_under_way_learns_that_its_client_left(protocol: type[HttpToolsProtocol]) -> None:
    """Also where other requests wait behind it."""

    async def clients() -> None:
        application = Listening()
        async with served(application, protocol=protocol) as port:
            for before, behind in product(range(3), range(4)):
                application.has_learned.clear()
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(get("/other") * before + get("/listen") + get("/other") * behind)
                await asyncio.sleep(0.05)
                writer.close()
                await asyncio.wait_for(application.has_learned.wait(), PATIENCE_SECONDS / 10)

    uvloop.run(clients())


def test_an_answer_under_way_is_not_mixed_with_a_refusal(protocol: type[HttpToolsProtocol]) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/slow"))
        await asyncio.sleep(0.1)
        writer.write(b"garbage\r\n\r\n")
        assert await reader.read() == b""

    talk(protocol, client)


LATE = {
    "nothing": (b"", b""),
    "an empty line": (b"\r\n", b""),
    "half a line": (b"GET /kno", b"408"),
    "half a head": (get("/known")[:-2], b"408"),
    "half a head after an answer": (get("/other") + get("/known")[:-2], b"408"),
    "half a body after the answer": (get("/deaf", "Content-Length: 9", method="POST") + b"1234", b"200"),
}


@pytest.mark.parametrize(("sent", "status"), LATE.values(), ids=LATE)
def test_a_request_that_does_not_come_ends_the_connection(
    protocol: type[HttpToolsProtocol], sent: bytes, status: bytes
) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began = time.monotonic()
        writer.write(sent)
        received = await reader.read()
        last = b"HTTP/1.1 " + received.split(b"HTTP/1.1 ")[-1] if received else b""
        assert last.startswith(b"HTTP/1.1 " + status) if status else b"408" not in last
        assert SECONDS * 0.9 <= time.monotonic() - began < 5 * SECONDS

    talk(protocol, client)


def test_a_request_that_drips_ends_the_connection(protocol: type[HttpToolsProtocol]) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def drip() -> None:
            while True:
                writer.write(b"GET /" if not sent else b"x")
                sent.append(1)
                await asyncio.sleep(0.05)

        sent: list[int] = []
        dripping = asyncio.create_task(drip())
        assert b" 408 " in await reader.read()
        dripping.cancel()
        assert len(sent) < 5 * SECONDS / 0.05

    talk(protocol, client)


@pytest.mark.parametrize("request_", [get("/known"), get("/other")])
def test_a_polled_connection_stays(protocol: type[HttpToolsProtocol], request_: bytes) -> None:
    async def client(port: int) -> None:
        async with connected(port) as connection:
            for _ in range(8):
                assert await connection.ask(request_)
                await asyncio.sleep(SECONDS / 2)

    uvloop.run(with_port(protocol, client))


def test_a_slow_answer_is_waited_for(protocol: type[HttpToolsProtocol]) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/slow", "Connection: close"))
        assert (await reader.read()).endswith(b"GET /slow")

    talk(protocol, client)


def test_an_answer_that_nobody_reads_is_dropped(protocol: type[HttpToolsProtocol]) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/huge"))
        await asyncio.sleep(5 * SECONDS)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(HUGE))

    talk(protocol, client)


def test_an_answer_that_is_read_slowly_arrives(
    protocol: type[HttpToolsProtocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNREAD_SECONDS", 3 * SECONDS)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/huge", "Connection: close"))
        began, received = time.monotonic(), 0
        while part := await reader.read(1 << 20):
            received += len(part)
            await asyncio.sleep(0.02)
        assert received > len(HUGE)
        assert time.monotonic() - began > 4 * SECONDS

    talk(protocol, client)


def test_a_client_that_does_not_read_does_not_hold_up_the_end(protocol: type[HttpToolsProtocol]) -> None:
    async def unread() -> float:
        async with served(Huge(), protocol=protocol) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get("/huge"))
            await asyncio.sleep(0.2)
            began = time.monotonic()
        writer.close()
        return time.monotonic() - began

    assert uvloop.run(unread()) < 5 * SECONDS


def test_malformed_requests_are_told_with_their_address_and_without_a_traceback(
    protocol: type[HttpToolsProtocol], caplog: pytest.LogCaptureFixture
) -> None:
    async def many() -> None:
        async with served(Huge(), protocol=protocol) as port:
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"garbage\r\n\r\n")
                assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
                writer.close()

    with caplog.at_level(logging.WARNING, connection.log.name):
        uvloop.run(many())
    told = [one for one in caplog.records if one.name == connection.log.name]
    assert len(told) == 20
    assert all("127.0.0.1" in one.getMessage() and not one.exc_info for one in told)
