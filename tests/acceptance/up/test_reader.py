"""The API's connections to the embedded server may read, and nothing else."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from evload.embedded import dsn_of_reader, running_server
from tests.acceptance.processes import Shell
from tests.acceptance.up.running import FirstRun, numbers
from tests.files import SMALL_FILE

WRITES = (
    "INSERT INTO user_location VALUES ('x', '')",
    "UPDATE site SET timezone = 'UTC'",
    "DELETE FROM hourly_load",
    "TRUNCATE user_day",
    "DROP TABLE user_location",
    "REFRESH MATERIALIZED VIEW daily_recent",
    "CREATE TABLE mine (x int)",
    "CREATE TEMPORARY TABLE mine (x int)",
    "ALTER SYSTEM SET work_mem = '7MB'",
    "COPY user_location TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT rolpassword FROM pg_authid",
    "SET ROLE evload",
)
ROLES = """
SELECT application_name, rolsuper FROM pg_stat_activity JOIN pg_roles ON pg_roles.oid = usesysid
WHERE application_name ~ '^evload (api|serve)'
"""


def test_the_api_is_no_superuser(here: Shell, data_dir: Path, first_run: FirstRun) -> None:
    with here.serving("up") as api, running_server(data_dir, print) as dsn:
        assert numbers(api) == first_run.numbers
        found = {row["application_name"]: row["rolsuper"] for row in asyncio.run(fetch(dsn, ROLES))}
        assert found == {"evload api": False, "evload serve, listening": False}
        metrics = api.get("/metrics").text
        assert "evload_database_up 1" in metrics
        assert "evload_wal_size_bytes " in metrics
        assert api.get("/readyz").status_code == 200
        (here.folder / "small.csv").write_text(SMALL_FILE, encoding="utf-8")
        here.succeed("load", "small.csv")
        assert numbers(api) != first_run.numbers


@pytest.mark.parametrize(
    "before", ["", "DROP OWNED BY evload_reader; DROP ROLE evload_reader"], ids=["new", "old folder"]
)
def test_its_role_may_not_write(data_dir: Path, first_run: FirstRun, before: str) -> None:
    with running_server(data_dir, print) as dsn:
        for statement in filter(None, before.split("; ")):
            asyncio.run(fetch(dsn, statement))
    with running_server(data_dir, print) as dsn:
        asyncio.run(fetch(dsn, "CREATE TABLE later AS SELECT 42 AS answer"))
        reader = dsn_of_reader(dsn)
        assert asyncio.run(fetch(reader, "SELECT answer FROM later"))[0]["answer"] == 42
        for statement in WRITES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                asyncio.run(fetch(reader, statement))


async def fetch(dsn: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()
