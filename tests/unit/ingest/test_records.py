"""JSON: OCPI charge detail records, Zaptec's sessions, ACN-Data, flat records; and text in archives and workbooks."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evload.ingest.formats.source import UnreadableFile
from evload.ingest.read import LoadFile
from tests.unit.ingest.converted import converted

PERIODS = [("2024-03-01T10:30:00Z", 1.0), ("2024-03-01T11:00:00Z", 4.0), ("2024-03-01T12:00:00Z", 0.0)]


def cdr(id: str, total: float, periods: list[tuple[str, float]] = PERIODS, **more: Any) -> dict[str, Any]:
    return {
        "country_code": "NL",
        "party_id": "ABC",
        "id": id,
        "start_date_time": "2024-03-01T10:30:00",
        "end_date_time": "2024-03-01T13:00:00Z",
        "cdr_token": {"uid": "U1", "contract_id": "NL-C-1"},
        "cdr_location": {"id": "LOC1", "evse_id": "NL*ABC*E1"},
        "charging_periods": [
            {"start_date_time": at, "dimensions": [{"type": "TIME", "volume": 1}, *energy(kwh)]} for at, kwh in periods
        ],
        "total_energy": total,
        "total_time": 2.5,
        **more,
    }


def energy(kwh: float) -> list[dict[str, Any]]:
    return [{"type": "ENERGY", "volume": kwh}] if kwh else []


def as_file(*records: dict[str, Any]) -> str:
    return json.dumps({"data": list(records), "status_code": 1000})


METERED = {("2024-03-01T10:00Z", "NL-C-1"): 1000, ("2024-03-01T11:00Z", "NL-C-1"): 4000}


def test_periods_with_energy_are_metered_hours(tmp_path: Path) -> None:
    found = converted(tmp_path, as_file(cdr("1", 5.0)), name="cdrs.json")
    assert found.wh() == METERED
    assert found.wh("synthetic_3_6_kwh") == {}
    assert {key[2] for key, _ in found.rows} == {"LOC1"}
    assert (found.conversion.format, found.conversion.sessions, found.conversion.energy_out_wh) == ("ocpi", 1, 5000)


def test_periods_in_wh_are_divided_and_said(tmp_path: Path) -> None:
    wh = [(at, kwh * 1000) for at, kwh in PERIODS]
    found = converted(tmp_path, as_file(cdr("1", 5.0, wh)), name="cdrs.json")
    assert found.wh() == METERED
    assert "read as Wh" in found.conversion.notes[0]


def test_without_energies_by_period_all_sessions_are_modelled_too(tmp_path: Path) -> None:
    bare = [(at, 0.0) for at, _ in PERIODS]
    found = converted(tmp_path, as_file(cdr("1", 5.0), cdr("2", 3.6, bare)), name="cdrs.json")
    assert found.wh() == METERED
    assert found.wh("synthetic_3_6_kwh") == {
        ("2024-03-01T10:00Z", "NL-C-1"): 3600,
        ("2024-03-01T11:00Z", "NL-C-1"): 3200 + 1800,
    }
    assert "metered_kwh lacks them" in found.conversion.notes[0]


def test_a_power_that_is_asked_for_is_modelled_beside_the_meter(tmp_path: Path) -> None:
    found = converted(tmp_path, as_file(cdr("1", 5.0)), name="cdrs.json", powers=("7.2",))
    assert found.wh() == METERED
    assert sum(found.wh("synthetic_7_2_kwh").values()) == 5000
    assert found.wh("synthetic_3_6_kwh") == {}


def test_periods_that_do_not_sum_up_are_rejected(tmp_path: Path) -> None:
    found = converted(tmp_path, as_file(cdr("1", 5.0), cdr("2", 6.0)), name="cdrs.json")
    assert found.wh() == METERED
    assert found.rejects == [(2, "", "", "its charging periods have 5.0 kWh together, but its total_energy is 6.0 kWh")]


def test_reservations_and_credited_records_are_left_out(tmp_path: Path) -> None:
    reserved = cdr("2", 0.0, [], cdr_location={"id": "LOC1", "evse_id": "#NA"})
    credit = cdr("4", 5.0, credit=True, credit_reference_id="3")
    found = converted(tmp_path, as_file(cdr("1", 5.0), reserved, cdr("3", 5.0), credit), name="cdrs.json")
    assert found.wh() == METERED
    assert found.conversion.left_out == {
        "credit another record, or are credited by one": 2,
        "are reservations without a charge": 1,
    }


def test_a_credit_of_a_record_elsewhere_is_rejected(tmp_path: Path) -> None:
    credit = cdr("4", 5.0, credit=True, credit_reference_id="3")
    found = converted(tmp_path, as_file(cdr("1", 5.0), credit), name="cdrs.json")
    assert found.rejects[0][3] == "credits the record NL*ABC*3, which is not in this file; load both together"


def test_ocpi_2_1_1(tmp_path: Path) -> None:
    old = cdr("1", 5.0, auth_id="AUTH", location={"id": "L2"}, stop_date_time="2024-03-01T13:00:00Z")
    for name in ("end_date_time", "cdr_token", "cdr_location", "country_code", "party_id"):
        del old[name]
    lines = json.dumps(old) + "\n\n" + json.dumps({**old, "id": "2"}) + "\n"
    found = converted(tmp_path, lines, name="cdrs.jsonl")
    assert found.wh() == {(hour, "AUTH"): 2 * wh for (hour, _), wh in METERED.items()}
    assert {key[3] for key, _ in found.rows} == {1, 2}


def test_hours_of_a_metered_session_add_up_to_its_energy(tmp_path: Path) -> None:
    periods = [("2024-03-01T10:20:00Z", 3.334)]
    found = converted(tmp_path, as_file(cdr("1", 3.333, periods)), name="cdrs.json")
    assert sum(found.wh().values()) == 3333
    assert list(found.wh().values()) == [833, 1250, 1250]


ZAPTEC = {
    "Id": "z1",
    "DeviceId": "ZAP1",
    "StartDateTime": "2024-03-01T10:50:00.5",
    "EndDateTime": "2024-03-01T12:10:00",
    "Energy": 3.0,
    "UserId": "ann",
    "EnergyDetails": [
        {"Timestamp": "2024-03-01T10:50:00+00:00", "Energy": 0},
        {"Timestamp": "2024-03-01T11:00:00+00:00", "Energy": 0.5},
        {"Timestamp": "2024-03-01T12:00:00+00:00", "Energy": 2.25},
        {"Timestamp": "2024-03-01T12:10:00+00:00", "Energy": 0.25},
    ],
}


def test_zaptec_details_are_metered_hours(tmp_path: Path) -> None:
    running = {**ZAPTEC, "Id": "z2", "EndDateTime": None, "Energy": 0, "EnergyDetails": []}
    found = converted(tmp_path, json.dumps({"Pages": 1, "Data": [ZAPTEC, running]}), name="sessions.json")
    assert found.wh() == {
        ("2024-03-01T10:00Z", "ann"): 500,
        ("2024-03-01T11:00Z", "ann"): 2250,
        ("2024-03-01T12:00Z", "ann"): 250,
    }
    assert found.conversion.left_out == {"have no energy, as of sessions that go on": 1}


def test_acn_data(tmp_path: Path) -> None:
    item = {
        "_id": "5b",
        "connectionTime": "Wed, 25 Apr 2018 11:08:04 GMT",
        "disconnectTime": "Wed, 25 Apr 2018 13:20:10 GMT",
        "doneChargingTime": None,
        "kWhDelivered": 4.932,
        "sessionID": "2_39_78_362_2018-04-25 11:08:04.400812",
        "siteID": "0002",
        "stationID": "2-39-78-362",
        "timezone": "America/Los_Angeles",
        "userID": None,
    }
    found = converted(
        tmp_path,
        json.dumps({"_items": [item, {**item, "sessionID": "2_39_79", "userID": "000000194"}]}),
        name="acn.json",
    )
    assert found.conversion.format == "acn"
    assert found.wh("synthetic_3_6_kwh") == {
        ("2018-04-25T11:00Z", "2-39-78-362"): 3120,
        ("2018-04-25T12:00Z", "2-39-78-362"): 1812,
        ("2018-04-25T11:00Z", "000000194"): 3120,
        ("2018-04-25T12:00Z", "000000194"): 1812,
    }


LINES = "".join(f'{{"timestamp": "2024-01-01T0{hour}:00:00Z", "user": "a", "kwh": {hour}.5}}\n' for hour in range(3))
PLAIN = {(f"2024-01-01T0{hour}:00Z", "a"): hour * 1000 + 500 for hour in range(3)}
CSV = "timestamp,user,kwh\n" + "".join(f"2024-01-01T0{hour}:00:00Z,a,{hour}.5\n" for hour in range(3))


def test_a_parquet_file_is_read_by_a_mapping(tmp_path: Path) -> None:
    times = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 1, 2), "1h", time_zone="UTC", eager=True)
    table = pl.DataFrame({"timestamp": times, "user": ["a"] * 3, "kwh": [0.5, 1.5, 2.5], "more": [[1]] * 3})
    data = io.BytesIO()
    table.write_parquet(data)
    assert converted(tmp_path, data.getvalue(), name="a.parquet").wh() == PLAIN
    mapping = 'kind = "interval"\nstart = "timestamp"\nuser = "user"\nenergy = "kwh"\nunit = "Wh"\n'
    assert sum(converted(tmp_path, data.getvalue(), mapping, name="a.parquet").wh().values()) == 6
    table.rename({"kwh": "power"}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(UnreadableFile, match="has columns of no format that evload knows: timestamp, user, power"):
        list(LoadFile(tmp_path / "b.parquet", "UTC").blocks())


def test_flat_json_lines_are_a_table(tmp_path: Path) -> None:
    assert converted(tmp_path, LINES, name="a.jsonl").wh() == PLAIN
    assert converted(tmp_path, gzip.compress(LINES.encode()), name="a.jsonl.gz").wh() == PLAIN


@pytest.mark.parametrize("text", [CSV, CSV.replace(",", "\t"), CSV.replace(",", ";").replace(".", ",")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_any_separator_and_encoding(tmp_path: Path, text: str, encoding: str) -> None:
    assert converted(tmp_path, text.encode(encoding)).wh() == PLAIN


def zipped(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def test_a_zip_archive_with_one_file(tmp_path: Path) -> None:
    assert converted(tmp_path, zipped({"data.csv": CSV, "__MACOSX/._data.csv": "x"}), name="a.zip").wh() == PLAIN


def workbook(rows: list[str]) -> bytes:
    """The least that is a workbook: the second column holds texts, and the first one dates where it has a number."""
    content = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
        ),
        "_rels/.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
            '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
            'Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
            "</Relationships>"
        ),
        "xl/styles.xml": (
            '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2">'
            '<xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
        ),
        "xl/worksheets/sheet1.xml": (
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            + "".join(f"<row>{row}</row>" for row in rows)
            + "</sheetData></worksheet>"
        ),
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return data.getvalue()


def cell(value: str | float, style: int = 0) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c s="{style}"><v>{value!r}</v></c>'


def test_the_first_sheet_of_a_workbook(tmp_path: Path) -> None:
    """45292 is 2024-01-01 in days since 1899-12-30."""
    rows = ["".join(map(cell, ("timestamp", "user", "kwh")))]
    rows += [cell(45292 + hour / 24, 1) + cell("a") + cell(hour + 0.5) for hour in range(3)]
    found = converted(tmp_path, workbook(rows), name="a.xlsx", timezone="UTC")
    assert found.wh() == PLAIN


REFUSED = {
    "a list of nothing": ("[]", "has no records"),
    "JSON cut off": (LINES[:-20], "line 3: is damaged or cut off"),
    "a list of numbers": ("[1, 2]", "line 1: is damaged or cut off"),
    "unknown records": (
        '{"when": "2024-01-01 10:00", "wh": 5}\n{"when": "2024-01-01 11:00", "wh": 5}',
        "looks like intervals: when, wh",
    ),
    "two files in an archive": (zipped({"a": CSV, "b": CSV}), "is a zip archive of 2 files; unpack it and load them"),
    "half an archive": (zipped({"a": CSV})[:60], "is damaged"),
}


@pytest.mark.parametrize(("content", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_says_why(tmp_path: Path, content: str | bytes, problem: str) -> None:
    path = tmp_path / "data"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UnreadableFile, match=problem):
        list(LoadFile(path, "UTC").blocks())
