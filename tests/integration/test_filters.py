"""Users and locations as filters: every number is that of the rows of these alone, over all that the site observed."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.exports import EXPORTS
from evload.api.contract.filters import FILTERS
from evload.ingest.load import load_file
from tests.conftest import api_client
from tests.endpoints import taking, with_query
from tests.files import HEADER
from tests.independent import MEASURES, Expected, last_7_days
from tests.integration.test_answers import FIRST, LAST, OSLO
from tests.members import known_at, of_members, some
from tests.strategies import examples, ranges

LAST_7_DAYS = "/kpi/daily-average-last-7-days"
FILTERED = tuple(path for path in taking("user_id") if path in taking("location_id"))


@examples(12)
@given(data=st.data(), measure=st.sampled_from(list(MEASURES)))
async def test_answers_about_random_members_and_ranges(
    located_dsn: str, located_rows: pl.DataFrame, data: st.DataObject, measure: str
) -> None:
    users, locations = data.draw(some(located_rows["user_id"])), data.draw(some(located_rows["location_id"]))
    start, end = data.draw(ranges(OSLO, FIRST, LAST))
    members = of_members(located_rows, users, locations)
    expected = Expected.between(
        members, measure, "Europe/Oslo", start.instant if start else None, end.instant if end else None
    )
    if expected.rows.is_empty():
        return
    # Who has no rows at the locations that are asked about is as unknown there as somebody who has none at all.
    known = known_at(located_rows, users, locations)
    elsewhere = [user for user in users if user not in known]
    answers = {**expected.loads(), **expected.lists(), **expected.kpis(), "/kpi/summary": expected.summary()}
    answers[LAST_7_DAYS] = last_7_days(members, measure, "Europe/Oslo")
    query: list[tuple[str, str | int | float | None]] = [
        ("measure", measure),
        *(("user_id", one) for one in users),
        ("location_id", ",".join(locations)),
    ]
    query += [("start_date", start.text)] if start else []
    query += [("end_date", end.text)] if end else []
    async with api_client(located_dsn) as client:
        for path in (path for path in FILTERED if path in answers):
            params = query if path != LAST_7_DAYS else query[: 2 + len(users)]
            answer = await client.get(path, params=params)
            if elsewhere:
                assert (answer.status_code, elsewhere[0] in answer.text) == (404, True), (path, query)
            else:
                assert (answer.status_code, answer.json()) == (200, answers[path]), (path, query)


def test_everything_has_the_filters() -> None:
    """A token of some users or locations narrows by them. `test_series_and_grid.py` and `test_scopes.py` ask others."""
    for endpoint in (*ENDPOINTS, *EXPORTS):
        assert set(endpoint.params.model_fields) >= FILTERS or endpoint.path == "/site", endpoint.path


async def test_all_locations_are_listed(located_dsn: str, located_rows: pl.DataFrame) -> None:
    of_users = located_rows.filter(pl.col("user_id").is_not_null())
    async with api_client(located_dsn) as client:
        assert (await client.get("/locations")).json() == sorted(set(of_users["location_id"]))


async def test_the_locations_of_one_user(located_dsn: str, located_rows: pl.DataFrame) -> None:
    user = located_rows["user_id"].drop_nulls()[0]
    async with api_client(located_dsn) as client:
        at_all = (await client.get(f"/load/{user}/hourly")).json()
        assert {row["location_id"] for row in at_all} == {user.partition("-")[0]}
        assert (await client.get(f"/load/{user}/hourly?location_id={user.partition('-')[0]}")).json() == at_all
        elsewhere = await client.get(f"/load/{user}/hourly", params={"location_id": '""'})
        assert (elsewhere.status_code, elsewhere.json()["detail"]) == (
            404,
            "No data found for given user",
        )


@pytest.fixture
async def odd_client(dsn: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    path = tmp_path / "odd.csv"
    users = ['"a,b"', '"a""b"', "a", " b"]
    lines = [f"21.12.2018 1{n}:00,21.12.2018 1{n + 1}:00,{user},{n + 1},1,NA,NA,NA" for n, user in enumerate(users)]
    path.write_text("\n".join([HEADER.replace(";", ","), *lines, ""]), encoding="utf-8")
    await load_file(dsn, path)
    async with api_client(dsn) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "energy"),
    [
        ("user_id=a", 1.0),
        ("user_id=a&user_id=a", 1.0),
        ("user_id=a,a", 1.0),
        ('user_id="a,b"', 1.0),
        ('user_id="a,b",a', 2.0),
        ('user_id="a,b"&user_id=a', 2.0),
        ('user_id="a""b"', 1.0),
        ("user_id=&user_id=a", 1.0),
        ("user_id=", 4.0),
        ('location_id=""', 4.0),
        ('location_id=""&user_id=a', 1.0),
    ],
)
async def test_ids_are_a_line_of_csv(odd_client: httpx2.AsyncClient, query: str, energy: float) -> None:
    answer = await odd_client.get(f"/kpi/total-energy?{query}")
    assert answer.json() == {"total_energy_kwh": energy}


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("user_id=nobody", "No data found for user_id nobody"),
        ("user_id=a,nobody,zz", "No data found for user_id nobody, zz"),
        ("location_id=x", "No data found for location_id x"),
        ("location_id=x&user_id=z", "No data found for user_id z and location_id x"),
        ('user_id=""', "No data found for user_id "),
    ],
)
async def test_404_names_the_unknown(odd_client: httpx2.AsyncClient, query: str, detail: str) -> None:
    for path in FILTERED:
        answer = await odd_client.get(with_query(path, query))
        assert (answer.status_code, answer.json()) == (404, {"detail": detail}), path


@pytest.mark.parametrize("ids", ['"a', 'a"b"c,"', "a\nb", "a%00b", ",".join(map(str, range(201)))])
async def test_422_for_what_are_no_ids(odd_client: httpx2.AsyncClient, ids: str) -> None:
    for name in ("user_id", "location_id"):
        answer = await odd_client.get(f"/kpi/total-energy?{name}={ids.replace(chr(10), '%0A')}")
        assert answer.status_code == 422
        (problem,) = answer.json()["detail"]
        assert problem["loc"] == ["query", name]


async def test_one_question_however_its_ids_are_written(odd_client: httpx2.AsyncClient) -> None:
    await odd_client.get('/kpi/total-energy?user_id=a&user_id="a,b"')
    again = await odd_client.get('/kpi/total-energy?user_id="a,b",a&user_id=a')
    assert again.headers["server-timing"].startswith("db;dur=0.")
    assert again.json() == {"total_energy_kwh": 2.0}
