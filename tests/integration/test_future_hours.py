"""Hours in the future are kept and told, and nobody takes one of them for the latest hour while others are there."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import batches
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.refresh import refresh
from tests.conftest import api_client
from tests.files import write
from tests.strategies import examples
from tests.views import assert_views_agree

FUTURE = datetime(2091, 12, 21, 10, tzinfo=UTC)
MARCH = datetime(2024, 3, 5, 7, tzinfo=UTC)
LAST_7_DAYS = "/kpi/daily-average-last-7-days"
SITE = "SELECT recent_since, latest_hour FROM site"


def row(hour: datetime, energy: int = 1) -> str:
    return f"{hour:%Y-%m-%dT%H:%M}Z;{hour + timedelta(hours=1):%Y-%m-%dT%H:%M}Z;U-1;1;{energy};1;0;0"


async def test_a_future_hour_is_told(dsn: str, tmp_path: Path) -> None:
    report = await load_file(dsn, write(tmp_path / "a.csv", row(FUTURE), row(MARCH)))
    warning = "1 hour lies in the future, 2091-12-21 11:00. Is the year right?"
    warning += " `evload unload 1` takes this load out again."
    assert f"  warning: {warning}" in report.as_text().splitlines()
    assert json.loads(report.as_json())["warnings"] == [warning]
    more = write(tmp_path / "b.csv", row(FUTURE), row(FUTURE + timedelta(days=1)))
    report = await load_file(dsn, more, LoadOptions(dry_run=True))
    assert report.warnings == [
        "2 hours lie in the future, from 2091-12-21 11:00 to 2091-12-22 11:00. Is the year right?"
    ]


async def test_hours_up_to_tomorrow_are_no_future(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=20)).replace(minute=0, second=0, microsecond=0)
    report = await load_file(dsn, write(tmp_path / "a.csv", row(soon)))
    assert not report.warnings
    assert "warning" not in report.as_text()
    assert await connection.fetchval("SELECT latest_hour FROM site") == soon


async def asked(dsn: str, path: str, **params: str) -> dict[str, object]:
    """By a worker that knows of every load."""
    async with api_client(dsn) as client:
        answer: dict[str, object] = (await client.get(path, params=params)).json()
        return answer


async def test_answers_go_by_the_latest_hour_before_the_future(dsn: str, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", *(row(MARCH + timedelta(days=days), days) for days in range(9))))
    before = await asked(dsn, LAST_7_DAYS)
    await load_file(dsn, write(tmp_path / "b.csv", row(FUTURE, 9)))
    assert await asked(dsn, LAST_7_DAYS) == before
    assert before["to"] == "2024-03-13"
    summary = await asked(dsn, "/kpi/summary")
    assert (summary["latest_hour"], summary["last_hour"]) == ("2024-03-13T08:00:00", "2091-12-21T11:00:00")
    assert summary["last_7_days_to"] == "2024-03-13"
    far = await asked(dsn, LAST_7_DAYS, end_date="2092-01-01")
    assert (far["avg_daily_energy_kwh"], far["to"]) == (9, "2091-12-21")


async def test_a_new_day_beside_a_future_hour_leaves_the_closed_part_alone(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", row(MARCH - timedelta(days=60)), row(MARCH), row(FUTURE)))
    await assert_views_agree(connection)
    # A mark that only a refresh of the closed part would wipe out.
    await connection.execute("UPDATE hourly_sum SET flex_3_6_kwh = 77 WHERE hour < '2024-02-01'")
    await load_file(dsn, write(tmp_path / "b.csv", row(MARCH + timedelta(days=1))))
    assert await connection.fetchval("SELECT flex_3_6_kwh FROM hourly_closed") == 0
    assert await connection.fetchval("SELECT count(*) FROM hourly_recent") == 3


hours = st.integers(0, 200).map(lambda days: MARCH + timedelta(days=days)) | st.integers(0, 9).map(
    lambda days: FUTURE + timedelta(days=days)
)


@examples(8)
@given(files=st.lists(st.lists(hours, min_size=1, max_size=4), min_size=1, max_size=3), refreshes=st.booleans())
async def test_the_latest_hour_follows_loads_and_unloads(
    dsn: str, tmp_path_factory: pytest.TempPathFactory, files: list[list[datetime]], refreshes: bool
) -> None:
    """Each example leaves the database empty again."""
    folder = tmp_path_factory.mktemp("files")
    connection = await asyncpg.connect(dsn)
    states: list[tuple[int, asyncpg.Record | None]] = []
    stored: list[datetime] = []
    for number, file in enumerate(files):
        before = await connection.fetchrow(SITE)
        report = await load_file(dsn, write(folder / f"{number}.csv", *map(row, file)), LoadOptions(again=True))
        states.append((report.batch_id, before))
        stored += file
        past = [hour for hour in stored if hour < FUTURE]
        assert await connection.fetchval("SELECT latest_hour FROM site") == max(past or stored)
    if refreshes:
        await refresh(dsn)
        assert await connection.fetchval("SELECT latest_hour FROM site") == max(past or stored)
    await assert_views_agree(connection)
    for batch, before in reversed(states):
        await batches.unload(dsn, batch)
        assert await connection.fetchrow(SITE) == before
    await connection.close()


async def last_7_days(dsn: str, **params: str) -> tuple[object, ...]:
    answer = await asked(dsn, LAST_7_DAYS, **params)
    return tuple(answer.get(name) for name in ("avg_daily_energy_kwh", "from", "to", "detail"))


async def test_the_last_seven_days_end_where_they_are_told_to(dsn: str, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", *(row(MARCH + timedelta(days=days), days) for days in range(20))))
    latest = (15.5, "2024-03-17", "2024-03-24", None)
    for unbounded in ({}, {"start_date": "2024-03-20"}, {"start_date": "2030-01-01"}, {"end_date": "2024-03-24T08:00"}):
        assert await last_7_days(dsn, **unbounded) == latest
    # The clock of Oslo is at eight then: the hour at eight is the latest up to either.
    for end in ("2024-03-14", "2024-03-15T07:59"):
        ended = await last_7_days(dsn, end_date=end, start_date="2024-03-20")
        assert ended == (5.5, "2024-03-07", "2024-03-14", None)
    nothing = (None, None, None, "No data found between given datetime range")
    assert await last_7_days(dsn, end_date="2024-03-05T07:59") == nothing
    assert isinstance((await asked(dsn, LAST_7_DAYS, start_date="soon"))["detail"], list)
