"""Exports too large to be kept: sent while they are made, at the pace of the reader, and cut off where they fail."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
import uvicorn

from evload import snapshots
from evload.api.answers import columnar, export
from evload.api.answers.in_flight import PIECE_BYTES
from evload.api.server import connection, export_handler
from evload.api.server.app import App
from evload.api.server.fast_path import FastPathProtocol
from evload.settings import Settings
from tests.conftest import api_client
from tests.locks import PATIENCE_SECONDS

ROWS = "/hourly_loads"
BACKENDS = """
SELECT state, wait_event FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'evload export' AND state <> 'idle'
"""
KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'evload export'
"""
LAST_CHUNK = b"\r\n0\r\n\r\n"


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "KEPT_BYTES", 20_000)


@asynccontextmanager
async def serving(dsn: str) -> AsyncIterator[tuple[int, App, uvicorn.Server]]:
    with tempfile.NamedTemporaryFile() as metrics:
        app = App(Settings(_env_file=None, database_url=dsn), Path(metrics.name))  # type: ignore[call-arg]
    config = uvicorn.Config(
        app.asgi, port=0, http=FastPathProtocol, lifespan="on", log_level="critical", proxy_headers=False
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1], app, server
    finally:
        app.closing.set()
        server.should_exit = True
        await task
        listener.close()


@asynccontextmanager
async def asked(port: int, path: str, method: str = "GET") -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**14)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    try:
        yield reader
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE_SECONDS):
        with suppress(ConnectionError):
            return await reader.read()
        return b""


async def answer_to(port: int, path: str, method: str = "GET") -> bytes:
    async with asked(port, path, method) as reader:
        return await rest_of(reader)


async def has_busy_backends(dsn: str, count: int, wait_event: str | None = None) -> None:
    """Waits until so many connections of exports work or wait for something."""
    looking = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = await looking.fetch(BACKENDS)
                if len(found) == count and all(wait_event in (None, row["wait_event"]) for row in found):
                    return
                await asyncio.sleep(0.02)
    finally:
        await looking.close()


def dechunked(answer: bytes) -> tuple[bytes, bytes]:
    head, _, rest = answer.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return head.lower(), body


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow"])
async def test_what_is_sent_while_it_is_made_is_what_would_be_kept(
    generated_dsn: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api_client(generated_dsn) as client:
        kept = await client.get(ROWS + suffix)
    monkeypatch.setattr(export, "KEPT_BYTES", 20_000)
    async with serving(generated_dsn) as (port, app, _):
        answer = await answer_to(port, ROWS + suffix)
        head, body = dechunked(answer)
        only_head = await answer_to(port, ROWS + suffix, "HEAD")
        await has_busy_backends(generated_dsn, 0)
        assert app._exports.kept_bytes == 0
    assert "etag" in kept.headers
    assert len(kept.content) > 100_000
    assert body == kept.content
    assert b"transfer-encoding: chunked" in head
    assert b"etag" not in head
    assert b"content-length" not in head
    for name in ("content-type", "content-disposition", "x-data-version", "vary", "cache-control"):
        assert f"{name}: {kept.headers[name].replace(', Origin', '')}".lower().encode() in head
    assert only_head.endswith(b"\r\n\r\n")
    assert b"content-disposition" in only_head.lower()


@pytest.mark.usefixtures("small_bounds")
async def test_all_exports_together_keep_no_more_than_a_bound(
    generated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "KEPT_BYTES", 10**9)
    monkeypatch.setattr(export, "ALL_KEPT_BYTES", 500_000)
    most = 0

    async def counted(self: export.Kept, data: bytes) -> None:
        nonlocal most
        await take(self, data)
        most = max(most, sum(map(len, buffers)))

    buffers: list[bytearray] = []

    def begun(self: export.Kept, *arguments: object) -> None:
        init(self, *arguments)  # type: ignore[arg-type]
        buffers.append(self.bytes)

    take, init = export.Kept.take, export.Kept.__init__
    monkeypatch.setattr(export.Kept, "take", counted)
    monkeypatch.setattr(export.Kept, "__init__", begun)
    async with serving(generated_dsn) as (port, _, _):
        answers = await asyncio.gather(*[answer_to(port, ROWS + ".csv") for _ in range(12)])
    assert len({dechunked(answer)[1] for answer in answers}) == 1
    assert all(answer.endswith(LAST_CHUNK) for answer in answers)
    assert 250_000 < most < 500_000 + 12 * 2 * PIECE_BYTES


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("suffix", [".csv", ".arrow"])
async def test_a_reader_that_stops_holds_postgres_up_and_is_dropped_in_time(
    generated_dsn: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNREAD_SECONDS", 3.0)
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.5)
    async with serving(generated_dsn) as (port, _, _):
        async with asked(port, ROWS + suffix) as stalled:
            await stalled.readuntil(b"\r\n\r\n")
            await has_busy_backends(generated_dsn, 1, "ClientWrite" if suffix == ".csv" else None)
            assert (await answer_to(port, "/load/daily.csv")).startswith(b"HTTP/1.1 200 ")
            await has_busy_backends(generated_dsn, 0)
            assert not (await rest_of(stalled)).endswith(LAST_CHUNK)
        assert (await answer_to(port, ROWS + suffix)).endswith(LAST_CHUNK)


@pytest.mark.usefixtures("small_bounds")
async def test_a_client_that_leaves_gives_the_connection_back(generated_dsn: str) -> None:
    async with serving(generated_dsn) as (port, _, _):
        for _ in range(snapshots.MOST_AT_ONCE + 2):
            async with asked(port, ROWS + ".csv") as reader:
                await reader.readuntil(b"\r\n\r\n")
        await has_busy_backends(generated_dsn, 0)


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("suffix", [".csv", ".arrow"])
async def test_an_export_that_fails_in_the_middle_has_no_end(generated_dsn: str, suffix: str) -> None:
    async with serving(generated_dsn) as (port, _, _):
        async with asked(port, ROWS + suffix) as reader:
            await reader.readuntil(b"\r\n\r\n")
            await has_busy_backends(generated_dsn, 1)
            killing = await asyncpg.connect(generated_dsn)
            await killing.execute(KILL)
            await killing.close()
            assert not (await rest_of(reader)).endswith(LAST_CHUNK)
        assert (await answer_to(port, "/load/daily.csv")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.usefixtures("small_bounds")
async def test_ending_waits_for_no_reader(generated_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_handler, "END_WITHIN_SECONDS", 0.2)
    async with serving(generated_dsn) as (port, app, server), asked(port, ROWS + ".csv") as reader:
        await reader.readuntil(b"\r\n\r\n")
        app.closing.set()
        server.should_exit = True
        await has_busy_backends(generated_dsn, 0)
        assert not (await rest_of(reader)).endswith(LAST_CHUNK)


@pytest.fixture
async def locked(generated_dsn: str) -> AsyncIterator[None]:
    """The rows, so that nobody can read them."""
    holder = await asyncpg.connect(generated_dsn)
    async with holder.transaction():
        await holder.execute("LOCK TABLE hourly_load IN ACCESS EXCLUSIVE MODE")
        yield
    await holder.close()


@pytest.mark.usefixtures("locked")
async def test_a_silent_postgres_is_given_up(generated_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "SILENT_SECONDS", 0.5)
    async with api_client(generated_dsn) as client:
        answers = await asyncio.gather(*[client.get(ROWS + ".csv") for _ in range(3)])
        assert {(one.status_code, one.json()["detail"]) for one in answers} == {(500, snapshots.TOO_SLOW)}
        await has_busy_backends(generated_dsn, 0)
        monkeypatch.undo()
        assert (await client.get("/users.csv")).status_code == 200


@pytest.mark.usefixtures("locked")
async def test_who_waits_too_long_for_a_turn_is_told_so(generated_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(export, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(snapshots, "SILENT_SECONDS", 3.0)
    async with api_client(generated_dsn, max_waiting_requests=1) as client:
        answers = await asyncio.gather(*[client.get(ROWS + ".csv") for _ in range(4)])
    assert sorted(one.status_code for one in answers) == [500, 503, 503, 503]
    busy = next(one for one in answers if one.status_code == 503)
    assert re.search("exports", busy.json()["detail"])
    assert busy.headers["retry-after"] == "1"


async def test_a_broken_writer_is_a_500_and_the_next_one_is_new(
    generated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api_client(generated_dsn) as client:
        monkeypatch.setattr(columnar, "WRITER", ("-c", "import sys; sys.stdin.buffer.read(9)"))
        for path in ("/load/daily.parquet", ROWS + ".arrow"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (500, {"detail": columnar.BROKEN})
        monkeypatch.undo()
        assert (await client.get("/load/daily.parquet")).status_code == 200
        await has_busy_backends(generated_dsn, 0)


async def test_a_writer_is_asked_again_also_after_an_answer_without_rows(generated_dsn: str) -> None:
    writers = set()
    async with serving(generated_dsn) as (port, app, _):
        for path in ("/load/daily.parquet", "/load/daily.parquet?start_date=2030", "/load/hourly.arrow"):
            await answer_to(port, path)
            (writer,) = app._exports._columnar._idle
            writers.add(writer.pid)
    assert len(writers) == 1
    await asyncio.wait_for(writer.wait(), PATIENCE_SECONDS)


async def test_a_writer_that_is_about_to_end_is_not_asked(generated_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "IDLE_SECONDS", 0.05)
    async with api_client(generated_dsn) as client:
        for number in range(24):
            answer = await client.get(f"/load/daily.parquet?end_date={2019 + number}")
            assert answer.status_code == 200
            await asyncio.sleep(0.04 + number % 4 * 0.005)


async def test_an_empty_database_starts_no_more_writers_than_others(dsn: str) -> None:
    async with serving(dsn) as (port, app, _):
        await asyncio.gather(*(answer_to(port, f"/users.parquet?_={number}") for number in range(20)))
        assert len(app._exports._columnar._idle) <= columnar.MOST_AT_ONCE
