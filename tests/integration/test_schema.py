"""The migrations, and the definitions in `sql/schema` that they must give."""

import asyncio
import re

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from evload import schema
from evload.migrate import downgrade, upgrade
from evload.resources import folder
from tests.conftest import Databases

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name, identity_generation,
    numeric_precision, numeric_scale
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position
"""
RELATIONS = "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1
"""
VIEWS = """
SELECT relname, pg_get_viewdef(oid) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') ORDER BY 1
"""
FUNCTIONS = """
SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1
"""

SEQUENCES = "SELECT sequencename, increment_by, cache_size FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"


async def described(dsn: str) -> list[list[tuple[object, ...]]]:
    connection = await asyncpg.connect(dsn)
    try:
        parts = (COLUMNS, RELATIONS, INDEXES, CONSTRAINTS, VIEWS, FUNCTIONS, SEQUENCES)
        return [[tuple(row) for row in await connection.fetch(part)] for part in parts]
    finally:
        await connection.close()


def definition(name: str) -> str:
    text = (folder("sql") / "schema" / f"{name}.sql").read_text()
    return re.sub(r"^--.*\n", "", text, flags=re.MULTILINE).strip()


def test_the_newest_revision_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.newest_revision()


async def test_migrating_again_changes_nothing(dsn: str) -> None:
    before = await described(dsn)
    newest = schema.newest_revision()
    assert await upgrade(dsn) == (newest, newest)
    assert await described(dsn) == before


async def test_down_and_up_again_gives_the_same_schema(dsn: str) -> None:
    before = await described(dsn)
    await downgrade(dsn)
    assert [row[0] for row in (await described(dsn))[1]] == ["alembic_version", "alembic_version_pkc"]
    await upgrade(dsn)
    assert await described(dsn) == before


async def test_two_migrations_at_once_both_succeed(databases: Databases) -> None:
    dsn = await databases.create()
    newest = schema.newest_revision()
    assert sorted(await asyncio.gather(upgrade(dsn), upgrade(dsn)), key=str) == [(newest, newest), (None, newest)]
    await databases.drop(dsn)


VIEW_FILES = (
    "hourly_closed", "hourly_recent", "hourly_totals", "hourly_energy", "daily_sums", "daily_closed", "daily_recent",
    "daily_totals", "monthly_closed",
)  # fmt: skip
FUNCTION_FILES = ("cut_days", "days_in_range", "periods_in_range", "users_in_range")


@pytest.mark.parametrize("name", VIEW_FILES)
async def test_the_migrations_give_the_views_in_the_files(connection: asyncpg.Connection, name: str) -> None:
    await connection.execute(f"CREATE VIEW pg_temp.from_file AS {definition(name)}")
    from_file = await connection.fetchval("SELECT pg_get_viewdef('pg_temp.from_file'::regclass)")
    assert await connection.fetchval("SELECT pg_get_viewdef($1::text::regclass)", name) == from_file


@pytest.mark.parametrize("name", FUNCTION_FILES)
async def test_the_migrations_give_the_functions_in_the_files(connection: asyncpg.Connection, name: str) -> None:
    defined = "SELECT pg_get_functiondef($1::text::regproc)"
    migrated = await connection.fetchval(defined, name)
    await connection.execute(f"DROP FUNCTION {name}")
    await connection.execute(definition(name))
    assert await connection.fetchval(defined, name) == migrated


def test_no_definition_is_forgotten() -> None:
    files = {path.stem for path in (folder("sql") / "schema").glob("*.sql")}
    assert files == {*VIEW_FILES, *FUNCTION_FILES}


async def test_a_database_without_tables_is_told_so(databases: Databases) -> None:
    dsn = await databases.create()
    connection = await asyncpg.connect(dsn)
    with pytest.raises(schema.WrongSchema, match="evload migrate"):
        await schema.check(connection)
    await connection.close()
    await databases.drop(dsn)


@pytest.mark.parametrize(("revision", "advice"), [("0000", "Run `evload migrate`"), ("9999", "newer evload")])
async def test_another_revision_is_told_so(connection: asyncpg.Connection, revision: str, advice: str) -> None:
    await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
    with pytest.raises(schema.WrongSchema, match=advice):
        await schema.check(connection)


async def test_an_empty_database_takes_the_wanted_timezone(connection: asyncpg.Connection) -> None:
    assert await schema.settle_timezone(connection, None) == "Europe/Oslo"
    assert await schema.settle_timezone(connection, "Asia/Tokyo") == "Asia/Tokyo"
    assert await schema.settle_timezone(connection, None) == "Asia/Tokyo"


async def test_an_unknown_timezone_is_refused(connection: asyncpg.Connection) -> None:
    with pytest.raises(schema.WrongTimezone, match="Mars/Olympus"):
        await schema.settle_timezone(connection, "Mars/Olympus")


async def test_rows_keep_the_timezone_they_have(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO hourly_load (date_from, date_to, batch_id) VALUES ('2020-01-01', '2020-01-01 01:00', 1)"
    )
    with pytest.raises(schema.WrongTimezone, match="Set it to Europe/Oslo, or use an empty database"):
        await schema.settle_timezone(connection, "Asia/Tokyo")
