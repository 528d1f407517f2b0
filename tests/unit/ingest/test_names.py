"""Names in lines for people: whatever a file or a column is called, nothing of it commands the terminal."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.errors import EvloadError, shown
from evload.ingest.formats.columns import find_columns
from evload.ingest.formats.source import UnreadableFile
from evload.ingest.report import LoadReport

ANY_BYTES = st.binary(min_size=1, max_size=40).map(lambda name: name.decode("utf-8", "surrogateescape"))
ANY_NAME = ANY_BYTES | st.text(min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ladungen März 2024 (Kopie) 火曜.csv", "Ladungen März 2024 (Kopie) 火曜.csv"),
        ("\x1b[31mred\x1b]0;pwned\x07.csv", r"\x1b[31mred\x1b]0;pwned\x07.csv"),
        ("two\nlines.csv", r"two\nlines.csv"),
        ("\u202evsc.exe", r"\u202evsc.exe"),
        ("\x9b31m", r"\x9b31m"),
        ("bad\udcff.csv", r"bad\xff.csv"),
        (r"a\b.csv", r"a\b.csv"),
    ],
)
def test_a_name_is_shown_with_escapes_for_what_is_not_printable(name: str, said: str) -> None:
    assert shown(name) == said


@given(name=ANY_NAME)
def test_any_name_is_shown_in_printable_characters_alone(name: str) -> None:
    assert shown(name).isprintable()
    assert shown(shown(name)) == shown(name)
    assert shown(name) == name or not name.isprintable()
    assert shown(name).encode()


@given(name=ANY_NAME)
def test_no_error_carries_a_raw_name(name: str) -> None:
    assert str(EvloadError(f"{name}: is not there.")) == f"{shown(name)}: is not there."
    assert str(UnreadableFile(name, "is empty")).isprintable()
    with pytest.raises(UnreadableFile) as error:
        find_columns(name, [name, "date_from"], 1)
    assert str(error.value).isprintable()


@given(name=ANY_NAME)
def test_no_report_carries_a_raw_name(name: str) -> None:
    report = LoadReport(file=shown(name), unused_columns=[shown(name)], rejects_file=shown(name))
    assert all(line.isprintable() for line in report.as_text().splitlines())
    assert orjson.loads(report.as_json())["file"] == shown(name)
