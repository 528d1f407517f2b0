"""From a file to clean batches, in every form that a file may have."""

import gzip
import hashlib
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from evload.ingest.frames import KEYS, MEASURES
from evload.ingest.read import LoadFile
from tests.unit.ingest.reading import HEADER, ROW, Reading, read, table, written

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = table(
    ROW,
    "21.12.2018 11:00;21.12.2018 12:00;NA;NA;NA;NA;NA;NA",
    "21.12.2018 11:00;21.12.2018 12:00;Zähler 7;3211;0;4,00E-16; 3,6 ;7.2",
)
TEN, ELEVEN, TWELVE = (datetime(2018, 12, 21, hour, tzinfo=ZoneInfo("Europe/Oslo")) for hour in (10, 11, 12))
CLEAN = [
    (TEN, "AdO3-4", 2, 870, 870, None, 114),
    (ELEVEN, "", 0, None, None, None, None),
    (ELEVEN, "Zähler 7", 3211, 0, 0, 3600, 7200),
]


def quoted(text: str) -> str:
    return "\n".join(";".join(f'"{field}"' for field in line.split(";")) for line in text.splitlines()) + "\n"


def in_iso(text: str) -> str:
    return text.replace("21.12.2018 ", "2018-12-21T")


def in_utc(text: str) -> str:
    return re.sub(r"T(..):00", lambda time: f"T{int(time[1]) - 1:02}:00Z", in_iso(text))


def reordered(text: str) -> str:
    return "".join(";".join(["extra", *reversed(line.split(";"))]) + "\n" for line in text.splitlines())


VARIANTS: dict[str, Callable[[str], str | bytes]] = {
    "as published": lambda text: text.replace("\n", "\r\n"),
    "line feeds": lambda text: text,
    "no line end at the end": lambda text: text.removesuffix("\n"),
    "a BOM": lambda text: "\ufeff" + text,
    "a BOM, CRLF, quotes": lambda text: "\ufeff" + quoted(text).replace("\n", "\r\n"),
    "Excel's first line": lambda text: "sep=;\r\n" + text,
    "decimal points": lambda text: text.replace(",", "."),
    "commas": lambda text: text.replace(",", ".").replace(";", ","),
    "commas, decimal commas in quotes": lambda text: quoted(text).replace(";", ","),
    "tabs": lambda text: text.replace(";", "\t"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, big end first, tabs, in gzip": lambda text: gzip.compress(
        ("\ufeff" + text.replace(";", "\t")).encode("utf-16-be")
    ),
    "tabs after Excel's first line": lambda text: "sep=\t\n" + text.replace(";", "\t"),
    "all quoted": quoted,
    "the table's spelling": lambda text: text.replace(HEADER, ";".join((*KEYS, *MEASURES[:4]))),
    "capitals": lambda text: text.replace(HEADER, HEADER.upper()),
    "blanks in the header": lambda text: text.replace(HEADER, HEADER.replace(";", " ; ")),
    "invisible blanks": lambda text: re.sub(r"(?<=[;\n])(?=[^;\n])|(?<=[^;\n])(?=[;\n])", "\u00a0\u200b\ufeff", text),
    "decomposed letters": lambda text: unicodedata.normalize("NFD", text),
    "another order and a further column": reordered,
    "ISO dates": in_iso,
    "ISO dates in UTC": in_utc,
    "an offset of the clock": lambda text: in_iso(text).replace(":00", ":00:00.000+01:00"),
    "sessions as floats": lambda text: text.replace(";2;", ";2.0;").replace("3211", "3211,0"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip in two members": lambda text: gzip.compress(text[:100].encode()) + gzip.compress(text[100:].encode()),
    "zstd": lambda text: zstd.compress(text.encode()),
    "zstd in two frames": lambda text: zstd.compress(text[:100].encode()) + zstd.compress(text[100:].encode()),
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())
@pytest.mark.parametrize("block_bytes", [64, 1 << 20])
def test_every_form_of_a_file_gives_the_same_rows(
    tmp_path: Path, variant: Callable[[str], str | bytes], block_bytes: int
) -> None:
    path = written(tmp_path, variant(TEXT))
    reading = read(path, block_bytes=block_bytes)
    assert reading.rows.drop("line").rows() == CLEAN
    assert (reading.rejects, reading.coerced, reading.rows_read) == ([], 0, 3)
    assert reading.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert reading.file.bytes_read == reading.file.bytes_total == path.stat().st_size


def test_line_numbers_are_those_an_editor_shows(tmp_path: Path) -> None:
    rows = (f"{ROW};", "", " ", f'{ROW};"two\r\nlines"', "no row", f"{ROW};", "", f"{ROW};")
    reading = read(written(tmp_path, "\ufeffsep=;\r\n\r\n" + "\r\n".join((f"{HEADER};comment", *rows))))
    assert reading.column("line") == [4, 7, 10, 12]
    assert reading.rejects == [(9, "", "no row", "has 1 fields, 9 are expected")]
    assert reading.rows_read == 5


@pytest.mark.parametrize(
    ("zone", "date_from", "date_to", "start"),
    [
        ("Europe/Oslo", "31.03.2019 01:00", "31.03.2019 03:00", "2019-03-31T00:00Z"),
        ("Europe/Oslo", "27.10.2019 01:00", "27.10.2019 02:00", "2019-10-26T23:00Z"),
        ("Europe/Oslo", "27.10.2019 02:00", "27.10.2019 02:00", "2019-10-27T00:00Z"),
        ("Europe/Oslo", "27.10.2019 02:00", "27.10.2019 03:00", "2019-10-27T01:00Z"),
        ("Europe/Oslo", "2019-10-27T02:00+01:00", "27.10.2019 03:00", "2019-10-27T01:00Z"),
        ("Europe/Oslo", "2019-10-27 02:00+0200", "2019-10-27 02:00+01", "2019-10-27T00:00Z"),
        ("Australia/Lord_Howe", "07.04.2019 01:30", "07.04.2019 02:00", "2019-04-06T14:30Z"),
        ("America/New_York", "03.11.2019 01:00", "03.11.2019 01:00", "2019-11-03T05:00Z"),
        ("UTC", "27.10.2019 02:00", "27.10.2019 03:00", "2019-10-27T02:00Z"),
    ],
)
def test_a_row_around_a_change_of_the_clock(
    tmp_path: Path, zone: str, date_from: str, date_to: str, start: str
) -> None:
    reading = read(written(tmp_path, table(f"{date_from};{date_to};A;1;1;1;1;1")), zone)
    assert reading.rejects == []
    assert reading.column("date_from") == [datetime.fromisoformat(start)]


def test_a_large_file_is_read_in_small_blocks_with_progress(tmp_path: Path) -> None:
    file = LoadFile(written(tmp_path, table(*[ROW] * 5000)), "Europe/Oslo", 1 << 16)
    seen = [(block.rows_read, file.bytes_read) for block in file.blocks()]
    assert max(rows for rows, _ in seen) < 1200
    assert sum(rows for rows, _ in seen) == 5000
    assert seen[-1][1] == file.bytes_total


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(gzip.compress(TEXT.encode()),))
    writer.start()
    reading = read(path)
    writer.join()
    assert reading.rows.drop("line").rows() == CLEAN
    assert reading.file.bytes_total is None


def test_an_export_of_the_table_is_read(tmp_path: Path) -> None:
    exported = (
        "index,date_from,date_to,user_id,session_id,synthetic_3_6_kwh,synthetic_7_2_kwh,flex_3_6_kwh,flex_7_2_kwh\n"
        "1,2018-12-21 10:00:00+01,2018-12-21 11:00:00+01,AdO3-4,2,0.870,0.870,,0.114\n"
        '2,2018-12-21 11:00:00+01,2018-12-21 12:00:00+01,"",0,,,,\n'
    )
    reading = read(written(tmp_path, exported), "UTC")
    assert reading.rejects == []
    assert reading.rows.select("date_from", "user_id", "session_id").rows() == [(TEN, "AdO3-4", 2), (ELEVEN, "", 0)]


@pytest.fixture(scope="module")
def published(published_file: Path) -> Reading:
    return read(published_file)


def test_the_published_file_is_clean(published: Reading) -> None:
    assert (published.rows_read, published.rows.height, published.rejects, published.coerced) == (88_089, 88_089, [], 0)
    assert published.column("line") == list(range(2, 88_091))
    assert published.rows.filter(pl.col("user_id") == "").height == 390
    assert published.rows["user_id"].n_unique() == 98


def test_the_published_file_has_the_published_totals(published: Reading) -> None:
    assert round(Decimal(published.rows["synthetic_3_6_kwh_wh"].sum()) / 1000, 2) == Decimal("87488.82")
    last = max(published.column("date_from")).astimezone(ZoneInfo("Europe/Oslo"))
    assert last.replace(tzinfo=None) == datetime(2020, 2, 1, 4)


LOCATED = "date_from;date_to;User_ID;session_ID;Garage_ID;metered_kwh;note"
HOUR = "21.12.2018 10:00;21.12.2018 11:00"


def test_a_file_may_lack_measures_and_have_locations(tmp_path: Path) -> None:
    rows = (f"{HOUR};A-1;1; north ;123456,789;x", f"{HOUR};B;2;;0,5;y", f"{HOUR};C;3;NA;1000000;z")
    file = LoadFile(written(tmp_path, table(*rows, header=LOCATED)), "UTC")
    (block,) = file.blocks()
    assert block.rows["metered_kwh_wh"].to_list() == [123_456_789, 500]
    assert block.rows["synthetic_3_6_kwh_wh"].to_list() == [None, None]
    assert block.locations[block.rows["location_index"]].to_list() == ["north", ""]
    assert block.rejects.rows() == [(4, "metered_kwh", "1000000", "energy is above 999999.999 kWh")]
    assert file.unused_columns == ["note"]


def test_a_pattern_takes_the_location_from_the_user_id(tmp_path: Path) -> None:
    rows = [ROW.replace("AdO3-4", user) for user in ("AdO3-4", "Bl2-5", "AdO3-1", "nobody", "NA")]
    rows[-1] = rows[-1].replace(";2;", ";NA;")
    file = LoadFile(written(tmp_path, table(*rows)), "UTC", location_pattern=re.compile(r"^(.+)-\d+$"))
    (block,) = file.blocks()
    assert block.locations[block.rows["location_index"]].to_list() == ["AdO3", "Bl2", "AdO3", "", ""]
    assert file.unused_columns == []
