"""Every number the API serves, on random ranges of random and of real rows, against `tests.independent`."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx2
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evload.ingest.load import LoadOptions, load_file
from evload.schema import settle_timezone
from tests.conftest import REAL_FILE, Databases, api_client
from tests.independent import MEASURES, USERS_ASKED, Expected, last_7_days, raw_rows

OSLO = ZoneInfo("Europe/Oslo")
NOTHING = {"detail": "No data found between given datetime range"}
BACKWARDS = {"detail": "start_date must be before end_date"}


def examples(count: int) -> settings:
    """Against a real server: slower than hypothesis expects, and fixtures last longer than one example."""
    unsuited = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=count, deadline=None, suppress_health_check=unsuited)


@dataclass(frozen=True)
class Bound:
    """A moment as a client writes it, and the instant it must be taken for."""

    text: str
    instant: datetime


def unix_seconds(instant: datetime) -> int:
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


@st.composite
def bounds(draw: st.DrawFn, zone: ZoneInfo, first: datetime, last: datetime, *, is_end: bool) -> Bound:
    """Plain dates, the site's clock, offsets, Unix time: everything that SPEC lets a client write."""
    seconds = draw(st.integers(unix_seconds(first), unix_seconds(last)))
    instant = datetime.fromtimestamp(draw(st.sampled_from([seconds, seconds // 3600 * 3600])), UTC)
    form = draw(st.sampled_from(["date", "local", "space", "offset", "plus as space", "Z", "seconds", "milliseconds"]))
    if form == "date":
        return plain_date(instant.astimezone(zone).date(), zone, is_end=is_end)
    if form in ("local", "space"):
        return on_clock(instant.astimezone(zone), "T" if form == "local" else " ", is_end=is_end)
    if form == "seconds":
        return Bound(str(unix_seconds(instant)), instant)
    if form == "milliseconds":
        return Bound(str(unix_seconds(instant) * 1000), instant)
    if form == "Z":
        return Bound(instant.strftime("%Y-%m-%dT%H:%M:%SZ"), instant)
    text = instant.astimezone(ZoneInfo("Asia/Kolkata")).isoformat()
    return Bound(text.replace("+", " ") if form == "plus as space" else text, instant)


def plain_date(day: date, zone: ZoneInfo, *, is_end: bool) -> Bound:
    midnight = datetime.combine(day + timedelta(days=1) if is_end else day, time.min, zone).astimezone(UTC)
    return Bound(day.isoformat(), midnight - timedelta(microseconds=1) if is_end else midnight)


def on_clock(local: datetime, separator: str, *, is_end: bool) -> Bound:
    """A doubled time means the first of the two as a start and the second as an end."""
    meant = local.replace(fold=1 if is_end else 0).astimezone(UTC)
    return Bound(local.replace(tzinfo=None).isoformat(separator), meant)


@st.composite
def ranges(draw: st.DrawFn, zone: ZoneInfo, first: datetime, last: datetime) -> tuple[Bound | None, Bound | None]:
    start = draw(st.none() | bounds(zone, first, last, is_end=False))
    return start, draw(st.none() | bounds(zone, first, last, is_end=True))


async def check_all(
    client: httpx2.AsyncClient,
    rows: pl.DataFrame,
    timezone: str,
    measure: str,
    start: Bound | None = None,
    end: Bound | None = None,
) -> None:
    expected = Expected.between(rows, measure, timezone, start.instant if start else None, end.instant if end else None)
    params = {"measure": measure, "start_date": start and start.text, "end_date": end and end.text}
    query = "&".join(f"{name}={value}" for name, value in params.items() if value is not None)
    answers = {} if expected.rows.is_empty() else expected.answers()
    for path in ALL_PATHS:
        answer = await client.get(f"{path}{'&' if '?' in path else '?'}{query}")
        if start and end and start.instant > end.instant:
            assert (answer.status_code, answer.json()) == (400, BACKWARDS), query
        elif not answers.get(path):  # nothing observed, or only hours in which nobody was plugged in
            assert (answer.status_code, answer.json()) == (404, NOTHING), query
        else:
            assert (answer.status_code, answer.json()) == (200, answers[path]), f"{path}?{query}"


ALL_PATHS = (
    "/load/hourly",
    "/load/daily",
    "/load/profile",
    "/load/duration-curve",
    "/load/duration-curve?points=2",
    "/load/duration-curve?points=7",
    "/kpi/summary",
    "/kpi/daily",
    "/kpi/total-energy",
    "/kpi/daily-average",
    "/kpi/peak-daily",
    "/kpi/peak-hourly",
    "/kpi/daily_utilization",
    "/kpi/avg-active-hours-per-day",
    "/users/summary",
    *(f"/users/summary?sort={sort}&limit={limit}" for sort, limit in USERS_ASKED),
)


def as_answers(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Raw rows the way `/hourly_loads` gives them, without the index."""
    return [
        {
            "date_from": row["local_from"].isoformat(),
            "user_id": row["user_id"],
            "session_id": row["session_id"],
            **{name: None if row[name] is None else float(row[name]) for name in MEASURES},
        }
        for row in rows.iter_rows(named=True)
    ]


def without(answer: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in names} for row in answer]


async def check_users(client: httpx2.AsyncClient, rows: pl.DataFrame, users: list[str]) -> None:
    known = sorted(rows["user_id"].drop_nulls().unique())
    assert (await client.get("/users")).json() == known
    for user in users:
        answer = (await client.get(f"/load/{user}/hourly")).json()
        expected = rows.filter(pl.col("user_id") == user).sort("date_from", "line")
        assert without(answer, "index", "date_to") == as_answers(expected)
        assert [row["index"] for row in answer] == (expected["line"] - 1).to_list()


# --- real rows -------------------------------------------------------------------------------------------------------

FIRST, LAST = datetime(2018, 12, 19, tzinfo=UTC), datetime(2020, 2, 3, tzinfo=UTC)
AROUND_CHANGES = (
    (datetime(2019, 3, 30, 20, tzinfo=UTC), datetime(2019, 3, 31, 6, tzinfo=UTC)),
    (datetime(2019, 10, 26, 20, tzinfo=UTC), datetime(2019, 10, 27, 6, tzinfo=UTC)),
)


@pytest.fixture(scope="session")
def real_rows() -> pl.DataFrame:
    if not REAL_FILE.exists():
        pytest.skip("the published data set is not here")
    return raw_rows(REAL_FILE, "Europe/Oslo")


@examples(60)
@given(data=st.data(), measure=st.sampled_from(list(MEASURES)))
async def test_random_ranges_of_the_real_rows(
    real_dsn: str, real_rows: pl.DataFrame, data: st.DataObject, measure: str
) -> None:
    span = data.draw(st.sampled_from([(FIRST, LAST), (FIRST, LAST), *AROUND_CHANGES]))
    start, end = data.draw(ranges(OSLO, *span))
    async with api_client(real_dsn) as client:
        await check_all(client, real_rows, "Europe/Oslo", measure, start, end)


@pytest.mark.parametrize("measure", MEASURES)
async def test_all_of_the_real_rows(real_dsn: str, real_rows: pl.DataFrame, measure: str) -> None:
    async with api_client(real_dsn) as client:
        await check_all(client, real_rows, "Europe/Oslo", measure)
        answer = await client.get("/kpi/daily-average-last-7-days", params={"measure": measure})
        assert answer.json() == last_7_days(real_rows, measure, "Europe/Oslo")
        await check_users(client, real_rows, ["AdO3-4", "Share-24"])


async def test_the_published_figures(real_dsn: str) -> None:
    async with api_client(real_dsn) as client:
        assert (await client.get("/kpi/total-energy")).json() == {"total_energy_kwh": 87488.82}
        assert (await client.get("/kpi/daily-average")).json() == {"avg_daily_energy_kwh": 214.43}
        last = (await client.get("/kpi/daily-average-last-7-days")).json()
        assert last["avg_daily_energy_kwh"] == 422.54
        assert len((await client.get("/users")).json()) == 97


async def test_pages_of_the_real_rows_follow_one_another(real_dsn: str, real_rows: pl.DataFrame) -> None:
    found: list[dict[str, Any]] = []
    async with api_client(real_dsn) as client:
        path = "/hourly_loads?limit=1000&after=86500"
        while path:
            answer = await client.get(path)
            found += answer.json()
            path = answer.links["next"]["url"] if answer.links else ""
    assert without(found, "index", "date_to") == as_answers(real_rows.filter(pl.col("line") > 86501))


# --- random rows -----------------------------------------------------------------------------------------------------

ZONES = ("Europe/Oslo", "America/New_York", "Asia/Kolkata", "UTC")


def energies() -> st.SearchStrategy[str]:
    number = st.decimals(0, 999, places=4).map(lambda value: str(value).replace(".", ","))
    return st.one_of(st.just("NA"), st.just("0"), st.just("4,00E-16"), number)


@st.composite
def files(draw: st.DrawFn, zone: ZoneInfo) -> str:
    """A file in the published format around a change of the clock, with fillers, repeated keys and gaps."""
    changes = [datetime(2024, 3, 10), datetime(2024, 3, 31), datetime(2024, 10, 27), datetime(2024, 11, 3)]
    first = draw(st.sampled_from(changes)).replace(tzinfo=UTC) - timedelta(days=1)
    lines = ["date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW"]
    for _ in range(draw(st.integers(1, 40))):
        hour = first + timedelta(hours=draw(st.integers(0, 24 * 10)), minutes=30 if zone.key == "Asia/Kolkata" else 0)
        start, end = (moment.astimezone(zone) for moment in (hour, hour + timedelta(hours=1)))
        user = draw(st.sampled_from(["NA;NA", "A-1;1", "A-1;2", "Ø b/2;3", "z;2147483647"]))
        values = ["NA"] * 4 if user == "NA;NA" else [draw(energies()) for _ in MEASURES]
        lines.append(";".join([f"{start:%d.%m.%Y %H:%M}", f"{end:%d.%m.%Y %H:%M}", user, *values]))
    return "\r\n".join(lines) + "\r\n"


@examples(30)
@given(data=st.data(), name=st.sampled_from(ZONES))
async def test_random_ranges_of_random_rows(
    databases: Databases, template: str, data: st.DataObject, name: str
) -> None:
    zone = ZoneInfo(name)
    text = data.draw(files(zone))
    dsn = await databases.create(template)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "random.csv"
            path.write_text(text, encoding="utf-8")
            await set_timezone(dsn, name)
            await load_file(dsn, path, LoadOptions(strict=True))
            rows = raw_rows(path, name)
        span = rows["date_from"].min() - timedelta(hours=30), rows["date_from"].max() + timedelta(hours=30)  # type: ignore[operator]
        async with api_client(dsn) as client:
            for _ in range(5):
                measure = data.draw(st.sampled_from(list(MEASURES)))
                await check_all(client, rows, name, measure, *data.draw(ranges(zone, *span)))  # type: ignore[arg-type]
            last = await client.get("/kpi/daily-average-last-7-days", params={"measure": measure})
            assert last.json() == last_7_days(rows, measure, name)
            await check_users(client, rows, rows["user_id"].drop_nulls().unique().to_list())
    finally:
        await databases.drop(dsn)


async def set_timezone(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn)
    await settle_timezone(connection, name)
    await connection.close()
