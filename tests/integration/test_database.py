"""Every error of Postgres that a client may meet gets a sentence of its own."""

import asyncpg
import pytest

from evload.database.errors import MEANINGS, DatabaseUnavailable, QueryFailed, translated

RAISED = "DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '{}'; END $$"
SAYS = {
    "57014": "took too long",
    "42P01": "no evload tables",
    "42883": "older evload",
    "08006": "cannot be reached",
    "28000": "does not let evload's user in",
    "42501": "lacks rights",
    "42704": "does not know",
    "42P05": "session mode",
    "26000": "session mode",
    "25006": "read-only standby",
    "40001": "for a change of its primary",
    "08P01": "If it is a pooler",
    "28P01": "user or password",
    "3D000": "does not exist",
    "53100": "disk is full",
    "53200": "out of memory",
    "53300": "no room for another connection",
    "53400": "configuration",
    "53000": "short of resources",
    "57P01": "cannot be reached",
    "57P03": "cannot be reached",
    "55000": "evload refresh",
    "22012": "could not answer this request",
}
UNAVAILABLE = {
    "08006",
    "08P01",
    "26000",
    "40001",
    "42704",
    "42P05",
    "28000",
    "28P01",
    "3D000",
    "53300",
    "53000",
    "57P01",
    "57P03",
}


@pytest.mark.parametrize("state", SAYS)
async def test_each_sqlstate_has_its_sentence(connection: asyncpg.Connection, state: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as raised:
        await connection.execute(RAISED.format(state))
    meaning = translated(raised.value)
    assert SAYS[state] in str(meaning)
    assert "secret" not in str(meaning)
    assert isinstance(meaning, DatabaseUnavailable if state in UNAVAILABLE else QueryFailed)


def test_each_known_sqlstate_is_tested() -> None:
    for known in MEANINGS:
        assert any(state.startswith(known) for state in SAYS), known
