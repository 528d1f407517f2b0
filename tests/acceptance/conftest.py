from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acceptance.processes import Api, Shell
from tests.conftest import Databases

# Three observed days, two of them with energy; a filler row; two sessions in one hour; an id that needs escaping.
FILE = """\
date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW
21.12.2018 10:00;21.12.2018 11:00;A-1;1;0,3;0,3;NA;0,06
21.12.2018 11:00;21.12.2018 12:00;A-1;1;1,62;3,24;NA;NA
21.12.2018 11:00;21.12.2018 12:00;B-2;2;0,125;0,5;1;2
22.12.2018 00:00;22.12.2018 01:00;NA;NA;NA;NA;NA;NA
01.01.2019 09:00;01.01.2019 10:00;Ø b/2;3;3,6;7,2;0;0
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(FILE, encoding="utf-8")
    return path


@asynccontextmanager
async def copied(databases: Databases, template: str) -> AsyncIterator[str]:
    dsn = await databases.create(template)
    try:
        yield dsn
    finally:
        await databases.drop(dsn)


@pytest.fixture(scope="session")
async def loaded_template(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """FILE in a database that nobody connects to, so that it can be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "small.csv").write_text(FILE, encoding="utf-8")
    async with copied(databases, template) as dsn:
        Shell(folder).on(dsn).succeed("load", "small.csv")
        yield dsn


@pytest.fixture
async def loaded_dsn(databases: Databases, loaded_template: str) -> AsyncIterator[str]:
    """A database with FILE, the test's own."""
    async with copied(databases, loaded_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def served_dsn(databases: Databases, loaded_template: str) -> AsyncIterator[str]:
    async with copied(databases, loaded_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def api(served_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Serves FILE, to be read only."""
    with Shell(tmp_path_factory.mktemp("api")).on(served_dsn).serving("serve") as serving:
        yield serving


@pytest.fixture(scope="session")
async def empty_api(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """Serves an empty database."""
    async with copied(databases, template) as dsn:
        with Shell(tmp_path_factory.mktemp("empty")).on(dsn).serving("serve") as serving:
            yield serving
