"""Forgets a user: takes out all that is kept about one, and sees to it that no load brings any of it again."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import asyncpg
import polars as pl

from evload.errors import EvloadError
from evload.ingest.cleaning.texts import normalised
from evload.ingest.storing.identity import forgotten_in, privacy_state, require_key
from evload.ingest.storing.totals import bring_up_to_date, lock_writers, note_touched
from evload.ingest.storing.transaction import write_transaction
from evload.ingest.user_ids import FORGOTTEN_NAME, pseudonym
from evload.queries import query


class UnknownUser(EvloadError):
    """Nothing is kept about such a user."""


@dataclass(frozen=True)
class Erasure:
    """What is gone. `rejecting` are the rejects files of earlier loads; `was_known` tells whether the user had been
    forgotten before.
    """

    rows: int
    sessions: int
    overwritten: int
    data_version: int
    was_known: bool
    rejecting: Sequence[str] = ()


async def stored_user(connection: asyncpg.Connection, user: str, key: bytes | None) -> str:
    """Gives what a user is stored as. Without the key of a database of pseudonyms, these are taken as they stand.

    Raises WrongPseudonyms, UnknownUser.
    """
    given: str = normalised(pl.Series([user]))[0]
    if not given:
        raise UnknownUser("Name a user: an empty id is nobody's.")
    if key is None:
        return given
    require_key((await privacy_state(connection))["pseudonym_check"], key)
    return pseudonym(key, given)


async def forget(dsn: str, user: str, key: bytes | None) -> Erasure:
    """Raises UnknownUser, WrongPseudonyms and NothingChanged; the database is then as it was."""
    async with write_transaction(dsn, "forget") as connection:
        await connection.execute(query("privacy/lock_forgetting").text)
        await lock_writers(connection)
        stored = await stored_user(connection, user, key)
        state = await privacy_state(connection)
        noted = await connection.fetchval(query("privacy/add_forgotten").text, forgotten_in(state).hash_of(stored))
        erasure = await _taken_out(connection, stored, was_known=noted is None)
        erasure = replace(erasure, rejecting=await _retell_loads(connection, {stored, user.strip()}))
        if not (erasure.rows or erasure.sessions or erasure.overwritten):
            if not erasure.was_known:
                raise UnknownUser(_unknown(user, state["pseudonym_check"], key))
            version = await connection.fetchval(query("site/data_version").text)
            return replace(erasure, data_version=version)
        await _take_out_samples(connection)
        version = await bring_up_to_date(connection, more_rows=-erasure.rows, more_sessions=-erasure.sessions)
        return replace(erasure, data_version=version)


async def _taken_out(connection: asyncpg.Connection, user: str, *, was_known: bool) -> Erasure:
    rows = await connection.fetchval(query("privacy/remove_rows").text, user)
    sessions = await connection.fetchval(query("privacy/remove_sessions").text, user)
    hidden = await connection.fetchrow(query("privacy/remove_hidden").text, user)
    assert hidden is not None
    await connection.execute(query("tokens/forget_user").text, user)
    await note_touched(connection)
    return Erasure(rows, sessions, sum(hidden), 0, was_known)


async def _retell_loads(connection: asyncpg.Connection, ids: set[str]) -> list[str]:
    """Takes ids that stand alone out of what is kept of loads. Gives the files that had rejected rows, as they were."""
    rejecting = []
    for load in await connection.fetch(query("privacy/loads").text):
        texts: tuple[str, ...] = (load["file_name"], load["reasons"])
        told = _without(ids, load["source"], texts)
        if told != texts:
            await connection.execute(query("privacy/retell_load").text, load["batch_id"], *told)
        if load["rejected"]:
            rejecting.append(f"{load['file_name']}.rejects*.csv, of batch {load['batch_id']}")
    for load in await connection.fetch(query("privacy/failed_loads").text):
        texts = (load["file_name"], load["reasons"], load["reason"])
        told = _without(ids, load["source"], texts)
        if told != texts:
            await connection.execute(query("privacy/retell_failed_load").text, load["attempt"], *told)
        if load["rejected"]:
            rejecting.append(f"{load['file_name']}.rejects*.csv, of a load that failed")
    return rejecting


def _without(ids: set[str], source: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    """The ids are also looked for as a file of their source has them, and as JSON writes them."""
    spelled = ids | {one.removeprefix(f"{source}/") for one in ids}
    spelled |= {json.dumps(one, ensure_ascii=False)[1:-1] for one in spelled}
    longest_first = sorted(filter(None, spelled), key=len, reverse=True)
    is_user = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, longest_first))})(?![^\W_])")
    return tuple(is_user.sub(FORGOTTEN_NAME, text) for text in texts)


async def _take_out_samples(connection: asyncpg.Connection) -> None:
    """Takes the id out of what the planner keeps, which has samples of the values of columns."""
    await connection.execute(query("privacy/fill_empty").text)
    await connection.execute(query("privacy/analyze").text)
    await connection.execute(query("privacy/empty_again").text)


def _unknown(user: str, check: str | None, key: bytes | None) -> str:
    hint = ""
    if check is not None and key is None:
        hint = " The users of this database are pseudonyms: set EVLOAD_PSEUDONYM_KEY to name one by the plain id."
    return f"Nothing is kept about a user {user}, so nothing was changed.{hint}"
