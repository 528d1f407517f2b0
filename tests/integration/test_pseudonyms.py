"""Pseudonyms at load: everywhere, the same over all files, and never beside plain ids or those of another key."""

import hashlib
import hmac
import re
from pathlib import Path

import asyncpg
import orjson
import pytest

from evload.ingest.export_user import document_of
from evload.ingest.forget import UnknownUser, forget
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.model import parse_mapping
from evload.ingest.storing.identity import WrongPseudonyms, user_ids
from evload.load_commands import SAMPLE
from tests.everything_kept import places_of
from tests.files import BROKEN, FILLER, FIRST, SECOND, write
from tests.integration.test_forgetting import NAMED, OTHER_FORMATS, STAYS, WIDE, session
from tests.session_files import write_sessions
from tests.views import assert_views_agree

USER = "user-Gone-7"  # as in the files of other formats
KEY = b"0123456789abcdef0123456789abcdef"
OTHER = b"another key, of thirty-two letters"


def pseudonym(user: str) -> str:
    return hmac.new(KEY, user.encode(), hashlib.sha256).hexdigest()[:16]


def keyed(key: bytes | None = KEY, **options: object) -> LoadOptions:
    return LoadOptions(again=True, pseudonym_key=key, **options)  # type: ignore[arg-type]


def lines(*of: str) -> list[str]:
    return [line.replace("A-1", USER) for line in of]


async def users(connection: asyncpg.Connection) -> list[str]:
    return [one[0] for one in await connection.fetch("SELECT DISTINCT user_id FROM hourly_load ORDER BY 1")]


async def test_rows_and_sessions_have_pseudonyms_alone(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write(tmp_path / f"{USER}.csv", *lines(FIRST), FILLER), keyed())
    await load_file(dsn, write(tmp_path / "b.csv", *lines(SECOND)), keyed())
    sessions = (session(USER), session(USER, "", hours=24))
    await load_file(dsn, write_sessions(tmp_path / "s.csv", *sessions), keyed(named=NAMED))
    assert await users(connection) == ["", pseudonym(USER)]
    assert await connection.fetchval("SELECT array_agg(DISTINCT user_id) FROM charging_session") == [pseudonym(USER)]
    assert await places_of(connection, USER) == []
    await assert_views_agree(connection)


async def test_pseudonyms_are_of_ids_with_their_source_and_locations_are_told_from_plain_ids(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    path, pattern = write(tmp_path / "a.csv", *lines(FIRST), FILLER), re.compile("-(.+)-")
    await load_file(dsn, path, keyed(source="depot", location_pattern=pattern))
    found = await connection.fetch("SELECT user_id, location_id FROM hourly_load ORDER BY date_from")
    assert [tuple(one) for one in found] == [(pseudonym(f"depot/{USER}"), "depot/Gone"), ("", "")]


@pytest.mark.parametrize("name", OTHER_FORMATS)
async def test_every_kind_of_file_gets_pseudonyms(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "b.csv"
    path.write_text(OTHER_FORMATS[name])
    named = Named("wide", parse_mapping(WIDE, "wide")) if name == "wide" else None
    report = await load_file(dsn, path, keyed(named=named, rejects_dir=tmp_path))
    assert pseudonym(USER) in await users(connection)
    assert USER not in report.as_json()
    assert [await places_of(connection, user) for user in (USER, STAYS)] == [[], []]
    rejects = [file.read_text() for file in tmp_path.glob("*.rejects.csv")]
    assert len(rejects) == (name != "intervals")
    assert all("user-" not in text for text in rejects)


async def test_rejects_files_have_no_plain_ids(dsn: str, tmp_path: Path) -> None:
    torn, long = FIRST.replace("A-1", f'"{USER}\nx"'), FIRST.replace("A-1", USER * 100)
    path = write(tmp_path / "a.csv", *lines(SECOND, BROKEN, "21.12.2018 10:00;A-1;1"), torn, long)
    report = await load_file(dsn, path, keyed(rejects_dir=tmp_path))
    assert report.rejected == 4
    rejects = (tmp_path / "a.csv.rejects.csv").read_text()
    assert USER not in rejects
    assert f"User_ID,{pseudonym(USER * 100)},is longer than" not in rejects  # as it shows a part of the value alone
    assert f"User_ID,{pseudonym((USER * 100)[:200])},is longer than" in rejects


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (KEY, None, "are pseudonyms: set EVLOAD_PSEUDONYM_KEY to the key that made them, or use an empty database"),
        (KEY, OTHER, "EVLOAD_PSEUDONYM_KEY is not the key that made the pseudonyms in this database: set it to that"),
        (None, KEY, "are stored by their own ids: take EVLOAD_PSEUDONYM_KEY away, or use an empty database"),
    ],
    ids=["without the key", "another key", "a key beside plain ids"],
)
async def test_another_key_is_refused(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, first: bytes | None, second: bytes | None, says: str
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", *lines(FIRST)), keyed(first))
    before = await users(connection)
    for path in (tmp_path / "a.csv", write(tmp_path / "b.csv", *lines(SECOND))):
        for options in (keyed(second), LoadOptions(pseudonym_key=second), keyed(second, dry_run=True)):
            with pytest.raises(WrongPseudonyms, match=says):
                await load_file(dsn, path, options)
    assert await users(connection) == before
    assert (await load_file(dsn, tmp_path / "b.csv", keyed(first))).inserted == 1


async def test_a_database_without_users_takes_any_key(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    """Filler rows are nobody's, and the sample makes way."""
    await load_file(dsn, SAMPLE, keyed(None, is_sample=True))
    path = write(tmp_path / "a.csv", *lines(FIRST))
    await load_file(dsn, write(tmp_path / "f.csv", FILLER), keyed(OTHER))
    await load_file(dsn, path, keyed(dry_run=True))
    await load_file(dsn, path, keyed())
    assert await users(connection) == ["", pseudonym(USER)]


async def test_a_key_is_settled_while_no_other_load_can(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another load brings the first users, by their own ids, after this one has looked."""
    await load_file(dsn, write(tmp_path / "f.csv", FILLER))
    looked = user_ids

    async def meanwhile(*values: object) -> object:
        ids = await looked(*values)  # type: ignore[arg-type]
        monkeypatch.setattr("evload.ingest.load.user_ids", looked)
        await load_file(dsn, write(tmp_path / "b.csv", *lines(SECOND)))
        return ids

    monkeypatch.setattr("evload.ingest.load.user_ids", meanwhile)
    with pytest.raises(WrongPseudonyms, match="by their own ids"):
        await load_file(dsn, write(tmp_path / "a.csv", *lines(FIRST)), keyed())
    assert await users(connection) == ["", USER]


async def test_who_has_the_key_names_a_user_by_the_plain_id(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", *lines(FIRST), FIRST)
    await load_file(dsn, path, keyed())
    assert orjson.loads(await document_of(dsn, USER, KEY))["user_id"] == pseudonym(USER)
    assert orjson.loads(await document_of(dsn, pseudonym(USER), None))["user_id"] == pseudonym(USER)
    with pytest.raises(WrongPseudonyms):
        await document_of(dsn, USER, OTHER)
    with pytest.raises(WrongPseudonyms):
        await forget(dsn, USER, OTHER)
    with pytest.raises(UnknownUser, match="set EVLOAD_PSEUDONYM_KEY to name one by the plain id"):
        await forget(dsn, USER, None)
    assert (await forget(dsn, USER, KEY)).rows == 1
    assert (await load_file(dsn, path, keyed())).forgotten == 1
    assert await users(connection) == [pseudonym("A-1")]
    assert await places_of(connection, pseudonym(USER)) == []


async def test_pseudonyms_of_forgotten_users_keep_their_key(dsn: str, tmp_path: Path) -> None:
    """By another key the user would come back unnoticed."""
    path = write(tmp_path / "a.csv", *lines(FIRST))
    await load_file(dsn, path, keyed())
    await forget(dsn, USER, KEY)
    with pytest.raises(WrongPseudonyms, match="set it to that one"):
        await load_file(dsn, path, keyed(OTHER))
