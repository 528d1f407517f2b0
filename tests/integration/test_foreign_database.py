"""Databases that another program keeps its tables in: evload says so and changes nothing."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from evload import schema
from evload.errors import EvloadError
from evload.migrate import downgrade, upgrade
from tests.conftest import Databases
from tests.integration.test_schema import described

KINDS = {
    "table": "CREATE TABLE {} (something text)",
    "view": "CREATE VIEW {} AS SELECT 1 AS something",
    "sequence": "CREATE SEQUENCE {}",
    "type": "CREATE TYPE {} AS ENUM ('one')",
}
RELATIONS = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'i') AND relname !~ '^alembic'
"""
FUNCTIONS = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
NOTED = {
    "unknown": "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('ae1027a6acf')",
    "older": "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('0000')",
    "the same": "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('0001')",
    "newer": "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('9999')",
    "branches": "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('a'), ('b')",
    "other columns": "CREATE TABLE alembic_version (version int); INSERT INTO alembic_version VALUES (1)",
    "other columns, empty": "CREATE TABLE alembic_version (version int)",
}


@pytest.fixture
async def foreign(databases: Databases) -> AsyncIterator[str]:
    dsn = await databases.create()
    yield dsn
    await databases.drop(dsn)


async def assert_refused(dsn: str) -> None:
    before = await described(dsn)
    with pytest.raises(EvloadError, match=r"another program.*database of its own") as refused:
        await bring_up(dsn)
    assert "\n" not in str(refused.value)
    assert "newer" not in str(refused.value)
    assert await described(dsn) == before


async def bring_up(dsn: str) -> None:
    """As the commands do."""
    connection = await asyncpg.connect(dsn)
    try:
        if await schema.is_behind(connection):
            await upgrade(dsn)
        await schema.check(connection)
    finally:
        await connection.close()


async def test_names_that_are_taken(foreign: str, connection: asyncpg.Connection) -> None:
    names = [row["relname"] for row in await connection.fetch(RELATIONS)]
    assert len(names) > 20
    other = await asyncpg.connect(foreign)
    for number, name in enumerate(sorted(names)):
        kinds = [kind for kind in KINDS if kind != "type" or not name.endswith(("_pkey", "_index"))]
        kind = kinds[number % 3]
        await other.execute(KINDS[kind].format(name))
        await assert_refused(foreign)
        await other.execute(f"DROP {kind} {name}")
    await other.close()
    await bring_up(foreign)


OWN_TABLES = ("hourly_totals", "hourly_load", "hourly_sum", "user_day", "user_period")


async def test_functions_that_are_taken(foreign: str, connection: asyncpg.Connection) -> None:
    definitions = [row[0] for row in await connection.fetch(FUNCTIONS)]
    other = await asyncpg.connect(foreign)
    taken = 0
    for definition in definitions:
        head = definition.partition("\n RETURNS")[0]
        if any(
            f" {table}, " in head for table in ("hourly_totals", "hourly_load", "hourly_sum", "user_day", "user_period")
        ):
            continue  # over tables that no other program has
        arguments = head.partition("FUNCTION ")[2]
        await other.execute(f"CREATE FUNCTION {arguments} RETURNS int LANGUAGE sql AS 'SELECT 1'")
        await assert_refused(foreign)
        await other.execute(f"DROP FUNCTION {arguments}")
        taken += 1
    assert taken > 3
    await other.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_is_called_site(foreign: str, kind: str) -> None:
    other = await asyncpg.connect(foreign)
    await other.execute(KINDS[kind].format("site"))
    await other.close()
    await assert_refused(foreign)


@pytest.mark.parametrize("noted", NOTED)
async def test_revisions_of_another_program(foreign: str, noted: str) -> None:
    other = await asyncpg.connect(foreign)
    await other.execute(NOTED[noted])
    await other.close()
    await assert_refused(foreign)


async def test_a_revision_that_no_evload_had_is_told(dsn: str, connection: asyncpg.Connection) -> None:
    await connection.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(EvloadError, match="nothing was changed: Can't locate revision identified by '0000'"):
        await upgrade(dsn)


async def test_a_database_that_was_downgraded_is_evloads(dsn: str) -> None:
    await downgrade(dsn)
    await bring_up(dsn)


async def test_a_schema_of_its_own_beside_another_program(foreign: str) -> None:
    other = await asyncpg.connect(foreign)
    await other.execute(f"CREATE TABLE users (id int); CREATE SCHEMA loads; {NOTED['unknown']}")
    await other.close()
    await bring_up(foreign + ("&" if "?" in foreign else "?") + "options=-csearch_path%3Dloads")
