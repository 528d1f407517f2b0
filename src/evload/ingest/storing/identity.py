"""Settles what the users of a load are stored as, with what the database remembers: a key, and who is forgotten."""

import asyncpg

from evload.errors import EvloadError
from evload.ingest.user_ids import Forgotten, UserIds, check_value
from evload.queries import query


class WrongPseudonyms(EvloadError):
    """The users of the database are stored by another key, or by none."""


async def privacy_state(connection: asyncpg.Connection) -> asyncpg.Record:
    """What the database remembers: the one row of `privacy/state`."""
    state = await connection.fetchrow(query("privacy/state").text)
    assert state is not None
    return state


async def user_ids(connection: asyncpg.Connection, source: str, key: bytes | None) -> UserIds:
    """Raises WrongPseudonyms."""
    state = await _checked_state(connection, key)
    return UserIds(source, key, forgotten_in(state))


async def settle_pseudonyms(connection: asyncpg.Connection, key: bytes | None) -> None:
    """Remembers the key of the first users, while no other load can. Raises WrongPseudonyms."""
    state = await _checked_state(connection, key)
    if not state["has_users"]:
        await connection.execute(query("privacy/set_pseudonym_check").text, check_value(key))


def forgotten_in(state: asyncpg.Record) -> Forgotten:
    return Forgotten(state["forgotten_key"], frozenset(state["forgotten"]))


async def _checked_state(connection: asyncpg.Connection, key: bytes | None) -> asyncpg.Record:
    state = await privacy_state(connection)
    if state["has_users"]:
        require_key(state["pseudonym_check"], key)
    return state


def require_key(kept: str | None, key: bytes | None) -> None:
    """Raises WrongPseudonyms unless the key is that of the database's users."""
    if kept == check_value(key):
        return
    if kept is None:
        raise WrongPseudonyms(
            "The users in this database are stored by their own ids: take EVLOAD_PSEUDONYM_KEY away, or use an empty"
            " database."
        )
    if key is None:
        raise WrongPseudonyms(
            "The users in this database are pseudonyms: set EVLOAD_PSEUDONYM_KEY to the key that made them, or use an"
            " empty database."
        )
    raise WrongPseudonyms(
        "EVLOAD_PSEUDONYM_KEY is not the key that made the pseudonyms in this database: set it to that one, or use an"
        " empty database."
    )
