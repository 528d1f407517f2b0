"""The roles of `sql/roles.sql`: one that loads, and one that may only read."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from evload.ingest.load import load_file
from evload.ingest.storing.transaction import NothingChanged
from evload.migrate import upgrade
from evload.queries import query
from tests.clusters import PostgresServer, servers
from tests.conftest import api_client
from tests.files import SMALL_FILE, write
from tests.integration.clusters.test_standbys import MORE, PATHS


@pytest.fixture
async def server() -> AsyncIterator[PostgresServer]:
    with servers() as made:
        primary = made.primary()
        await primary.execute(query("roles").text)
        yield primary


def dsn_as(server: PostgresServer, role: str) -> str:
    return server.dsn.replace("evload@", f"{role}@")


async def test_the_loader_does_all_that_changes_and_the_reader_reads(server: PostgresServer, tmp_path: Path) -> None:
    loader, reader = dsn_as(server, "evload_loader"), dsn_as(server, "evload_reader")
    await upgrade(loader)
    file = tmp_path / "small.csv"
    file.write_text(SMALL_FILE, encoding="utf-8")
    await load_file(loader, file)
    await load_file(loader, write(tmp_path / "more.csv", MORE))
    async with api_client(reader) as client:
        for path in (*PATHS, "/hourly_loads.csv", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200, path
        assert "evload_wal_size_bytes" not in (await client.get("/metrics")).text
    await server.execute("GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO evload_reader")
    async with api_client(reader) as client:
        assert "evload_wal_size_bytes" in (await client.get("/metrics")).text
    with pytest.raises(NothingChanged, match="lacks rights"):
        await load_file(reader, write(tmp_path / "other.csv", MORE.replace("09:00", "08:00").replace("10:00", "09:00")))
    owners = await server.fetchval(
        "SELECT array_agg(DISTINCT relowner::regrole::text) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm')"
    )
    assert owners == ["evload_owner"]


async def test_who_was_granted_nothing_is_told(server: PostgresServer) -> None:
    await upgrade(dsn_as(server, "evload_loader"))
    await server.execute("CREATE ROLE stranger LOGIN")
    async with api_client(dsn_as(server, "stranger")) as client:
        answer = await client.get("/kpi/total-energy")
    assert answer.status_code == 500
    assert "`evload roles` prints those that evload needs" in answer.text


async def test_what_the_reader_may_not_do(server: PostgresServer) -> None:
    await upgrade(dsn_as(server, "evload_loader"))
    connection = await asyncpg.connect(dsn_as(server, "evload_reader"))
    for statement in (
        "DELETE FROM hourly_load",
        "TRUNCATE site",
        "CREATE TABLE mine ()",
        "REFRESH MATERIALIZED VIEW hourly_closed",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
