"""Intervals, registers and wide tables become hours, computed here a second time row by row."""

import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.converting.instants import Clock, instants
from evload.ingest.read import LoadFile, UnreadableFile
from tests.strategies import examples
from tests.unit.ingest.converted import Converted, converted

MAPPING = 'kind = "interval"\nenergy = "value"\nuser = "user"\n'
UNITS = {"kWh": Fraction(1000), "Wh": Fraction(1), "W-mean": Fraction(1), "kW-mean": Fraction(1000)}
ZONES = ("Europe/Oslo", "Asia/Kolkata", "UTC", "Asia/Kathmandu")


def hour_of(at: datetime, zone: ZoneInfo) -> datetime:
    """The clock shows a full hour at its start."""
    return at - timedelta(minutes=at.astimezone(zone).minute, seconds=at.second)


def expected(rows: list[tuple[datetime, str, str]], minutes: int, unit: str, zone: str) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for start, user, value in rows:
        wh = Fraction(value) * UNITS[unit]
        wh = wh * minutes / 60 if unit.endswith("mean") else wh
        end, at = start + timedelta(minutes=minutes), start
        while at < end:
            hour = hour_of(at, ZoneInfo(zone))
            until = min(end, hour + timedelta(hours=1))
            share = Fraction((until - at) // timedelta(seconds=1), minutes * 60)
            sums[f"{hour:%Y-%m-%dT%H:%MZ}", user] += wh * share
            at = until
    return {key: int(wh + Fraction(1, 2)) for key, wh in sums.items()}


VALUES = st.decimals(0, 500, places=3).map(str)


@examples(40)
@given(
    data=st.data(),
    minutes=st.sampled_from([1, 5, 10, 15, 30, 60]),
    unit=st.sampled_from([*UNITS]),
    zone=st.sampled_from(ZONES),
    label=st.sampled_from(["start", "end"]),
)
def test_hours_are_the_sums_of_their_intervals(
    data: st.DataObject, minutes: int, unit: str, zone: str, label: str
) -> None:
    """Around the clock changes, times with offsets, users in any order, so many blocks as there are rows."""
    first = data.draw(st.sampled_from([datetime(2019, 10, 26, 20, tzinfo=UTC), datetime(2019, 3, 30, 20, tzinfo=UTC)]))
    rows = [
        (first + timedelta(minutes=minutes * number), user, data.draw(VALUES))
        for number in range(data.draw(st.integers(1, 30)))
        for user in ("a", "b")
    ]
    rows = data.draw(st.permutations(rows))
    shift = timedelta(minutes=minutes if label == "end" else 0)
    text = "time,user,value\n" + "".join(f"{(at + shift).isoformat()},{user},{value}\n" for at, user, value in rows)
    mapping = f'{MAPPING}{label} = "time"\nunit = "{unit}"\nstep = "{minutes}m"\n'
    with tempfile.TemporaryDirectory() as folder:
        found = converted(Path(folder), text, mapping, zone, block_bytes=64)
    assert found.wh() == expected(rows, minutes, unit, zone)
    assert found.rows_read == len(rows)
    assert not found.rejects


def test_quarters_around_both_clock_changes_on_a_clock_without_offsets(tmp_path: Path) -> None:
    """A year of quarters, each of 1 Wh: every hour has 4 of them, those that come twice too, in both directions."""
    oslo, at = ZoneInfo("Europe/Oslo"), datetime(2018, 12, 31, 23, tzinfo=UTC)
    times = [at + timedelta(minutes=15 * number) for number in range(365 * 96)]
    for backwards in (False, True):
        for label, shift in (("start", 0), ("end", 15)):
            rows = [f"{(time + timedelta(minutes=shift)).astimezone(oslo):%d.%m.%Y %H:%M},m,1\n" for time in times]
            text = "time,user,value\n" + "".join(reversed(rows) if backwards else rows)
            mapping = f'{MAPPING}{label} = "time"\nunit = "Wh"\n'
            found = converted(tmp_path, text, mapping, block_bytes=1 << 17)
            assert set(found.wh().values()) == {4}
            assert len(found.rows) == 365 * 24
            assert found.conversion.incomplete_hours == found.conversion.repeated_hours == 0
            assert not found.rejects


def test_hours_without_some_of_their_intervals_are_counted(tmp_path: Path) -> None:
    text = "time,user,value\n2020-01-01 10:00,m,1\n2020-01-01 10:15,m,1\n2020-01-01 10:45,m,1\n2020-01-01 11:00,m,\n"
    found = converted(tmp_path, text, MAPPING + 'start = "time"\n', "UTC")
    assert found.wh() == {("2020-01-01T10:00Z", "m"): 3000}
    assert found.conversion.incomplete_hours == 1
    assert found.conversion.left_out == {"have no energy": 1}


def test_an_interval_that_stands_twice_is_counted(tmp_path: Path) -> None:
    text = "time,user,value\n" + "2020-01-01 10:00,m,1\n" * 2 + "2020-01-01 11:00,m,1\n"
    found = converted(tmp_path, text, MAPPING + 'start = "time"\nstep = "1h"\n', "UTC")
    assert found.wh() == {("2020-01-01T10:00Z", "m"): 2000, ("2020-01-01T11:00Z", "m"): 1000}
    assert found.conversion.repeated_hours == 1


def register(folder: Path, *rows: str) -> Converted:
    mapping = MAPPING + 'end = "time"\nunit = "register-kWh"\n'
    return converted(folder, "time,user,value\n" + "".join(f"{row}\n" for row in rows), mapping, "UTC")


def test_a_register_counts_between_its_readings(tmp_path: Path) -> None:
    """Newest first, of two meters."""
    rows = ["2020-01-01 11:00,m,102.5", "2020-01-01 10:30,m,102", "2020-01-01 10:00,m,100", "2020-01-01 11:00,n,7"]
    assert register(tmp_path, *rows).wh() == {("2020-01-01T10:00Z", "m"): 2500}


def test_a_register_that_begins_anew_gives_nothing_negative(tmp_path: Path) -> None:
    rows = ["2020-01-01 10:00,m,100", "2020-01-01 10:30,m,5", "2020-01-01 11:00,m,6"]
    found = register(tmp_path, *rows)
    assert found.wh() == {("2020-01-01T10:00Z", "m"): 1000}
    assert (found.conversion.resets, found.conversion.incomplete_hours) == (1, 1)


def test_a_reading_below_both_its_neighbours_is_rejected(tmp_path: Path) -> None:
    rows = ["2020-01-01 10:00,m,100", "2020-01-01 10:30,m,0", "2020-01-01 11:00,m,101"]
    found = register(tmp_path, *rows)
    assert found.wh() == {("2020-01-01T10:00Z", "m"): 1000}
    assert found.rejects == [(3, "", "", "the reading is lower than the one before it and the one after it")]


def test_a_gap_between_readings_is_spread_and_counted_up_to_a_day(tmp_path: Path) -> None:
    rows = ["2020-01-01 10:00,m,0", "2020-01-01 13:00,m,3.001", "2020-01-03 13:00,m,9", "2020-01-03 14:00,m,10"]
    found = register(tmp_path, *rows)
    assert found.wh() == {
        ("2020-01-01T10:00Z", "m"): 1000,
        ("2020-01-01T11:00Z", "m"): 1000,
        ("2020-01-01T12:00Z", "m"): 1000,
        ("2020-01-03T13:00Z", "m"): 1000,
    }
    assert found.conversion.gaps == 1
    assert found.rejects == [(4, "", "", "the reading before it is more than a day older")]


WIDE = """\
Total of the site
Time;Charger 1;Charger 2;Sum
01.01.2020 10:00;1,5;2;3,5
01.01.2020 10:30;;2;2
01.01.2020 11:00;much;1;1
"""


def test_a_wide_table_has_a_column_for_each_user(tmp_path: Path) -> None:
    """An empty cell is a missing energy and none of 0."""
    found = converted(tmp_path, WIDE, 'kind = "wide"\nstart = "Time"\ncolumns = "Charger *"\n', "UTC")
    assert found.wh() == {
        ("2020-01-01T10:00Z", "Charger 1"): 1500,
        ("2020-01-01T10:00Z", "Charger 2"): 4000,
        ("2020-01-01T11:00Z", "Charger 2"): 1000,
    }
    assert found.conversion.incomplete_hours == 2
    assert [reject[0] for reject in found.rejects] == [5]


def test_hours_under_other_names(tmp_path: Path) -> None:
    rows = ["01.01.2020 10:00;01.01.2020 11:00;A;7;1,25", "01.01.2020 10:00;01.01.2020 12:00;A;8;1"]
    text = "\n".join(["Beginn;Ende;Nutzer;Vorgang;kWh", *rows, ""])
    mapping = (
        'kind = "hourly"\nstart = "Beginn"\nend = "Ende"\nuser = "Nutzer"\nsession = "Vorgang"\n'
        '[energies]\nmetered_kwh = "kWh"\n'
    )
    found = converted(tmp_path, text, mapping, "UTC")
    assert found.rows == [(("2020-01-01T10:00Z", "A", "", 7), {"metered_kwh": 1250})]
    assert found.rejects == [(3, "Ende", "01.01.2020 12:00", "the row is 2 h long, not one hour")]


REJECTED = {
    "a time that does not exist": ("2019-03-31 02:15", "m", "1", "time", "02:15 on 31.03.2019 does not exist"),
    "no time": ("soon", "m", "1", "time", "is not a date"),
    "no number": ("2020-01-01 10:00", "m", "much", "value", "is no number"),
    "a negative energy": ("2020-01-01 10:00", "m", "-1", "value", "energy is negative"),
    "too much": ("2020-01-01 10:00", "m", "1e9", "value", "is above 1,000,000"),
    "nobody": ("2020-01-01 10:00", "", "1", "user", "has no user"),
}


@pytest.mark.parametrize(("time", "user", "value", "column", "reason"), REJECTED.values(), ids=REJECTED.keys())
def test_a_bad_row_is_rejected_with_its_reason(
    tmp_path: Path, time: str, user: str, value: str, column: str, reason: str
) -> None:
    text = f"time,user,value\n2020-01-01 09:00,m,1\n{time},{user},{value}\n2020-01-01 10:00,m,2\n"
    found = converted(tmp_path, text, MAPPING + 'start = "time"\nstep = "1h"\n')
    assert [reject[:2] for reject in found.rejects] == [(3, column)]
    assert reason in found.rejects[0][3]
    assert sum(found.wh().values()) == 3000


REFUSED = {
    "days": (
        "2020-01-01 00:00,m,1\n2020-01-02 00:00,m,1\n2020-01-03 00:00,m,1\n",
        "its rows are 24 h apart, which tells no hours",
    ),
    "one row": ("2020-01-01 10:00,m,1\n", "its rows do not tell how long an interval is"),
    "no energy": ("2020-01-01 10:00,m,\n", "gives no hours: 1 rows have no energy"),
}


@pytest.mark.parametrize(("rows", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_tells_no_hours_is_refused(tmp_path: Path, rows: str, problem: str) -> None:
    text = "time,user,value\n" + rows
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(UnreadableFile, match=problem):
        converted(tmp_path, text, MAPPING + 'start = "time"\n')
    with pytest.raises(UnreadableFile, match="looks like intervals: time, user"):
        list(LoadFile(path, "UTC").blocks())


@pytest.mark.parametrize("odd", ["", "2020-01-01T10:00:00", "2020-01-01T10:00:00+15:00", "2020-01-01T10:00:00 +01:00"])
def test_each_time_has_its_own_offset(odd: str) -> None:
    """Also where not all times and offsets can be read apart."""
    ahead = [f"{sign}{hours:02}:{minutes}" for sign in "+-" for hours in range(15) for minutes in ("00", "30", "59")]
    written = [f"2020-01-01T10:00:00{offset}" for offset in ahead]
    clock = Clock("Europe/Oslo")
    for texts in (written, [*written, odd]):
        found = instants(pl.Series(texts), clock)
        for name in ("earliest", "latest"):
            assert found[name].to_list()[: len(written)] == [datetime.fromisoformat(text) for text in written]
    assert found.row(-1) == instants(pl.Series([odd]), clock).row(0)
