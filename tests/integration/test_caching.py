"""Answers from memory: the same as those from Postgres, and never older than the data version allows."""

import asyncio
import gzip
import re
import sys
from pathlib import Path

import asyncpg
import httpx2
import pytest

from evload.ingest.load import load_file
from tests.conftest import api_client
from tests.files import FILLER, FIRST, SECOND, write
from tests.locks import lock_waiters, nobody_waits, somebody_waits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TOTAL = "/kpi/total-energy"
ORIGIN = "http://localhost:3000"


def is_hit(answer: httpx2.Response) -> bool:
    return answer.headers["server-timing"].startswith("cache")


@pytest.fixture
async def filled_dsn(dsn: str, tmp_path: Path) -> str:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND, FILLER))
    return dsn


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": ORIGIN}, {"Origin": "http://elsewhere"}, {"Accept-Encoding": "gzip"}]
)
@pytest.mark.parametrize(
    "path", [TOTAL, "/users", "/hourly_loads?limit=1", "/load/A-1/hourly", "/load/no/hourly", f"{TOTAL}?end_date=2000"]
)
async def test_a_cached_answer_equals_the_answer_from_postgres(
    filled_dsn: str, path: str, headers: dict[str, str]
) -> None:
    async with api_client(filled_dsn) as client:
        first, second = [await client.get(path, headers=headers) for _ in range(2)]
    assert (is_hit(first), is_hit(second)) == (False, True)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    varying = {"server-timing", "date"}
    assert {k: v for k, v in first.headers.items() if k not in varying} == {
        k: v for k, v in second.headers.items() if k not in varying
    }


@pytest.mark.parametrize(
    "query",
    [
        "start_date=2018-12-21T10:00:00&end_date=2018-12-21",
        "end_date=2018-12-21&start_date=2018-12-21T10:00:00%2B01:00",
        "start_date=2018-12-21T09:00:00Z&end_date=2018-12-21T23:59:59.999999",
        "start_date=1545382800&end_date=2018-12-21&measure=synthetic_3_6_kwh",
        "start_date=1545382800000&end_date=2018-12-21",
        "start_date=20181221T1000&end_date=20181221&measure=",
        "start_date=2018-12-21T10:00:00 01:00&end_date=2018-12-21&_=1700000000",
    ],
)
async def test_spellings_of_a_range_share_an_answer(filled_dsn: str, query: str) -> None:
    async with api_client(filled_dsn) as client:
        first = await client.get(f"{TOTAL}?start_date=2018-12-21T10:00&end_date=2018-12-21")
        await client.get(f"{TOTAL}?{query}")
        metrics = (await client.get("/metrics")).text
        assert (await client.get(f"{TOTAL}?{query}")).content == first.content
    assert "evload_cache_misses_total 1\n" in metrics


async def test_cache_busters_make_no_entries(filled_dsn: str) -> None:
    async with api_client(filled_dsn) as client:
        for number in range(20):
            assert (await client.get(f"{TOTAL}?_={number}")).json() == {"total_energy_kwh": 1.92}
        assert "evload_cache_misses_total 1\n" in (await client.get("/metrics")).text


async def test_a_load_is_served_within_a_second(filled_dsn: str, tmp_path: Path) -> None:
    async with api_client(filled_dsn) as client:
        before = await client.get(TOTAL)
        await load_file(filled_dsn, write(tmp_path / "b.csv", SECOND.replace("1,62", "2")))
        async with asyncio.timeout(1):
            while (after := await client.get(TOTAL)).content == before.content:
                await asyncio.sleep(0.005)
    assert after.json() == {"total_energy_kwh": 2.3}
    assert (before.headers["x-data-version"], after.headers["x-data-version"]) == ("1", "2")
    assert before.headers["etag"] != after.headers["etag"]


async def test_polled_answers_never_go_back_to_an_older_data_version(filled_dsn: str, tmp_path: Path) -> None:
    other = f"{TOTAL}?measure=flex_7_2_kwh"
    async with api_client(filled_dsn) as client:
        for path in (TOTAL, TOTAL, other, other):
            answers = [await client.get(path)]
        load = asyncio.create_task(load_file(filled_dsn, write(tmp_path / "b.csv", SECOND.replace("1,62", "2"))))
        while not load.done() or answers[-1].headers["x-data-version"] == "1":
            answers += [await client.get(path) for path in (TOTAL, other)]
            await asyncio.sleep(0.001)
    versions = [answer.headers["x-data-version"] for answer in answers]
    assert versions == sorted(versions)
    assert {answer.content for answer in answers if answer.url == f"http://localhost{TOTAL}"} == {
        b'{"total_energy_kwh":1.92}',
        b'{"total_energy_kwh":2.30}',
    }


async def test_a_blocked_query_does_not_hold_up_other_answers_of_a_new_version(
    filled_dsn: str, connection: asyncpg.Connection
) -> None:
    async with api_client(filled_dsn) as client:
        for _ in range(2):
            await client.get(TOTAL)
        blocker = await asyncpg.connect(filled_dsn)
        async with blocker.transaction():
            await blocker.execute("REFRESH MATERIALIZED VIEW daily_recent")  # nobody can read it meanwhile
            await connection.execute("UPDATE site SET data_version = 7; NOTIFY evload_data_version")
            async with asyncio.timeout(1):
                while (await client.get("/users")).headers["x-data-version"] != "7":
                    await asyncio.sleep(0.005)
            waiting = asyncio.create_task(client.get(TOTAL))
            await somebody_waits(connection, "daily_recent")
            assert not waiting.done()
        await blocker.close()
        assert (await waiting).headers["x-data-version"] == "7"


async def test_a_load_is_served_without_notifications(filled_dsn: str, connection: asyncpg.Connection) -> None:
    async with api_client(filled_dsn) as client:
        await client.get(TOTAL)
        await connection.execute("UPDATE site SET data_version = 7")  # and no NOTIFY
        async with asyncio.timeout(3):
            while (await client.get(TOTAL)).headers["x-data-version"] != "7":
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("repeat", [0, 1])
async def test_if_none_match_answers_304(filled_dsn: str, repeat: int) -> None:
    async with api_client(filled_dsn) as client:
        etag = (await client.get("/users")).headers["etag"]
        for _ in range(repeat + 1):
            held = await client.get("/users", headers={"If-None-Match": etag})
        other = await client.get("/users", headers={"If-None-Match": '"x"'})
        fresh = await client.get(TOTAL, headers={"If-None-Match": "*"})  # not in memory yet
        missing = await client.get("/load/no/hourly", headers={"If-None-Match": "*"})
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", etag)
    assert "content-length" not in held.headers
    assert held.headers["cache-control"] == "no-cache"
    assert (other.status_code, fresh.status_code, missing.status_code) == (200, 304, 404)


async def test_max_age_setting_is_the_cache_control_header(filled_dsn: str) -> None:
    async with api_client(filled_dsn, max_age_seconds=30) as client:
        assert (await client.get(TOTAL)).headers["cache-control"] == "max-age=30"


@pytest.mark.parametrize(("encoding", "decompress"), [("gzip", gzip.decompress), ("zstd", zstd.decompress)])
async def test_large_answers_are_compressed(generated_dsn: str, encoding: str, decompress: object) -> None:
    async with api_client(generated_dsn) as client:
        plain = await client.get("/load/hourly", headers={"Accept-Encoding": "identity"})
        for _ in range(2):
            request = client.build_request("GET", "/load/hourly", headers={"Accept-Encoding": encoding})
            answer = await client.send(request, stream=True)
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
            assert answer.headers["content-encoding"] == encoding
            assert int(answer.headers["content-length"]) == len(raw) < len(plain.content) / 5
            assert decompress(raw) == plain.content  # type: ignore[operator]
            assert answer.headers["etag"] != plain.headers["etag"]
        assert "content-encoding" not in (await client.get(TOTAL)).headers


async def test_a_cache_of_zero_megabytes_queries_postgres_each_time(filled_dsn: str) -> None:
    async with api_client(filled_dsn, cache_megabytes=0) as client:
        assert not any([is_hit(await client.get(TOTAL)) for _ in range(3)])


async def counted(client: httpx2.AsyncClient, name: str) -> int:
    found = re.search(rf"^{name} (\d+)$", (await client.get("/metrics")).text, re.MULTILINE)
    assert found, name
    return int(found[1])


async def test_equal_misses_share_one_query(filled_dsn: str, connection: asyncpg.Connection) -> None:
    async with api_client(filled_dsn) as client:
        async with connection.transaction():
            await connection.execute("REFRESH MATERIALIZED VIEW daily_recent")  # nobody can read it meanwhile
            waiting = [asyncio.create_task(client.get(TOTAL)) for _ in range(20)]
            async with asyncio.timeout(5):
                while await counted(client, "evload_cache_misses_total") < len(waiting):
                    await asyncio.sleep(0.02)
            await somebody_waits(connection, "daily_recent")
            assert await counted(client, "evload_database_requests") == await lock_waiters(connection) == 1
        answers = await asyncio.gather(*waiting)
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b'{"total_energy_kwh":1.92}')}


async def test_a_client_disconnect_cancels_its_query(filled_dsn: str, connection: asyncpg.Connection) -> None:
    async with api_client(filled_dsn) as client, connection.transaction():
        await connection.execute("REFRESH MATERIALIZED VIEW daily_recent")  # nobody can read it meanwhile
        task = asyncio.create_task(client.get(TOTAL))
        await somebody_waits(connection, "daily_recent")
        task.cancel()
        await nobody_waits(connection)


@pytest.mark.parametrize("user", ["n" * 1001, "n" * 60_000, "\U0001f600" * 251])
async def test_a_user_id_longer_than_any_stored_one_is_unknown_and_not_remembered(filled_dsn: str, user: str) -> None:
    async with api_client(filled_dsn) as client:
        answers = [await client.get(f"/load/{user}/hourly") for _ in range(3)]
        assert await counted(client, "evload_cache_misses_total") == 3
    assert {(one.status_code, one.content) for one in answers} == {(404, b'{"detail":"No data found for given user"}')}


async def test_polls_without_a_measure_follow_the_default_measure(dsn: str, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", "21.12.2018 10:00;21.12.2018 11:00;A-1;1;NA;NA;NA;5"))
    async with api_client(dsn) as client:
        for _ in range(3):
            assert (await client.get(TOTAL)).json() == {"total_energy_kwh": 5.0}
        await load_file(dsn, write(tmp_path / "b.csv", "21.12.2018 11:00;21.12.2018 12:00;A-1;1;3;NA;NA;NA"))
        async with asyncio.timeout(5):
            while (after := await client.get(TOTAL)).headers["x-data-version"] != "2":
                await asyncio.sleep(0.005)
        assert (await client.get(TOTAL)).json() == after.json() == {"total_energy_kwh": 3.0}
