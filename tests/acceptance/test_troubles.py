"""The API while the database is away, broken or overrun. It says so in plain words, and recovers without a restart."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx2
import pytest

from tests.acceptance.answers import ANSWERS
from tests.acceptance.processes import (
    FORGETFUL,
    Api,
    Shell,
    assert_plain_500,
    wait_until,
)
from tests.conftest import template_name
from tests.locks import PATIENCE_SECONDS, somebody_waits

Request = asyncio.Task[httpx2.Response]
SLOW_SECONDS = 0.3
BREAKS = 40
HEALS_WITHIN_SECONDS = 5.0  # it takes one; the machine may be busy
QUERIES = ("/users", "/hourly_loads", "/load/A-1/hourly", "/load/hourly", "/load/daily", "/kpi/total-energy")


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def locked_days(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Nobody can read the daily totals meanwhile: a refresh that is not concurrent takes them for itself."""
    async with connected(dsn) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("REFRESH MATERIALIZED VIEW daily_recent")
        yield connection
        await transaction.rollback()


def parallel_client(api: Api) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=api.address, timeout=PATIENCE_SECONDS, trust_env=False)


async def set_open(server_dsn: str, dsn: str, is_open: bool) -> None:
    """A closed database accepts nobody, and throws out those who are in."""
    name = template_name(dsn)
    async with connected(server_dsn) as connection:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {is_open}')
        if not is_open:
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)


async def test_500_while_the_database_is_away_and_200_after(server_dsn: str, loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).with_(**FORGETFUL).serving("serve") as api:
        for path in QUERIES:
            assert api.json(path) == ANSWERS[path]
        await set_open(server_dsn, loaded_dsn, False)
        for path in QUERIES:
            assert_plain_500(api.get(path))
        assert api.json("/") == ANSWERS["/"]
        await set_open(server_dsn, loaded_dsn, True)
        for path in QUERIES:
            assert api.json(path) == ANSWERS[path]


async def test_cached_answers_are_served_while_the_database_is_away(
    server_dsn: str, loaded_dsn: str, shell: Shell
) -> None:
    with shell.on(loaded_dsn).serving("serve") as api:
        for path in QUERIES:
            assert api.json(path) == ANSWERS[path]
        assert api.get("/readyz").status_code == 200
        await set_open(server_dsn, loaded_dsn, False)
        for path in QUERIES:
            assert api.json(path) == ANSWERS[path]
        assert_plain_500(api.get("/kpi/total-energy?start_date=2018-12-21"))
        assert api.get("/livez").status_code == 200
        wait_until(lambda: api.get("/readyz").status_code == 503)
        assert "evload_database_up 0" in api.get("/metrics").text
        await set_open(server_dsn, loaded_dsn, True)
        opened = time.monotonic()
        wait_until(lambda: api.get("/readyz").status_code == 200)
        assert api.get("/kpi/total-energy?start_date=2018-12-21").status_code == 200
        assert time.monotonic() - opened < HEALS_WITHIN_SECONDS


async def test_connections_that_break_under_requests(loaded_dsn: str, shell: Shell) -> None:
    """Each answer is the right one or a plain 500, whatever moment the connection breaks in."""
    with shell.on(loaded_dsn).with_(**FORGETFUL).serving("serve") as api:
        async with connected(loaded_dsn) as connection, parallel_client(api) as client:
            for _ in range(BREAKS):
                requests = [asyncio.create_task(client.get("/users")) for _ in range(4)]
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                for answer in await asyncio.gather(*requests, client.get("/users")):
                    if answer.status_code == 200:
                        assert answer.json() == ANSWERS["/users"]
                    else:
                        assert_plain_500(answer)
            assert api.json("/users") == ANSWERS["/users"]


BREAKAGES = {
    "a view is gone": "DROP VIEW daily_totals CASCADE",
    "a column is gone": "ALTER TABLE site RENAME data_version TO elsewhere",
    "a function fails": "CREATE OR REPLACE FUNCTION cut_days(measure text, start_date timestamptz, end_date"
    " timestamptz) RETURNS TABLE (day date, energy_kwh numeric, observed_hours bigint, active_hours bigint,"
    " peak_hour_kwh numeric, peak_hour timestamptz, first_hour timestamptz, last_hour timestamptz) LANGUAGE sql"
    " AS 'SELECT $2::date, 1/0::numeric, 1::bigint, 1::bigint, 1::numeric, $2, $2, $2'",
}


@pytest.mark.parametrize("breakage", BREAKAGES)
async def test_500_when_a_query_fails(loaded_dsn: str, shell: Shell, breakage: str) -> None:
    async with connected(loaded_dsn) as connection:
        with shell.on(loaded_dsn).serving("serve") as api:
            assert api.json("/users") == ANSWERS["/users"]
            await connection.execute(BREAKAGES[breakage])
            assert_plain_500(api.get("/load/daily"))
            assert_plain_500(api.get("/kpi/total-energy?start_date=2018-12-21"))
            assert api.json("/users") == ANSWERS["/users"]


async def test_500_when_a_query_takes_too_long(loaded_dsn: str, shell: Shell) -> None:
    limited = shell.on(loaded_dsn).with_(EVLOAD_STATEMENT_TIMEOUT_SECONDS=str(SLOW_SECONDS))
    with limited.serving("serve") as api:
        async with locked_days(loaded_dsn):
            answer = api.get("/load/daily")
            assert_plain_500(answer)
            assert "took too long" in answer.text
            assert SLOW_SECONDS <= answer.elapsed.total_seconds() < 10 * SLOW_SECONDS
        assert api.json("/load/daily") == ANSWERS["/load/daily"]


async def first_of(requests: set[Request], count: int) -> tuple[set[httpx2.Response], set[Request]]:
    """Waits for so many answers. Gives them, and the requests that still wait."""
    answers: set[httpx2.Response] = set()
    while len(answers) < count:
        done, requests = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS)
        assert done
        answers |= {request.result() for request in done}
    return answers, requests


async def test_503_when_too_many_wait_and_the_others_are_served(loaded_dsn: str, shell: Shell) -> None:
    narrow = shell.on(loaded_dsn).with_(EVLOAD_POOL_SIZE="1", EVLOAD_MAX_WAITING_REQUESTS="1")
    with narrow.serving("serve") as api:
        assert api.json("/load/daily") == ANSWERS["/load/daily"]
        async with parallel_client(api) as client:
            async with locked_days(loaded_dsn):
                different = [f"/load/daily?start_date=2018-12-0{day}" for day in range(1, 7)]
                requests = {asyncio.create_task(client.get(path)) for path in different}
                refused, waiting = await first_of(requests, 4)
                for answer in refused:
                    assert (answer.status_code, list(answer.json())) == (503, ["detail"])
                    assert int(answer.headers["Retry-After"]) > 0
                assert (await client.get("/load/daily")).json() == ANSWERS["/load/daily"]  # hot ones go on
            served = await asyncio.gather(*waiting)
            assert [answer.json() for answer in served] == [ANSWERS["/load/daily"]] * 2
            assert (await client.get("/load/daily")).status_code == 200


async def test_a_request_under_way_is_answered_before_evload_ends(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).serving("serve") as api:
        async with parallel_client(api) as client:
            async with locked_days(loaded_dsn) as connection:
                request = asyncio.create_task(client.get("/load/daily"))
                await somebody_waits(connection, "daily_recent")
                api.running.send(signal.SIGTERM)
                await asyncio.sleep(SLOW_SECONDS)
                assert api.running.process.poll() is None
            answer = await request
        assert (answer.status_code, answer.json()) == (200, ANSWERS["/load/daily"])
        assert api.running.wait().code == 0


async def test_a_second_ctrl_c_ends_open_requests_with_503(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).serving("serve") as api:
        async with parallel_client(api) as client, locked_days(loaded_dsn) as connection:
            request = asyncio.create_task(client.get("/load/daily"))
            await somebody_waits(connection, "daily_recent")
            api.running.send(signal.SIGINT)
            await asyncio.sleep(SLOW_SECONDS)
            assert api.running.process.poll() is None
            api.running.send(signal.SIGINT)
            ended = await asyncio.to_thread(api.running.wait, PATIENCE_SECONDS / 6)
            assert ended.code == 0
            assert [line for line in ended.troubles if "Requests are refused: evload is about to end" not in line] == []
            answer = await request
            assert (answer.status_code, list(answer.json())) == (503, ["detail"])
            assert "Ask again" in answer.json()["detail"]
            assert int(answer.headers["Retry-After"]) > 0
