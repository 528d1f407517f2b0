"""`/series` and `/grid`: every number on random ranges and members, against `tests.independent_grid`."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.load import load_file
from tests.conftest import api_client
from tests.files import write
from tests.independent import MEASURES, Expected
from tests.independent_grid import Planned
from tests.integration.test_answers import AROUND_CHANGES, FIRST, LAST, OSLO
from tests.members import known_at, of_members, some
from tests.strategies import examples, ranges

PERIODS = ("hour", "day", "week", "month", "quarter", "year", "total")
CLASSES = ("hour_of_day", "weekday", "month_of_year")
Query = list[tuple[str, str | int | float | None]]


class Asked:
    """What a draw asks about: the expected figures, and the parameters."""

    def __init__(self, rows: pl.DataFrame, data: st.DataObject) -> None:
        self.measure = data.draw(st.sampled_from(list(MEASURES)))
        users, locations = data.draw(some(rows["user_id"])), data.draw(some(rows["location_id"]))
        users = known_at(rows, users, locations)
        start, end = data.draw(ranges(OSLO, *data.draw(st.sampled_from([(FIRST, LAST), *AROUND_CHANGES]))))
        bounds = (start.instant if start else None, end.instant if end else None)
        members = of_members(rows, users, locations)
        kept = rows.filter(
            (pl.col("user_id").is_in(users) if users else pl.lit(True))
            & (pl.col("location_id").is_in(locations) if locations else pl.lit(True))
        )
        self.rows = Expected.between(kept, self.measure, "Europe/Oslo", *bounds).rows
        self.expected = Expected.between(members, self.measure, "Europe/Oslo", *bounds)
        self.query: Query = [("measure", self.measure), ("location_id", ",".join(locations))]
        self.query += [("user_id", user) for user in users]
        self.query += [("start_date", start.text)] if start else []
        self.query += [("end_date", end.text)] if end else []

    @property
    def planned(self) -> Planned:
        return Planned.of(self.expected, self.rows)


async def get(client: httpx2.AsyncClient, path: str, query: Query, **more: str | int | Decimal) -> Any:
    answer = await client.get(path, params=[*query, *((name, str(value)) for name, value in more.items())])
    assert answer.status_code == 200, (path, query, more, answer.text)
    return answer.json()


@examples(5)
@given(data=st.data())
async def test_series(located_dsn: str, located_rows: pl.DataFrame, data: st.DataObject) -> None:
    asked = Asked(located_rows, data)
    if asked.expected.rows.is_empty():
        return
    planned = asked.planned
    async with api_client(located_dsn) as client:
        for by in (*PERIODS, *CLASSES):
            assert await get(client, "/series", asked.query, by=by) == planned.series(by), (by, asked.query)


async def test_series_add_up_to_the_total(located_dsn: str) -> None:
    async with api_client(located_dsn) as client:
        asked: list[Query] = [[], [("start_date", "2019-03-04T05"), ("end_date", "2019-11-02T22")]]
        asked.append([("user_id", "EkV1-3")])
        for query in asked:
            (total,) = await get(client, "/series", query, by="total")
            for by in (*PERIODS, *CLASSES):
                found = await get(client, "/series", query, by=by)
                for name in ("energy_kwh", "active_hours", "observed_hours"):
                    assert sum(Decimal(str(row[name])) for row in found) == Decimal(str(total[name])), (by, name)
                assert max(row["peak_kw"] for row in found) == total["peak_kw"]


@pytest.fixture
async def long_dsn(dsn: str, tmp_path: Path) -> str:
    """10,001 hours from the beginning of 2019 on."""
    hours = [datetime(2019, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(10_001)]
    rows = [f"{at:%Y-%m-%dT%H:%M}Z;{at + timedelta(hours=1):%Y-%m-%dT%H:%M}Z;A-1;1;1;NA;NA;NA" for at in hours]
    await load_file(dsn, write(tmp_path / "long.csv", *rows))
    return dsn


async def test_more_than_10000_rows_are_refused(long_dsn: str) -> None:
    async with api_client(long_dsn) as client:
        for _ in range(2):  # from Postgres, and from memory
            answer = await client.get("/series?by=hour")
            (problem,) = answer.json()["detail"]
            assert (answer.status_code, problem["loc"]) == (422, ["query", "by"])
            assert problem["msg"] == (
                "These are 10001 rows, and 10000 are the most. Ask for by=day, or a shorter range, or add .csv or"
                " .parquet to the path, which may give any number of rows"
            )
        fits = await client.get("/series?by=hour&start_date=2019-01-01T01:00:01")
        assert (fits.status_code, len(fits.json())) == (200, 10_000)
        assert (await client.get("/series?by=day")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/series?by=month", "/series?by=weekday", "/grid/summary", "/grid/headroom?limit_kw=9"]
)
async def test_answers_from_memory_are_those_of_postgres(located_dsn: str, path: str) -> None:
    async with api_client(located_dsn) as hot, api_client(located_dsn, cache_megabytes=0) as cold:
        first, again, unkept = [await client.get(path) for client in (hot, hot, cold)]
        assert first.content == again.content == unkept.content
        assert first.headers["etag"] == again.headers["etag"] == unkept.headers["etag"]
        unchanged = await hot.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_200_users_are_asked_for_at_once(dsn: str, tmp_path: Path) -> None:
    users = [f"U-{number}" for number in range(201)]
    rows = [f"21.12.2018 10:00;21.12.2018 11:00;{user};1;1;NA;NA;NA" for user in users]
    await load_file(dsn, write(tmp_path / "many.csv", *rows))
    async with api_client(dsn) as client:
        (total,) = await get(client, "/series", [("user_id", ",".join(users[:200]))], by="total")
        assert total["energy_kwh"] == 200
        refused = await client.get("/series", params={"by": "total", "user_id": ",".join(users)})
        assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["query", "user_id"])


@examples(8)
@given(data=st.data())
async def test_grid(located_dsn: str, located_rows: pl.DataFrame, data: st.DataObject) -> None:
    asked = Asked(located_rows, data)
    if asked.expected.rows.is_empty():
        return
    planned, query = asked.planned, asked.query
    limit, base = data.draw(st.decimals(0, 400, places=1)), data.draw(st.decimals(0, 50, places=1))
    async with api_client(located_dsn) as client:
        assert await get(client, "/grid/summary", query) == planned.summary()
        for per in ("hour", "day"):
            peaks = await get(client, "/grid/peaks", query, per=per, limit=7)
            assert peaks == planned.peaks(7, per, asked.rows)
        await check_admd(client, query, planned)
        headroom = await get(client, "/grid/headroom", query, limit_kw=limit, base_kw=base)
        check_expected(headroom.pop("more_users_expected"), planned, float(limit - base))
        assert headroom == planned.headroom(limit, base)
        for rule, given_by_rule in RULES.items():
            demand = await get(client, "/grid/billed-demand", query, rule=rule)
            expected = planned.billed_demand(*given_by_rule, lambda at: True)
            assert [without_steps(month) for month in demand] == expected, (rule, query)


RULES: dict[str, tuple[int, str, Decimal | None, int]] = {
    "no": (3, "day", None, 1),
    "be": (1, "month", Decimal("2.5"), 12),
    "de": (1, "year", None, 1),
    "us": (1, "month", None, 1),
}
STEPS = ("step_from_kw", "step_to_kw", "margin_kw")


def without_steps(month: dict[str, Any]) -> dict[str, Any]:
    assert [month[name] for name in STEPS] == [None] * 3
    return {name: value for name, value in month.items() if name not in STEPS}


async def check_admd(client: httpx2.AsyncClient, query: Query, planned: Planned) -> None:
    users = len(planned.user_peaks)
    answer = await client.get("/grid/admd", params=query)
    if not users:
        assert answer.status_code == 404
        return
    level, slope = planned.curve()
    for row in answer.json():
        n = row["users"]
        assert row["kw_per_user"] == pytest.approx(level + slope / n**0.5, abs=6e-4)
        assert row["kw"] == pytest.approx(level * n + slope * n**0.5, abs=6e-4)
    numbers = [row["users"] for row in answer.json()]
    assert numbers == sorted(numbers)
    assert numbers[-1] == users


def check_expected(more_users: int | None, planned: Planned, room_kw: float) -> None:
    """So many fit on the curve, and one more does not."""
    users = len(planned.user_peaks)
    highest = float(max(hour.energy for hour in planned.expected.hours()))
    if room_kw < highest or not users:
        assert more_users in (0, None)
        return
    level, slope = planned.curve()
    if level <= 1e-9:
        assert more_users is None or level > -1e-9
        return
    assert more_users is not None
    if more_users:
        assert level * (users + more_users) + slope * (users + more_users) ** 0.5 <= room_kw + 1e-6
    assert level * (users + more_users + 1) + slope * (users + more_users + 1) ** 0.5 > room_kw - 1e-6


@examples(8)
@given(
    data=st.data(),
    hours=st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] != pair[1]),
    weekdays=st.sets(st.integers(1, 7), min_size=1),
    peaks=st.integers(1, 5),
    average=st.integers(1, 4),
    floor=st.decimals(0, 30, places=2),
)
async def test_billed_demand_of_any_tariff(
    located_dsn: str,
    located_rows: pl.DataFrame,
    data: st.DataObject,
    hours: tuple[int, int],
    weekdays: set[int],
    peaks: int,
    average: int,
    floor: Decimal,
) -> None:
    asked = Asked(located_rows, data)
    if asked.expected.rows.is_empty():
        return
    since, until = hours

    def is_counted(at: datetime) -> bool:
        inside = since <= at.hour < until if since < until else at.hour >= since or at.hour < until
        return inside and at.isoweekday() in weekdays

    tariff: dict[str, str | int | Decimal] = {
        "peaks": peaks,
        "per": "day",
        "from_hour": since,
        "to_hour": until,
        "floor_kw": floor,
    }
    tariff |= {"average_months": average, "weekdays": ",".join(map(str, weekdays))}
    async with api_client(located_dsn) as client:
        demand = await get(client, "/grid/billed-demand", asked.query, **tariff)
        expected = asked.planned.billed_demand(peaks, "day", floor, average, is_counted)
        assert [without_steps(month) for month in demand] == expected
        winter = [month for month in expected if month["month"][5:7] in ("01", "02", "12")]
        if winter and average == 1:
            months = await get(client, "/grid/billed-demand", asked.query, **tariff, months="1,2,12")
            assert [without_steps(month) for month in months] == winter
