"""A primary with a loaded file and two standbys, for the tests that only look at them."""

from collections.abc import AsyncIterator
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


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    with servers() as made:
        primary = made.primary()
        await upgrade(primary.dsn)
        file = tmp_path / "small.csv"
        file.write_text(SMALL_FILE, encoding="utf-8")
        await load_file(primary.dsn, file)
        yield Cluster(primary, made.standby(primary), made.standby(primary), made)
