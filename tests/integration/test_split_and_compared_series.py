"""`/series` with `split` and `compare`: every number, on random ranges and members, computed a second time."""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evload.database.connecting import use_clock
from evload.ingest.load import load_file
from evload.queries import query, sourced
from tests.conftest import Databases, api_client
from tests.files import HEADER
from tests.independent import HOUR, MEASURES, raw_rows
from tests.independent_comparison import Asked, add_months, is_months, whole_days, year_before
from tests.integration.test_answers import OSLO
from tests.strategies import examples

PERIODS = ("hour", "day", "week", "month", "quarter", "year", "total")
CLASSES = ("hour_of_day", "weekday", "month_of_year")
BUCKETS = (*PERIODS, *CLASSES)
FIRST_DAY, AFTER = date(2018, 11, 20), date(2020, 4, 10)
# All hours of these are observed: changes of the clock, and the end of two Februaries.
WHOLE = [
    date(2019, 3, 31),
    date(2019, 10, 27),
    date(2020, 3, 29),
    date(2019, 2, 28),
    date(2020, 2, 28),
    date(2020, 2, 29),
]
USERS, LOCATIONS = ("A-1", "A-2", "B-1", "Ø, 2"), ("east", "west", "")


def instants(chance: random.Random) -> Iterator[datetime]:
    at = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=OSLO).astimezone(UTC)
    while (local := at.astimezone(OSLO)).date() < AFTER:
        if local.date() in WHOLE or chance.random() < 0.08:
            yield at
        at += HOUR


def lines() -> Iterator[str]:
    """Of some hours there are several rows of one user, at one or two locations, of others fillers alone."""
    chance = random.Random(7)
    for at in instants(chance):
        span = ";".join(f"{one.astimezone(OSLO):%d.%m.%Y %H:%M}" for one in (at, at + HOUR))
        rows = [(chance.choice(USERS), chance.choice(LOCATIONS)) for _ in range(chance.choice((0, 1, 1, 2, 4)))]
        for number, (user, location) in enumerate(rows):
            energies = [chance.choice(("NA", "0", f"{chance.randrange(6000) / 1000:.3f}")) for _ in MEASURES]
            yield f'{span};"{user}";{number + 1};{";".join(energies)};{location}'
        if not rows:
            yield f"{span};NA;NA;NA;NA;NA;NA;{chance.choice(('', 'garage without cars'))}"


@pytest.fixture(scope="module")
def split_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("split") / "split.csv"
    path.write_text("\n".join([f"{HEADER};location_id", *lines(), ""]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def rows(split_file: Path) -> pl.DataFrame:
    located = pl.read_csv(split_file, separator=";", infer_schema=False)["location_id"].fill_null("")
    return raw_rows(split_file, OSLO.key).with_columns(located)


@pytest.fixture(scope="module")
async def split_dsn(databases: Databases, template: str, split_file: Path) -> AsyncIterator[str]:
    made = await databases.create(template)
    await load_file(made, split_file)
    yield made
    await databases.drop(made)


@pytest.fixture(scope="module")
async def split_client(split_dsn: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with api_client(split_dsn) as client:
        yield client


async def answer(client: httpx2.AsyncClient, asked: Asked, range_: tuple[str, str], **more: str) -> Any:
    params = [("by", asked.by), ("measure", asked.measure), ("start_date", range_[0]), ("end_date", range_[1])]
    params += [("user_id", f'"{user}"') for user in asked.users] + [
        ("location_id", f'"{location}"') for location in asked.locations
    ]
    found = await client.get("/series", params=[*params, *more.items()])
    if found.status_code == 404:
        assert found.json() == {"detail": "No data found between given datetime range"}
        return []
    assert found.status_code == 200, (found.text, params)
    return found.json()


days = st.dates(FIRST_DAY, AFTER)
hours = st.datetimes(datetime(2018, 11, 20), datetime(2020, 4, 9)).map(
    lambda at: at.replace(minute=0, second=0, microsecond=0)
)
measures = st.sampled_from([*MEASURES])


def some(of: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(of), max_size=3, unique=True).map(tuple)


@st.composite
def compared(draw: st.DrawFn) -> tuple[str, Asked, Asked, tuple[str, str]]:
    """What to compare with, the question, the same of the other range, and the range as a client writes it."""
    kind = draw(st.sampled_from(["months", "days", "hours"]))
    if kind == "months":
        first = draw(days).replace(day=1)
        after = add_months(first, draw(st.sampled_from([1, 2, 3, 12])))
        texts = (f"{first:%Y-%m}", f"{after - timedelta(days=1):%Y-%m}")
        start, end = whole_days(first, after, OSLO)
        other = whole_days(add_months(first, -round((after - first).days / 30.4)), first, OSLO)
    elif kind == "days":
        first = draw(days)
        after = first + timedelta(days=draw(st.integers(1, 70)))
        assume(not is_months(first, after))
        last = after - timedelta(days=1)
        texts = (str(first), f"{last}{draw(st.sampled_from(['', 'T23:00', 'T23:59:59']))}")
        start, end = whole_days(first, after, OSLO)
        if "T" in texts[1]:
            end = datetime.fromisoformat(texts[1]).replace(tzinfo=OSLO).astimezone(UTC)
        other = whole_days(first - (after - first), first, OSLO)
    else:
        start = draw(hours).replace(tzinfo=UTC)
        end = start + draw(st.integers(0, 900)) * HOUR + draw(st.sampled_from([timedelta(0), timedelta(minutes=59)]))
        assume(start.astimezone(OSLO).hour and end.astimezone(OSLO).hour != 23)
        texts = (start.isoformat(), end.isoformat())
        length = ((end - start) // HOUR + 1) * HOUR
        other = (start - length, end - length)
    compare = draw(st.sampled_from(["previous", "year"]))
    if compare == "year" and kind == "months":
        other = whole_days(add_months(first, -12), add_months(after, -12), OSLO)
    elif compare == "year":
        other = (year_before(start, OSLO, is_end=False), year_before(end, OSLO, is_end=True))
    asked = Asked(
        draw(st.sampled_from(BUCKETS)), "year" if compare == "year" else kind, draw(measures), OSLO, start, end
    )
    asked = replace(asked, users=draw(some(USERS)), locations=draw(some(LOCATIONS)))
    return compare, asked, replace(asked, start=other[0], end=other[1]), texts


@examples(60)
@given(compared(), st.sampled_from([None, "user", "location"]))
async def test_compared(
    split_client: httpx2.AsyncClient,
    rows: pl.DataFrame,
    drawn: tuple[str, Asked, Asked, tuple[str, str]],
    split: str | None,
) -> None:
    compare, asked, other, texts = drawn
    more = {"split": split} if split else {}
    found = await answer(split_client, asked, texts, compare=compare, **more)
    assert found == asked.compared(rows, other, f"{split}_id" if split else None), (compare, asked, texts)


@examples(40)
@given(st.sampled_from(BUCKETS), hours, st.integers(0, 9000), measures, some(USERS), some(LOCATIONS))
async def test_split(
    split_client: httpx2.AsyncClient,
    rows: pl.DataFrame,
    by: str,
    local: datetime,
    length: int,
    measure: str,
    users: tuple[str, ...],
    locations: tuple[str, ...],
) -> None:
    start = local.replace(tzinfo=UTC)
    asked = Asked(by, "hours", measure, OSLO, start, start + length * HOUR, users, locations)
    texts = (start.isoformat(), (start + length * HOUR).isoformat())
    whole = await answer(split_client, asked, texts)
    for split in ("user", "location"):
        found = await answer(split_client, asked, texts, split=split)
        assert found == asked.split(rows, f"{split}_id"), (split, asked)
        if found or not (users and locations):
            check_sums(found, whole)


def check_sums(split: list[dict[str, Any]], whole: list[dict[str, Any]]) -> None:
    """What was observed is the same in each row of a bucket, and the energies add up to that of all."""
    for row in whole:
        key = {name: row[name] for name in ("start", "class") if name in row}
        members = [one for one in split if key.items() <= one.items()]
        same_start = [one for one in whole if key.items() <= one.items()]
        energy = sum(Decimal(str(one["energy_kwh"])) for one in members)
        assert energy == sum(Decimal(str(one["energy_kwh"])) for one in same_start)
        for name in ("observed_hours", "hours", "complete"):
            assert {one[name] for one in members} == {one[name] for one in same_start}


async def test_members_are_those_that_have_rows_at_all(split_client: httpx2.AsyncClient) -> None:
    """A garage in which nobody charged is one, fillers are nobody's, and the unknown location is one."""
    users = (await split_client.get("/series?by=total&split=user&start_date=2019-06-01&end_date=2019-06-02")).json()
    assert [row["user_id"] for row in users] == sorted(USERS)
    locations = (await split_client.get("/series?by=total&split=location")).json()
    assert [row["location_id"] for row in locations] == ["", "east", "garage without cars", "west"]
    assert locations[2]["energy_kwh"] == 0


async def test_daily_averages_of_all_locations_add_up_to_that_of_the_site(split_client: httpx2.AsyncClient) -> None:
    for range_ in ("", "&start_date=2019-03-30T05&end_date=2019-10-27T22"):
        site, *locations = [
            (await split_client.get(f"/kpi/daily-average?{filter_}{range_}")).json()["avg_daily_energy_kwh"]
            for filter_ in ("", *(f'location_id="{one}"' for one in ("", "east", "garage without cars", "west")))
        ]
        assert sum(locations) == pytest.approx(site, abs=0.005 * (len(locations) + 1))


@pytest.mark.parametrize(
    ("asked", "name", "message"),
    [
        ("by=day&compare=year", "compare", "compare=year needs start_date and end_date too"),
        ("by=day&compare=previous&end_date=2019", "compare", "compare=previous needs start_date too"),
        (
            "by=day&compare=previous&start_date=2019&end_date=9000",
            "compare",
            "The calendar does not reach back so far: ask for a later or shorter range",
        ),
        ("by=day&compare=last", "compare", "Input should be 'previous' or 'year'"),
        ("by=day&split=session", "split", "Input should be 'user' or 'location'"),
        ("by=day&compare=year&start_date=x&end_date=2019", "start_date", None),
    ],
)
async def test_refused(split_client: httpx2.AsyncClient, asked: str, name: str, message: str | None) -> None:
    found = await split_client.get(f"/series?{asked}")
    (problem,) = found.json()["detail"]
    assert (found.status_code, problem["loc"]) == (422, ["query", name])
    assert message in (None, problem["msg"])


@pytest.mark.parametrize("compare", ["previous", "year"])
@pytest.mark.parametrize(
    ("range_", "status"),
    [
        ("start_date=2019-02&end_date=2018", 400),
        ("start_date=1999&end_date=1999", 404),
        ("start_date=2019-03-31T02:10&end_date=2019-03-31T02:20", 404),
        ("start_date=0001-01-01&end_date=9999-12-31", 422),
    ],
)
async def test_ranges_without_a_comparison(
    split_client: httpx2.AsyncClient, compare: str, range_: str, status: int
) -> None:
    found = await split_client.get(f"/series?by=day&compare={compare}&{range_}")
    assert found.status_code == status, found.text


@pytest.mark.parametrize(("by", "coarser"), [("hour", "day"), ("day", "week")])
async def test_too_many_rows_are_counted_and_not_made(located_dsn: str, by: str, coarser: str) -> None:
    async with api_client(located_dsn) as client:
        users = len((await client.get("/users")).json())
        (total,) = (await client.get("/series?by=total")).json()
        days = len((await client.get("/series?by=day")).json())
        rows = users * (days if by == "day" else total["observed_hours"])
        fewer = f"by={coarser}, or a shorter range, or some of them by user_id or location_id"
        fewer += ", or add .csv or .parquet to the path, which may give any number of rows"
        for _ in range(2):  # from Postgres, and from memory
            found = await client.get(f"/series?by={by}&split=user")
            (problem,) = found.json()["detail"]
            assert (found.status_code, problem["loc"]) == (422, ["query", "by"])
            assert problem["msg"] == f"These are {rows} rows, and 10000 are the most. Ask for {fewer}"


@pytest.mark.parametrize("split", ["user", "location"])
async def test_rows_are_counted_as_they_come(split_dsn: str, split_client: httpx2.AsyncClient, split: str) -> None:
    start, end = datetime(2019, 3, 30, 20, tzinfo=UTC), datetime(2019, 4, 2, 3, tzinfo=UTC)
    connection = await asyncpg.connect(split_dsn)
    await use_clock(connection, {}, is_local=False)
    count = sourced(query("series/rows"), f"each_{split}")
    for by in BUCKETS:
        asked = Asked(by, "hours", "flex_3_6_kwh", OSLO, start, end)
        made = await answer(split_client, asked, (start.isoformat(), end.isoformat()), split=split)
        assert made
        counted = await connection.fetchrow(count, asked.measure, start, end, None, None, by)
        assert counted
        assert counted["rows"] == len(made), by
    await connection.close()
