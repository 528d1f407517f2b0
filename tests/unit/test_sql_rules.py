"""What keeps a distributed Postgres possible, read from the SQL."""

import re

from evload.queries import query, query_names
from evload.resources import folder

FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(.*?\bBEGIN ATOMIC\b(.*?)\bEND;\n", re.DOTALL)
UPDATED_ROWS = re.compile(r"\bUPDATE hourly_load\b.*?\bSET\b(.*?)\bWHERE\b", re.DOTALL)

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
    """Workers have clocks of their own. The loader's own sums are made on one connection, and are left as they are."""
    of_loader = {"totals/compute_user_days", "totals/touch_everything"}
    asked = {name for name in query_names() if OF_SESSION_CLOCK.search(query(name).text)}
    assert asked == of_loader
