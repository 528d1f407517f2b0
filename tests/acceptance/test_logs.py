"""The log of `evload serve`: a line for each event that matters, whatever clients send, and no end by its reader."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.acceptance.processes import EVLOAD, Api, Shell, wait_until
from tests.acceptance.test_troubles import locked_days
from tests.clusters import free_port
from tests.conftest import template_name
from tests.locks import PATIENCE_SECONDS

MALFORMED = 1000
MOST_LINES = 4
LOGGING = {"EVLOAD_ACCESS_LOG": "1"}


def send_garbage(port: int, times: int) -> None:
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(b"\x16\x03\x01garbage\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/kpi/total-energy", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def started(shell: Shell, *arguments: str, **streams: Any) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Serves on a port that is known without the words that tell it."""
    port = free_port()
    process = shell.with_(**LOGGING)._popen([*arguments, "--port", str(port)], stdin=subprocess.DEVNULL, **streams)
    try:
        wait_until(lambda: answers(port) or process.poll() is not None)
        yield process, port
    finally:
        process.kill()
        process.wait()


def assert_answers_and_ends(process: subprocess.Popen[bytes], port: int) -> None:
    send_garbage(port, 20)
    for _ in range(20):
        assert answers(port)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS / 2) == 0


@pytest.mark.parametrize("command", [("serve",), ("serve", "--workers", "2"), ("up", "small.csv")])
def test_a_reader_that_leaves_does_not_end_it(
    loaded_dsn: str, shell: Shell, small_file: Path, command: tuple[str, ...]
) -> None:
    """As in `evload serve 2>&1 | head -1`."""
    read, write = os.pipe()
    with started(shell.on(loaded_dsn), *command, stdout=write, stderr=write) as (process, port):
        os.close(write)
        assert os.read(read, 1)
        os.close(read)
        assert_answers_and_ends(process, port)


def test_a_reader_that_was_never_there_does_not_end_it(loaded_dsn: str, shell: Shell, small_file: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with started(shell.on(loaded_dsn), "up", "small.csv", "--workers", "2", stdout=write, stderr=write) as serving:
        os.close(write)
        assert_answers_and_ends(*serving)


def test_a_reader_that_stopped_does_not_hold_it_up(loaded_dsn: str, shell: Shell) -> None:
    read, write = os.pipe()
    with started(shell.on(loaded_dsn), "serve", stdout=write, stderr=write) as (process, port):
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            for _ in range(1000):  # about three times what a pipe holds
                assert client.get("/kpi/total-energy").status_code == 200
        assert_answers_and_ends(process, port)
    os.close(read)
    os.close(write)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_does_not_end_it(loaded_dsn: str, shell: Shell) -> None:
    here = shell.on(loaded_dsn)
    with Path("/dev/full").open("wb") as full, started(here, "serve", stdout=full, stderr=full) as serving:
        assert_answers_and_ends(*serving)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_end_it(loaded_dsn: str, shell: Shell, closed: str) -> None:
    """Nothing else gets their numbers: what is said must not reach a client or Postgres."""
    port = free_port()
    environment = {**os.environ, **LOGGING, "DATABASE_URL": loaded_dsn}
    script = f'exec "$0" serve --workers 2 --port {port} {closed}'
    process = subprocess.Popen(["sh", "-c", script, EVLOAD], cwd=shell.folder, env=environment)
    try:
        wait_until(lambda: answers(port) or process.poll() is not None)
        assert_answers_and_ends(process, port)
    finally:
        process.kill()
        process.wait()


def test_malformed_requests_do_not_flood_it(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).serving("serve") as api:
        send_garbage(api.port, MALFORMED)
        for _ in range(100):
            asks_for_an_upgrade(api)
        told = api.running.stop().troubles
    assert 0 < len(told) <= MOST_LINES
    assert all("Malformed or too long HTTP request from 127.0.0.1" in line for line in told)
    assert f"({MALFORMED - MOST_LINES + 1} more like this in 60 seconds)" in told[-1]


def asks_for_an_upgrade(api: Api) -> None:
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
    assert httpx2.get(f"{api.address}/livez", headers=headers, trust_env=False).status_code == 200


async def allow_connections(server_dsn: str, dsn: str, *, allowed: bool) -> None:
    connection = await asyncpg.connect(server_dsn)
    name = template_name(dsn)
    await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {str(allowed).lower()}')
    if not allowed:
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    await connection.close()


@pytest.mark.parametrize("level", ["INFO", "debug"])
async def test_events_are_told_once_as_json(
    loaded_dsn: str, server_dsn: str, shell: Shell, small_file: Path, level: str
) -> None:
    port = free_port()
    here = shell.on(loaded_dsn).with_(EVLOAD_LOG_FORMAT="json", EVLOAD_LOG_LEVEL=level)
    running = here.start("serve", "--port", str(port))
    try:
        wait_until(lambda: answers(port))
        await allow_connections(server_dsn, loaded_dsn, allowed=False)
        wait_until(lambda: "database_lost" in running.err.read_text())
        await allow_connections(server_dsn, loaded_dsn, allowed=True)
        wait_until(lambda: "database_back" in running.err.read_text())
        shell.on(loaded_dsn).succeed("unload", "1", "--yes")
        send_garbage(port, 1)
        wait_until(lambda: not answers(port))  # what was unloaded is seen
        ended = running.stop()
    finally:
        running.make_sure_it_ended()
    entries = [json.loads(line) for line in ended.stderr.splitlines()]
    changes = [one for one in entries if one["event"] == "data_version"]
    assert len(changes) == (2 if level == "debug" else 0)
    told = [(one["level"], one["event"]) for one in entries if one not in changes]
    assert told == [
        ("info", "started"),
        ("warning", "database_lost"),
        ("info", "database_back"),
        ("warning", "malformed"),
        ("info", "stopped"),
    ]
    assert ended.stdout == ""
    assert any(f"has started on http://127.0.0.1:{port}" in one["message"] for one in entries)


def test_a_load_reports_as_json_where_logs_are(here: Shell, small_file: Path) -> None:
    report = json.loads(here.with_(EVLOAD_LOG_FORMAT="json").succeed("load", small_file))
    assert report["inserted"] == 5


async def test_what_postgres_said_is_told_to_operators_and_not_to_clients(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).with_(EVLOAD_STATEMENT_TIMEOUT_SECONDS="0.2").serving("serve") as api:
        async with locked_days(loaded_dsn):
            answer = await asyncio.to_thread(api.get, "/load/daily")
        assert (answer.status_code, "canceling" in answer.text) == (500, False)
        wait_until(lambda: "canceling" in api.running.err.read_text())
        assert "A request failed" in api.running.err.read_text()
