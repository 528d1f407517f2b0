"""A primary with a loaded file and two standbys, for each test anew."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from evload.ingest.load import load_file
from evload.migrate import upgrade
from tests.clusters import PostgresServer, Servers, servers
from tests.files import SMALL_FILE


class Cluster(NamedTuple):
    primary: PostgresServer
    standby: PostgresServer
    other_standby: PostgresServer
    servers: Servers


@pytest.fixture(scope="session")
async def loaded_folder(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The data folder of a server that has ended, with a file loaded."""
    file = tmp_path_factory.mktemp("clusters") / "small.csv"
    file.write_text(SMALL_FILE, encoding="utf-8")
    with servers() as made:
        primary = made.primary()
        await upgrade(primary.dsn)
        await load_file(primary.dsn, file)
        primary.end(signal.SIGINT)
        yield primary.folder


@pytest.fixture
def cluster(loaded_folder: Path) -> Iterator[Cluster]:
    with servers() as made:
        primary = made.copy(loaded_folder, "primary")
        first, second = (made.copy(loaded_folder, f"standby-{number}", primary) for number in (1, 2))
        yield Cluster(primary, first, second, made)
