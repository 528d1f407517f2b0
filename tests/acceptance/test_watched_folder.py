"""`evload watch`: what is dropped into a folder is loaded, or said to be broken, and moved out of the way."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from evload.ingest.drop_folder.attempts import MOST_KILLS
from tests.acceptance.conftest import SAMPLE, fill
from tests.acceptance.processes import SIGNALS, Running, Shell, wait_until
from tests.acceptance.test_troubles import set_open
from tests.files import BROKEN, FIRST, SECOND, write
from tests.locks import somebody_waits
from tests.views import row_count

EVERY = ("--every", "0.1")


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@contextmanager
def watching(shell: Shell, folder: Path, *options: str) -> Iterator[Running]:
    running = shell.start("watch", folder, *EVERY, *options)
    try:
        yield running
    finally:
        running.make_sure_it_ended()
    assert "Traceback" not in running.err.read_text(), running.err.read_text()


def waits_for(folder: Path) -> Callable[[], bool]:
    """Whether nothing is left of what was dropped."""
    return lambda: not [path for path in folder.iterdir() if path.is_file()]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def listed(shell: Shell) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shell.succeed("batches", "--json"))
    return found


async def test_files_are_loaded_and_moved_with_their_reports(here: Shell, drop: Path, dsn: str) -> None:
    write(drop / "a.csv", FIRST, BROKEN)
    write(drop / "b.csv", BROKEN)
    (drop / "c.csv").write_text("nonsense\n")
    with watching(here, drop) as running:
        wait_until(waits_for(drop))
        write(drop / "a.csv", SECOND)
        wait_until(waits_for(drop))
        ended = running.stop()
    assert ended.code == 0
    assert names(drop / "done") == {
        "a.csv", "a.csv.report.json", "a.csv.rejects.csv", "a-2.csv", "a-2.csv.report.json",
    }  # fmt: skip
    assert names(drop / "failed") == {
        "b.csv", "b.csv.report.json", "b.csv.rejects.csv", "c.csv", "c.csv.report.json",
    }  # fmt: skip
    loaded, again, rejected, nonsense = (
        json.loads((drop / f"{name}.report.json").read_text())
        for name in ("done/a.csv", "done/a-2.csv", "failed/b.csv", "failed/c.csv")
    )
    assert (loaded["inserted"], loaded["rejected"], again["inserted"]) == (1, 1, 1)
    assert loaded["rejects_file"] == str(drop / "done/a.csv.rejects.csv")
    assert (rejected["rejected"], rejected["moved_to"]) == (1, str(drop / "failed/b.csv"))
    assert f"The reasons are in {drop}/failed/b.csv.rejects.csv" in rejected["error"]
    assert nonsense["error"].startswith("c.csv, line 1: ")
    for file in (loaded["rejects_file"], rejected["rejects_file"]):
        assert Path(file).read_text().startswith("line,column,value,reason\n")
    assert await row_count(dsn) == 2
    assert [(one["file_name"], one["failure"]) for one in listed(here)] == [
        ("a.csv", None), ("b.csv", rejected["error"]), ("c.csv", nonsense["error"]), ("a.csv", None),
    ]  # fmt: skip
    said = ended.stdout.splitlines()
    assert said[0] == (
        f"a.csv: loaded as batch 1: 1 inserted, 0 updated, 0 unchanged, 1 rejected. It is now {drop}/done/a.csv."
    )
    assert ended.stderr.splitlines()[0].endswith(f"It is now {drop}/failed/b.csv.")


async def test_options_are_those_of_load_and_json_is_for_programs(here: Shell, drop: Path, dsn: str) -> None:
    write(drop / "a.csv", FIRST, BROKEN)
    write(drop / "b.csv", FIRST)
    with watching(here, drop, "--strict", "--source", "north", "--json") as running:
        wait_until(waits_for(drop))
        ended = running.stop()
    strict, loaded = map(json.loads, ended.stdout.splitlines())
    assert (strict["file"], strict["rejected"]) == ("a.csv", 1)
    assert "--strict is on" in strict["error"]
    assert (loaded["file"], loaded["inserted"], loaded["moved_to"]) == ("b.csv", 1, str(drop / "done/b.csv"))
    assert [(one["file_name"], one["source"]) for one in listed(here)] == [("a.csv", "north"), ("b.csv", "north")]


def test_a_file_that_was_loaded_before_a_kill_is_moved_all_the_same(here: Shell, drop: Path) -> None:
    """With the rejects that were written then."""
    (drop / ".evload" / "rejects").mkdir(parents=True)
    write(drop / "a.csv", FIRST, BROKEN)
    here.succeed("load", "--rejects-dir", drop / ".evload" / "rejects", drop / "a.csv", code=3)
    with watching(here, drop):
        wait_until(waits_for(drop))
    assert names(drop / "done") == {"a.csv", "a.csv.report.json", "a.csv.rejects.csv"}
    assert json.loads((drop / "done/a.csv.report.json").read_text())["already_loaded_as"] == 1
    assert len(listed(here)) == 1


async def test_a_file_that_kills_the_loader_each_time_ends_in_failed(
    here: Shell, drop: Path, connection: asyncpg.Connection
) -> None:
    write(drop / "a.csv", FIRST)
    begun = drop / ".evload" / "begun"

    def has_begun(times: int) -> Callable[[], bool]:
        return lambda: begun.exists() and begun.read_text().endswith(f" {times}")

    async with connection.transaction():
        await connection.execute("LOCK TABLE hourly_load IN SHARE MODE")  # the load waits here
        for times in (1, 2):
            with watching(here, drop) as running:
                wait_until(has_begun(times))
                running.send(signal.SIGKILL)
        attempt = begun.read_text().split()[0]
        with watching(here, drop) as running:  # a stop is no kill, and one load that ends makes up for them
            wait_until(has_begun(3))
            running.stop()
        assert not begun.exists()
    begun.write_text(f"{attempt} {MOST_KILLS}")
    with watching(here, drop):
        wait_until(waits_for(drop))
    report = json.loads((drop / "failed/a.csv.report.json").read_text())
    assert f"evload was killed {MOST_KILLS} times while it loaded this file" in report["error"]
    assert [one["failure"] for one in listed(here)] == [report["error"]]
    (drop / "failed/a.csv").rename(drop / "a.csv")
    with watching(here, drop):
        wait_until(waits_for(drop))
    assert (drop / "done/a.csv").exists()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_a_signal_rolls_back_what_is_loaded_and_leaves_the_file(
    here: Shell, drop: Path, dsn: str, connection: asyncpg.Connection, number: signal.Signals
) -> None:
    (drop / "sample.csv").write_bytes(SAMPLE.read_bytes())
    async with connection.transaction():
        await connection.execute("LOCK TABLE hourly_load IN SHARE MODE")  # the load waits here
        with watching(here, drop) as running:
            await somebody_waits(connection, "hourly_load")
            ended = running.stop(number)
    assert (ended.code, ended.stdout) == (0, "")
    assert names(drop) == {"sample.csv", "done", "failed", ".evload"}
    assert names(drop / "done") == names(drop / "failed") == set()
    assert listed(here) == []
    with watching(here, drop):
        wait_until(waits_for(drop))
    assert names(drop / "done") == {"sample.csv", "sample.csv.report.json"}


async def test_files_wait_while_the_database_is_away(here: Shell, drop: Path, dsn: str, server_dsn: str) -> None:
    """Also where it is away at the start."""
    await set_open(server_dsn, dsn, False)
    with watching(here, drop) as running:
        wait_until(lambda: "goes on trying" in running.err.read_text())
        await set_open(server_dsn, dsn, True)
        write(drop / "a.csv", FIRST)
        wait_until(waits_for(drop))
        await set_open(server_dsn, dsn, False)
        write(drop / "b.csv", SECOND)
        (drop / "c.csv").write_text("nonsense\n")
        before = running.err.read_text().count("goes on trying")
        wait_until(lambda: running.err.read_text().count("goes on trying") > before)
        assert names(drop / "done") == {"a.csv", "a.csv.report.json"}
        assert {"b.csv", "c.csv"} <= names(drop)
        await set_open(server_dsn, dsn, True)
        wait_until(waits_for(drop))
        said = running.stop().stderr
    assert "It works again." in said
    assert said.count("goes on trying") < 6
    assert {"a.csv", "b.csv"} < names(drop / "done")
    assert names(drop / "failed") == {"c.csv", "c.csv.report.json"}
    assert [one["file_name"] for one in listed(here)] == ["a.csv", "b.csv", "c.csv"]


def test_two_watchers_of_one_folder(here: Shell, drop: Path) -> None:
    with watching(here, drop):
        wait_until(lambda: (drop / ".evload" / "lock").exists())
        assert "another `evload watch` watches this folder already" in here.fail("watch", drop)
    assert "there is no such folder" in here.fail("watch", drop / "absent")


async def test_a_full_disk_is_told_and_waited_for(here: Shell, small_disk: Path, dsn: str) -> None:
    for folder in ("done", "failed", ".evload/rejects"):
        (small_disk / folder).mkdir(parents=True)
    (small_disk / ".evload" / "lock").touch()
    write(small_disk / "a.csv", FIRST, BROKEN)
    write(small_disk / "b.csv", SECOND)
    fill(small_disk)
    with watching(here, small_disk) as running:
        wait_until(lambda: "No space left on device" in running.err.read_text())
        (small_disk / "fill").unlink()
        wait_until(waits_for(small_disk))
        said = running.stop().stderr
    assert "goes on trying" in said
    assert "It works again." in said
    assert {"a.csv", "a.csv.rejects.csv", "a.csv.report.json", "b.csv", "b.csv.report.json"} == names(
        small_disk / "done"
    )
    assert await row_count(dsn) == 2
