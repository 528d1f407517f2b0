"""`/readyz` follows the schema while evload serves: not ready while something of it is lacking, then ready again."""

import asyncio

import asyncpg
import httpx2
import pytest

from evload import schema, watch
from evload.migrate import downgrade, upgrade
from evload.queries import names_of_schema
from tests.conftest import api_client

WITHIN_SECONDS = 10
# A statement that breaks the schema, one that mends it, and what /readyz says meanwhile.
BREAKAGES = {
    "no table": ("ALTER TABLE measure RENAME TO x", "ALTER TABLE x RENAME TO measure", "is missing"),
    "no view": ("ALTER VIEW daily_totals RENAME TO x", "ALTER VIEW x RENAME TO daily_totals", "is missing"),
    "no function": (
        "ALTER FUNCTION last_7_days RENAME TO x", "ALTER FUNCTION x RENAME TO last_7_days", "is missing"
    ),
    "an empty view": (
        "REFRESH MATERIALIZED VIEW monthly_closed WITH NO DATA", "REFRESH MATERIALIZED VIEW monthly_closed",
        "never filled",
    ),
    "an older revision": (
        "UPDATE alembic_version SET version_num = '0000'", "UPDATE alembic_version SET version_num = '0001'",
        "of an older evload",
    ),
    "a newer revision": (
        "UPDATE alembic_version SET version_num = '9999'", "UPDATE alembic_version SET version_num = '0001'",
        "by a newer evload",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "ASK_EVERY_SECONDS", 0.05)


async def until_told(client: httpx2.AsyncClient, status: int, said: str) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while (answer := await client.get("/readyz")).status_code != status or said not in answer.text:
            await asyncio.sleep(0.02)


async def test_readyz_tells_what_the_schema_lacks_until_it_is_mended(dsn: str, connection: asyncpg.Connection) -> None:
    async with api_client(dsn) as client:
        hot = [await client.get("/users") for _ in range(2)]
        for broken, mended, said in BREAKAGES.values():
            await until_told(client, 200, "ready")
            await connection.execute(broken)
            await until_told(client, 503, said)
            for _ in range(10):
                assert (await client.get("/readyz")).status_code == 503, broken
                assert (await client.get("/users")).content == hot[1].content
                await asyncio.sleep(0.02)
            await connection.execute(mended)
        await until_told(client, 200, "ready")


async def test_readyz_after_a_downgrade(dsn: str) -> None:
    async with api_client(dsn) as client:
        for _ in range(2):
            await client.get("/users")
        await downgrade(dsn)
        await until_told(client, 503, "`evload migrate`")
        assert (await client.get("/users")).status_code == 200
        assert (await client.get("/livez")).status_code == 200
        await upgrade(dsn)
        await until_told(client, 200, "ready")
        assert (await client.get("/kpi/daily")).status_code == 404


KINDS = {"r": "TABLE", "v": "VIEW", "m": "MATERIALIZED VIEW"}
RELATIONS = """
SELECT relname, relkind::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') AND relname <> 'alembic_version'
"""
FUNCTIONS = "SELECT proname, oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


async def test_each_table_view_and_function_is_missed(connection: asyncpg.Connection) -> None:
    await schema.check_complete(connection)
    kinds = {name: KINDS[kind] for name, kind in await connection.fetch(RELATIONS)}
    functions = await connection.fetch(FUNCTIONS)
    assert set(names_of_schema()) == kinds.keys() | {name for name, _ in functions}
    for name in names_of_schema():
        transaction = connection.transaction()
        await transaction.start()
        if name in kinds:
            await connection.execute(f"ALTER {kinds[name]} {name} RENAME TO x")
        for signature in [signature for one, signature in functions if one == name]:
            await connection.execute(f"ALTER FUNCTION {signature} RENAME TO x")
        with pytest.raises(schema.WrongSchema, match=r"is missing\."):
            await schema.check_complete(connection)
        await transaction.rollback()


async def test_each_view_that_was_never_filled_is_missed(connection: asyncpg.Connection) -> None:
    views = [name for name, kind in await connection.fetch(RELATIONS) if KINDS[kind] == "MATERIALIZED VIEW"]
    for name in views:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"REFRESH MATERIALIZED VIEW {name} WITH NO DATA")
        with pytest.raises(schema.WrongSchema, match="evload refresh"):
            await schema.check_complete(connection)
        await transaction.rollback()
    assert len(views) >= 4
