"""Every number the API serves, on random ranges of random and of generated rows, against `tests.independent`."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.load import LoadOptions, load_file
from evload.schema import settle_timezone
from tests.conftest import Databases, api_client
from tests.endpoints import AGGREGATES_OF_A_RANGE
from tests.files import HEADER
from tests.independent import (
    BACKWARDS,
    MEASURES,
    VARIANTS,
    Expected,
    as_stored,
    last_7_days,
    location_ids,
    no_data,
    raw_rows,
    rows_of_user,
    site,
    user_ids,
)
from tests.independent_grid import OF_PLANS
from tests.strategies import Bound, examples, ranges

OSLO = ZoneInfo("Europe/Oslo")


COMPUTED = tuple(path for path in AGGREGATES_OF_A_RANGE if path.partition("?")[0] not in OF_PLANS)
"""`tests/integration/test_series_and_grid.py` asks the others."""


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
    answers = {} if expected.rows.is_empty() or not rows[measure].count() else expected.answers()
    for path in (*COMPUTED, *VARIANTS):
        answer = await client.get(f"{path}{'&' if '?' in path else '?'}{query}")
        if start and end and start.instant > end.instant:
            assert (answer.status_code, answer.json()) == (400, BACKWARDS), query
        elif not answers.get(path):  # nothing observed, or only hours in which nobody was plugged in
            assert (answer.status_code, answer.json()) == (404, no_data(rows, measure)), query
        else:
            assert (answer.status_code, answer.json()) == (200, answers[path]), f"{path}?{query}"


NOT_IN_FILES = ("index", "date_to", "metered_kwh", "location_id")


def without(answer: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in names} for row in answer]


async def check_users(client: httpx2.AsyncClient, rows: pl.DataFrame, users: list[str]) -> None:
    assert (await client.get("/users")).json() == user_ids(rows)
    assert (await client.get("/locations")).json() == location_ids(rows)
    about = (await client.get("/site")).json()
    assert about == site(rows, about["timezone"])
    for user in users:
        answer = (await client.get(f"/load/{user}/hourly")).json()
        assert without(answer, *NOT_IN_FILES) == rows_of_user(rows, user)
        lines = rows.filter(pl.col("user_id") == user).sort("date_from", "line")["line"]
        assert [row["index"] for row in answer] == (lines - 1).to_list()


# --- generated rows --------------------------------------------------------------------------------------------------

FIRST, LAST = datetime(2018, 12, 19, tzinfo=UTC), datetime(2020, 2, 3, tzinfo=UTC)
AROUND_CHANGES = (
    (datetime(2019, 3, 30, 20, tzinfo=UTC), datetime(2019, 3, 31, 6, tzinfo=UTC)),
    (datetime(2019, 10, 26, 20, tzinfo=UTC), datetime(2019, 10, 27, 6, tzinfo=UTC)),
)


@pytest.fixture(scope="session")
def generated_rows(generated_file: Path) -> pl.DataFrame:
    return raw_rows(generated_file, "Europe/Oslo")


@examples(60)
@given(data=st.data(), measure=st.sampled_from(list(MEASURES)))
async def test_random_ranges_of_generated_rows(
    generated_dsn: str, generated_rows: pl.DataFrame, data: st.DataObject, measure: str
) -> None:
    span = data.draw(st.sampled_from([(FIRST, LAST), (FIRST, LAST), *AROUND_CHANGES]))
    start, end = data.draw(ranges(OSLO, *span))
    async with api_client(generated_dsn) as client:
        await check_all(client, generated_rows, "Europe/Oslo", measure, start, end)


async def check_without_a_range(dsn: str, rows: pl.DataFrame, measure: str) -> None:
    async with api_client(dsn) as client:
        await check_all(client, rows, "Europe/Oslo", measure)
        answer = await client.get("/kpi/daily-average-last-7-days", params={"measure": measure})
        assert answer.json() == last_7_days(rows, measure, "Europe/Oslo")
        await check_users(client, rows, [user_ids(rows)[0], user_ids(rows)[-1]])


@pytest.mark.parametrize("measure", MEASURES)
async def test_every_answer_over_all_generated_rows(
    generated_dsn: str, generated_rows: pl.DataFrame, measure: str
) -> None:
    await check_without_a_range(generated_dsn, generated_rows, measure)


async def test_pages_of_generated_rows_follow_one_another(generated_dsn: str, generated_rows: pl.DataFrame) -> None:
    found: list[dict[str, Any]] = []
    after = generated_rows.height - 1500
    async with api_client(generated_dsn) as client:
        path = f"/hourly_loads?limit=1000&after={after}"
        while path:
            answer = await client.get(path)
            found += answer.json()
            path = answer.links["next"]["url"] if answer.links else ""
    assert without(found, *NOT_IN_FILES) == as_stored(generated_rows.filter(pl.col("line") > after + 1))


# --- the published file ----------------------------------------------------------------------------------------------


async def test_the_published_figures(published_dsn: str) -> None:
    async with api_client(published_dsn) as client:
        assert (await client.get("/kpi/total-energy")).json() == {"total_energy_kwh": 87488.82}
        assert (await client.get("/kpi/daily-average")).json() == {"avg_daily_energy_kwh": 214.43}
        last = (await client.get("/kpi/daily-average-last-7-days")).json()
        assert last["avg_daily_energy_kwh"] == 422.54
        assert len((await client.get("/users")).json()) == 97


@pytest.fixture(scope="module")
def published_rows(published_file: Path) -> pl.DataFrame:
    return raw_rows(published_file, "Europe/Oslo")


@pytest.mark.parametrize("measure", MEASURES)
async def test_every_answer_over_the_published_rows(
    published_dsn: str, published_rows: pl.DataFrame, measure: str
) -> None:
    await check_without_a_range(published_dsn, published_rows, measure)


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
    lines = [HEADER]
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
            held = rows[measure].count() > 0
            assert last.json() == (last_7_days(rows, measure, name) if held else no_data(rows, measure))
            await check_users(client, rows, user_ids(rows))
    finally:
        await databases.drop(dsn)


async def set_timezone(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn)
    await settle_timezone(connection, name)
    await connection.close()
