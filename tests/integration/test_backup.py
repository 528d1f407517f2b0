"""Backups: what they hold, what is brought back, and that a restore which fails changes nothing."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evload.backup.backup import back_up
from evload.backup.programs import run
from evload.backup.restore import restore
from evload.errors import EvloadError
from evload.ingest.batches import unload
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.model import parse_mapping
from evload.queries import query
from tests.asking import fetchval
from tests.conftest import Databases, api_client, dsn_of
from tests.files import write
from tests.session_files import MAPPING, Session, write_sessions

PATHS = ("/users", "/hourly_loads", "/kpi/summary", "/load/hourly", "/users/summary", "/grid/summary", "/kpi/sessions")
MORE = "05.01.2019 09:00;05.01.2019 10:00;A-1;9;3,6;7,2;0;0"


async def answers(dsn: str) -> list[tuple[int, str, str | None]]:
    async with api_client(dsn) as client:
        found = [await client.get(path) for path in PATHS]
    return [(answer.status_code, answer.text, answer.headers.get("etag")) for answer in found]


async def state(dsn: str) -> object:
    return await fetchval(
        dsn, "SELECT (SELECT site FROM site)::text || array_agg(stored)::text FROM hourly_load AS stored"
    )


@pytest.fixture
async def other_dsn(databases: Databases, template: str) -> AsyncIterator[str]:
    made = await databases.create(template)
    yield made
    await databases.drop(made)


@pytest.fixture
async def plain(dsn: str, small_file: Path, tmp_path: Path) -> Path:
    """What pg_dump writes by default, with the small file loaded."""
    await load_file(dsn, small_file)
    file = tmp_path / "plain.sql"
    await run("pg_dump", [f"--file={file}"], "no dump", dsn)
    return file


async def test_restored_database_answers_as_the_one_that_was_backed_up(
    dsn: str, other_dsn: str, small_file: Path, tmp_path: Path
) -> None:
    await load_file(dsn, small_file)
    session = Session("1", "A-1", "Garage", datetime(2019, 1, 2, 10, tzinfo=UTC), 120, 60, 3600)
    named = Named("mine", parse_mapping(MAPPING, "mine"))
    await load_file(dsn, write_sessions(tmp_path / "sessions.csv", session), LoadOptions(named=named))
    backup = tmp_path / "evload.backup"
    await back_up(dsn, backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    restored = await restore(other_dsn, backup, replace=False)
    assert restored["data_version"] == 2
    assert await answers(other_dsn) == await answers(dsn)
    await load_file(other_dsn, write(tmp_path / "more.csv", MORE))
    await unload(other_dsn, 1)
    assert await fetchval(other_dsn, query("site/is_sound").text)


@pytest.mark.parametrize("is_packed", [False, True])
async def test_plain_dumps_are_restored_too(
    dsn: str, other_dsn: str, plain: Path, tmp_path: Path, is_packed: bool
) -> None:
    if is_packed:
        packed = tmp_path / "plain.sql.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        plain = packed
    await restore(other_dsn, plain, replace=False)
    assert await answers(other_dsn) == await answers(dsn)


async def test_rows_are_replaced_only_where_fetchval(dsn: str, other_dsn: str, plain: Path, tmp_path: Path) -> None:
    await load_file(other_dsn, write(tmp_path / "more.csv", MORE))
    before = await answers(other_dsn)
    with pytest.raises(EvloadError, match="holds 1 rows: restore into an empty one, or say --replace"):
        await restore(other_dsn, plain, replace=False)
    assert await answers(other_dsn) == before
    async with api_client(other_dsn) as client:
        assert (await client.get("/kpi/total-energy")).json() == {"total_energy_kwh": 3.6}
        await restore(other_dsn, plain, replace=True)
        async with asyncio.timeout(10):
            while (await client.get("/users")).json() == ["A-1"]:
                await asyncio.sleep(0.05)
        assert (await client.get("/kpi/total-energy")).json() == {"total_energy_kwh": 5.65}
    assert await answers(other_dsn) == await answers(dsn)


def _changed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(dump: bytes) -> bytes:
        assert old in dump
        return dump.replace(old, new, 1)

    return change


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda dump: dump[: len(dump) * 2 // 3], "cut off|not restored"),
    "no dump": (lambda _: b"date_from;date_to\n", "is no backup: give a file of evload backup or pg_dump"),
    "empty": (lambda _: b"", "is no backup"),
    "another energy": (_changed(b"\t1.620\t", b"\t1.520\t"), "its sums do not agree with its rows"),
    "another day of a user": (
        lambda dump: re.sub(rb"(\nCOPY public.user_day .*\n[0-9-]+\t)\d+\t", rb"\g<1>9\t", dump),
        "its sums do not agree with its rows",
    ),
    "a row less": (lambda dump: re.sub(rb"(\nCOPY public.hourly_load .*?\n).*?\n", rb"\1", dump), "do not agree"),
    "another database": (lambda dump: dump + b"\n\\connect postgres\n", "make it by pg_dump without --create"),
    "another owner": (
        lambda dump: re.sub(rb"OWNER TO \w+", b"OWNER TO nobody_here", dump),
        "role .nobody_here. does not exist. Make it by pg_dump --no-owner --no-privileges",
    ),
    "odd SQL": (_changed(b"CREATE TABLE", b"CREATE TABEL"), "nothing was changed: syntax error"),
    "packed and cut off": (lambda dump: gzip.compress(dump)[:-2000], "is damaged, and nothing was changed"),
    "packed and damaged": (lambda dump: gzip.compress(dump)[:3000] + b"x" * 3000, "is damaged|not restored|no backup"),
}


@pytest.mark.parametrize("name", DAMAGES)
async def test_damaged_dump_changes_nothing(other_dsn: str, plain: Path, tmp_path: Path, name: str) -> None:
    damage, said = DAMAGES[name]
    whole = plain.read_bytes()
    plain.write_bytes(damage(whole))
    assert plain.read_bytes() != whole
    await load_file(other_dsn, write(tmp_path / "more.csv", MORE))
    before = await state(other_dsn)
    with pytest.raises(EvloadError, match=said):
        await restore(other_dsn, plain, replace=True)
    assert await state(other_dsn) == before


async def test_damaged_backup_changes_nothing(dsn: str, other_dsn: str, small_file: Path, tmp_path: Path) -> None:
    await load_file(dsn, small_file)
    backup = tmp_path / "evload.backup"
    await back_up(dsn, backup)
    whole = backup.read_bytes()
    before = await state(other_dsn)
    for cut in (10, len(whole) // 2, len(whole) - 20):
        backup.write_bytes(whole[:cut])
        with pytest.raises(EvloadError, match="nothing was changed"):
            await restore(other_dsn, backup, replace=False)
        assert await state(other_dsn) == before


async def test_restore_that_is_stopped_changes_nothing(dsn: str, plain: Path) -> None:
    before = await state(dsn)
    for seconds in (0.1, 0.3):
        task = asyncio.create_task(restore(dsn, plain, replace=True))
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await state(dsn) == before


async def test_backups_under_loads_hold_one_state_each(
    dsn: str, other_dsn: str, small_file: Path, tmp_path: Path
) -> None:
    await load_file(dsn, small_file)
    right = {1: await answers(dsn)}

    async def load() -> None:
        for day in range(1, 6):
            file = write(tmp_path / f"{day}.csv", MORE.replace("05.01", f"{day:02}.02"))
            report = await load_file(dsn, file)
            right[report.data_version] = await answers(dsn)

    loading = asyncio.create_task(load())
    backups: list[Path] = []
    while not loading.done():
        backups.append(tmp_path / f"{len(backups)}.backup")
        await back_up(dsn, backups[-1])
    await loading
    assert len(backups) >= 3
    for backup in backups:
        restored = await restore(other_dsn, backup, replace=True)
        assert await answers(other_dsn) == right[restored["data_version"]]


async def test_backup_that_fails_leaves_no_file(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("something else")
    with pytest.raises(EvloadError, match="is there already: name another file"):
        await back_up(dsn, tmp_path / "there")
    assert (tmp_path / "there").read_text() == "something else"
    with pytest.raises(EvloadError, match="cannot be written: No such file or directory"):
        await back_up(dsn, tmp_path / "nowhere" / "file")
    with pytest.raises(EvloadError, match=r'The database was not backed up: .*"evload_none" does not exist'):
        await back_up(dsn_of(dsn, "evload_none"), tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
