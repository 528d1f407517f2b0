"""Hours around the changes of clocks that are hard to get right: every answer, and what is kept beside the rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import polars as pl
import pytest

from evload.ingest import batches
from evload.ingest.load import LoadOptions, load_file
from evload.schema import settle_timezone
from tests.conftest import api_client
from tests.files import HEADER
from tests.independent import NOTHING, Expected, last_7_days
from tests.independent_grid import Planned
from tests.views import assert_views_agree
from tests.zones import HARD_CHANGES, SECOND, first_showing, last_showing, wall

MEASURE = "synthetic_3_6_kwh"
HOUR = timedelta(hours=1)
PATHS = (
    "/load/hourly", "/load/daily", "/kpi/daily", "/kpi/total-energy", "/kpi/daily-average", "/kpi/summary",
    "/users/summary",
)  # fmt: skip

hard_changes = pytest.mark.parametrize(
    ("name", "change"), HARD_CHANGES, ids=[f"{name} {change:%Y-%m-%d}" for name, change in HARD_CHANGES]
)


def hours_around(change: datetime) -> list[datetime]:
    """Each hour of the days around a change, and one that makes the months before it closed ones."""
    return [*(change + timedelta(hours=hours) for hours in range(-60, 60)), change + timedelta(days=33)]


def write(path: Path, hours: list[datetime]) -> Path:
    path.write_text("\n".join([HEADER, *map(line, hours)]) + "\n")
    return path


def line(hour: datetime) -> str:
    number = int(hour.timestamp()) // 3600
    user = f"U-{number % 2};{number // 9 % 1000}"
    return f"{hour:%Y-%m-%dT%H:%M}Z;{hour + HOUR:%Y-%m-%dT%H:%M}Z;{user};{number % 7};NA;NA;NA"


def rows_of(path: Path, zone: ZoneInfo) -> pl.DataFrame:
    """The rows as `tests.independent` wants them."""
    raw = pl.read_csv(path, separator=";", infer_schema=False)
    hours = [datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC) for text in raw["date_from"]]
    local = [wall(hour, zone) for hour in hours]
    return pl.DataFrame(
        [
            pl.Series("line", range(2, raw.height + 2)),
            pl.Series("date_from", hours, dtype=pl.Datetime("us", "UTC")),
            pl.Series("local_from", local, dtype=pl.Datetime("us")),
            pl.Series("day", [moment.date() for moment in local]),
            raw["User_ID"].alias("user_id"),
            raw["session_ID"].cast(pl.Int32).alias("session_id"),
            raw["Synthetic_3_6kW"].cast(pl.Decimal(18, 3)).alias(MEASURE),
        ]
    )


def ranges(change: datetime, zone: ZoneInfo) -> Iterator[tuple[str, str, datetime, datetime]]:
    """Start and end as they are written and as they are meant: days, and times in what is skipped or doubled."""
    before, after = wall(change - SECOND, zone) + SECOND, wall(change, zone)
    low, length = min(before, after), abs(after - before)
    for days in range(-1, 3):
        day = datetime.combine(low.date(), time.min) + timedelta(days=days)
        last = day + timedelta(days=1) - timedelta(microseconds=1)
        text = f"{day:%Y-%m-%d}"
        yield text, text, first_showing(day, change, zone), last_showing(last, change, zone)
    for start, end in ((low, low), (low + length / 6, low + length * 5 / 6), (low, low + timedelta(days=1))):
        yield start.isoformat(), end.isoformat(), first_showing(start, change, zone), last_showing(end, change, zone)


async def load(dsn: str, connection: asyncpg.Connection, name: str, path: Path, hours: list[datetime]) -> None:
    """In two files: the first is added up by the loader, what the second touches by SQL."""
    await settle_timezone(connection, name)
    await load_file(dsn, write(path, hours[::2]), LoadOptions(strict=True))
    await load_file(dsn, write(path, hours), LoadOptions(strict=True))


@hard_changes
async def test_answers_around_a_change(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, name: str, change: datetime
) -> None:
    zone, path = ZoneInfo(name), tmp_path / "around.csv"
    await load(dsn, connection, name, path, hours_around(change))
    await assert_views_agree(connection)
    rows = rows_of(path, zone)
    async with api_client(dsn) as client:
        for start, end, first, last in ranges(change, zone):
            expected = Expected.between(rows, MEASURE, name, first, last)
            answers = {} if expected.rows.is_empty() else expected.answers()
            for asked in PATHS:
                answer = await client.get(asked, params={"start_date": start, "end_date": end})
                wanted = (200, answers[asked]) if answers else (404, NOTHING)
                assert (answer.status_code, answer.json()) == wanted, (asked, start, end)


LEAST_CHANGES = (*HARD_CHANGES, ("Asia/Kolkata", datetime(2024, 3, 31, 18, 30, tzinfo=UTC)))


@pytest.mark.parametrize(("name", "change"), LEAST_CHANGES, ids=[f"{name} {at:%Y-%m-%d}" for name, at in LEAST_CHANGES])
async def test_series_around_a_change(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, name: str, change: datetime
) -> None:
    """Where days, weeks and months begin and end, how many hours they have, and whether all were observed."""
    zone, path = ZoneInfo(name), tmp_path / "around.csv"
    hours = hours_around(change)
    await load(dsn, connection, name, path, hours)
    rows = rows_of(path, zone)
    async with api_client(dsn) as client:
        for query, first, last in (
            ({}, None, None),
            *(({"start_date": a, "end_date": b}, first, last) for a, b, first, last in ranges(change, zone)),
        ):
            expected = Expected.between(rows, MEASURE, name, first, last)
            planned = Planned(expected, [])
            for by in ("hour", "day", "week", "month", "total", "hour_of_day", "weekday") if expected.hours() else ():
                answer = await client.get("/series", params={**query, "by": by})
                assert answer.json() == planned.series(by), (by, query)


@hard_changes
async def test_the_last_seven_days_begin_at_a_change(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, name: str, change: datetime
) -> None:
    """Also with a latest hour for each hour of the night."""
    zone, path = ZoneInfo(name), tmp_path / "around.csv"
    week_later = [change + timedelta(days=7, hours=hours) for hours in range(-26, 26)]
    await load(dsn, connection, name, path, [*hours_around(change)[:-1], *week_later])
    rows = rows_of(path, zone)
    async with api_client(dsn) as client:
        for latest in week_later:
            start = first_showing(wall(latest, zone) - timedelta(days=7), change, zone)
            answer = await client.get("/kpi/daily-average-last-7-days", params={"end_date": latest.isoformat()})
            until = rows.filter(pl.col("date_from") <= latest)
            assert answer.json() == last_7_days(until, MEASURE, name, start), latest


@hard_changes
async def test_drop_before_a_day_of_change(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, name: str, change: datetime
) -> None:
    zone, hours = ZoneInfo(name), hours_around(change)
    await load(dsn, connection, name, tmp_path / "around.csv", hours)
    day = max(wall(change, zone), wall(change - SECOND, zone) + SECOND).date()
    await batches.drop_before(dsn, day)
    border = first_showing(datetime.combine(day, time.min), change, zone)
    kept = await connection.fetch("SELECT date_from FROM hourly_load ORDER BY date_from")
    assert [row["date_from"] for row in kept] == [hour for hour in hours if hour >= border]
    await assert_views_agree(connection)
