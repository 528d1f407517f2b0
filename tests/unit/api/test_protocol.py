"""A connection answers what it can at once, in the order of the requests, and leaves the rest to uvicorn."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from evload.api.cache import Headers
from evload.api.protocol import COPIED_BYTES, HotProtocol

LARGE = b"x" * (COPIED_BYTES + 1)
BODIES = {b"/known": b"at once", b"/large": LARGE}
ANSWER = re.compile(rb"HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)*?content-length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n")
PATIENCE_SECONDS = 20
SLOW_SECONDS = 1.2


class Application:
    def at_once(self, url: bytes, headers: Headers) -> tuple[int, bytes, bytes] | None:
        if (b"x-slowly", b"1") in headers or url not in BODIES:
            return None
        return 200, b"content-length: %d\r\n\r\n" % len(BODIES[url]), BODIES[url]

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
async def served(keep_alive_seconds: int = 5) -> AsyncIterator[int]:
    config = uvicorn.Config(
        Application(),
        http=HotProtocol,
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
        assert body in (BODIES.get(path.encode()), f"GET {path}".encode())
    assert got[0] == b"at once"


async def test_a_request_in_pieces() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in (get("/known")[:10], get("/known")[10:-1], get("/known")[-1:] + get("/end", "Connection: close")):
            writer.write(piece)
            await asyncio.sleep(0.05)
        assert _bodies(await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)) == [b"at once", b"GET /end"]
        writer.close()


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


async def test_an_idle_connection_is_closed() -> None:
    async with served(keep_alive_seconds=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/known"))
        assert _bodies(await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)) == [b"at once"]
        writer.close()
