import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.acceptance.browser import PATIENCE_MS, READER, Visit, launched, visiting_in
from tests.acceptance.processes import Api, Shell
from tests.conftest import Databases
from tests.files import HEADER, SMALL_FILE


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def here(shell: Shell, dsn: str) -> Shell:
    """A shell on an empty, migrated database."""
    return shell.on(dsn)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, which the test fills."""
    folder = tmp_path / "small_disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a file system, and only a real full one ends a process by SIGBUS")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path, leaving_bytes: int = 0) -> None:
    with (folder / "fill").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            file.truncate(file.tell() - leaving_bytes)


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
    """SMALL_FILE in a database that nobody connects to, so that it can be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "small.csv").write_text(SMALL_FILE, encoding="utf-8")
    async with copied(databases, template) as dsn:
        Shell(folder).on(dsn).succeed("load", "small.csv")
        yield dsn


@pytest.fixture
async def loaded_dsn(databases: Databases, loaded_template: str) -> AsyncIterator[str]:
    """A database with SMALL_FILE, the test's own."""
    async with copied(databases, loaded_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def served_dsn(databases: Databases, loaded_template: str) -> AsyncIterator[str]:
    async with copied(databases, loaded_template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def api(served_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Serves SMALL_FILE, to be read only."""
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


SAMPLE = Path(__file__).parents[2] / "data/sample_hourly_loads.csv"


@pytest.fixture(scope="session")
async def sample_api(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """Serves the bundled sample, which examples are about, to be read only."""
    async with copied(databases, template) as dsn:
        shell = Shell(tmp_path_factory.mktemp("sample")).on(dsn)
        shell.succeed("load", SAMPLE)
        with shell.serving("serve") as serving:
            yield serving


ODD_USERS = ("Ø b/2", "<b>bold</b>", "=1+1", "50% & more?#", 'say "hi"; now')


@pytest.fixture(scope="session")
async def charging_template(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """Two generated quarters with a summer between them, and users whose names need care, for copies only."""
    folder = tmp_path_factory.mktemp("charging")
    odd = [HEADER]
    for hour, user in enumerate(ODD_USERS, 10):
        quoted = user.replace('"', '""')
        odd.append(f'01.12.2019 {hour}:00;01.12.2019 {hour + 1}:00;"{quoted}";{9000 + hour};3,5;7;0;0')
    (folder / "odd.csv").write_text("\n".join(odd), encoding="utf-8")
    async with copied(databases, template) as dsn:
        shell = Shell(folder).on(dsn)
        shell.succeed("sample", "spring.csv", "--users", "8", "--start", "2019-03-01", "--days", "100")
        shell.succeed("sample", "autumn.csv", "--users", "8", "--start", "2019-09-15", "--days", "110")
        shell.succeed("load", "spring.csv", "autumn.csv", "odd.csv")
        yield dsn


@pytest.fixture(scope="session")
async def charging_api(
    databases: Databases, charging_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """Serves those quarters, to be read only."""
    async with copied(databases, charging_template) as dsn:
        with Shell(tmp_path_factory.mktemp("charging_api")).on(dsn).serving("serve") as serving:
            yield serving


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as made:
        yield made


@pytest.fixture(scope="session")
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """One for all tests that need none of their own."""
    context = await browser.new_context(**READER)
    context.set_default_timeout(PATIENCE_MS)
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def visit(tab: Page, charging_api: Api) -> AsyncIterator[Visit]:
    async with visiting_in(tab, charging_api.address) as made:
        yield made
