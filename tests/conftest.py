"""One Postgres for the whole run, a template database migrated once, and a copy of it for whoever asks."""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import asyncpg
import httpx2
import pytest

from evload.api.server.app import App
from evload.ingest.load import load_file
from evload.migrate import upgrade
from evload.sample import SamplePlan, write_sample
from evload.settings import Settings
from tests.files import SMALL_FILE
from tests.in_memory import put_temporary_files_there
from tests.servers import TestServer, choose

RUN = f"evload_test_{secrets.token_hex(4)}"
SERVER = pytest.StashKey[TestServer]()


def pytest_configure(config: pytest.Config) -> None:
    put_temporary_files_there(os.environ)
    config.stash[SERVER] = choose(os.environ)


def pytest_report_header(config: pytest.Config) -> str:
    return f"postgres: {config.stash[SERVER].name}"


@pytest.fixture(scope="session", autouse=True)
def nothing_from_the_shell() -> None:
    """evload itself sees only what a test gives it."""
    for variable in ("EVLOAD_DATABASE_URL", "DATABASE_URL"):
        os.environ.pop(variable, None)


@pytest.fixture(scope="session")
def server_dsn(pytestconfig: pytest.Config) -> Iterator[str]:
    with pytestconfig.stash[SERVER].run() as dsn:
        yield dsn


class Databases:
    """Makes databases out of other ones, and drops them all at the end."""

    def __init__(self, server_dsn: str) -> None:
        self._server_dsn = server_dsn
        self._made = 0

    async def create(self, template: str = "template1") -> str:
        self._made += 1
        name = f"{RUN}_{self._made}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_name(template)}" STRATEGY FILE_COPY')
        return dsn_of(self._server_dsn, name)

    async def drop(self, dsn: str) -> None:
        await self._execute(f'DROP DATABASE IF EXISTS "{template_name(dsn)}" WITH (FORCE)')

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def template_name(dsn_or_name: str) -> str:
    return dsn_or_name.partition("?")[0].rpartition("/")[2]


def dsn_of(dsn: str, name: str) -> str:
    address, _, options = dsn.partition("?")
    return f"{address.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")


@pytest.fixture(scope="session")
async def databases(server_dsn: str) -> Databases:
    return Databases(server_dsn)


@pytest.fixture(scope="session")
async def template(databases: Databases) -> AsyncIterator[str]:
    """A migrated, empty database that nobody connects to, so that it can be copied."""
    dsn = await databases.create()
    await upgrade(dsn)
    yield dsn
    await databases.drop(dsn)


@pytest.fixture
async def dsn(databases: Databases, template: str) -> AsyncIterator[str]:
    """A migrated, empty database of the test's own."""
    made = await databases.create(template)
    yield made
    await databases.drop(made)


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(SMALL_FILE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def generated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As large as the published file, and over the same time: both changes of the clock are in it."""
    path = tmp_path_factory.mktemp("generated") / "generated.csv"
    write_sample(SamplePlan(users=90, start=date(2018, 12, 20), days=400, sessions_per_week=1.9), path)
    return path


@pytest.fixture(scope="session")
async def generated_dsn(databases: Databases, template: str, generated_file: Path) -> AsyncIterator[str]:
    """The generated file, loaded once and only read."""
    made = await databases.create(template)
    await load_file(made, generated_file)
    yield made
    await databases.drop(made)


@pytest.fixture(scope="session")
def published_file() -> Path:
    """For the published figures alone: everything else is tested with what a clone has."""
    named = os.environ.get("EVLOAD_TEST_PUBLISHED_FILE")
    if not named:
        pytest.skip(
            'EVLOAD_TEST_PUBLISHED_FILE is not set: let it name "Dataset 2_Hourly EV loads - Per user.csv"'
            " from https://doi.org/10.17632/jbks2rcwyj"
        )
    path = Path(named)
    assert path.exists(), f"EVLOAD_TEST_PUBLISHED_FILE names {path}, which is not there."
    return path


@pytest.fixture(scope="session")
async def published_dsn(databases: Databases, template: str, published_file: Path) -> AsyncIterator[str]:
    """The published file, loaded once and only read."""
    made = await databases.create(template)
    await load_file(made, published_file)
    yield made
    await databases.drop(made)


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    made = await asyncpg.connect(dsn)
    yield made
    await made.close()


@asynccontextmanager
async def api_client(dsn: str, **settings: object) -> AsyncIterator[httpx2.AsyncClient]:
    """The whole application, lifespan included, without a socket."""
    with tempfile.NamedTemporaryFile() as metrics:
        app = App(Settings(_env_file=None, database_url=dsn, **settings), Path(metrics.name))  # type: ignore[call-arg, arg-type]
    async with app.lifespan():
        transport = httpx2.ASGITransport(app=app.asgi, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


@pytest.fixture
async def client(dsn: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with api_client(dsn) as made:
        yield made
