"""Connects to a server that was just started or found: makes its database and role, checks that it loses no data."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg

from evload.embedded import OWNER, READER
from evload.errors import EvloadError

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
CONNECT_SECONDS = 10.0
IS_THERE = f"""
SELECT
    EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') AS role,
    EXISTS (
        SELECT FROM pg_default_acl CROSS JOIN LATERAL aclexplode(defaclacl) AS granted
        WHERE granted.grantee::regrole::text = '{READER}'
    ) AS grants
"""  # noqa: S608
GRANTS = f"""
REVOKE TEMPORARY ON DATABASE {OWNER} FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER};
GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO {READER};
"""


def run(coroutine: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:  # leaves the caller's event loop alone
        runner.run(coroutine)


async def greet(dsn: str) -> None:
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except asyncpg.InvalidCatalogNameError:
        await _create_database(dsn)
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        await _check_durable(connection)
        await _let_reader_in(connection, urlsplit(dsn).password)
    finally:
        await connection.close()


async def _let_reader_in(connection: "asyncpg.Connection[asyncpg.Record]", password: str | None) -> None:
    """Makes the role of those who only read. Tables that a migration makes later are theirs to read as well."""
    is_there = await connection.fetchrow(IS_THERE)
    assert is_there is not None
    async with connection.transaction():
        if not is_there["role"]:
            made = await connection.fetchval(
                f"SELECT format('CREATE ROLE {READER} LOGIN PASSWORD %L', $1::text)", password
            )
            await connection.execute(made)
        if not is_there["grants"]:
            await connection.execute(GRANTS)


async def _create_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, database="postgres", timeout=CONNECT_SECONDS)
    try:
        # Postgres may still be busy with the same command of an evload that was killed.
        with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            await connection.execute(f"CREATE DATABASE {OWNER}")
    finally:
        await connection.close()


async def _check_durable(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    query = "SELECT name FROM pg_settings WHERE name = ANY($1) AND setting <> 'on'"
    if names := [row["name"] for row in await connection.fetch(query, DURABLE)]:
        raise EvloadError(f"Postgres would lose data in a crash, as these settings are off: {', '.join(names)}.")
