"""CSV, Parquet and Arrow of every list: the numbers of the JSON answer, and what a file brings along."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import polars as pl
import pytest

from evload.api.contract.endpoints import ENDPOINTS, NOTHING_IN_RANGE, Endpoint
from evload.api.contract.exports import EXPORTS
from evload.api.contract.media_types import CSV, JSON, MEDIA_TYPES
from evload.api.contract.params import Params
from evload.measures import NAMES
from tests.conftest import api_client
from tests.endpoints import CSV_EXPORTS, EXPORTS_OF_SESSIONS, asked, with_query
from tests.exported import Rows, rows_of
from tests.integration.test_answers import OSLO
from tests.integration.test_times import TIMES

RANGE = "start_date=2019-10-20T07:30&end_date=2019-11-02T15:00"
"""It holds the hour that comes twice, and cuts two days."""
BUCKETS = [f"by={by}" for by in ("hour", "day", "week", "quarter", "total", "hour_of_day", "weekday", "month_of_year")]
OF_HOURS = [export for export in EXPORTS if export.path not in EXPORTS_OF_SESSIONS]
SHAPES = [media_type for media_type in MEDIA_TYPES if media_type.is_export]


@pytest.fixture(scope="module")
async def exporter(located_dsn: str) -> AsyncIterator[httpx2.AsyncClient]:
    """One for all tests, as the process that writes Parquet takes a moment to start."""
    async with api_client(located_dsn) as made:
        yield made


def json_of(export: Endpoint) -> str:
    return export.path.removesuffix(export.media_type.suffix)


def params_of(export: Endpoint, query: str) -> Params:
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
    in_path = {"user_id": "A"} if "{user_id}" in export.path else {}
    return export.read_params(pairs, in_path, OSLO, NAMES)  # type: ignore[arg-type]


async def rows_in(client: httpx2.AsyncClient, export: Endpoint, query: str, user: str, *, comma: bool = False) -> Rows:
    answer = await client.get(export.path.format(user_id=user), params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == export.media_type.content_type
    found = rows_of(export, params_of(export, query), answer.content, comma=comma)
    if export.media_type is CSV:  # which tells no empty text from a null
        found = [
            {name: "" if name == "location_id" and not value else value for name, value in row.items()} for row in found
        ]
    return found


async def rows_of_json(client: httpx2.AsyncClient, export: Endpoint, query: str, user: str) -> Rows:
    answer = await client.get(json_of(export).format(user_id=user), params=query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    column = "location_id" if json_of(export) == "/locations" else "user_id"
    return found if isinstance(found[0], dict) else [{column: one} for one in found]


def questions(export: Endpoint) -> list[str]:
    """Queries that the endpoint and its export both take and answer alike."""
    taken = set(export.query_parameters) & set(next(e for e in ENDPOINTS if e.path == json_of(export)).query_parameters)
    ranged = RANGE if "start_date" in taken else "limit=30" if "limit" in taken else ""
    if json_of(export) == "/users/summary":
        ranged += "&limit=7&sort=user_id"
    of_times = [f"{ranged}&times={times}" for times in TIMES] if "times" in taken else [ranged]
    if "by" in taken:
        members = ["by=week&split=location&compare=year", "by=hour_of_day&split=user&compare=previous"]
        return [f"{one}&{by}" for one in of_times for by in (*BUCKETS, *members)]
    return [*of_times, f"{ranged}&steps=0,5,50&rule=us"] if "steps" in taken else of_times


@pytest.mark.parametrize("export", OF_HOURS, ids=lambda export: export.path)
async def test_an_export_has_the_numbers_of_the_json_answer(exporter: httpx2.AsyncClient, export: Endpoint) -> None:
    user = (await exporter.get("/users")).json()[3]
    for query in questions(export):
        wanted = await rows_of_json(exporter, export, query, user)
        assert await rows_in(exporter, export, query, user) == wanted
        if export.media_type is CSV and "times=offset" not in query and "times=utc" not in query:
            assert await rows_in(exporter, export, f"{query}&decimal=,", user, comma=True) == wanted


@pytest.mark.parametrize("media_type", SHAPES, ids=lambda media_type: media_type.suffix)
async def test_all_rows_of_a_range_are_given(
    exporter: httpx2.AsyncClient, located_rows: pl.DataFrame, media_type: Any
) -> None:
    """Every stored row, by the file that was loaded."""
    export = next(one for one in EXPORTS if one.path == f"/hourly_loads{media_type.suffix}")
    first, last = datetime(2019, 10, 20, 5, 30, tzinfo=UTC), datetime(2019, 11, 2, 14, tzinfo=UTC)
    inside = located_rows.filter(pl.col("date_from").is_between(first, last))
    found = await rows_in(exporter, export, "times=utc", "")
    ranged = await rows_in(exporter, export, f"{RANGE}&times=utc", "")
    after = await rows_in(exporter, export, f"after={found[99]['index']}&limit=3&times=utc", "")
    for rows, wanted in ((found, located_rows), (ranged, inside)):
        names = ("user_id", "session_id", "synthetic_3_6_kwh", "flex_7_2_kwh", "location_id")
        assert [tuple(row[name] for name in names) for row in rows] == [
            (user, session, None if one is None else float(one), None if two is None else float(two), location)
            for user, session, one, two, location in wanted.select(names).iter_rows()
        ]
        starts = wanted["date_from"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()
        assert [row["date_from"] for row in rows] == starts
    assert after == found[100:103]


async def test_all_users_are_given_unless_limit_says_how_many(exporter: httpx2.AsyncClient) -> None:
    users = (await exporter.get("/users")).json()
    answer = await exporter.get("/users/summary.csv?sort=user_id")
    some = await exporter.get("/users/summary.csv?limit=1")
    assert [line.partition(",")[0] for line in answer.text.splitlines()[1:]] == users
    assert len(some.text.splitlines()) == 2
    assert len(users) > 20


async def test_a_series_of_any_length_is_given(exporter: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    series = next(endpoint for endpoint in ENDPOINTS if endpoint.path == "/series")
    monkeypatch.setitem(series.__dict__, "max_rows", 50)
    refused = await exporter.get("/series?by=hour")
    assert refused.status_code == 422
    assert ".csv" in refused.json()["detail"][0]["msg"]
    assert len((await exporter.get("/series.csv?by=hour")).text.splitlines()) > 5000


@pytest.mark.parametrize("path", [*map(asked, OF_HOURS)])
async def test_a_kept_export_has_an_etag_a_name_and_its_length(exporter: httpx2.AsyncClient, path: str) -> None:
    user = (await exporter.get("/users")).json()[0]
    path = with_query(path.replace("A-1", user), "limit=5") if "hourly_loads" in path else path.replace("A-1", user)
    answer = await exporter.get(path, headers={"Origin": "http://localhost:3000"})
    again = await exporter.get(path, headers={"If-None-Match": answer.headers["etag"]})
    head = await exporter.head(path)
    assert (answer.status_code, again.status_code, again.content) == (200, 304, b"")
    name = path.partition("?")[0].rpartition("/")[2].partition(".")[0]
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="evload_')
    assert name.replace("_", "-") in disposition
    assert disposition.isascii()
    assert answer.headers["vary"] == "Accept-Encoding, Origin"
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "Content-Disposition" in answer.headers["access-control-expose-headers"]
    assert answer.headers["x-data-version"] == "1"
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-disposition"] == disposition


async def test_text_is_compressed_and_parquet_is_not(exporter: httpx2.AsyncClient) -> None:
    for path, encoding in (
        ("/load/hourly.csv", "gzip"),
        ("/load/hourly.arrow", "gzip"),
        ("/load/hourly.parquet", None),
    ):
        answer = await exporter.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.headers.get("content-encoding") == encoding
        assert len(answer.content) > 1000


async def test_types_of_columns_are_those_that_readers_take_best(exporter: httpx2.AsyncClient) -> None:
    for times, kind in (
        ("local", pl.Datetime("us")),
        ("offset", pl.Datetime("us", "Europe/Oslo")),
        ("utc", pl.Datetime("us", "UTC")),
    ):
        path = f"/hourly_loads.parquet?limit=2&times={times}"
        parquet = pl.read_parquet(io.BytesIO((await exporter.get(path)).content))
        arrow = pl.read_ipc_stream(io.BytesIO((await exporter.get(path.replace("parquet", "arrow"))).content))
        assert parquet.equals(arrow)
        assert (
            parquet.schema
            == arrow.schema
            == pl.Schema(
                {
                    "index": pl.Int64(),
                    "date_from": kind,
                    "date_to": kind,
                    "user_id": pl.String(),
                    "session_id": pl.Int32(),
                    **dict.fromkeys(NAMES, pl.Float64()),
                    "location_id": pl.String(),
                }
            )
        )


async def test_the_empty_database_gives_empty_tables(dsn: str) -> None:
    async with api_client(dsn) as client:
        for export in EXPORTS:
            answer = await client.get(asked(export))
            if not export.may_be_empty:
                assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
                continue
            assert answer.status_code == 200
            assert rows_of(export, params_of(export, ""), answer.content) == []
        answer = await client.get("/hourly_loads.csv?start_date=2019")
        assert (answer.status_code, answer.json()["detail"]) == (404, NOTHING_IN_RANGE)


async def test_errors_are_json_and_those_of_the_endpoint(exporter: httpx2.AsyncClient) -> None:
    asked_for = (
        "user_id=nobody,no+one",
        "location_id=nowhere",
        "start_date=2030",
        "measure=metered_kwh",
        "points=x",
        "start_date=2020&end_date=2019",
        "user=x",
        "end_date=1999&user_id=x",
    )
    for path in (
        "/load/hourly",
        "/load/profile",
        "/kpi/daily",
        "/series?by=day",
        "/grid/peaks",
        "/load/nobody/hourly",
    ):
        for query in asked_for:
            bare, _, needed = path.partition("?")
            found = [
                await exporter.get(with_query(f"{bare}{suffix}?{needed}", query)) for suffix in ("", ".csv", ".arrow")
            ]
            assert found[0].status_code in (400, 404, 422), (path, query)
            if "takes" in found[0].text or "parameter" in found[0].text:
                assert {one.status_code for one in found} == {422}
                continue
            assert {(one.status_code, one.headers["content-type"], one.content) for one in found} == {
                (found[0].status_code, JSON.content_type, found[0].content)
            }


def test_every_list_has_three_exports_and_nothing_else_has() -> None:
    lists = {endpoint.path for endpoint in ENDPOINTS if endpoint.is_list}
    assert {export.path for export in EXPORTS} == {path + media_type.suffix for path in lists for media_type in SHAPES}
    assert len(CSV_EXPORTS) == len(lists)
    assert [media_type.suffix for media_type in SHAPES] == [".csv", ".parquet", ".arrow"]
