"""Rejects files: one of its own for each file, bounded, and never over anything that is there."""

import errno
import os
import resource
import threading
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.errors import EvloadError
from evload.ingest.load import LoadOptions, NothingLoaded, load_file
from evload.ingest.storing.transaction import NothingChanged, write_transaction
from tests.files import BROKEN, FIRST, HEADER, SECOND, write
from tests.strategies import examples
from tests.views import stored

NAMES = ("a.csv.rejects.csv", "a.csv.rejects-2.csv", "a.csv.rejects-3.csv")
VICTIM = "not evload's"


def put(path: Path, kind: str, victim: Path) -> None:
    """Puts something where a rejects file might go."""
    if kind == "file":
        path.write_text(VICTIM)
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind != "nothing":
        targets = {"link": victim, "dangling link": victim.with_name("absent"), "device": Path("/dev/full")}
        path.symlink_to(targets[kind])


def seen(folder: Path) -> dict[str, tuple[int, int, str]]:
    """What is in a folder: inode, kind, and what a plain file says."""
    return {
        path.name: (path.lstat().st_ino, path.lstat().st_mode, path.read_text() if path.is_file() else "")
        for path in folder.iterdir()
    }


@examples(20)
@given(
    kinds=st.lists(
        st.sampled_from(["nothing", "file", "folder", "pipe", "link", "dangling link", "device"]), max_size=3
    )
)
async def test_a_rejects_file_is_never_written_over_anything(
    dsn: str, tmp_path_factory: pytest.TempPathFactory, kinds: list[str]
) -> None:
    source, folder, elsewhere = (tmp_path_factory.mktemp(name) for name in ("source", "rejects", "elsewhere"))
    (elsewhere / "victim").write_text(VICTIM)
    for name, kind in zip(NAMES, kinds, strict=False):
        put(folder / name, kind, elsewhere / "victim")
    before, before_elsewhere = seen(folder), seen(elsewhere)
    report = await load_file(dsn, write(source / "a.csv", FIRST, BROKEN), LoadOptions(folder, again=True))
    assert report.rejects_file
    after = seen(folder)
    made = after.pop(Path(report.rejects_file).name)
    assert after == before
    assert seen(elsewhere) == before_elsewhere
    assert made[2].splitlines()[0] == "line,column,value,reason"


async def test_files_of_one_name_have_a_rejects_file_each(dsn: str, tmp_path: Path) -> None:
    rejects = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        report = await load_file(
            dsn, write(tmp_path / folder / "x.csv", FIRST, BROKEN), LoadOptions(tmp_path, again=True)
        )
        rejects.append(report.rejects_file)
    assert rejects == [str(tmp_path / "x.csv.rejects.csv"), str(tmp_path / "x.csv.rejects-2.csv")]


async def test_the_same_rejects_of_the_same_file_stay_one_file(dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", FIRST, BROKEN)
    for _ in range(3):
        report = await load_file(dsn, path, LoadOptions(tmp_path, again=True))
        assert report.rejects_file == str(tmp_path / "x.csv.rejects.csv")
    other = await load_file(dsn, write(path, FIRST, SECOND, BROKEN), LoadOptions(tmp_path))
    assert other.rejects_file == str(tmp_path / "x.csv.rejects-2.csv")
    assert len(list(tmp_path.glob("*.rejects*"))) == 2


async def test_the_rejects_file_of_a_long_name(dsn: str, tmp_path: Path) -> None:
    report = await load_file(dsn, write(tmp_path / f"{'ø' * 125}.csv", FIRST, BROKEN), LoadOptions(tmp_path))
    assert report.rejects_file
    assert "3 h" in Path(report.rejects_file).read_text()


@examples(12)
@given(rejected=st.integers(1, 9), most=st.integers(0, 9))
async def test_more_rejects_than_allowed_refuse_the_file(
    dsn: str, connection: asyncpg.Connection, tmp_path_factory: pytest.TempPathFactory, rejected: int, most: int
) -> None:
    folder = tmp_path_factory.mktemp("rejects")
    path = write(folder / "a.csv", FIRST, *[BROKEN] * rejected)
    before = await connection.fetchval("SELECT count(*) FROM load_batch")
    options = LoadOptions(folder, again=True, max_rejects=most)
    if rejected > most:
        with pytest.raises(NothingLoaded, match=rf"a\.csv: nothing loaded, as more than {most} .*--max-rejects"):
            await load_file(dsn, path, options)
        assert await connection.fetchval("SELECT count(*) FROM load_batch") == before
    else:
        assert (await load_file(dsn, path, options)).rejected == rejected
    written = (folder / "a.csv.rejects.csv").read_text().splitlines()
    assert len(written) - 1 == min(rejected, max(most, 1))


async def test_a_file_of_endless_rejects_is_given_up_early(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    pipe = tmp_path / "a.csv"
    os.mkfifo(pipe)

    def fill() -> None:
        with suppress(BrokenPipeError), pipe.open("wb") as file:
            file.write(f"{HEADER}\n{FIRST}\n".encode())
            while True:
                file.write(f"{BROKEN}\n".encode() * 10_000)

    threading.Thread(target=fill, daemon=True).start()
    with pytest.raises(NothingLoaded, match="more than 10,000"):
        await load_file(dsn, pipe, LoadOptions(tmp_path))
    assert (tmp_path / "a.csv.rejects.csv").read_text().count("\n") == 10_001
    assert await stored(connection) == []


async def test_a_full_disk_under_the_rejects_is_named(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FIRST, *[BROKEN] * 1000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(EvloadError, match=r"rejects\.csv: .*File too large.*--rejects-dir") as error:
            await load_file(dsn, path, LoadOptions(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "database" not in str(error.value)
    assert await stored(connection) == []
    assert not list(tmp_path.glob("*.rejects*"))


async def test_no_rejects_file_stays_of_a_file_that_cannot_be_read_to_its_end(dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FIRST, *[BROKEN] * 200_000)
    path.write_bytes(path.read_bytes() + b"\xff")
    with pytest.raises(EvloadError, match="is not UTF-8"):
        await load_file(dsn, path, LoadOptions(tmp_path, max_rejects=10**6))
    assert not list(tmp_path.glob("*.rejects*"))


OF_A_CONNECTION = (ConnectionError, TimeoutError)
OURS = [code for code in errno.errorcode if not isinstance(OSError(code, ""), OF_A_CONNECTION)]


@examples(20)
@given(code=st.sampled_from(OURS))
async def test_what_the_system_refuses_is_not_blamed_on_the_database(dsn: str, code: int) -> None:
    with pytest.raises(NothingChanged) as error:
        async with write_transaction(dsn, "a.csv"):
            raise OSError(code, os.strerror(code), "/some/file")
    assert str(error.value) == f"a.csv: nothing was changed: {os.strerror(code)} (/some/file)"


async def test_a_lost_connection_is_the_databases(dsn: str, connection: asyncpg.Connection) -> None:
    async def lose_the_connection() -> None:
        async with write_transaction(dsn, "a.csv") as writing:
            await connection.execute("SELECT pg_terminate_backend($1)", writing.get_server_pid())
            await writing.fetchval("SELECT 1")

    with pytest.raises(NothingChanged, match="the database stopped the work"):
        await lose_the_connection()
