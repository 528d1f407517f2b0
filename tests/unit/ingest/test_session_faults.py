"""Odd sessions, as rows or as JSON records, are loaded right, rejected with a reason, or refused in a sentence."""

import copy
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from evload.ingest.read import UnreadableFile
from tests.strategies import usual
from tests.unit.ingest.converted import converted

MAPPING = """
kind = "session"
id = "id"
user = "user"
start = "from"
end = "to"
energy = "kWh"
charging = "charging"
duration_unit = "min"
"""
HEADER = "id,user,from,to,kWh,charging\n"


def test_words_that_mean_none_are_no_session_id(tmp_path: Path) -> None:
    rows = [
        f"{word},a,2020-01-0{day} 10:00,2020-01-0{day} 12:00,3,\n" for day, word in enumerate(("NA", "-", "null"), 1)
    ]
    found = converted(tmp_path, HEADER + "".join(rows), MAPPING)
    assert found.conversion.sessions == 3
    assert len({row[3] for row, _ in found.rows}) == 3


@pytest.mark.parametrize("turned", [False, True])
def test_a_session_that_stands_twice_counts_once_and_longest(tmp_path: Path, turned: bool) -> None:
    rows = ["7,a,2020-01-01 10:00,2020-01-01 11:00,2,\n", "7,a,2020-01-01 10:00,2020-01-01 13:00,6,\n"]
    rows += ["7,a,2020-01-01 10:00,2020-01-01 13:00,5,\n"]
    found = converted(tmp_path, HEADER + "".join(rows[::-1] if turned else rows), MAPPING)
    assert sum(found.wh("synthetic_3_6_kwh").values()) == 6000
    assert (found.conversion.energy_in_wh, found.conversion.energy_out_wh) == (6000, 6000)
    assert [reject[3] for reject in found.rejects] == [
        "line 3 has the same session, which lasts as long there or longer"
    ] * 2


def test_charging_lasts_no_longer_than_the_plug_is_in(tmp_path: Path) -> None:
    rows = "1,a,2020-01-01 10:00,2020-01-01 11:00,2,90\n2,a,2020-01-02 10:00,2020-01-02 11:00,2,\n"
    assert charging_seconds(tmp_path, rows) == [3600, None]


def charging_seconds(folder: Path, rows: str) -> list[int | None]:
    from evload.ingest.mapping.columns import Named
    from evload.ingest.mapping.model import parse_mapping
    from evload.ingest.read import LoadFile

    path = folder / "data.csv"
    path.write_text(HEADER + rows)
    blocks = LoadFile(path, "Europe/Oslo", named=Named("m", parse_mapping(MAPPING, "m"))).blocks()
    frames = [block.charging_sessions for block in blocks if block.charging_sessions is not None]
    return [seconds for frame in frames for seconds in frame["charging_seconds"]]


def test_names_that_cannot_be_stored_are_rejected(tmp_path: Path) -> None:
    rows = f"{'x' * 1001},a,2020-01-01 10:00,2020-01-01 11:00,2,\n2,b,2020-01-01 10:00,2020-01-01 11:00,2,\n"
    found = converted(tmp_path, HEADER + rows, MAPPING)
    assert [reject[:2] for reject in found.rejects] == [(2, "id")]
    assert found.conversion.sessions == 1


OCPI: dict[str, Any] = {
    "country_code": "NO",
    "party_id": "EVL",
    "id": "1",
    "start_date_time": "2020-01-01T10:00:00Z",
    "end_date_time": "2020-01-01T12:00:00Z",
    "cdr_token": {"uid": "t", "contract_id": "c"},
    "cdr_location": {"id": "L", "evse_id": "NO*1"},
    "charging_periods": [
        {"start_date_time": "2020-01-01T10:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 5.0}]}
    ],
    "total_energy": 5.0,
    "total_time": 2.0,
    "total_parking_time": 0.5,
}
ZAPTEC: dict[str, Any] = {
    "Id": "z",
    "DeviceId": "D",
    "UserId": "u",
    "StartDateTime": "2020-01-01T10:00:00",
    "EndDateTime": "2020-01-01T12:00:00",
    "Energy": 5.0,
    "EnergyDetails": [{"Timestamp": "2020-01-01T11:00:00", "Energy": 5.0}],
}
ACN: dict[str, Any] = {
    "connectionTime": "Wed, 25 Apr 2018 11:08:04 GMT",
    "disconnectTime": "Wed, 25 Apr 2018 13:20:10 GMT",
    "doneChargingTime": "Wed, 25 Apr 2018 12:20:10 GMT",
    "kWhDelivered": 4.932,
    "sessionID": "1",
    "siteID": "0002",
    "stationID": "2-39-78-362",
    "timezone": "America/Los_Angeles",
    "userID": "a",
}
ODD = [
    None,
    "",
    "x",
    "\0",
    "a\nb",
    -1,
    1e308,
    float("1e16"),
    True,
    [],
    {},
    [1],
    [None],
    {"a": 1},
    "0001-01-01T00:00:00Z",
    "y" * 2000,
]


def mutated(record: Any, dice: random.Random) -> Any:
    """One value, however deep, is another or gone."""
    record = copy.deepcopy(record)
    at = record
    while True:
        key = dice.choice(list(at) if isinstance(at, dict) else range(len(at)))
        if isinstance(at[key], dict | list) and at[key] and dice.random() < 0.7:
            at = at[key]
            continue
        if isinstance(at, dict) and dice.random() < 0.2:
            del at[key]
        else:
            at[key] = dice.choice(ODD)
        return record


@pytest.mark.parametrize("record", [OCPI, ZAPTEC, ACN], ids=["ocpi", "zaptec", "acn"])
def test_an_odd_record_is_loaded_rejected_or_refused(tmp_path: Path, record: dict[str, Any]) -> None:
    dice, loaded, rejected = random.Random(5), 0, 0
    for _ in range(usual(300)):
        records = [mutated(record, dice), {**record, "id": "2", "Id": "2", "sessionID": "2"}]
        try:
            found = converted(tmp_path, json.dumps(records), name="data.json")
        except UnreadableFile:
            continue
        told = found.conversion
        assert told.sessions + len(found.rejects) + sum(told.left_out.values()) == 2, records[0]
        loaded, rejected = loaded + told.sessions - 1, rejected + len(found.rejects)
        wh = sum(found.wh("synthetic_3_6_kwh").values()) or sum(found.wh().values())
        assert (wh, abs(told.energy_in_wh - wh) < 1) == (told.energy_out_wh, True)
        for (_, user, location, _), _ in found.rows:
            assert not re.search(r"[\[\]{}\0\n]|True|None", user + location), records[0]
            assert len(user) <= 1000
    assert min(loaded, rejected) > 0


@pytest.mark.parametrize("value", [["a"], {"a": 1}, True, 1.5])
@pytest.mark.parametrize("name", ["id", "contract_id", "location"])
def test_a_name_that_is_no_text_is_rejected(tmp_path: Path, name: str, value: object) -> None:
    records: list[dict[str, Any]] = [copy.deepcopy(OCPI), {**OCPI, "id": "2"}]
    place = {"id": records[0], "contract_id": records[0]["cdr_token"], "location": records[0]["cdr_location"]}[name]
    place["id" if name == "location" else name] = value
    found = converted(tmp_path, json.dumps(records), name="data.json")
    assert [(line, reason) for line, _, _, reason in found.rejects] == [
        (1, f"its {'id' if name == 'location' else name} is no text: {json.dumps(value)}")
    ]


def test_records_without_an_id_are_no_single_session(tmp_path: Path) -> None:
    records = [
        {**OCPI, "id": word, "start_date_time": f"2020-01-01T1{hour}:00:00Z", "charging_periods": []}
        for hour, word in enumerate((None, "", "NA"))
    ]
    found = converted(tmp_path, json.dumps(records), name="data.json")
    assert (found.conversion.sessions, found.rejects) == (3, [])


@pytest.mark.parametrize("word", ["", "NA", "-", None])
def test_a_word_that_means_none_is_no_user(tmp_path: Path, word: str | None) -> None:
    records = [
        {**OCPI, "cdr_token": {"contract_id": word, "uid": "t"}},
        {**OCPI, "id": "2", "cdr_token": {"uid": word}},
    ]
    found = converted(tmp_path, json.dumps(records), name="data.json")
    assert {user for (_, user, _, _), _ in found.rows} == {"t"}
    assert found.rejects == [(2, "user_id", "", "session without a user")]


@pytest.mark.parametrize(
    ("record", "at"),
    [
        ({**ZAPTEC, "EnergyDetails": [{"Timestamp": "2020-01-01T08:00:00", "Energy": 5.0}]}, "EnergyDetails"),
        ({**ZAPTEC, "EnergyDetails": [{"Timestamp": "2020-01-01T14:00:00", "Energy": 5.0}]}, "EnergyDetails"),
        (
            {**OCPI, "charging_periods": [{**OCPI["charging_periods"][0], "start_date_time": "2019-12-30T00:00:00Z"}]},
            "charging_periods",
        ),
    ],
    ids=["before", "after", "period"],
)
def test_energy_that_flowed_outside_of_its_session_is_rejected(tmp_path: Path, record: dict[str, Any], at: str) -> None:
    whole = {**(OCPI if at == "charging_periods" else ZAPTEC), "id": "2", "Id": "2"}
    found = converted(tmp_path, json.dumps([record, whole]), name="data.json")
    assert found.rejects == [(1, "", "", f"its {at} lie more than an hour outside of the session")]
