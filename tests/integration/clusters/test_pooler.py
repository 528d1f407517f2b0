"""evload behind PgBouncer, in session and in transaction mode: nothing but the address changes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evload.database.connecting import connect
from evload.ingest import batches
from evload.ingest.compact import compact
from evload.ingest.load import load_file
from evload.migrate import upgrade
from evload.queries import query
from tests.clusters import PostgresServer, servers
from tests.conftest import api_client
from tests.files import SMALL_FILE, write
from tests.integration.clusters.test_standbys import MORE, PATHS
from tests.poolers import needs_pgbouncer, pgbouncer

pytestmark = needs_pgbouncer
MODES = ("session", "transaction")


@pytest.fixture
async def server() -> AsyncIterator[PostgresServer]:
    with servers() as made:
        yield made.primary()


@pytest.mark.parametrize("mode", MODES)
async def test_everything_works_through_a_pooler(server: PostgresServer, mode: str, tmp_path: Path) -> None:
    file = tmp_path / "small.csv"
    file.write_text(SMALL_FILE, encoding="utf-8")
    with pgbouncer(server, mode) as pooled:
        for _ in range(2):  # the second time on connections that others have used
            await upgrade(pooled)
        await load_file(pooled, file)
        second = await load_file(pooled, write(tmp_path / "more.csv", MORE))
        async with (
            api_client(pooled, cache_megabytes=0) as through_it,
            api_client(server.dsn, cache_megabytes=0) as direct,
        ):
            for path in (*PATHS, "/hourly_loads.csv", "/load/hourly.parquet"):
                asked = await asyncio.gather(*(through_it.get(f"{path}?_={n}") for n in range(20)))
                assert {answer.status_code for answer in asked} == {200}, path
                assert {answer.content for answer in asked} == {(await direct.get(path)).content}, path
            await batches.unload(pooled, second.batch_id)
            assert (await direct.get("/kpi/total-energy")).json() == {"total_energy_kwh": 5.65}
            async with asyncio.timeout(3):
                while (await through_it.get("/kpi/total-energy")).json() != {"total_energy_kwh": 5.65}:
                    await asyncio.sleep(0.05)


@pytest.mark.parametrize("mode", MODES)
async def test_reading_through_a_pooler_changes_nothing(server: PostgresServer, mode: str) -> None:
    """What evload sets for itself does not stay with connections that the pooler gives to others."""
    await upgrade(server.dsn)
    ask = "SELECT current_setting('TimeZone'), current_setting('default_transaction_read_only'), current_setting('jit')"
    with pgbouncer(server, mode) as pooled:
        async with api_client(pooled) as client:
            for _ in range(8):
                await client.get("/load/hourly")
        connection = await connect(pooled, "test")
        async with connection.transaction():
            found = await connection.fetchrow(ask)
        await connection.close()
    assert found is not None
    assert found[1:] == ("off", "off")  # jit is off in the server's own settings


async def test_giving_disk_back_through_a_pooler_changes_nothing_for_its_other_clients(
    server: PostgresServer, tmp_path: Path
) -> None:
    await upgrade(server.dsn)
    file = tmp_path / "small.csv"
    file.write_text(SMALL_FILE, encoding="utf-8")
    await load_file(server.dsn, file)
    with pgbouncer(server, "transaction", default_pool_size="1") as pooled:
        await compact(pooled)
        connection = await connect(pooled, "test")
        async with connection.transaction():
            found = [await connection.fetchval(f"SHOW {name}") for name in ("lock_timeout", "statement_timeout")]
        await connection.close()
    assert found == ["0", "0"]
    assert await server.fetchval(query("site/is_sound").text)


async def test_a_setting_in_the_address_that_a_pooler_refuses_is_told(server: PostgresServer) -> None:
    with pgbouncer(server, "session") as pooled:
        async with api_client(f"{pooled}?options=-cwork_mem%3D8MB") as client:
            answer = await client.get("/kpi/total-energy")
    assert answer.status_code == 500
    assert "remove the words after the ?" in answer.text


async def test_more_requests_than_the_server_has_room_for_wait(server: PostgresServer, tmp_path: Path) -> None:
    await upgrade(server.dsn)
    file = tmp_path / "small.csv"
    file.write_text(SMALL_FILE, encoding="utf-8")
    await load_file(server.dsn, file)
    await server.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 3 IN ROLE pg_read_all_data")
    crowded = server.dsn.replace("evload@", "crowded@")
    async with api_client(crowded, cache_megabytes=0, pool_size=20) as client:
        asked = await asyncio.gather(*(client.get(f"/load/hourly?end_date={2019 + n}") for n in range(60)))
        assert {answer.status_code for answer in asked} == {200}
