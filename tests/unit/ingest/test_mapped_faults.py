"""What a mapping or a file says is used, counted or refused, and never passed over in silence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evload.ingest.explain import explained
from evload.ingest.mapping.model import MappingError, parse_mapping
from evload.ingest.mapping.presets import mapping_named, text_of
from evload.ingest.options import LoadOptions
from evload.ingest.read import LoadFile, UnreadableFile
from evload.ingest.user_ids import UserIds
from tests.unit.ingest.converted import converted
from tests.unit.ingest.test_records import ZAPTEC

INTERVAL = 'kind = "interval"\nenergy = "value"\nuser = "user"\n'
HOURLY = """
kind = "hourly"
start = "from"
end = "to"
session = "session"
user = "user"
energies = { metered_kwh = "kWh" }
"""
HOURLY_ROWS = """from,to,user,session,kWh,kind
2020-01-01 10:00,2020-01-01 11:00,a,1,1.5,car
2020-01-01 11:00,2020-01-01 12:00,a,1,2.5,lamp
"""


def test_the_zone_and_the_conditions_of_an_hourly_mapping_hold(tmp_path: Path) -> None:
    found = converted(tmp_path, HOURLY_ROWS, HOURLY + 'timezone = "Asia/Kolkata"\nwhere = { kind = "car" }\n')
    assert found.wh() == {("2020-01-01T04:30Z", "a"): 1500}
    assert (found.rows_read, found.conversion.left_out) == (2, {"are no load, by `where`": 1})
    assert (found.conversion.hours, found.conversion.energy_out_wh) == (1, 1500)


@pytest.mark.parametrize("key", ['time = "%Y"', 'decimal = ","', 'timezone = { column = "zone" }'])
def test_a_key_without_a_meaning_in_an_hourly_mapping_is_refused(key: str) -> None:
    with pytest.raises(MappingError, match=r"`time` and `decimal` have no meaning|names one zone for all rows"):
        parse_mapping(HOURLY + key, "my.toml")


def test_zones_by_row_are_refused_where_hours_are_numbered() -> None:
    mapping = INTERVAL + 'date = "day"\nhour = "hour"\ntimezone = { column = "zone" }\n'
    with pytest.raises(MappingError, match="names one zone for all rows"):
        parse_mapping(mapping, "my.toml")


def test_a_pattern_that_looks_ahead_is_refused() -> None:
    with pytest.raises(MappingError, match="is no regular expression that can be used here"):
        parse_mapping(INTERVAL + "start = 't'\nlocation = { pattern = '(a)(?=b)' }\n", "my.toml")


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("by_user", [False, True])
def test_the_doubled_hour_of_starts_and_ends_in_either_order(tmp_path: Path, step: int, by_user: bool) -> None:
    """The first of two equal times is the earlier one, unless the file runs backwards."""
    quarter = [("01:30", "02:00"), ("02:00", "02:30"), ("02:30", "02:00"), ("02:00", "02:30"), ("02:30", "03:00")]
    rows = [
        (f"27.10.2019 {start},27.10.2019 {end},{user},{number + 1}", user)
        for user in ("a", "b")
        for number, (start, end) in enumerate(quarter)
    ][:: step if not by_user else 1]
    if by_user and step == -1:
        rows = [row for user in ("a", "b") for row in [one for one in rows if one[1] == user][::-1]]
    text = "\n".join(["from,to,user,value", *(row for row, _ in rows), ""])
    found = converted(tmp_path, text, INTERVAL + 'start = "from"\nend = "to"\n')
    for user in ("a", "b"):
        of_user = {hour: wh for (hour, one), wh in found.wh().items() if one == user}
        assert of_user == {
            "2019-10-26T23:00Z": 1000,
            "2019-10-27T00:00Z": 2000 + 3000,
            "2019-10-27T01:00Z": 4000 + 5000,
        }


@pytest.mark.parametrize(
    ("decimal", "text", "wh"),
    [(",", "0.250", 250), (",", "1.250", 1_250_000), (",", "0,250", 250), (".", "1,250", 1_250_000)],
)
def test_marks_between_thousands_follow_no_leading_zero(tmp_path: Path, decimal: str, text: str, wh: int) -> None:
    mapping = INTERVAL + f'start = "time"\nstep = "1h"\ndecimal = "{decimal}"\ndelimiter = ";"\n'
    found = converted(tmp_path, f"time;user;value\n2020-01-01 10:00;a;{text}\n", mapping)
    assert list(found.wh().values()) == [wh]


@pytest.mark.parametrize("unit", ["register-kWh", "kW-mean"])
def test_two_meters_of_one_user_are_not_mixed(tmp_path: Path, unit: str) -> None:
    rows = [
        f"2020-01-01 {10 + number}:00,a,{value}" for number in range(3) for value in (100 + number, 500 + 2 * number)
    ]
    rows += [f"2020-01-01 {10 + number}:00,b,{number}" for number in range(3)]
    found = converted(
        tmp_path, "\n".join(["time,user,value", *rows, ""]), INTERVAL + f'end = "time"\nunit = "{unit}"\n'
    )
    assert {user for _, user in found.wh()} == {"b"}
    assert len(found.rejects) == 6
    assert all("load one register at a time" in reason for *_, reason in found.rejects)


def test_a_row_that_is_there_twice_is_one_reading(tmp_path: Path) -> None:
    rows = ["2020-01-01 10:00,a,1", "2020-01-01 10:00,a,1", "2020-01-01 11:00,a,3", "2020-01-01 11:00,a,3"]
    found = converted(
        tmp_path, "\n".join(["time,user,value", *rows, ""]), INTERVAL + 'end = "time"\nunit = "register-kWh"\n'
    )
    assert list(found.wh().values()) == [2000]
    assert not found.rejects


def test_formats_with_and_without_an_offset_in_one_file(tmp_path: Path) -> None:
    mapping = INTERVAL + 'start = "time"\nstep = "1h"\ntime = ["{}", "{}"]\n'
    text = "time,user,value\n2020-01-01 10:00,a,1\n2020-01-01T10:00+05:00,a,2\n"
    expected = {("2020-01-01T09:00Z", "a"): 1000, ("2020-01-01T05:00Z", "a"): 2000}
    for formats in (("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M%z"), ("%Y-%m-%dT%H:%M%z", "%Y-%m-%d %H:%M")):
        assert converted(tmp_path, text, mapping.format(*formats)).wh() == expected


def test_readings_that_tell_no_hour_are_refused(tmp_path: Path) -> None:
    mapping = INTERVAL + 'end = "time"\nunit = "register-kWh"\n'
    with pytest.raises(UnreadableFile, match="gives no hours: its rows are too few"):
        converted(tmp_path, "time,user,value\n2020-01-01 10:00,a,1\n", mapping)


def test_a_wide_table_with_a_location_and_zones(tmp_path: Path) -> None:
    mapping = (
        'kind = "wide"\nstart = "time"\nstep = "1h"\nlocation = { column = "site" }\n'
        'timezone = { column = "zone" }\ncolumns = "*"\n'
    )
    text = "time,site,zone,a,b\n2020-01-01 10:00,S,UTC,1,2\n2020-01-01 10:00,T,Europe/Oslo,3,4\n"
    found = converted(tmp_path, text, mapping)
    assert found.wh() == {
        ("2020-01-01T10:00Z", "a"): 1000,
        ("2020-01-01T10:00Z", "b"): 2000,
        ("2020-01-01T09:00Z", "a"): 3000,
        ("2020-01-01T09:00Z", "b"): 4000,
    }
    assert {row[2] for row, _ in found.rows} == {"S", "T"}


def test_lines_of_json_whose_records_hold_lists(tmp_path: Path) -> None:
    text = '{"time": "2020-01-01 10:00", "user": "a", "value": 1, "parts": [{"x": 1}]}\n' * 2
    text = text.replace("10:00", "11:00", 1)
    found = converted(tmp_path, text, INTERVAL + 'start = "time"\nstep = "1h"\n', name="data.jsonl")
    assert sorted(found.wh().values()) == [1000, 1000]


def test_a_reject_of_a_wide_table_names_the_column_of_its_charger(tmp_path: Path) -> None:
    text = "time,a,b\n2020-01-01 10:00,1,much\n2020-01-01 11:00,-1,2\n"
    found = converted(tmp_path, text, 'kind = "wide"\nstart = "time"\nstep = "1h"\n')
    assert found.rejects == [(2, "b", "much", "is no number"), (3, "a", "-1", "energy is negative")]


def test_records_with_their_hours_are_read_so_by_the_name_of_their_format(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(json.dumps(ZAPTEC))
    named = LoadFile(path, "Europe/Oslo", named=mapping_named("zaptec"))
    assert sum(block.rows["metered_kwh_wh"].sum() for block in named.blocks()) == 3000


@pytest.mark.parametrize("ask", [mapping_named, text_of])
def test_a_format_without_a_mapping_says_so(ask: Callable[[str], object]) -> None:
    with pytest.raises(MappingError, match=r"The format ocpi has no mapping: .* without --format"):
        ask("ocpi")


def test_explaining_puts_the_source_before_names_as_loading_does(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("timestamp,user,kwh\n2020-01-01 10:00,a,1\n2020-01-01 11:00,a,2\n")
    assert "user north/a, metered_kwh 1.000" in explained(path, "UTC", LoadOptions(source="north"), UserIds("north"))
