"""Every statement that spells the measures out names all of them, as `energy_kwh` and the tables do."""

from pathlib import Path

import pytest

from evload.measures import NAMES
from evload.resources import folder

SPELT_OUT = sorted(
    path.relative_to(folder("sql")).as_posix()
    for path in folder("sql").rglob("*.sql")
    if any(name in path.read_text(encoding="utf-8") for name in NAMES)
)


def test_the_statements_are_found() -> None:
    assert "ingest/merge.sql" in SPELT_OUT


@pytest.mark.parametrize("path", SPELT_OUT)
def test_a_statement_names_every_measure_as_often_as_the_others(path: str) -> None:
    text = (folder("sql") / Path(path)).read_text(encoding="utf-8")
    assert {text.count(name) for name in NAMES} == {text.count(NAMES[0])}, "a measure was forgotten"
