"""Which Postgres the tests run on. The first of these that is there: EVLOAD_TEST_PG, DATABASE_URL (the tests make
databases of their own in it), a Docker engine that answers, the embedded server."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

DOCKER_ANSWERS_WITHIN_SECONDS = 2
# In a child process: a client that hangs on a dead socket must not take the tests with it.
PROBE = f"import docker; docker.from_env(timeout={DOCKER_ANSWERS_WITHIN_SECONDS}).ping()"
POSTGRES_IMAGE = "postgres:18"


@dataclass(frozen=True)
class TestServer:
    __test__ = False

    name: str
    run: Callable[[], AbstractContextManager[str]]
    """Yields the address of a database whose user may create others."""


def choose(environ: Mapping[str, str]) -> TestServer:
    for variable in ("EVLOAD_TEST_PG", "DATABASE_URL"):
        if dsn := environ.get(variable):
            return TestServer(f"the server that {variable} names", lambda: _named(dsn))
    if _docker_answers():
        return TestServer(f"{POSTGRES_IMAGE} in Docker", _in_docker)
    return TestServer("the embedded Postgres", _embedded)


def _docker_answers() -> bool:
    probe = [sys.executable, "-c", PROBE]
    try:
        ended = subprocess.run(probe, capture_output=True, timeout=2 * DOCKER_ANSWERS_WITHIN_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


@contextmanager
def _named(dsn: str) -> Iterator[str]:
    yield dsn


@contextmanager
def _in_docker() -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    with PostgresContainer(POSTGRES_IMAGE, driver=None) as container:
        yield container.get_connection_url()


@contextmanager
def _embedded() -> Iterator[str]:
    from evload.embedded import running_server

    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder), lambda text: None) as dsn:
        asyncio.run(_forget_durability(dsn))
        yield dsn


async def _forget_durability(dsn: str) -> None:
    """Nobody needs these databases after a crash, and each that is dropped would wait for the disk."""
    connection = await asyncpg.connect(dsn)
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        await connection.execute(f"ALTER SYSTEM SET {setting} = off")
    await connection.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
