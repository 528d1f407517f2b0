"""Files that mappings make hours of are stored, reported and taken out like hourly ones."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from evload.ingest.batches import unload
from evload.ingest.load import LoadOptions, NothingLoaded, load_file
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.model import parse_mapping
from tests.files import FIRST, write
from tests.unit.ingest.preset_files import PLAIN, TRONDHEIM
from tests.views import assert_views_agree, row_count

QUARTERS = PLAIN.replace("2024-01-01", "2018-12-22")


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


async def hours(connection: asyncpg.Connection, measure: str) -> list[tuple[object, ...]]:
    rows = await connection.fetch(
        f"SELECT user_id, session_id, location_id, date_from AT TIME ZONE 'UTC' AS at, {measure} FROM hourly_load"
        " ORDER BY date_from, user_id, session_id"
    )
    return [(f"{row['at']:%m-%d %H}", *row[:3], row[measure]) for row in rows]


METERED = [
    ("12-21 22", "a", 0, "", Decimal("1.000")),
    ("12-21 22", "b", 0, "", Decimal("0.500")),
    ("12-21 23", "a", 0, "", Decimal("0.250")),
    ("12-21 23", "b", 0, "", Decimal("0.125")),
]


@pytest.mark.parametrize("is_first", [True, False])
async def test_intervals_are_stored_as_hours(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, is_first: bool
) -> None:
    """As the first load of an empty table, and merged with what is there."""
    if not is_first:
        await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    before = await row_count(dsn)
    report = await load_file(
        dsn, text(tmp_path / "m.csv", QUARTERS + "2018-12-22T02:00:00+02:00,a,much\n"), LoadOptions(tmp_path)
    )
    assert (report.rows_read, report.inserted, report.updated, report.unchanged, report.rejected) == (11, 4, 0, 0, 1)
    assert report.conversion is not None
    assert (report.conversion.format, report.conversion.hours, report.conversion.incomplete_hours) == ("plain", 4, 2)
    assert "read as plain (interval): 4 hours, energy in 1.875 kWh, energy out 1.875 kWh" in report.as_text()
    assert "2 hours lack some of their intervals" in report.as_text()
    found = [row for row in await hours(connection, "metered_kwh") if row[1] in ("a", "b")]
    assert found == METERED
    assert {row["sessions_begun"] for row in await connection.fetch("SELECT * FROM user_day WHERE user_id = 'a'")} == {
        0
    }
    await assert_views_agree(connection)
    again = await load_file(dsn, tmp_path / "m.csv", LoadOptions(tmp_path, again=True))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 4)
    await unload(dsn, again.batch_id)
    await unload(dsn, report.batch_id)
    assert await row_count(dsn) == before
    await assert_views_agree(connection)


async def test_sessions_are_stored_with_fillers_between(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    later = "20;AdO3;AdO3-4;Private;NA;22.12.2018 01:00;1;22.12.2018 03:00;3;3,6;2\r\n"
    path = text(tmp_path / "s.csv", TRONDHEIM + later)
    report = await load_file(dsn, path)
    assert report.conversion is not None
    assert (report.rows_read, report.conversion.sessions, report.rejected) == (4, 4, 0)
    # Session 3 is plugged in to 19:46, so the hours from 20:00 to 01:00 have nobody.
    assert report.hours_filled == 5
    assert report.inserted == report.conversion.hours + 5
    assert report.hours_without_rows == 0
    rows = await hours(connection, "synthetic_3_6_kwh")
    assert ("12-21 09", "AdO3-4", 1, "AdO3", Decimal("0.300")) in rows
    assert sum(row[4] or 0 for row in rows) == Decimal("11.820")  # type: ignore[misc]
    await assert_views_agree(connection)
    summary = await connection.fetch("SELECT sum(sessions_begun) FROM user_day")
    assert summary[0][0] == 4


async def test_a_session_that_went_on_replaces_itself(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    header = "Id,DeviceId,StartDateTime,EndDateTime,Energy,UserId\n"
    row = "5f0c-a,ZAP1,2024-03-01T10:30:00,2024-03-01T{end}:00:00,{energy},ann\n"
    await load_file(dsn, text(tmp_path / "a.csv", header + row.format(end=12, energy=1)))
    report = await load_file(dsn, text(tmp_path / "b.csv", header + row.format(end=14, energy=4)))
    assert (report.updated, report.unchanged) == (2, 0)
    rows = await hours(connection, "synthetic_3_6_kwh")
    assert sum(row[4] or 0 for row in rows) == 4  # type: ignore[misc]
    await assert_views_agree(connection)


async def test_a_mapping_is_used_where_it_is_named(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    keys = ['kind = "interval"', 'start = "timestamp"', 'user = "user"', 'energy = "kwh"', 'unit = "Wh"']
    mapping = parse_mapping("\n".join(keys), "my.toml")
    await load_file(dsn, text(tmp_path / "m.csv", QUARTERS), LoadOptions(named=Named("my.toml", mapping)))
    assert [row[4] for row in await hours(connection, "metered_kwh")] == [
        Decimal("0.001"),
        Decimal("0.001"),
        Decimal("0.000"),
        Decimal("0.000"),
    ]


async def test_strict_refuses_a_mapped_file_as_a_whole(dsn: str, tmp_path: Path) -> None:
    path = text(tmp_path / "m.csv", QUARTERS + "soon,a,1\n")
    with pytest.raises(NothingLoaded, match="1 of its 11 rows were rejected and --strict is on"):
        await load_file(dsn, path, LoadOptions(tmp_path, strict=True))
    assert await row_count(dsn) == 0


async def test_a_file_of_bad_rows_alone_is_refused(dsn: str, tmp_path: Path) -> None:
    path = text(tmp_path / "m.csv", "timestamp,user,kwh\nsoon,a,1\nlater,a,1\n")
    with pytest.raises(NothingLoaded, match="no hours are left: 2 of its 2 rows were rejected"):
        await load_file(dsn, path, LoadOptions(tmp_path))


async def test_a_wide_file_is_loaded_where_each_row_has_a_bad_value(dsn: str, tmp_path: Path) -> None:
    mapping = parse_mapping('kind = "wide"\nstart = "time"\nstep = "1h"', "my.toml")
    path = text(tmp_path / "m.csv", "time,a,b,c\n2020-01-01 10:00,1,x,y\n2020-01-01 11:00,2,x,y\n")
    options = LoadOptions(tmp_path, named=Named("my.toml", mapping))
    report = await load_file(dsn, path, options)
    assert (report.rows_read, report.inserted, report.rejected) == (2, 2, 4)
    with pytest.raises(NothingLoaded, match="4 values of its 2 rows were rejected and --strict is on"):
        await load_file(dsn, path, replace(options, strict=True, again=True))


async def test_sessions_decades_apart_are_refused_with_what_to_do(dsn: str, tmp_path: Path) -> None:
    later = "20;AdO3;AdO3-4;Private;NA;22.12.2091 01:00;1;22.12.2091 03:00;3;3,6;2\r\n"
    path = text(tmp_path / "s.csv", TRONDHEIM + later)
    with pytest.raises(NothingLoaded, match=r"from 2018-\d\d-\d\d to 2091.*correct or take out.*files of their own"):
        await load_file(dsn, path)
