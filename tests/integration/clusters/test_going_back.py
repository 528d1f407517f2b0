"""Nobody goes back in time by standbys that lag, and only where the data did, by a restore or a failover."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from evload.ingest.load import load_file
from tests.clusters import PostgresServer, dsn_of_all
from tests.conftest import api_client
from tests.files import write
from tests.integration.clusters.conftest import Cluster

TOTAL = "/kpi/total-energy"
NOTICED_WITHIN_SECONDS = 20.0


def row(number: int) -> str:
    return f"05.01.2019 {number:02}:00;05.01.2019 {number + 1:02}:00;A-1;{number};1,5;7,2;0;0"


async def load(server: PostgresServer, folder: Path, number: int) -> None:
    await load_file(server.dsn, write(folder / f"more-{number}.csv", row(number)))


async def total(client: httpx2.AsyncClient) -> Any:
    return (await client.get(TOTAL)).json()["total_energy_kwh"]


async def until_answers(client: httpx2.AsyncClient, expected: float) -> None:
    began = time.monotonic()
    while (answer := await client.get(TOTAL)).json() != {"total_energy_kwh": expected}:
        assert time.monotonic() - began < NOTICED_WITHIN_SECONDS, answer.text
        await asyncio.sleep(0.05)


async def until_ready(client: httpx2.AsyncClient) -> None:
    began = time.monotonic()
    while (await client.get("/readyz")).status_code != 200:
        assert time.monotonic() - began < NOTICED_WITHIN_SECONDS
        await asyncio.sleep(0.05)


async def holds(server: PostgresServer, rows: int) -> None:
    began = time.monotonic()
    while await server.fetchval("SELECT count(*) FROM hourly_load") != rows:
        assert time.monotonic() - began < NOTICED_WITHIN_SECONDS
        await asyncio.sleep(0.05)


@asynccontextmanager
async def behind(cluster: Cluster, folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of both standbys that has seen a load in the one that is gone; the other has not replayed it yet."""
    first, second = cluster.standby, cluster.other_standby
    await second.execute("SELECT pg_wal_replay_pause()")
    async with api_client(dsn_of_all(first, second)) as client:
        before = await total(client)
        await load(cluster.primary, folder, 1)
        await until_answers(client, before + 1.5)
        first.end()
        yield client


async def test_a_standby_that_lags_takes_nobody_back(cluster: Cluster, tmp_path: Path) -> None:
    async with behind(cluster, tmp_path) as client:
        seen = await total(client)
        for _ in range(30):
            assert await total(client) == seen
            await asyncio.sleep(0.05)
        assert (await client.get("/readyz")).status_code == 503
        missed = await client.get("/kpi/peak-hourly")
        assert missed.status_code == 500
        assert "behind what was answered before" in missed.text
        exported = await client.get("/hourly_loads.csv")
        assert exported.status_code == 500
        await cluster.other_standby.execute("SELECT pg_wal_replay_resume()")
        await until_answers(client, seen)
        assert (await client.get("/kpi/peak-hourly")).status_code == 200
        await until_ready(client)


async def test_an_older_backup_that_was_restored_is_served(cluster: Cluster, tmp_path: Path) -> None:
    """On the primary, and on the standby that replays the restore."""
    async with api_client(cluster.primary.dsn) as primary, api_client(cluster.standby.dsn) as standby:
        before = await total(primary)
        backup = cluster.servers.folder / "backup.dump"
        cluster.primary.programs.run("pg_dump", "-Fc", "-d", cluster.primary.dsn, "-f", backup)
        for number in (1, 2):
            await load(cluster.primary, tmp_path, number)
        for client in (primary, standby):
            await until_answers(client, before + 3)
        cluster.primary.programs.run("pg_restore", "--clean", "--single-transaction", "-d", cluster.primary.dsn, backup)
        for client in (primary, standby):
            await until_answers(client, before)


async def test_a_failover_that_loses_a_load_is_noticed(cluster: Cluster, tmp_path: Path) -> None:
    """Also where the loads that follow reach the number of the lost one."""
    primary, standby = cluster.primary, cluster.standby
    async with api_client(dsn_of_all(primary, standby, target="primary")) as client:
        before = await total(client)
        await standby.cut_off()
        await load(primary, tmp_path, 1)
        await until_answers(client, before + 1.5)
        primary.end()
        await standby.promote()
        await load_file(standby.dsn, write(tmp_path / "other.csv", row(7), row(8)))
        await until_answers(client, before + 3)


async def test_a_standby_of_the_one_that_was_promoted_is_served(cluster: Cluster, tmp_path: Path) -> None:
    """Its load was lost, and so its position is an older one, on a later timeline."""
    primary, standby, other = cluster.primary, cluster.standby, cluster.other_standby
    async with api_client(dsn_of_all(primary, other)) as client:
        before = await total(client)
        for one in (other, standby):  # the one that is promoted has to be as far at least
            await one.cut_off()
        await load(primary, tmp_path, 1)
        await until_answers(client, before + 1.5)
        primary.end()
        await standby.promote()
        await other.follow(standby)
        await holds(other, 5)
        async with asyncio.timeout(60):
            while await total(client) != before:
                for one in (
                    standby,
                    other,
                ):  # a restart point, by which a standby knows its timeline, follows a checkpoint
                    await one.execute("CHECKPOINT")
                await asyncio.sleep(0.2)


async def test_hot_answers_go_on_while_a_standby_becomes_the_primary(cluster: Cluster, tmp_path: Path) -> None:
    primary, standby = cluster.primary, cluster.standby
    async with api_client(dsn_of_all(primary, standby, target="primary")) as client:
        before = await total(client)
        primary.end()
        for _ in range(10):
            assert await total(client) == before
            await asyncio.sleep(0.02)
        assert (await client.get("/kpi/peak-hourly")).status_code == 500
        await standby.promote()
        await load(standby, tmp_path, 1)
        await until_answers(client, before + 1.5)
        assert (await client.get("/kpi/peak-hourly")).status_code == 200
