"""A folder into which files are dropped: which are complete, and where they go."""

import asyncio
import errno
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from evload.ingest.drop_folder import watcher
from evload.ingest.drop_folder.folder import DONE, CannotWatch, DropFolder, watched_alone
from evload.ingest.drop_folder.places import Place, finish_moves, place_in, rejects_of
from evload.ingest.drop_folder.troubles import LONGEST_PAUSE_SECONDS, Troubles
from evload.ingest.drop_folder.watcher import Watcher
from evload.ingest.formats import source
from evload.ingest.known import FileChanged
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.report import LoadReport
from evload.ingest.storing.transaction import NothingChanged, RowsRefused, write_transaction
from evload.ingest.user_ids import UserIds
from tests.files import BROKEN, FIRST, SECOND, write
from tests.locks import PATIENCE_SECONDS
from tests.views import row_count


def complete(folder: DropFolder) -> list[str]:
    return [file.path.name for file in folder.look().complete]


def test_a_file_is_complete_once_it_has_not_changed_between_two_looks(tmp_path: Path) -> None:
    folder, file = DropFolder(tmp_path), write(tmp_path / "b.csv", FIRST)
    assert complete(folder) == []
    with file.open("a") as more:
        more.write("more")
    assert complete(folder) == []
    write(tmp_path / "a.csv", FIRST)
    assert complete(folder) == ["b.csv"]
    assert complete(folder) == ["a.csv", "b.csv"]
    write(tmp_path / "new", FIRST).replace(file)
    os.utime(file, ns=(0, 0))  # as by `cp --preserve`
    assert complete(folder) == ["a.csv"]
    file.unlink()
    assert complete(folder) == ["a.csv"]


def test_a_file_must_be_as_old_as_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    folder = DropFolder(tmp_path, min_age_seconds=60)
    write(tmp_path / "a.csv", FIRST)
    for _ in range(3):
        assert complete(folder) == []
    now += 59
    assert complete(folder) == []
    now += 1
    assert complete(folder) == ["a.csv"]


def test_what_nobody_means_is_left_alone_and_named_once(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path)
    passing = (".hidden.csv", "a.csv.part", "b.csv~", "c.csv.filepart", "~d.csv", "_e.csv")
    with watched_alone(folder):
        for name in (*passing, "notes.txt", "a.json", "a.csv.rejects.csv", "loads.csv"):
            write(tmp_path / name, FIRST)
        (tmp_path / "sub.csv").mkdir()
        (tmp_path / "link.csv").symlink_to("loads.csv")
        look = folder.look()
        named = ["_e.csv", "a.csv.rejects.csv", "a.json", "link.csv", "notes.txt", "sub.csv", "~d.csv"]
        assert (look.waiting, look.left_alone) == (1, named)
        look = folder.look()
        assert ([one.path.name for one in look.complete], look.left_alone) == (["loads.csv"], [])


def test_a_folder_is_watched_once(tmp_path: Path) -> None:
    twice = pytest.raises(CannotWatch, match="another `evload watch` watches this folder already")
    with watched_alone(DropFolder(tmp_path)), twice, watched_alone(DropFolder(tmp_path)):
        raise AssertionError
    with watched_alone(DropFolder(tmp_path)):
        pass
    with pytest.raises(CannotWatch, match="there is no such folder"), watched_alone(DropFolder(tmp_path / "absent")):
        raise AssertionError


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("a.csv", "a-2.csv"),
        ("a.b.csv.gz", "a.b-2.csv.gz"),
        ("2024.01.05.csv", "2024.01.05-2.csv"),
        ("a.gz", "a-2.gz"),
        ("a", "a-2"),
        (os.fsdecode(b"\xff.csv"), os.fsdecode(b"\xff-2.csv")),
        ("å" * 125 + ".csv", "å" * 100 + "-2.csv"),
    ],
)
def test_nothing_that_is_there_is_overwritten(tmp_path: Path, name: str, second: str) -> None:
    folder = DropFolder(tmp_path)
    with watched_alone(folder):
        for content in ("one", "two"):
            source_file = tmp_path / name
            source_file.write_text(content)
            place = place_in(folder, DONE, name)
            place.put(source_file, f"report of {content}".encode(), None)
        assert place.file == tmp_path / DONE / second
        assert (place.file.read_text(), place.report.read_text()) == ("two", "report of two")
        assert sorted(path.read_text() for path in (tmp_path / DONE).iterdir()) == sorted(
            ("one", "two", "report of one", "report of two")
        )


@pytest.mark.parametrize("beside", ["report", "rejects"])
def test_what_lies_where_a_report_would_go_is_not_overwritten(tmp_path: Path, beside: str) -> None:
    folder = DropFolder(tmp_path)
    with watched_alone(folder):
        getattr(place_in(folder, DONE, "a.csv"), beside).symlink_to("absent")
        assert place_in(folder, DONE, "a.csv").file.name == "a-2.csv"


STEPS = 5  # a report is written, three files are renamed beside it or to it, and a fifth step does not come


@pytest.mark.parametrize("step", range(STEPS))
def test_a_move_that_was_cut_off_is_finished_or_has_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    folder, file = DropFolder(tmp_path), write(tmp_path / "a.csv", FIRST)
    done = 0

    def cut_off(path: Path, target: Path) -> Path:
        nonlocal done
        if done == step:
            raise OSError(errno.ENOSPC, "No space left on device")
        done += 1
        os.rename(path, target)  # noqa: PTH104 - Path.rename is this test's own
        return target

    with watched_alone(folder):
        rejects = folder.rejects_dir / "a.csv.rejects.csv"
        rejects.write_text("rejects")
        place = place_in(folder, DONE, "a.csv")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", cut_off)
            try:
                place.put(file, b"report", rejects)
            except OSError:
                assert step < STEPS - 1
        finish_moves(folder)
        left = {path.name for path in (tmp_path / DONE).iterdir()}
        if file.exists():
            assert left == set()
            assert rejects_of(folder, file) == rejects
        else:
            assert left == {"a.csv", "a.csv.report.json", "a.csv.rejects.csv"}
            assert rejects_of(folder, file) is None
            assert (place.report.read_text(), place.rejects.read_text()) == ("report", "rejects")
        assert file.exists() == (step < 2)


def test_a_trouble_is_told_once_and_pauses_grow_up_to_a_minute() -> None:
    said: list[str] = []
    troubles = Troubles(said.append)
    pauses = [troubles.met("The disk is full.") for _ in range(8)]
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]
    troubles.met("Something else.")
    troubles.are_over()
    troubles.are_over()
    assert said == [
        "The disk is full. evload goes on trying.",
        "Something else. evload goes on trying.",
        "It works again.",
    ]
    assert troubles.met("The disk is full.") == 1


async def watched_until(
    folder: DropFolder, dsn: str, condition: Callable[[], bool], pseudonym_key: bytes | None = None
) -> list[str]:
    """What was said meanwhile."""
    said: list[str] = []
    with watched_alone(folder):
        watching = Watcher(folder, "here", LoadOptions(), 0.05, said.append, lambda outcome: None)
        running = asyncio.create_task(watching.run(dsn, pseudonym_key))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                await asyncio.sleep(0.02)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return said


async def test_users_of_dropped_files_become_pseudonyms(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    write(tmp_path / "a.csv", FIRST)
    done = (tmp_path / "done" / "a.csv.report.json").exists
    await watched_until(DropFolder(tmp_path), dsn, done, b"0123456789abcdef0123456789abcdef")
    user = await connection.fetchval("SELECT user_id FROM hourly_load")
    assert user == UserIds(key=b"0123456789abcdef0123456789abcdef").stored_id("A-1")


async def test_a_fault_of_evload_itself_does_not_keep_it_from_other_files(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def load(dsn: str, path: Path, options: LoadOptions) -> LoadReport:
        if path.name == "a.csv":
            raise ZeroDivisionError
        return await load_file(dsn, path, options)

    monkeypatch.setattr(watcher, "load_file", load)
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, FIRST)
    await watched_until(DropFolder(tmp_path), dsn, (tmp_path / "done" / "b.csv.report.json").exists)
    report = json.loads((tmp_path / "failed" / "a.csv.report.json").read_text())
    assert report["error"] == "evload failed on this file: ZeroDivisionError."
    assert "Traceback" in capsys.readouterr().err


async def test_a_disk_without_room_for_rejects_is_no_fault_of_the_file(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full = True

    async def load(dsn: str, path: Path, options: LoadOptions) -> LoadReport:
        nonlocal is_full
        if is_full:
            is_full = False
            options = replace(options, rejects_dir=Path("/dev/full"))
        return await load_file(dsn, path, options)

    monkeypatch.setattr(watcher, "load_file", load)
    write(tmp_path / "a.csv", FIRST, BROKEN)
    said = await watched_until(DropFolder(tmp_path), dsn, (tmp_path / "done" / "a.csv.rejects.csv").exists)
    assert said == [
        "a.csv: cannot be loaded and moved away (Not a directory). evload goes on trying.",
        "It works again.",
    ]


async def test_a_failure_counts_once_for_each_time_that_a_file_is_dropped(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file could not be moved after it was recorded."""
    put, moves = Place.put, 0

    def put_later(place: Place, *content: Any) -> None:
        nonlocal moves
        moves += 1
        if moves == 1:
            raise OSError(errno.EROFS, "Read-only file system")
        put(place, *content)

    monkeypatch.setattr(Place, "put", put_later)
    (tmp_path / "a.csv").write_text("nonsense\n")
    said = await watched_until(DropFolder(tmp_path), dsn, (tmp_path / "failed" / "a.csv.report.json").exists)
    assert said[0] == "a.csv: cannot be loaded and moved away (Read-only file system). evload goes on trying."
    assert (moves, await connection.fetchval("SELECT count(*) FROM failed_load")) == (2, 1)
    (tmp_path / "failed" / "a.csv").rename(tmp_path / "a.csv")
    (tmp_path / "failed" / "a.csv.report.json").unlink()
    await watched_until(DropFolder(tmp_path), dsn, (tmp_path / "failed" / "a.csv.report.json").exists)
    assert await connection.fetchval("SELECT count(*) FROM failed_load") == 2


async def test_what_postgres_refuses_in_the_rows_is_told_from_what_it_cannot_do(dsn: str) -> None:
    with pytest.raises(RowsRefused, match="nothing was changed"):
        async with write_transaction(dsn, "a.csv") as connection:
            await connection.execute("SELECT 1 / 0")
    for statement in ("SELECT pg_terminate_backend(pg_backend_pid())", "SELECT absent()"):
        with pytest.raises(NothingChanged) as told:
            async with write_transaction(dsn, "a.csv") as connection:
                await connection.execute(statement)
        assert told.type is NothingChanged


async def test_a_file_that_changes_while_it_is_loaded_is_not_loaded(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "a.csv", FIRST)
    began = threading.Event()
    opened = source.HashingReader.close

    def close(reader: source.HashingReader) -> None:
        if not began.is_set():
            began.set()
            write(file, FIRST, SECOND)
        opened(reader)

    monkeypatch.setattr(source.HashingReader, "close", close)
    with pytest.raises(FileChanged, match=r"a\.csv: nothing loaded, as it changed meanwhile"):
        await load_file(dsn, file, LoadOptions(tmp_path))
    assert began.is_set()
    assert await row_count(dsn) == 0
    assert (await load_file(dsn, file, LoadOptions(tmp_path))).inserted == 2
