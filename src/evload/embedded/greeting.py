"""Connects to a server that was just started or found: makes its database, and checks that it loses no data."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

import asyncpg

from evload.embedded.cluster import USER
from evload.errors import EvloadError

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
CONNECT_SECONDS = 10.0


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
    finally:
        await connection.close()


async def _create_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, database="postgres", timeout=CONNECT_SECONDS)
    try:
        # Postgres may still be busy with the same command of an evload that was killed.
        with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            await connection.execute(f"CREATE DATABASE {USER}")
    finally:
        await connection.close()


async def _check_durable(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    query = "SELECT name FROM pg_settings WHERE name = ANY($1) AND setting <> 'on'"
    if names := [row["name"] for row in await connection.fetch(query, DURABLE)]:
        raise EvloadError(f"Postgres would lose data in a crash, as these settings are off: {', '.join(names)}.")
