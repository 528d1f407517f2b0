"""What a mapping may say, what is wrong with one, and what is said of a file that no mapping reads."""

from pathlib import Path

import pytest

from evload.ingest.formats.drafting import drafted
from evload.ingest.formats.source import UnreadableFile
from evload.ingest.mapping.model import MappingError, Session, parse_mapping
from evload.ingest.mapping.presets import mapping_named
from evload.ingest.read import LoadFile
from tests.unit.ingest.converted import converted

INTERVAL = 'kind = "interval"\nstart = "a"\nenergy = "b"\n'

WRONG = {
    "nothing": ("", 'has no key `kind`; write kind = "interval", "wide", "session" or "hourly"'),
    "an unknown kind": ('kind = "x"', 'the key `kind` must be "interval", "wide", "session" or "hourly"'),
    "no energy": (
        'kind = "interval"\nstart = "a"',
        "has no key `energy`, which a mapping of the kind interval needs",
    ),
    "no time": ('kind = "interval"\nenergy = "a"', "the time is missing: name the column `start`, or `end`, or"),
    "a mistyped key": (
        INTERVAL + 'timezon = "UTC"',
        "knows no key `timezon` in a mapping of the kind interval; did you mean `timezone`?",
    ),
    "an unknown unit": (INTERVAL + 'unit = "MWh"', "the key `unit`: Input should be 'kWh', 'Wh', 'W-mean'"),
    "an unknown zone": (INTERVAL + 'timezone = "Mars"', "the key `timezone`: 'Mars' is no IANA time zone"),
    "a long step": (INTERVAL + 'step = "2h"', "the key `step`: '2h' is no step from 1m to 1h"),
    "a pattern without a group": (
        INTERVAL + 'user = { column = "c", pattern = "x" }',
        "the key `user.pattern`: 'x' must have one group in parentheses",
    ),
    "half a register": (
        'kind = "session"\nstart = "a"\nenergy = { start = "b" }',
        "has no key `energy.stop`, which a mapping of the kind session needs",
    ),
    "a date alone": ('kind = "interval"\ndate = "a"\nenergy = "b"', "`date` and `hour` belong together"),
    "no TOML": ("kind =", "is not TOML"),
}


@pytest.mark.parametrize(("text", "problem"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_mapping_is_refused_with_its_key(text: str, problem: str) -> None:
    with pytest.raises(MappingError) as refusal:
        parse_mapping(text, "my.toml")
    assert problem in str(refusal.value)
    assert str(refusal.value).startswith("my.toml: ")


def test_a_format_is_named_or_a_file(tmp_path: Path) -> None:
    assert isinstance(mapping_named("trondheim").mapping, Session)
    path = tmp_path / "my.toml"
    path.write_text(INTERVAL)
    assert mapping_named(str(path)).name == "my.toml"
    with pytest.raises(MappingError, match=r"There is no format trondhem: give a \.toml file, or one of acn, "):
        mapping_named("trondhem")


TABLE = "Site report\nWhen,Who,kWh\n2020-01-01 10:00,a,1\n2020-01-01 11:00,a,2\n"


def test_a_mapping_reads_a_table_whatever_the_case_and_blanks_of_its_names(tmp_path: Path) -> None:
    found = converted(tmp_path, TABLE, 'kind = "interval"\nstart = "when "\nuser = "WHO"\nenergy = "k_wh"\n', "UTC")
    assert found.wh() == {("2020-01-01T10:00Z", "a"): 1000, ("2020-01-01T11:00Z", "a"): 2000}


REFUSED = {
    "a column that is not there": (
        'kind = "interval"\nstart = "When"\nuser = "Who"\nenergy = "Energy"\n',
        "the mapping my.toml names in its key `energy` the column Energy, which is not there among When, Who, kWh",
    ),
    "a pattern of two columns": (
        'kind = "interval"\nstart = "When"\nuser = "Wh*"\nenergy = "kWh"\n',
        "the mapping my.toml means one column by `user` = Wh*, but there are When, Who; name one of them",
    ),
    "a preamble to skip that is not there": (
        'kind = "interval"\nskip_to = "Data"\nstart = "When"\nuser = "Who"\nenergy = "kWh"\n',
        "the mapping my.toml skips to Data, which is not there among",
    ),
}


@pytest.mark.parametrize(("mapping", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mapping_that_does_not_fit_says_why(tmp_path: Path, mapping: str, problem: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        converted(tmp_path, TABLE, mapping)
    assert problem in str(refusal.value)


# The files of people who tried: what is said of each, and the lines of its draft that matter.
UNKNOWN = {
    "sessions": (
        "Start,End,kWh,Driver\n2020-01-01 10:00,2020-01-01 12:00,3.5,Ann\n",
        "looks like charging sessions: Start, End, kWh, Driver",
        ['kind = "session"', 'start = "Start"', 'end = "End"', 'energy = "kWh"', 'user = "Driver"'],
    ),
    "quarters of chargers": (
        "timestamp,charger_id,energy_wh\n2020-01-01 10:00,c1,250\n2020-01-01 10:15,c1,250\n",
        "looks like intervals: timestamp, energy_wh, charger_id",
        ['kind = "interval"', 'start = "timestamp"', 'energy = "energy_wh"', 'unit = "Wh"', 'user = "charger_id"'],
    ),
    "a column for each charger": (
        "time;c1;c2\n2020-01-01 10:00;1,5;2,5\n2020-01-01 11:00;1,5;2,5\n",
        "looks like a table with a column for each user: time",
        ['kind = "wide"', 'delimiter = ";"', 'start = "time"', 'columns = "*"'],
    ),
    "a meter's readings": (
        "Timestamp,Meter reading (kWh)\n1/13/2020 10:00,5\n1/13/2020 11:00,6\n",
        "looks like intervals: Timestamp, Meter reading (kWh)",
        ['time = "%m/%d/%Y %H:%M"', 'unit = "register-kWh"', 'user = { constant = "meter" }'],
    ),
    "dates and times apart": (
        "Date;Time;Consumption (kWh);Card\n31.12.2020;10:00;1,5;x\n31.12.2020;11:00;1,5;x\n",
        "looks like intervals: Date, Time, Consumption (kWh), Card",
        ['start = ["Date", "Time"]', 'energy = "Consumption (kWh)"', 'user = "Card"'],
    ),
}


@pytest.mark.parametrize(("text", "problem", "lines"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_file_is_described_and_its_draft_reads_it(
    tmp_path: Path, text: str, problem: str, lines: list[str]
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(UnreadableFile) as refusal:
        list(LoadFile(path, "UTC").blocks())
    said = str(refusal.value)
    assert problem in said
    assert "The nearest format, " in said
    assert "`evload formats draft FILE > my.toml`" in said
    draft = drafted(path)
    for line in lines:
        assert line in [one.split("  #")[0] for one in draft.splitlines()]
    assert len(draft.splitlines()) < 12
    assert converted(tmp_path, text, draft, "UTC").rows
