"""What keeps a distributed Postgres possible, read from the SQL."""

import re

from evload.queries import query, query_names
from evload.resources import folder
from tests.source import MODULES

FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(.*?\bBEGIN ATOMIC\b(.*?)\bEND;\n", re.DOTALL)
UPDATED_ROWS = re.compile(r"\bUPDATE hourly_load\b.*?\bSET\b(.*?)\bWHERE\b", re.DOTALL)

ALTERS_ROWS = re.compile(r"^(?:ALTER|DROP|CREATE|TRUNCATE|LOCK|ANALYZE)\b.*\bhourly_load\b", re.MULTILINE)
OF_SESSION_CLOCK = re.compile(r"\b(?:(?:stored|rows|hourly_load)\.)?(?:date_from|stored\.hour)::(?:date|timestamp)\b")


def schema_text() -> str:
    return "\n".join(path.read_text() for path in sorted((folder("sql") / "schema").glob("*.sql")))


def test_no_function_reads_hourly_load() -> None:
    """It would be inlined after the plan for the workers is made."""
    bodies = dict(FUNCTION.findall(schema_text()))
    assert len(bodies) > 5
    assert [name for name, body in bodies.items() if "hourly_load" in body] == []


def test_nothing_hangs_on_hourly_load() -> None:
    text = schema_text()
    assert "REFERENCES" not in text
    assert "CREATE TRIGGER" not in text
    assert "user_id" in re.search(r"hourly_load_pkey PRIMARY KEY \((.*?)\)", text)[1]  # type: ignore[index]
    assert not re.search(r"CREATE UNIQUE INDEX \w+ ON hourly_load\b", text)


def test_no_statement_merges_or_moves_rows_between_users() -> None:
    for name in query_names():
        text = query(name).text
        assert not re.search(r"\bMERGE INTO\b", text), name
        assert not any(re.search(r"\buser_id =", changes) for changes in UPDATED_ROWS.findall(text)), name


def test_the_clock_of_the_session_is_not_asked_about_raw_rows() -> None:
    """Workers have clocks of their own."""
    assert [name for name in query_names() if OF_SESSION_CLOCK.search(_reads_of_rows(query(name).text))] == []


def _reads_of_rows(text: str) -> str:
    return text if re.search(r"\b(?:FROM|JOIN) hourly_load\b", text) else ""


def test_what_alters_hourly_load_is_sent_one_statement_at_a_time() -> None:
    """Citus hands the whole message to its workers, each statement of which may change one object."""
    lines = {name: re.findall(r"^.*?;$", body(name), re.MULTILINE | re.DOTALL) for name in query_names()}
    several = {name for name, found in lines.items() if len(found) > 1 and any(map(ALTERS_ROWS.search, found))}
    assert len(several) >= 3
    assert several - _sent_one_by_one() == set()
    assert {name for name in several if len(query(name).statements) != len(lines[name])} == set()
    for name in query_names():
        text = query(name).text
        assert not re.search(r"\bDROP \w+ \w+,", text), name
        assert not re.search(r"\bSET CACHE\b", text), name


def body(name: str) -> str:
    return "\n".join(line for line in query(name).text.splitlines() if not line.startswith("--"))


def _sent_one_by_one() -> set[str]:
    found = (re.findall(r'execute_each\(connection, query\("(.*?)"\)\)', path.read_text()) for path in MODULES)
    return {name for names in found for name in names}


def test_nothing_is_joined_to_rows_that_are_deleted() -> None:
    for name in query_names():
        for deletion in re.findall(r"\bDELETE FROM hourly_load\b[^;]*", query(name).text):
            assert not re.match(r"DELETE FROM hourly_load( AS \w+)?\s+USING\b", deletion), name
            assert not re.search(r"\bhourly_load\.", deletion), name


def test_conditions_on_groups_of_raw_rows_beside_others_group_by_user() -> None:
    for name in query_names():
        for lateral in re.findall(r"\bLATERAL \((.*?)\n\)", query(name).text, re.DOTALL):
            if "hourly_load" in lateral and "HAVING" in lateral:
                assert re.search(r"GROUP BY (?:\w+\.)?user_id", lateral), name
