"""What is served from hot standbys, and which of several hosts is asked."""

import asyncio
import socket
import time
from pathlib import Path

import pytest

from evload.database.connecting import connect
from evload.database.errors import DatabaseUnavailable
from evload.database.pool import Database
from evload.ingest.load import load_file
from evload.ingest.storing.transaction import NothingChanged
from tests.clusters import PostgresServer, dsn_of_all
from tests.conftest import api_client
from tests.files import write
from tests.integration.clusters.conftest import Cluster

MORE = "05.01.2019 09:00;05.01.2019 10:00;A-1;9;3,6;7,2;0;0"
PATHS = ("/users", "/hourly_loads", "/load/hourly", "/load/daily", "/kpi/summary", "/users/summary", "/grid/summary")
NOTICED_WITHIN_SECONDS = 10.0


async def port_of(dsn: str) -> int:
    connection = await connect(dsn, "test")
    try:
        port: int = await connection.fetchval("SELECT inet_server_port()")
        return port
    finally:
        await connection.close()


async def test_a_standby_answers_like_its_primary_and_follows_it(cluster: Cluster, tmp_path: Path) -> None:
    async with api_client(cluster.primary.dsn) as primary, api_client(cluster.standby.dsn) as standby:
        for path in PATHS:
            answers = [await client.get(path) for client in (primary, standby)]
            assert answers[0].status_code == 200
            assert answers[0].text == answers[1].text
            assert answers[0].headers["etag"] == answers[1].headers["etag"]
        await load_file(cluster.primary.dsn, write(tmp_path / "more.csv", MORE))
        began = time.monotonic()
        while (total := (await standby.get("/kpi/total-energy")).json()) == answers[1].json():
            await asyncio.sleep(0.05)
        while total != (await primary.get("/kpi/total-energy")).json():
            assert time.monotonic() - began < NOTICED_WITHIN_SECONDS
            await asyncio.sleep(0.05)
            total = (await standby.get("/kpi/total-energy")).json()


async def test_a_load_on_a_standby_says_where_to_load(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(NothingChanged, match=r"read-only standby\. Name its primary in DATABASE_URL"):
        await load_file(cluster.standby.dsn, write(tmp_path / "more.csv", MORE))


async def test_the_hosts_that_each_target_means(cluster: Cluster) -> None:
    primary, standby = cluster.primary, cluster.standby
    expected = {
        "any": standby,
        "primary": primary,
        "read-write": primary,
        "read-only": standby,
        "standby": standby,
        "prefer-standby": standby,
    }
    for target, server in expected.items():
        assert await port_of(dsn_of_all(standby, primary, target=target)) == server.port, target
    assert await port_of(dsn_of_all(primary, standby, target="prefer-standby")) == standby.port
    assert await port_of(dsn_of_all(primary, target="prefer-standby")) == primary.port
    with pytest.raises(DatabaseUnavailable, match="what target_session_attrs asks for: standby"):
        await connect(dsn_of_all(primary, target="standby"), "test")
    for target in ("primary", "read-write", "prefer-standby"):
        async with api_client(dsn_of_all(standby, primary, target=target)) as client:
            assert (await client.get("/kpi/total-energy")).status_code == 200, target


async def test_a_silent_first_host_does_not_use_up_the_time_of_the_next(cluster: Cluster) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        began = time.monotonic()
        assert await port_of(f"postgresql://evload@127.0.0.1:{port},{cluster.primary.address}/postgres") == (
            cluster.primary.port
        )
        assert time.monotonic() - began < 4
        dead = f"postgresql://evload@127.0.0.1:{port},127.0.0.1:1,{cluster.primary.address}/postgres"
        async with api_client(dead) as client:
            assert (await client.get("/kpi/total-energy")).status_code == 200


async def test_a_host_that_lets_in_and_falls_silent_does_not_hold_up(cluster: Cluster) -> None:
    """As a frozen server does, or a pooler without a free connection."""

    async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")  # no TLS
        await reader.read(1000)
        key = b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x01"
        version = b"S\0\0\0\x18server_version\x0018.0\0"
        writer.write(b"R\0\0\0\x08\0\0\0\0" + version + key + b"Z\0\0\0\x05I")
        while await reader.read(1000):
            pass
        writer.close()

    async with await asyncio.start_server(let_in, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        hosts = f"postgresql://evload@127.0.0.1:{port},{cluster.primary.address}/postgres"
        async with asyncio.timeout(20):
            assert await port_of(hosts) == cluster.primary.port


def database(server: PostgresServer) -> Database:
    return Database(
        server.dsn,
        pool_size=2,
        max_waiting_requests=10,
        statement_timeout_seconds=20,
        max_body_bytes=1_000_000,
        busy=lambda more: None,
    )


async def test_a_query_that_the_standby_gave_up_is_asked_once_more(cluster: Cluster) -> None:
    """The primary removes rows that the query on the standby may still see."""
    await cluster.standby.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    await cluster.standby.execute("SELECT pg_reload_conf()")
    await cluster.primary.execute("CREATE TABLE thrown_away AS SELECT generate_series(1, 10000) AS number")
    pool = database(cluster.standby)
    await pool.open()
    slow = "SELECT count(*), pg_sleep(2) FROM hourly_load"
    asked = asyncio.create_task(pool.fetch_row(slow, ()))
    await asyncio.sleep(0.8)
    await cluster.primary.execute("DELETE FROM thrown_away")
    await cluster.primary.execute("VACUUM thrown_away")
    assert (await asked)["count"] == 5
    conflicts = "SELECT confl_snapshot FROM pg_stat_database_conflicts WHERE datname = 'postgres'"
    assert await cluster.standby.fetchval(conflicts)
    await pool.close()
