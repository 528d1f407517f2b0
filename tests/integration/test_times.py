"""`times`: the same instants on the site's clock, with its offset, and in UTC."""

import itertools
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.conftest import api_client
from tests.endpoints import OF_SESSIONS, USER, taking, with_query
from tests.integration.test_answers import OSLO

TIMES = ("local", "offset", "utc")
LOCAL_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?"
FORMS = {"local": LOCAL_TIME, "offset": LOCAL_TIME + r"\+0[12]:00", "utc": LOCAL_TIME + "Z"}


def times_in(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict):
        answer = [*answer.values()]
    if isinstance(answer, list):
        for value in answer:
            yield from times_in(value)
    elif isinstance(answer, str) and re.match(r"\d{4}-\d{2}-\d{2}T", answer):
        yield answer


async def asked(client: httpx2.AsyncClient, url: str, times: str) -> list[str]:
    answer = await client.get(with_query(url, f"times={times}"))
    assert answer.status_code == 200, answer.text
    found = [*times_in(answer.json())]
    assert found
    assert all(re.fullmatch(FORMS[times], time) for time in found), found[:10]
    return found


@pytest.mark.parametrize("path", [path for path in taking("times") if path not in OF_SESSIONS])
async def test_the_three_forms_tell_the_same_instants(path: str, located_dsn: str) -> None:
    async with api_client(located_dsn) as client:
        user = (await client.get("/users")).json()[0]
        url = path.replace(USER, user)
        local, offset, utc = [await asked(client, url, times) for times in TIMES]
        assert [*times_in((await client.get(url)).json())] == local
    instants = [datetime.fromisoformat(time) for time in utc]
    assert [datetime.fromisoformat(time) for time in offset] == instants
    assert [time.astimezone(OSLO).replace(tzinfo=None).isoformat() for time in instants] == local
    assert [time.astimezone(OSLO).isoformat() for time in instants] == offset


async def test_the_hour_that_comes_twice_is_two_hours(located_dsn: str) -> None:
    night = "/load/hourly?start_date=2019-10-27&end_date=2019-10-27"
    async with api_client(located_dsn) as client:
        hours = [datetime.fromisoformat(time) for time in await asked(client, night, "offset")]
    assert len(hours) == 25
    assert {later - earlier for earlier, later in itertools.pairwise(hours)} == {timedelta(hours=1)}


async def test_a_fraction_of_a_second_is_shown_in_every_form(located_dsn: str) -> None:
    total = "/series?by=total&start_date=2019-10-27T00:30:00.250"
    async with api_client(located_dsn) as client:
        starts = [(await asked(client, total, times))[0] for times in TIMES]
    assert starts == ["2019-10-27T00:30:00.25", "2019-10-27T00:30:00.25+02:00", "2019-10-26T22:30:00.25Z"]


async def test_endpoints_without_times_refuse_the_parameter(located_dsn: str) -> None:
    async with api_client(located_dsn) as client:
        for path in ("/kpi/total-energy", "/load/daily", "/users"):
            assert (await client.get(f"{path}?times=utc")).status_code == 422
        assert (await client.get("/load/hourly?times=UTC")).status_code == 422
