"""Undo and retention: rows and views stay equal, and what a later load wrote stays."""

from datetime import date
from pathlib import Path

import asyncpg
import pytest

from evload.ingest import batches
from evload.ingest.load import LoadOptions, load_file
from tests.files import FILLER, FIRST, SECOND, write
from tests.views import assert_views_agree, stored

AGAIN = LoadOptions(again=True)


async def users(connection: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch("SELECT user_id FROM users ORDER BY 1")]


async def test_unload_takes_a_batch_out_again(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, FILLER))
    before = await stored(connection)
    added = await load_file(dsn, write(tmp_path / "b.csv", FIRST, SECOND.replace("A-1", "B")))
    removal = await batches.unload(dsn, added.batch_id)
    assert (removal.removed, removal.overwritten, removal.data_version) == (1, [], 3)
    assert await stored(connection) == before
    assert await users(connection) == ["A-1"]
    await assert_views_agree(connection)


async def test_rows_that_a_later_load_wrote_stay(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    first = await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND))
    await load_file(dsn, write(tmp_path / "b.csv", SECOND.replace("1,62", "2")))
    removal = await batches.unload(dsn, first.batch_id)
    assert (removal.removed, removal.overwritten) == (1, [])
    assert [str(row[3]) for row in await stored(connection)] == ["2.000"]
    await assert_views_agree(connection)


async def test_what_it_had_overwritten_is_named_and_can_be_loaded_again(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    older = write(tmp_path / "a.csv", FIRST, SECOND)
    first = await load_file(dsn, older)
    second = await load_file(dsn, write(tmp_path / "b.csv", SECOND.replace("1,62", "2")))
    removal = await batches.unload(dsn, second.batch_id)
    assert removal.overwritten == [(first.batch_id, "a.csv")]
    report = await load_file(dsn, older, AGAIN)
    assert (report.inserted, report.updated, report.unchanged) == (1, 0, 1)
    assert [str(row[3]) for row in await stored(connection)] == ["0.300", "1.620"]
    await assert_views_agree(connection)


async def test_a_batch_that_is_out_is_not_named(dsn: str, tmp_path: Path) -> None:
    first = await load_file(dsn, write(tmp_path / "a.csv", SECOND))
    second = await load_file(dsn, write(tmp_path / "b.csv", SECOND.replace("1,62", "2")))
    await batches.unload(dsn, first.batch_id)
    assert (await batches.unload(dsn, second.batch_id)).overwritten == []


async def test_a_batch_that_is_out_can_be_loaded_again(dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FIRST)
    await batches.unload(dsn, (await load_file(dsn, path)).batch_id)
    assert (await load_file(dsn, path)).inserted == 1


async def test_only_what_is_loaded_can_be_taken_out(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(batches.NoSuchBatch, match="There is no batch 7"):
        await batches.find(dsn, 7)
    report = await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    await batches.unload(dsn, report.batch_id)
    with pytest.raises(batches.NoSuchBatch, match="was taken out already"):
        await batches.find(dsn, report.batch_id)


async def test_drop_ends_the_retention_of_old_days(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    late = "21.12.2018 23:00;22.12.2018 00:00;B;1;1;1;1;1"
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, late, FILLER))
    removal = await batches.drop_before(dsn, date(2018, 12, 22))
    assert (removal.removed, removal.data_version) == (2, 2)
    assert [row[0] for row in await stored(connection)] == [""]
    assert await users(connection) == []
    await assert_views_agree(connection)
    assert (await batches.drop_before(dsn, date(2018, 12, 22))).data_version == 2


async def test_everything_can_be_dropped(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    await batches.drop_before(dsn, date(2030, 1, 1))
    await assert_views_agree(connection)
    assert await connection.fetchval("SELECT recent_since FROM site") is not None
    assert (await load_file(dsn, write(tmp_path / "b.csv", SECOND))).inserted == 1
    await assert_views_agree(connection)
