"""Parts by `Range`, names of files, and turns."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.api.answers.cache import Variant
from evload.api.answers.places import Places
from evload.api.answers.ranges import part
from evload.api.contract.endpoints import Endpoint
from evload.api.contract.exports import EXPORTS, file_name
from evload.database.errors import TooBusy
from evload.measures import NAMES
from evload.watch import DataVersion
from tests.integration.test_answers import OSLO

BODY = bytes(range(100))
VARIANT = Variant(200, [(b"etag", b'"1"'), (b"content-length", b"100"), (b"vary", b"x")], BODY, b'"1"')
VERSION = DataVersion(1, UUID(int=1))


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "body"),
    [
        (b"bytes=0-9", 206, b"bytes 0-9/100", BODY[:10]),
        (b"bytes=90-", 206, b"bytes 90-99/100", BODY[90:]),
        (b"bytes=95-1000", 206, b"bytes 95-99/100", BODY[95:]),
        (b"bytes=-5", 206, b"bytes 95-99/100", BODY[95:]),
        (b"bytes=-1000", 206, b"bytes 0-99/100", BODY),
        (b" bytes=99-99 ", 206, b"bytes 99-99/100", BODY[99:]),
        (b"bytes=100-", 416, b"bytes */100", b""),
        (b"bytes=-0", 416, b"bytes */100", b""),
    ],
)
def test_a_part_is_the_bytes_asked_for(asked: bytes, status: int, content_range: bytes, body: bytes) -> None:
    found = part(VARIANT, asked, b"")
    assert found is not None
    start, message = found
    headers = dict(start["headers"])
    assert (start["status"], message["body"]) == (status, body)
    assert headers[b"content-range"] == content_range
    assert headers[b"content-length"] == str(len(body)).encode()
    assert headers[b"etag"] == b'"1"'
    assert len(headers) == len(start["headers"])


@pytest.mark.parametrize("asked", [b"bytes=-", b"bytes=5-2", b"bytes=0-1,3-4", b"lines=1-2", b"bytes=x-", b"bytes 0-1"])
def test_what_is_no_range_is_answered_with_the_whole(asked: bytes) -> None:
    assert part(VARIANT, asked, b"") is None


def test_a_part_of_what_changed_meanwhile_is_the_whole() -> None:
    assert part(VARIANT, b"bytes=0-9", b'"2"') is None
    assert part(VARIANT, b"bytes=0-9", b'"1"') is not None


def export_at(path: str) -> Endpoint:
    return next(export for export in EXPORTS if export.path == path)


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/users.csv", "", "evload_users.csv"),
        ("/hourly_loads.arrow", "start_date=2019", "evload_hourly-loads_from-2019-01-01.arrow"),
        ("/series.parquet", "by=month&measure=metered_kwh", "evload_series_month_metered-kwh.parquet"),
        ("/sessions.csv", "", "evload_sessions.csv"),
        (
            "/series.csv",
            "by=month&split=location&compare=year&start_date=2019-01&end_date=2019-02",
            "evload_series_month_location_year_synthetic-3-6-kwh_from-2019-01-01_to-2019-02-28.csv",
        ),
        (
            "/load/daily.csv",
            "start_date=2019-01-31T10:30&end_date=2019-02&user_id=A-1,Ø b/2&location_id=a,b,c,d",
            "evload_load-daily_synthetic-3-6-kwh_user-A-1-b-2_4-locations_from-2019-01-31T1030_to-2019-02-28.csv",
        ),
        (
            "/load/{user_id}/hourly.csv",
            "start_date=0001-01-01&end_date=9999-12-31T12:00",
            "evload_load-hourly_A-1.csv",
        ),
        ("/grid/billed-demand.csv", "rule=be", "evload_grid-billed-demand_be_synthetic-3-6-kwh.csv"),
    ],
)
def test_a_file_is_named_after_the_question(path: str, query: str, name: str) -> None:
    pairs = [(key, value) for key, _, value in (pair.partition("=") for pair in query.split("&")) if key]
    in_path = {"user_id": "A-1"} if "{" in path else {}
    export = export_at(path)
    assert file_name(export, export.read_params(pairs, in_path, OSLO, NAMES), OSLO) == name


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_no_id_harms_the_header(ids: list[str]) -> None:
    export = export_at("/load/hourly.csv")
    params = export.params.model_construct(
        measure=NAMES[0], user_id=tuple(ids), location_id=None, start_date=None, end_date=None
    )
    name = file_name(export, params, OSLO)
    assert name.isascii()
    assert all(letter.isalnum() or letter in "._-" for letter in name)
    assert len(name) < 150


async def test_few_work_at_a_time_and_few_wait() -> None:
    places = Places(2, max_waiting=1, wait_seconds=60)
    working: list[int] = []
    most = 0

    async def work(number: int) -> None:
        nonlocal most
        async with places.one():
            working.append(number)
            most = max(most, len(working))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            working.remove(number)

    done = await asyncio.gather(*map(work, range(5)), return_exceptions=True)
    assert [isinstance(one, TooBusy) for one in done] == [False, False, False, True, True]
    assert most == 2
    await asyncio.gather(*map(work, range(3)))


async def test_who_waits_too_long_gives_up_and_takes_no_place() -> None:
    places = Places(1, max_waiting=5, wait_seconds=0.01)
    async with places.one():
        with pytest.raises(TooBusy):
            async with places.one():
                pass
    async with places.one():
        pass
