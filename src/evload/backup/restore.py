"""Restores a backup of evload's, or one of plain pg_dump, in one transaction that looks whether it is sound."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg

from evload import schema
from evload.backup.dumps import opened_dump
from evload.backup.programs import reason, running
from evload.database.connecting import looking
from evload.errors import EvloadError, shown
from evload.migrate import downgrade_scripts
from evload.queries import query

PSQL = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--file=-")
UNSOUND = b"evload: unsound"
NO_ROLE = re.compile(rb'role ".*" does not exist')
OTHER_ROLES = " Make it by pg_dump --no-owner --no-privileges."


async def restore(dsn: str, file: Path, *, replace: bool) -> dict[str, int]:
    """Puts what the file holds in the place of evload's tables, or changes nothing.

    Gives `stored_rows` and `data_version`. Raises EvloadError where the file is no backup or not sound, and, without
    `replace`, where the database holds rows.
    """
    async with looking(dsn, "restore") as connection:
        status = await _status(connection)
    if not replace and (status["stored_rows"] or status["stored_sessions"]):
        raise EvloadError(
            f"The database holds {status['stored_rows']:,} rows: restore into an empty one, or say --replace."
        )
    failed = f"{shown(file)} was not restored, and nothing was changed"
    async with opened_dump(file) as pieces, running("psql", PSQL, dsn, stdin=asyncio.subprocess.PIPE) as psql:
        assert psql.stdin
        with suppress(BrokenPipeError, ConnectionResetError):  # it says why
            await _send(psql.stdin, pieces, _before(), _after())
        said = await psql.said()
    if UNSOUND in said:
        raise EvloadError(f"{failed}: its sums do not agree with its rows.")
    if psql.returncode != 0:
        raise EvloadError(f"{failed}: {reason(said)}{OTHER_ROLES if NO_ROLE.search(said) else ''}")
    async with looking(dsn, "restore") as connection:
        await schema.check(connection)
        status = await _status(connection)
    return {name: status[name] for name in ("stored_rows", "data_version")}


async def _status(connection: asyncpg.Connection) -> asyncpg.Record:
    status = await connection.fetchrow(query("site/status").text)
    assert status is not None
    return status


async def _send(stdin: asyncio.StreamWriter, pieces: AsyncIterator[bytes], before: bytes, after: bytes) -> None:
    """Ends with COMMIT, so that input that is cut off leaves the database as it was."""
    stdin.write(before)
    async for piece in pieces:
        stdin.write(piece)
        await stdin.drain()
    stdin.write(after)
    await stdin.drain()
    stdin.close()


def _before() -> bytes:
    """Takes away the tables and views of the newest revision, which every command brings the database to."""
    lock = query("totals/lock_writers").text
    return "\n".join(["BEGIN;", f"{lock};", *downgrade_scripts(), "DROP TABLE alembic_version;", ""]).encode()


def _after() -> bytes:
    return (
        f"\nRESET search_path;\n{query('site/is_sound').text}\\gset\n"
        f"\\if :is_sound\nCOMMIT;\n\\else\n\\warn '{UNSOUND.decode()}'\nROLLBACK;\n\\endif\n"
    ).encode()
