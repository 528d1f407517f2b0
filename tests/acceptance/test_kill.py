"""Loads that are ended at random moments: all of the file or none of it, and the views agree with the rows."""

import asyncio
import os
import random
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from evload.embedded import running_server
from evload.resources import folder
from tests.acceptance.conftest import copied
from tests.acceptance.processes import (
    SIGNALS,
    Shell,
    postgres_pids,
    postmaster_pid,
    wait_until,
)
from tests.conftest import Databases
from tests.locks import PATIENCE_SECONDS, somebody_waits
from tests.session_files import MAPPING, Session, write_sessions
from tests.views import assert_views_agree

SAMPLE = folder("data") / "sample_hourly_loads.csv"
SAMPLE_ROWS = 14_144
START = datetime(2024, 1, 1, 10, tzinfo=UTC)


@pytest.fixture
def rng() -> random.Random:
    """Draws the moments of the kills."""
    seed = int(os.environ.get("EVLOAD_TEST_SEED") or secrets.randbits(32))
    print(f"EVLOAD_TEST_SEED={seed} draws the same moments again")
    return random.Random(seed)


@dataclass(frozen=True)
class Loading:
    """A load, and how many rows and sessions it leaves."""

    arguments: tuple[str | Path, ...]
    kills: int
    rows: int
    sessions: int = 0


def hours(folder: Path) -> Loading:
    return Loading(("load", SAMPLE), 20, SAMPLE_ROWS)


def sessions(folder: Path) -> Loading:
    """Each is plugged in during three hours, which follow each other without a gap."""
    (folder / "mapping.toml").write_text(MAPPING)
    many = [
        Session(str(number), f"u{number % 40}", "here", START + timedelta(hours=3 * number), 150, None, 5_400)
        for number in range(1, 2_001)
    ]
    file = write_sessions(folder / "sessions.csv", *many)
    arguments = ("load", "--format", folder / "mapping.toml", "--power", "3.6", file)
    return Loading(arguments, 3, 6_000, 2_000)


@pytest.mark.parametrize("loading_of", [hours, sessions])
async def test_killed_loads_leave_all_of_the_file_or_none(
    databases: Databases,
    template: str,
    shell: Shell,
    rng: random.Random,
    tmp_path: Path,
    loading_of: Callable[[Path], Loading],
) -> None:
    loading = loading_of(tmp_path)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(copied(databases, template))
        load_began = time.monotonic()
        shell.on(dsn).succeed(*loading.arguments)
        duration = time.monotonic() - load_began
        kills: list[tuple[float, int]] = []
        tries = 0
        while tries < loading.kills or not kills:
            tries += 1
            if await _rows_left(dsn):
                dsn = await stack.enter_async_context(copied(databases, template))
            killed_after = rng.uniform(0.2, 1.05) * duration  # before that Python is still loading
            was_killed = _load_and_kill(shell.on(dsn), loading, killed_after)
            rows, sessions = await _rows_left(dsn), await _sessions_left(dsn)
            all_of_it = (loading.rows, loading.sessions)
            possible = ((0, 0), all_of_it) if was_killed else (all_of_it,)
            assert (rows, sessions) in possible, f"{rows}, {sessions} after {killed_after:.3f} s"
            kills += [(round(killed_after, 3), rows)] if was_killed else []
            duration = duration if was_killed else min(duration, killed_after)  # the first one was slower
        shell.on(dsn).succeed(*loading.arguments)
        assert (await _rows_left(dsn), await _sessions_left(dsn)) == (loading.rows, loading.sessions)
    print(f"a load takes {duration:.2f} s; kills: {kills}; in all {time.monotonic() - began:.1f} s")


def _load_and_kill(shell: Shell, loading: Loading, seconds: float) -> bool:
    """Whether the kill came before the end."""
    running = shell.start(*loading.arguments)
    time.sleep(seconds)
    return running.stop(signal.SIGKILL).code != 0


async def _sessions_left(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM charging_session")
        return found
    finally:
        await connection.close()


async def _rows_left(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return await _rows_seen_by(connection)
    finally:
        await connection.close()


async def _rows_seen_by(connection: asyncpg.Connection) -> int:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await _others(connection):
            await asyncio.sleep(0.02)
    await assert_views_agree(connection)
    rows: int = await connection.fetchval("SELECT count(*) FROM hourly_load")
    return rows


async def _others(connection: asyncpg.Connection) -> int:
    found: int = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    return found


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_a_signal_during_the_merge_rolls_the_load_back(
    dsn: str, connection: asyncpg.Connection, shell: Shell, number: signal.Signals
) -> None:
    async with connection.transaction():
        await connection.execute("LOCK TABLE hourly_load IN SHARE MODE")  # the merge waits here
        running = shell.on(dsn).start("load", SAMPLE)
        await somebody_waits(connection, "hourly_load")
        ended = running.stop(number)
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr == "Error: Stopped before it was done. What was under way is not kept.\n"
    assert await _rows_seen_by(connection) == 0
    shell.on(dsn).succeed("load", SAMPLE)
    assert await _rows_seen_by(connection) == SAMPLE_ROWS


def test_a_load_ends_when_postgres_is_killed_under_it(shell: Shell, tmp_path: Path, rng: random.Random) -> None:
    """In the middle of COPY, when there is more to send than Postgres has taken in."""
    big, data_dir = tmp_path / "big.csv", tmp_path / "data"
    shell.succeed("sample", big, "--users", "200", "--days", "365")
    here = shell.with_(EVLOAD_DATA_DIR=str(data_dir))
    here.succeed("migrate")
    for _ in range(3):
        running = here.start("load", "--again", big)
        wait_until(lambda: postgres_pids(data_dir))
        time.sleep(rng.uniform(0.5, 1.5))
        if postgres_pids(data_dir):
            os.kill(postmaster_pid(data_dir), signal.SIGKILL)
        ended = running.wait()
        assert (ended.code, ended.stderr.count("\n")) in ((0, 0), (1, 1)), ended
    assert " 0 rejected" in here.succeed("load", "--again", big)
    assert postgres_pids(data_dir) == []


def test_a_first_load_skips_the_write_ahead_log_and_survives_a_crash(shell: Shell, tmp_path: Path) -> None:
    """Rows and keys that are large enough are not in the write-ahead log: they are on disk before the load is done."""
    big, data_dir = tmp_path / "big.csv", tmp_path / "data"
    shell.succeed("sample", big, "--users", "200")
    here = shell.with_(EVLOAD_DATA_DIR=str(data_dir))
    with running_server(data_dir, lambda _: None) as dsn:
        here.succeed("migrate")
        log_before, _ = asyncio.run(_log_and_table_bytes(dsn))
        here.succeed("load", big)
        log_after, table_bytes = asyncio.run(_log_and_table_bytes(dsn))
        assert log_after - log_before < table_bytes / 2
        killed = postmaster_pid(data_dir)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not postgres_pids(data_dir))
        here.succeed("migrate")
        assert postmaster_pid(data_dir) != killed
        assert asyncio.run(_rows_left(dsn)) == big.read_bytes().count(b"\n") - 1


async def _log_and_table_bytes(dsn: str) -> tuple[int, int]:
    connection = await asyncpg.connect(dsn)
    try:
        sizes = "SELECT pg_current_wal_insert_lsn() - '0/0', pg_total_relation_size('hourly_load')"
        found = await connection.fetchrow(sizes)
        assert found is not None
        return int(found[0]), found[1]
    finally:
        await connection.close()
