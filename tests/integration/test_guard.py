"""No request gets an answer that the guard refuses, whatever is in memory and however the request arrives."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn
from starlette.requests import HTTPConnection
from starlette.routing import Route

from evload.api.server.app import App
from evload.api.server.fast_path import FastPathProtocol
from evload.api.server.guard import Refusal
from evload.ingest.load import load_file
from evload.settings import Settings
from tests.conftest import Databases
from tests.files import FILLER, FIRST, SECOND, write

REFUSED = (403, b'{"detail":"refused"}')
WITHIN_SECONDS = 20
LENGTH = re.compile(rb"content-length: (\d+)")


class Gate:
    """A check that refuses marked requests always, and all requests while it is closed."""

    def __init__(self) -> None:
        self.is_closed = False
        self.clients: set[str | None] = set()

    def __call__(self, request: HTTPConnection) -> Refusal | None:
        self.clients.add(request.client.host if request.client else None)
        if self.is_closed or "X-Refuse-Me" in request.headers:
            return Refusal(403, "refused", {"X-Reason": "test"})
        return None


class Served(NamedTuple):
    port: int
    gate: Gate
    paths: tuple[str, ...]


class Answered(NamedTuple):
    status: int
    head: bytes
    body: bytes

    @property
    def is_refused(self) -> bool:
        return (self.status, self.body) == REFUSED and b"x-reason: test" in self.head


def paths_of(app: App) -> Iterator[str]:
    for route in app.starlette.routes:
        assert isinstance(route, Route)
        yield re.sub(r"\{[^}]*\}", "A-1", route.path)


@pytest.fixture(scope="module")
async def loaded_dsn(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    made = await databases.create(template)
    await load_file(made, write(tmp_path_factory.mktemp("guard") / "a.csv", FIRST, SECOND, FILLER))
    yield made
    await databases.drop(made)


@asynccontextmanager
async def serving(dsn: str, *, bound_to: str = "127.0.0.1", **settings: object) -> AsyncIterator[Served]:
    gate = Gate()
    with tempfile.NamedTemporaryFile() as metrics:
        made = Settings(_env_file=None, database_url=dsn, **settings)  # type: ignore[call-arg, arg-type]
        app = App(made, Path(metrics.name), checks=(gate,), bound_to=bound_to)
    config = uvicorn.Config(
        app.asgi, http=FastPathProtocol, port=0, lifespan="on", log_level="error", proxy_headers=False
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield Served(listener.getsockname()[1], gate, tuple(paths_of(app)))
    finally:
        app.closing.set()
        server.should_exit = True
        await task
        listener.close()


def request(path: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", "")).encode()


async def read_answer(reader: asyncio.StreamReader, *, has_body: bool = True) -> Answered:
    head = await reader.readuntil(b"\r\n\r\n")
    length = LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length and has_body else b""
    return Answered(int(head.split()[1]), head, body)


async def ask(port: int, data: bytes, count: int = 1, *, has_body: bool = True) -> list[Answered]:
    async with asyncio.timeout(WITHIN_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(data)
            return [await read_answer(reader, has_body=has_body) for _ in range(count)]
        finally:
            writer.close()


async def ask_in_turn(port: int, data: bytes, gate: Gate) -> tuple[list[Answered], Answered]:
    """The same bytes until the connection remembers them, then once more while the gate is closed."""
    async with asyncio.timeout(WITHIN_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            admitted = []
            for _ in range(4):
                writer.write(data)
                admitted.append(await read_answer(reader))
            gate.is_closed = True
            writer.write(data)
            return admitted, await read_answer(reader)
        finally:
            gate.is_closed = False
            writer.close()


@pytest.mark.parametrize("access_log", [False, True])
async def test_every_path_is_refused_in_every_way(loaded_dsn: str, access_log: bool) -> None:
    marked = "X-Refuse-Me: 1"
    async with serving(loaded_dsn, access_log=access_log) as (port, _, paths):
        assert {"/events", "/livez", "/metrics", "/dashboard", "/docs", "/kpi/total-energy"} <= set(paths)
        for path in (*paths, "/nowhere"):
            cold = await ask(port, request(path, marked))
            if path != "/events":
                await ask(port, request(path) * 3, 3)  # now it is in memory, if it ever is
            hot = await ask(port, request(path, marked))
            by_asgi = await ask(port, request(path, marked, "Content-Length: 0"))
            closing = await ask(port, request(path, marked, "Connection: close"))
            pipelined = await ask(port, request(path, marked) * 3, 3)
            preflight = request(path, marked, "Origin: x", "Access-Control-Request-Method: GET", method="OPTIONS")
            for answered in (*cold, *hot, *by_asgi, *closing, *pipelined, *await ask(port, preflight)):
                assert answered.is_refused, (path, answered)
            for method in ("POST", "DELETE"):
                assert all(one.is_refused for one in await ask(port, request(path, marked, method=method)))
            (head,) = await ask(port, request(path, marked, method="HEAD"), has_body=False)
            assert head.status == 403, path


async def test_remembered_bytes_are_judged_again(loaded_dsn: str) -> None:
    async with serving(loaded_dsn) as (port, gate, paths):
        for path in paths:
            if path == "/events":
                continue
            admitted, refused = await ask_in_turn(port, request(path), gate)
            assert not any(answered.is_refused for answered in admitted), path
            assert refused.is_refused, path
        assert gate.clients == {"127.0.0.1"}


async def test_an_admitted_request_between_refused_ones_is_answered(loaded_dsn: str) -> None:
    async with serving(loaded_dsn) as (port, _, _):
        data = request("/kpi/total-energy")
        await ask(port, data * 2, 2)
        marked = request("/users", "X-Refuse-Me: 1")
        first, between, last = await ask(port, marked + data + marked, 3)
        assert (first.status, between.status, last.status) == (403, 200, 403)


async def test_a_front_end_of_an_allowed_origin_can_read_a_refusal_and_refusals_are_counted(loaded_dsn: str) -> None:
    origin = "http://localhost:3000"
    async with serving(loaded_dsn) as (port, _, _):
        (refused,) = await ask(port, request("/kpi/total-energy", "X-Refuse-Me: 1", f"Origin: {origin}"))
        assert f"access-control-allow-origin: {origin}".encode() in refused.head
        (metrics,) = await ask(port, request("/metrics"))
        assert b'evload_requests_total{route="/kpi/total-energy",status="403"} 1' in metrics.body
