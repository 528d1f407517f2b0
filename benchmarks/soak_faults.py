"""What goes wrong in the soak."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg

from common import EVLOAD, environment, execute
from serving_common import server, tree

FROZEN_SECONDS = 3.0
DATABASE = "evload"
ALONE = (
    f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS false",
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname IN ('evload', 'evload_next')",
)
COPY = f"CREATE DATABASE evload_next TEMPLATE {DATABASE} STRATEGY file_copy"
TOGETHER = f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS true"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'evload %'"


class Site:
    """The embedded Postgres and the servers under test."""

    def __init__(self, dsn: str, data_dir: Path, workers: int) -> None:
        self.dsn, self._data_dir, self.workers = dsn, data_dir, workers
        self._main_pid = 0

    @contextmanager
    def serving(self, port: int, *command: str, cache: int = 64) -> Iterator[None]:
        words = [EVLOAD, *command, "--data-dir", self._data_dir, "--port", port]
        with server(words, port, environment({"EVLOAD_CACHE_MEGABYTES": str(cache)})) as started:
            self._main_pid = self._main_pid or started.process.pid
            yield

    def worker_pids(self) -> list[int]:
        """The children that serve; multiprocessing has one more, which only keeps books."""
        shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], check=True, capture_output=True, text=True)
        rows = [line.split(None, 2) for line in shown.stdout.splitlines()]
        return [int(pid) for pid, parent, words in rows if int(parent) == self._main_pid and "spawn_main" in words]

    def postmaster(self) -> int:
        return int((self._data_dir / "postgres-18" / "pgdata" / "postmaster.pid").read_text().split()[0])


async def connections_cut(site: Site) -> None:
    with suppress(asyncpg.PostgresError):
        await asyncio.to_thread(execute, site.dsn, CUT)


async def worker_killed(site: Site) -> None:
    """It ends when the supervisor has put another one in its place."""
    before = site.worker_pids()
    os.kill(before[0], signal.SIGKILL)
    while len(set(site.worker_pids()) - {before[0]}) < site.workers:
        await asyncio.sleep(0.05)


async def postgres_frozen(site: Site) -> None:
    pids = tree(site.postmaster())
    _signal(pids, signal.SIGSTOP)
    await asyncio.sleep(FROZEN_SECONDS)
    _signal(pids, signal.SIGCONT)


async def postgres_killed(site: Site) -> None:
    """It ends when evload has started the server again and it has recovered."""
    os.kill(site.postmaster(), signal.SIGKILL)
    await asyncio.sleep(1)
    while True:
        try:
            return await asyncio.to_thread(execute, site.dsn, "SELECT")
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.05)


async def copied_database(site: Site) -> str:
    """Makes `evload_next`, a copy of the database, and returns its address. Nobody may be connected meanwhile."""
    await asyncio.to_thread(_run, site, "DROP DATABASE IF EXISTS evload_before WITH (FORCE)", *ALONE, COPY, TOGETHER)
    return site.dsn.replace(f"/{DATABASE}?", "/evload_next?")


def put_in_place(site: Site) -> None:
    """Renames the copy to what everybody knows."""
    rename = "ALTER DATABASE {} RENAME TO {}"
    _run(site, *ALONE, rename.format(DATABASE, "evload_before"), rename.format("evload_next", DATABASE))


def _run(site: Site, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(site.dsn.replace(f"/{DATABASE}?", "/postgres?"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


FAULTS = (connections_cut, worker_killed, postgres_frozen, postgres_killed)
