"""Tokens, which let requests in: made, listed, revoked, and read by those who judge requests."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import asyncpg

from evload import schema
from evload.database.connecting import looking
from evload.errors import EvloadError
from evload.queries import query

TOKEN_BYTES = 32  # random, so that no token can be guessed
MAX_NAME_CHARACTERS = 100


class Role(StrEnum):
    PUBLIC = "public"
    READER = "reader"


class NoSuchToken(EvloadError):
    """There is no token of this name."""


class NameTaken(EvloadError):
    """There is a token of this name already."""


class Token(NamedTuple):
    """What a worker knows of a token. Restricted to no users and no locations, it is for all."""

    digest: bytes
    name: str
    role: Role
    user_id: tuple[str, ...] | None
    location_id: tuple[str, ...] | None
    expires_at: float
    """In Unix seconds; infinite if it does not expire."""
    is_revoked: bool


class Created(NamedTuple):
    token: str
    expires_at: datetime | None


def digest(token: bytes) -> bytes:
    return sha256(token).digest()


async def create(
    dsn: str, name: str, role: Role, users: Sequence[str], locations: Sequence[str], last_day: date | None
) -> Created:
    """Makes a token, which nobody can read again. Raises NameTaken."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = digest(token.encode()), name, role, sorted(set(users)) or None, sorted(set(locations)) or None, last_day
    made = await _fetch(dsn, "tokens/create", *values)
    if not made:
        raise NameTaken(f"There is a token {name} already. Revoke it first, or choose another name.")
    return Created(token, made[0]["expires_at"])


async def listed(dsn: str) -> list[dict[str, Any]]:
    return [dict(one) for one in await _fetch(dsn, "tokens/list")]


async def revoke(dsn: str, name: str) -> None:
    """Raises NoSuchToken, also for one that was revoked already."""
    if not await _fetch(dsn, "tokens/revoke", name):
        raise NoSuchToken(f"There is no token {name} that holds. `evload token list` lists them.")


async def hold(dsn: str) -> bool:
    """Whether any token lets requests in now."""
    is_held: bool = (await _fetch(dsn, "tokens/hold"))[0]["is_held"]
    return is_held


async def known(connection: asyncpg.Connection) -> tuple[Token, ...]:
    """Reads every token that there ever was."""
    return tuple(map(_token, await connection.fetch(query("tokens/known").text)))


def _token(row: asyncpg.Record) -> Token:
    return Token(
        row["sha256"],
        row["name"],
        Role(row["role"]),
        _ids(row["user_id"]),
        _ids(row["location_id"]),
        row["expires_at"].timestamp() if row["expires_at"] else float("inf"),
        row["is_revoked"],
    )


def _ids(ids: list[str] | None) -> tuple[str, ...] | None:
    """Of no ids that are listed nothing may be seen, which is another thing than no restriction."""
    return None if ids is None else tuple(sorted(ids))


async def _fetch(dsn: str, name: str, *values: object) -> list[asyncpg.Record]:
    async with looking(dsn, "tokens") as connection:
        await schema.check(connection)
        return await connection.fetch(query(name).text, *values)
