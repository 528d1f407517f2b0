"""The parts in which users' figures are added up: whole years and months, days, and hours, against the rows."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg

from evload.database.connecting import use_clock
from evload.ingest import batches
from evload.ingest.load import load_file
from evload.queries import query, sourced
from tests.files import HEADER
from tests.views import assert_views_agree

OSLO = ZoneInfo("Europe/Oslo")
FIRST, LAST = datetime(2021, 11, 20, 5, tzinfo=UTC), datetime(2025, 2, 10, 22, tzinfo=UTC)
PARTS = "SELECT user_id, sum(energy_kwh), max(peak_kwh) FROM user_parts GROUP BY user_id"
FIGURES = sourced(replace(query("kpi/total_energy"), text=PARTS), "users")
PEAKS = sourced(replace(query("kpi/total_energy"), text="SELECT user_id, peak_kwh FROM user_peaks"), "locations")
USERS = [*"ABCDE"]
Row = tuple[datetime, str, Decimal]
Bounds = tuple[datetime | None, datetime | None]


def drawn_rows(dice: random.Random) -> list[Row]:
    """Sparse, with gaps of months, and close around the ends of years, so that ranges cut days there."""
    hours = [FIRST, LAST, *(FIRST + timedelta(hours=dice.randrange(28_000)) for _ in range(250))]
    ends = [datetime(year, 12, 31, 20, tzinfo=UTC) for year in range(2021, 2025)]
    hours += [end + timedelta(hours=dice.randrange(9)) for end in ends for _ in range(8)]
    return [
        (hour, user, Decimal(dice.randrange(3600)) / 1000)
        for hour in hours
        if hour == FIRST or not datetime(2023, 4, 1, tzinfo=UTC) < hour < datetime(2023, 7, 20, tzinfo=UTC)
        for user in dice.sample("ABCD", dice.randint(1, 3))
    ]


def drawn_ranges(dice: random.Random) -> list[Bounds]:
    """Ends on and beside the first hours of years, months and days, and anywhere."""
    local = [datetime(2022 + number // 12, number % 12 + 1, 1, tzinfo=OSLO) for number in range(40)]
    edges = [edge + timedelta(hours=hours) for edge in local for hours in (-25, -24, -1, 0, 1, 5)]
    edges += [FIRST + timedelta(minutes=dice.randrange(28_000 * 60)) for _ in range(60)]
    pairs = [sorted(dice.sample(edges, 2)) for _ in range(250)]
    pairs += [sorted((edge, edge + timedelta(hours=dice.randrange(60)))) for edge in dice.sample(edges, 60)]
    ranges: list[Bounds] = [(start, end) for start, end in pairs]
    return [*ranges, (None, None), *((None, edge) for edge in edges[:40]), *((edge, None) for edge in edges[-40:])]


def expected(rows: list[Row], start: datetime | None, end: datetime | None) -> dict[str, tuple[Decimal, Decimal]]:
    by_hour: dict[str, dict[datetime, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for hour, user, energy in rows:
        if (start is None or start <= hour) and (end is None or hour <= end):
            by_hour[user][hour] += energy
    return {user: (sum(hours.values(), Decimal(0)), max(hours.values())) for user, hours in by_hour.items()}


def location_of(number: int, row: Row) -> str:
    """A and B charge at one place each, the others anywhere, and C sometimes at two within an hour."""
    return {"A": "X", "B": "Y"}.get(row[1], "XYZ"[number % 3])


def write(path: Path, rows: list[Row]) -> Path:
    lines = [
        f"{hour:%Y-%m-%dT%H:%M}Z;{hour + timedelta(hours=1):%Y-%m-%dT%H:%M}Z;{user};{number};{energy};NA;0;NA;"
        f"{location_of(number, (hour, user, energy))}"
        for number, (hour, user, energy) in enumerate(rows, 1)
    ]
    path.write_text("\n".join([f"{HEADER};location_id", *lines, ""]))
    return path


async def assert_figures(connection: asyncpg.Connection, rows: list[Row], ranges: list[Bounds]) -> None:
    await use_clock(connection, {}, is_local=False)
    prepared = await connection.prepare(FIGURES)
    for start, end in ranges:
        found = {row[0]: (row[1], row[2]) for row in await prepared.fetch("synthetic_3_6_kwh", start, end, USERS, None)}
        assert found == expected(rows, start, end), (start, end)


async def test_users_figures_of_any_range(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    dice = random.Random(7)
    rows = drawn_rows(dice)
    await load_file(dsn, write(tmp_path / "history.csv", rows))
    await assert_figures(connection, rows, drawn_ranges(dice))
    years = {(user, hour.astimezone(OSLO).year) for hour, user, _ in rows}
    parts = await connection.fetchval("SELECT count(*) FROM user_periods_in_range('synthetic_3_6_kwh', NULL, NULL)")
    assert parts == len(years)


async def test_peaks_of_the_users_of_some_locations(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    """Of who charges there alone, of who charges elsewhere too, and of who charges at two of them in one hour."""
    dice = random.Random(9)
    rows = drawn_rows(dice)
    rows += [(hour, "C", energy) for hour, user, energy in rows if user == "C"]
    await load_file(dsn, write(tmp_path / "history.csv", rows))
    await use_clock(connection, {}, is_local=False)
    prepared = await connection.prepare(PEAKS)
    for locations in ("X", "Y", "XY", "ZX", "XYZ"):
        here = [row for number, row in enumerate(rows, 1) if location_of(number, row) in locations]
        for start, end in drawn_ranges(dice)[::5]:
            answered = await prepared.fetch("synthetic_3_6_kwh", start, end, None, [*locations])
            found = {row["user_id"]: row["peak_kwh"] for row in answered}
            peaks = {user: peak for user, (_, peak) in expected(here, start, end).items()}
            assert found == peaks, (locations, start, end)


async def test_months_and_years_follow_loads_and_unloads(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    dice = random.Random(8)
    rows, more, ranges = drawn_rows(dice), drawn_rows(dice)[::9], drawn_ranges(dice)[::10]
    await load_file(dsn, write(tmp_path / "history.csv", rows))
    second = await load_file(dsn, write(tmp_path / "more.csv", [(hour, "E", energy) for hour, _, energy in more]))
    await assert_views_agree(connection)
    await assert_figures(connection, rows + [(hour, "E", energy) for hour, _, energy in more], ranges)
    await batches.unload(dsn, second.batch_id)
    await assert_views_agree(connection)
    await assert_figures(connection, rows, ranges)
