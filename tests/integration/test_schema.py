"""The migrations, and the definitions in `sql/schema` that they must give."""

import asyncio
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from evload import schema
from evload.ingest.load import load_file
from evload.migrate import downgrade, upgrade
from evload.queries import statements
from evload.resources import folder
from tests.conftest import Databases
from tests.files import FILLER, FIRST, SECOND, write

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
SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace ORDER BY 1
"""

SEQUENCES = "SELECT sequencename, increment_by, cache_size FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"


async def described(dsn: str) -> list[list[tuple[object, ...]]]:
    connection = await asyncpg.connect(dsn)
    try:
        parts = (COLUMNS, RELATIONS, INDEXES, CONSTRAINTS, VIEWS, FUNCTIONS, SEQUENCES)
        return [[tuple(row) for row in await connection.fetch(part)] for part in parts]
    finally:
        await connection.close()


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


def schema_text() -> str:
    return "\n".join(path.read_text() for path in sorted((folder("sql") / "schema").glob("*.sql")))


async def run_statements(dsn: str, script: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements(script):
            await connection.execute(statement)
    finally:
        await connection.close()


def test_the_first_migration_is_the_text_of_the_schema() -> None:
    """Until a second migration changes `sql/schema/` and leaves the first one as it is."""
    if schema.newest_revision() == "0001":
        first = folder("migrations") / "versions" / "0001_first_schema" / "up.sql"
        assert first.read_text() == schema_text()


async def test_the_migrations_give_the_schema_in_the_files(databases: Databases, dsn: str) -> None:
    from_files = await databases.create()
    await run_statements(from_files, schema_text())
    wanted, found = await described(from_files), await described(dsn)
    is_alembics = [[row for row in part if "alembic_version" not in str(row)] for part in found]
    assert is_alembics == wanted
    await databases.drop(from_files)


async def test_the_migrations_can_be_written_out_as_a_script(databases: Databases, dsn: str) -> None:
    command = [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"]
    run = partial(subprocess.run, cwd=folder("migrations").parent, capture_output=True, check=True, text=True)
    written = await asyncio.to_thread(run, command)
    by_script = await databases.create()
    connection = await asyncpg.connect(by_script)
    await connection.execute(written.stdout)
    await connection.close()
    assert await described(by_script) == await described(dsn)
    await databases.drop(by_script)


def with_another_measure(script: str) -> str:
    """Writes each line about the last measure once more, for `invented_kwh`, as docs/migrations.md tells to."""
    lines: list[str] = []
    for line in script.splitlines():
        lines.append(line)
        if "metered_kwh" in line and not line.startswith("(5"):
            if not line.endswith((",", "kwh")) or "WHEN" in line:
                lines.append(line.replace("metered_kwh", "invented_kwh"))
            else:
                lines[-1] = line.rstrip(",") + ","
                lines.append(line.replace("metered_kwh", "invented_kwh"))
    return "\n".join(lines) + "\n"


def next_migration(versions: Path, newest: str, following: str) -> None:
    """Writes a migration that adds a measure, and its way back."""
    first, second = versions / "0001_first_schema", versions / f"{following}_invented_measure"
    second.mkdir()
    text = (versions / "0001_first_schema.py").read_text()
    text = text.replace('"0001"', f'"{following}"').replace("None", f'"{newest}"', 1)
    second.with_suffix(".py").write_text(text)
    texts = [path.read_text() for path in sorted((folder("sql") / "schema").glob("0[2-9]*.sql"))]
    views = "\n".join(text for text in texts if "CREATE TABLE" not in text)
    drops = (first / "down.sql").read_text().partition("DROP VIEW session_version")[0]
    drops = re.sub(r"DROP TABLE \w+;\n", "", drops)  # of tables, only columns come and go
    columns = [("hourly_load", "invented_kwh", "numeric(6, 3)"), ("hidden_load", "invented_kwh", "numeric(6, 3)")]
    columns += [("hourly_sum", "invented_kwh", "numeric NOT NULL DEFAULT 0")]
    columns += [
        (table, name, "numeric NOT NULL DEFAULT 0")
        for table in ("user_day", "user_period")
        for name in ("invented_kwh", "peak_invented_kwh")
    ]
    up = [drops, "INSERT INTO measure (rank, measure) VALUES (6, 'invented_kwh');\n"]
    up += [f"ALTER TABLE {table} ADD COLUMN {name} {kind};\n" for table, name, kind in columns]
    down = [drops, "DELETE FROM measure WHERE measure = 'invented_kwh';\n"]
    down += [f"ALTER TABLE {table} DROP COLUMN {name};\n" for table, name, _ in columns]
    (second / "up.sql").write_text("\n".join([*up, with_another_measure(views)]))
    (second / "down.sql").write_text("\n".join([*down, views]))


async def test_a_migration_adds_a_measure_and_takes_it_back(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND, FILLER))
    totals = "SELECT day, measure, energy_kwh, observed_hours FROM daily_totals ORDER BY measure, day"
    before, rows = await described(dsn), await connection.fetch(totals)
    shutil.copytree(folder("migrations"), tmp_path / "migrations")
    newest = schema.newest_revision()
    following = f"{int(newest) + 1:04}"
    next_migration(tmp_path / "migrations" / "versions", newest, following)
    monkeypatch.setattr("evload.migrate.folder", lambda name: tmp_path / name)
    assert await upgrade(dsn) == (newest, following)
    assert await connection.fetch(totals) == rows
    await connection.execute("UPDATE measure SET is_held = true WHERE measure = 'invented_kwh'")
    await connection.execute("UPDATE hourly_sum SET invented_kwh = 2")
    for view in ("hourly_closed", "hourly_recent", "daily_closed", "daily_recent"):
        await connection.execute(f"REFRESH MATERIALIZED VIEW {view}")
    hours = await connection.fetchval("SELECT count(*) FROM hourly_sum")
    assert (
        await connection.fetchval("SELECT sum(energy_kwh) FROM daily_totals WHERE measure = 'invented_kwh'")
        == 2 * hours
    )
    await downgrade(dsn, newest)
    assert await described(dsn) == before
    assert await connection.fetch(totals) == rows


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
