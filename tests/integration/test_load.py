"""Loading: what is stored, what is reported, and that all of it becomes visible together or not at all."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx2
import polars as pl
import pytest

from evload.errors import EvloadError
from evload.ingest.load import LoadOptions, NothingLoaded, load_file
from evload.ingest.read import UnreadableFile
from evload.ingest.refresh import refresh
from evload.queries import query
from tests.conftest import Databases
from tests.files import BROKEN, FILLER, FIRST, SECOND, write
from tests.integration.test_schema import described
from tests.views import assert_views_agree, stored

HOUR = timedelta(hours=1)
AGAIN = LoadOptions(again=True)


async def test_a_load_is_reported_in_full(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FIRST, FIRST, SECOND.replace("1,62", "much"), BROKEN, FILLER)
    report = await load_file(dsn, path, LoadOptions(tmp_path))
    assert (report.rows_read, report.inserted, report.updated, report.unchanged) == (5, 4, 0, 0)
    assert (report.rejected, report.coerced, report.duplicates, report.days_touched) == (1, 1, 1, 2)
    assert (str(report.first_day), str(report.last_day)) == ("2018-12-21", "2018-12-22")
    assert report.data_version == 1
    assert set(report.seconds) == {"wait for other loads", "read and copy", "build keys", "refresh"}
    assert [row[:3] for row in await stored(connection)] == [("A-1", 1, 0), ("A-1", 1, 1), ("A-1", 1, 0), ("", 0, 0)]
    await assert_views_agree(connection)


async def test_the_rejects_file_says_where_and_why(dsn: str, tmp_path: Path) -> None:
    report = await load_file(dsn, write(tmp_path / "a.csv", FIRST, BROKEN), LoadOptions(tmp_path))
    assert report.rejects_file == str(tmp_path / "a.csv.rejects.csv")
    rejects = pl.read_csv(report.rejects_file)
    assert rejects.columns == ["line", "column", "value", "reason"]
    assert rejects["line"].to_list() == [3]
    assert "3 h" in rejects["reason"][0]


async def test_no_rejects_file_without_rejects(dsn: str, tmp_path: Path) -> None:
    report = await load_file(dsn, write(tmp_path / "a.csv", FIRST), LoadOptions(tmp_path))
    assert report.rejects_file is None
    assert not list(tmp_path.glob("*.rejects.csv"))


async def test_the_same_file_again_changes_nothing(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FIRST, FIRST, SECOND, FILLER, FILLER)
    await load_file(dsn, path)
    before = await stored(connection)
    report = await load_file(dsn, path, AGAIN)
    assert (report.inserted, report.updated, report.unchanged, report.rejected) == (0, 0, 5, 0)
    assert report.days_touched == 0
    assert report.data_version == 1
    assert await stored(connection) == before


async def test_an_overlapping_file_changes_what_differs(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND))
    report = await load_file(dsn, write(tmp_path / "b.csv", SECOND.replace("1,62", "2"), FILLER))
    assert (report.inserted, report.updated, report.unchanged, report.data_version) == (1, 1, 0, 2)
    assert [str(row[3]) for row in await stored(connection)] == ["0.300", "2.000", "None"]
    await assert_views_agree(connection)


async def test_null_and_zero_stay_apart_in_updates(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", SECOND))
    report = await load_file(dsn, write(tmp_path / "b.csv", SECOND[:-2] + "0"))
    assert report.updated == 1
    assert [str(row[4]) for row in await stored(connection)] == ["0.000"]


async def test_energies_are_rounded_to_three_decimals_exactly(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST.replace("0,06", "1,0005"), SECOND.replace("1,62", "4,00E-16")))
    assert [(str(row[3]), str(row[4])) for row in await stored(connection)] == [("0.300", "1.001"), ("0.000", "None")]


async def test_strict_refuses_the_file_and_keeps_the_reasons(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    with pytest.raises(NothingLoaded, match=r"1 of its 2 rows.*--strict.*a\.csv\.rejects\.csv"):
        await load_file(dsn, write(tmp_path / "a.csv", FIRST, BROKEN), LoadOptions(tmp_path, strict=True))
    assert (tmp_path / "a.csv.rejects.csv").exists()
    assert await stored(connection) == []


async def test_a_file_of_rejects_alone_is_an_error(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    with pytest.raises(NothingLoaded, match="no hours are left: 1 of its 1 rows were rejected"):
        await load_file(dsn, write(tmp_path / "a.csv", BROKEN), LoadOptions(tmp_path))
    assert await connection.fetchval("SELECT count(*) FROM load_batch") == 0


async def test_an_unreadable_file_changes_nothing(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FIRST)
    path.write_bytes(path.read_bytes() + FIRST.replace("A-1", "Bjørn").encode("latin-1"))
    with pytest.raises(UnreadableFile, match=r"a\.csv.*line 3"):
        await load_file(dsn, path)
    assert await stored(connection) == []
    assert await connection.fetchval("SELECT data_version FROM site") == 0


async def test_a_rejects_folder_that_is_not_there(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    with pytest.raises(EvloadError, match="--rejects-dir"):
        await load_file(dsn, write(tmp_path / "a.csv", FIRST, BROKEN), LoadOptions(tmp_path / "no"))
    assert await stored(connection) == []


async def test_a_load_inserts_its_users(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, FILLER, SECOND.replace("A-1", "B")))
    assert [row[0] for row in await connection.fetch("SELECT DISTINCT user_id FROM user_location ORDER BY 1")] == [
        "A-1",
        "B",
    ]


async def test_every_load_is_recorded(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, BROKEN), LoadOptions(tmp_path))
    record = await connection.fetchrow("SELECT * FROM load_batch")
    assert record is not None
    assert (record["file_name"], record["rows_read"], record["inserted"], record["rejected"]) == ("a.csv", 2, 1, 1)
    assert record["sha256"] == hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert await connection.fetchval("SELECT DISTINCT batch_id FROM hourly_load") == record["batch_id"]


async def test_a_load_notifies_listeners(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await connection.add_listener("evload_data_version", lambda *heard_: heard.put_nowait(str(heard_[-1])))
    await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    assert await asyncio.wait_for(heard.get(), 5) == "1"


async def test_two_loads_at_once_both_succeed(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.csv", FIRST.replace("A-1", name), SECOND) for name in ("x", "y", "z")]
    reports = await asyncio.gather(*(load_file(dsn, path) for path in files))
    assert sum(report.inserted for report in reports) == 4
    assert sorted(report.data_version for report in reports) == [1, 2, 3]
    await assert_views_agree(connection)


async def test_refresh_recomputes_the_views_from_the_rows(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND))
    await connection.execute("DELETE FROM hourly_load WHERE synthetic_3_6_kwh = 0.3")
    assert await refresh(dsn) == 2
    await assert_views_agree(connection)


async def test_a_database_without_tables(databases: object, dsn: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("DROP TABLE alembic_version")
    await connection.close()
    with pytest.raises(EvloadError, match="Run `evload migrate`"):
        await load_file(dsn, write(tmp_path / "a.csv", FIRST))


async def test_the_first_load_leaves_every_key_and_index(
    dsn: str, connection: asyncpg.Connection, databases: Databases, template: str, tmp_path: Path
) -> None:
    untouched = await databases.create(template)
    await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    assert await described(dsn) == await described(untouched)
    await databases.drop(untouched)


async def test_an_older_snapshot_sees_no_rows_of_a_first_load(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """As `pg_dump` does, which would else keep rows without their totals."""
    seen = "SELECT (SELECT count(*) FROM hourly_load), (SELECT count(*) FROM hourly_totals)"
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.fetchval("SELECT data_version FROM site")
        await load_file(dsn, write(tmp_path / "a.csv", FIRST))
        before = await connection.fetchrow(seen)
    after = await connection.fetchrow(seen)
    assert before is not None
    assert after is not None
    assert (tuple(before), tuple(after)) == ((0, 0), (1, 1))


async def test_occurrences_count_equal_keys_of_different_blocks(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """More than a block of the file lies between them."""
    start = datetime(2000, 1, 1)
    hours = (start + timedelta(hours=number) for number in range(150_000))
    between = [f"{hour:%Y-%m-%d %H:00Z};{hour + HOUR:%Y-%m-%d %H:00Z};A-1;1;1;1;1;1" for hour in hours]
    report = await load_file(dsn, write(tmp_path / "a.csv", FIRST, FIRST, *between, FIRST))
    assert (report.inserted, report.duplicates) == (150_003, 2)
    found = await connection.fetch(
        "SELECT occurrence FROM hourly_load WHERE date_from = '2018-12-21 10:00+01' ORDER BY index"
    )
    assert [row[0] for row in found] == [0, 1, 2]


async def test_readers_of_an_empty_database_do_not_wait_for_the_first_load(
    dsn: str, connection: asyncpg.Connection, client: httpx2.AsyncClient
) -> None:
    async with connection.transaction():
        await connection.execute(query("ingest/bulk_begin").text)
        for path, status in (("/hourly_loads", 200), ("/users", 200), ("/load/x/hourly", 404), ("/load/daily", 404)):
            assert (await asyncio.wait_for(client.get(path), 5)).status_code == status


async def test_a_file_loaded_before_is_skipped_and_reported(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    first = await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    again = await load_file(dsn, write(tmp_path / "renamed.csv", FIRST))
    assert (again.already_loaded_as, again.inserted, again.updated) == (first.batch_id, 0, 0)
    assert "already loaded as batch 1" in again.as_text()
    assert await connection.fetchval("SELECT count(*) FROM load_batch") == 1
    other = await load_file(dsn, write(tmp_path / "b.csv", FIRST.replace("0,3;0,3", "0,4;0,3")))
    assert (other.already_loaded_as, other.updated) == (None, 1)


async def test_a_dry_run_reports_and_changes_nothing(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    before = await stored(connection)
    path = write(tmp_path / "b.csv", FIRST.replace("0,06", "1"), SECOND, BROKEN)
    report = await load_file(dsn, path, LoadOptions(tmp_path, dry_run=True))
    assert (report.inserted, report.updated, report.rejected, report.days_touched) == (1, 1, 1, 1)
    assert "dry run" in report.as_text()
    assert await stored(connection) == before
    assert await connection.fetchval("SELECT count(*) FROM load_batch") == 1
    assert await connection.fetchval("SELECT data_version FROM site") == 1
    assert (await load_file(dsn, path, LoadOptions(tmp_path))).batch_id == 2


async def test_the_published_file(dsn: str, connection: asyncpg.Connection, published_file: Path) -> None:
    first = await load_file(dsn, published_file)
    assert (first.rows_read, first.inserted, first.rejected, first.coerced, first.duplicates) == (88089, 88089, 0, 0, 1)
    again = await load_file(dsn, published_file, AGAIN)
    assert (again.inserted, again.updated, again.unchanged, again.rejected) == (0, 0, 88089, 0)
    await assert_views_agree(connection)


SAMPLE = LoadOptions(is_sample=True)


@pytest.mark.parametrize("rows", [(FIRST, SECOND), (FIRST, FIRST, FILLER)], ids=["the same hours", "other hours too"])
@pytest.mark.parametrize("dry_run", [False, True])
async def test_the_sample_makes_way_for_a_file_of_the_same_hours(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, rows: tuple[str, ...], dry_run: bool
) -> None:
    await load_file(dsn, write(tmp_path / "sample.csv", FIRST.replace("A-1", "sample"), SECOND), SAMPLE)
    before = await stored(connection)
    report = await load_file(dsn, write(tmp_path / "a.csv", *rows), LoadOptions(dry_run=dry_run))
    assert (report.sample_rows_removed, report.inserted) == (2, len(rows))
    assert len(await stored(connection)) == len(before if dry_run else rows)
    assert await connection.fetchval("SELECT stored_rows FROM site") == len(before if dry_run else rows)
    users = await connection.fetch("SELECT DISTINCT user_id FROM user_location ORDER BY 1")
    assert [row["user_id"] for row in users] == (["A-1", "sample"] if dry_run else ["A-1"])
    await assert_views_agree(connection)
