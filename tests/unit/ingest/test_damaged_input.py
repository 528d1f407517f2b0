"""Damaged input: each kind has its clear sentence, and nothing is loaded that should not be."""

import gzip
import os
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from evload.ingest.read import UnreadableFile
from tests.unit.ingest.reading import HEADER, ROW, read, table, written

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TIMES, WHO, ENERGIES = "21.12.2018 10:00;21.12.2018 11:00", "AdO3-4;2", "0,87;0,87;NA;0,114"
NO_DATE = "is not a date like 21.12.2018 10:00 or 2018-12-21T10:00"
WHOLE = "is not a whole number from -2147483648 to 2147483647"
NO_HEADER = "and no line that could be a header follows; load a table whose header names its columns"
FOUND = "date_from, date_to, User_ID, session_ID, Synthetic_3_6kW, Synthetic_7_2kW, Flex_3_6kW, Flex_7_2kW"
MARKED = HEADER.replace(";", r"\x01")
GOOD = table(*[ROW] * 2000).encode()
PACKED, ZPACKED = gzip.compress(GOOD), zstd.compress(GOOD)

REFUSED: dict[str, tuple[bytes | str, str]] = {
    "nothing at all": (b"", ": is empty; load a file with a header and rows"),
    "only blank lines": (b"\n\r\n \n", ": is empty; load a file with a header and rows"),
    "only a BOM": (b"\xef\xbb\xbf", ": is empty; load a file with a header and rows"),
    "an empty archive": (gzip.compress(b""), ": is empty; load a file with a header and rows"),
    "only a header": (table(), ": has no rows; load a file with rows under its header"),
    "a header without a line end": (HEADER, ": has no rows; load a file with rows under its header"),
    "a header and blank lines": (table("", " ", ""), ": has no rows; load a file with rows under its header"),
    "no header": (
        table(ROW, header=ROW),
        ", line 1: is no table that evload can read: the first line is 21.12.2018 10:00, 21.12.2018 11:00, AdO3-4, 2,"
        f" 0,87, 0,87, NA, 0,114, {NO_HEADER}",
    ),
    "no measure": (
        table(ROW, header=HEADER.replace("Synthetic", "Syntetic").replace("Flex", "Flx")),
        ", line 1: has no column of a measure (Synthetic_3_6kW, Synthetic_7_2kW, Flex_3_6kW, Flex_7_2kW, Metered_kWh),"
        f" only {FOUND.replace('Synthetic', 'Syntetic').replace('Flex', 'Flx')}; name one of them at least",
    ),
    "a missing column": (
        table(ROW, header=HEADER.replace(";session_ID", "")),
        f", line 1: has no column session_ID, only {FOUND.replace(', session_ID', '')};"
        " name these columns in the header",
    ),
    "a doubled column": (
        table(ROW, header=HEADER + ";User_ID"),
        f", line 1: has more than one column User_ID among {FOUND}, User_ID; keep one of each",
    ),
    "a column in both spellings": (
        table(ROW, header=HEADER + ";flex_7_2_kwh"),
        f", line 1: has more than one column Flex_7_2kW among {FOUND}, flex_7_2_kwh; keep one of each",
    ),
    "a separator that is not known": (
        table(ROW).replace(";", "\x01"),
        f", line 1: is no table that evload can read: the first line is {MARKED}, {NO_HEADER}",
    ),
    "a header after sep= with another separator": (
        "sep=,\n" + table(ROW),
        f", line 2: is no table that evload can read: the first line is {HEADER}, {NO_HEADER}",
    ),
    "Latin-1 in a row": (
        table(ROW, ROW, ROW.replace("AdO3-4", "Z\xe4hler")).encode("latin-1"),
        ", line 4: is not UTF-8 (byte 0xE4); save the file as UTF-8",
    ),
    "Latin-1 in the header": (
        table(ROW, header=HEADER + ";Z\xe4hler").encode("latin-1"),
        ", line 1: is not UTF-8 (byte 0xE4); save the file as UTF-8",
    ),
    "UTF-16 cut off": (table(ROW).encode("utf-16")[:-1], ": is damaged: it is not UTF-16 throughout; save it as UTF-8"),
    "UTF-16 without a BOM": (
        table(ROW).encode("utf-16-le"),
        ": is not a table; load CSV, JSON, Parquet or an Excel workbook",
    ),
    "an image": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ", line 1: is not UTF-8 (byte 0x89); save the file as UTF-8"),
    "a program": (b"\x7fELF\2\1\1\0\0\0\0\0", ": is not a table; load CSV, JSON, Parquet or an Excel workbook"),
    "an Excel workbook": (
        b"PK\x03\x04\x14\0\6\0",
        ": is damaged: its archive cannot be unpacked; copy or pack it again",
    ),
    "a web page": (
        "<!DOCTYPE html>\n<html>\n",
        f", line 1: is no table that evload can read: the first line is <!DOCTYPE html>, {NO_HEADER}",
    ),
    "carriage returns alone": (
        table(ROW).replace("\n", "\r"),
        ", line 1: has carriage returns without line feeds; save it with line feeds",
    ),
    "a quote that is never closed": (
        table(ROW, ROW.replace("AdO3-4", '"AdO3-4'), ROW),
        ", line 3: a quote opens here and is not closed; close it or take it out",
    ),
    "a quote that is never closed, and much after it": (
        table(ROW, *[ROW.replace("AdO3-4", '"Ad\nO3"')] * 3, ROW.replace("AdO3-4", '"AdO3-4'), *[ROW] * 40_000),
        ", line 9: a quote opens here and is not closed; close it or take it out",
    ),
    "a megabyte in one line": (
        table(ROW, "x" * (1 << 20)),
        ", line 3: is longer than 131072 bytes; end each row with a line feed",
    ),
    "a megabyte in one quoted field": (
        table(ROW, ROW.replace("AdO3-4", '"' + "x\n" * (1 << 19) + '"')),
        ", line 3: a quote opens here and is not closed; close it or take it out",
    ),
    "a megabyte of header": ("x" * (1 << 20), ", line 1: is longer than 131072 bytes; end each row with a line feed"),
    "gzip cut off": (PACKED[:-20], ": is cut off: its archive ends too early; copy or pack it again"),
    "gzip cut off in its checksum": (PACKED[:-3], ": is cut off: its archive ends too early; copy or pack it again"),
    "gzip cut off in its head": (PACKED[:5], ": is cut off: its archive ends too early; copy or pack it again"),
    "gzip with a wrong checksum": (
        PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
        ": is damaged: its archive cannot be unpacked; copy or pack it again",
    ),
    "gzip with broken content": (
        PACKED[:10] + b"\xff" * 30 + PACKED[40:],
        ": is damaged: its archive cannot be unpacked; copy or pack it again",
    ),
    "gzip with other bytes after it": (
        PACKED + b"and more",
        ": is damaged: its archive cannot be unpacked; copy or pack it again",
    ),
    "zstd cut off": (ZPACKED[:-4], ": is cut off: its archive ends too early; copy or pack it again"),
    "zstd with broken content": (
        ZPACKED[:12] + b"\xff" * 20 + ZPACKED[32:],
        ": is damaged: its archive cannot be unpacked; copy or pack it again",
    ),
    "Latin-1 inside gzip": (
        gzip.compress(table(ROW, ROW.replace("AdO3-4", "\xe4")).encode("latin-1")),
        ", line 3: is not UTF-8 (byte 0xE4); save the file as UTF-8",
    ),
    "a Parquet file cut off": (
        b"PAR1" + b"\0" * 50,
        ": is damaged: it cannot be read as Parquet; copy or write it again",
    ),
}


@pytest.mark.parametrize(("content", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_the_whole_file_is_refused(tmp_path: Path, content: bytes | str, problem: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read(written(tmp_path, content))
    assert str(refusal.value) == f"loads.csv{problem}"


REJECTED: dict[str, tuple[str, str, str, str]] = {
    "the 31st of February": (
        f"31.02.2019 10:00;31.02.2019 11:00;{WHO};{ENERGIES}", "date_from", "31.02.2019 10:00", NO_DATE),
    "a date alone": (f"21.12.2018;21.12.2018 11:00;{WHO};{ENERGIES}", "date_from", "21.12.2018", NO_DATE),
    "no date": (f";;{WHO};{ENERGIES}", "date_from", "", NO_DATE),
    "an American date": (
        f"12/21/2018 10:00;12/21/2018 11:00;{WHO};{ENERGIES}", "date_from", "12/21/2018 10:00", NO_DATE),
    "an end that is no date": (f"21.12.2018 10:00;later;{WHO};{ENERGIES}", "date_to", "later", NO_DATE),
    "a year of long ago": (
        f"21.12.0018 10:00;21.12.0018 11:00;{WHO};{ENERGIES}", "date_from", "21.12.0018 10:00", NO_DATE),
    "a 61st second": (
        f"21.12.2018 10:00:60;21.12.2018 11:00:60;{WHO};{ENERGIES}", "date_from", "21.12.2018 10:00:60", NO_DATE),
    "an hour that daylight saving skips": (
        f"31.03.2019 02:30;31.03.2019 03:30;{WHO};{ENERGIES}", "date_from", "31.03.2019 02:30",
        "02:30 on 31.03.2019 does not exist on the clock of Europe/Oslo"),
    "an end that daylight saving skips": (
        f"31.03.2019 01:00;31.03.2019 02:00;{WHO};{ENERGIES}", "date_to", "31.03.2019 02:00",
        "02:00 on 31.03.2019 does not exist on the clock of Europe/Oslo"),
    "two hours": (f"21.12.2018 10:00;21.12.2018 12:00;{WHO};{ENERGIES}", "date_to", "21.12.2018 12:00",
        "the row is 2 h long, not one hour"),
    "two hours in autumn": (f"27.10.2019 01:00;27.10.2019 03:00;{WHO};{ENERGIES}", "date_to", "27.10.2019 03:00",
        "the row is 3 h long, not one hour"),
    "half an hour": (f"21.12.2018 10:00;21.12.2018 10:30;{WHO};{ENERGIES}", "date_to", "21.12.2018 10:30",
        "the row is 30 min long, not one hour"),
    "a second too short": (f"21.12.2018 10:00;21.12.2018 10:59:59;{WHO};{ENERGIES}", "date_to", "21.12.2018 10:59:59",
        "the row is 3599 s long, not one hour"),
    "no length": (f"21.12.2018 10:00;21.12.2018 10:00;{WHO};{ENERGIES}", "date_to", "21.12.2018 10:00",
        "the row is 0 h long, not one hour"),
    "dates the wrong way round": (
        f"21.12.2018 11:00;21.12.2018 10:00;{WHO};{ENERGIES}", "date_to", "21.12.2018 10:00",
        "the row ends before it starts"),
    "swapped columns": (f"AdO3-4;2;{TIMES};{ENERGIES}", "date_from", "AdO3-4", NO_DATE),
    "the header once more": (HEADER, "date_from", "date_from", NO_DATE),
    "a session without a user": (f"{TIMES};NA;2;{ENERGIES}", "User_ID", "NA", "session without a user"),
    "a user without a session": (f"{TIMES};AdO3-4;;{ENERGIES}", "session_ID", "", "user without a session"),
    "a session that is a word": (f"{TIMES};AdO3-4;two;{ENERGIES}", "session_ID", "two", WHOLE),
    "a session and a half": (f"{TIMES};AdO3-4;1,5;{ENERGIES}", "session_ID", "1,5", WHOLE),
    "a session beyond int4": (f"{TIMES};AdO3-4;2147483648;{ENERGIES}", "session_ID", "2147483648", WHOLE),
    "a NUL byte in the user": (f"{TIMES};Ad\0O3;2;{ENERGIES}", "User_ID", "Ad\0O3",
        "has a NUL byte, which Postgres cannot store"),
    "a NUL byte in an energy": (f"{TIMES};{WHO};0,87;0,87;NA;0,\0", "Flex_7_2kW", "0,\0",
        "has a NUL byte, which Postgres cannot store"),
    "a no-break blank inside a date": (
        f"21.12.2018\u00a010:00;21.12.2018 11:00;{WHO};{ENERGIES}", "date_from", "21.12.2018\u00a010:00",
        f"{NO_DATE} (U+00A0, which is not seen, stands in it)"),
    "a minute after the end of a day": (
        f"21.12.2018 23:00;21.12.2018 24:01;{WHO};{ENERGIES}", "date_to", "21.12.2018 24:01", NO_DATE),
    "an endless user": (f"{TIMES};{'x' * 1001};2;{ENERGIES}", "User_ID", "x" * 200,
        "is longer than the 1000 bytes that a user id may have"),
    "negative energy": (f"{TIMES};{WHO};0,87;-0,0001;NA;0,114", "Synthetic_7_2kW", "-0,0001", "energy is negative"),
    "too much energy": (f"{TIMES};{WHO};1000;0,87;NA;0,114", "Synthetic_3_6kW", "1000", "energy is above 999.999 kWh"),
    "a little too much energy": (
        f"{TIMES};{WHO};0,87;0,87;999,9991;0", "Flex_3_6kW", "999,9991", "energy is above 999.999 kWh"),
    "energy with a huge exponent": (
        f"{TIMES};{WHO};0,87;0,87;NA;1e400", "Flex_7_2kW", "1e400", "energy is above 999.999 kWh"),
    "a field too few": (f"{TIMES};{WHO};0,87;0,87;NA", "", f"{TIMES};{WHO};0,87;0,87;NA",
        "has 7 fields, 8 are expected"),
    "a field too many": (f"{TIMES};{WHO};{ENERGIES};", "", f"{TIMES};{WHO};{ENERGIES};",
        "has 9 fields, 8 are expected"),
    "a word": ("total", "", "total", "has 1 fields, 8 are expected"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "column", "value", "reason"), REJECTED.values(), ids=REJECTED.keys())
def test_the_row_is_rejected_and_the_others_are_not(
    tmp_path: Path, row: str, column: str, value: str, reason: str
) -> None:
    reading = read(written(tmp_path, table(ROW, row, ROW)))
    assert reading.rejects == [(3, column, value, reason)]
    assert reading.column("line") == [2, 4]
    assert (reading.rows_read, reading.coerced) == (3, 0)


@pytest.mark.parametrize("text", ["136,666,667", "1.234,5", "abc", "NaN", "inf", "-inf", "3,6 kWh", "1e", "0x10", "-"])
def test_an_energy_that_is_no_number_becomes_null_and_is_counted(tmp_path: Path, text: str) -> None:
    reading = read(written(tmp_path, table(f"{TIMES};{WHO};{text};0,87;NA;")))
    assert reading.rows.row(0)[4:] == (None, 870, None, None)
    assert (reading.rejects, reading.coerced) == ([], 1)


def test_100_megabytes_in_one_line_are_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "endless.csv"
    with path.open("wb") as file:
        file.write(table(ROW).encode())
        file.truncate(100 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile, match=r"^endless.csv, line 3: is longer than 131072 bytes"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


def test_a_missing_file_a_folder_and_a_dangling_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"^absent.csv: does not exist; check the path$"):
        read(tmp_path / "absent.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnreadableFile, match=r"^folder: is a folder; give a file$"):
        read(tmp_path / "folder")
    with pytest.raises(UnreadableFile, match=r"^loads.csv: cannot be read \(Not a directory\)"):
        read(written(tmp_path, ROW, "file") / "loads.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, table(ROW))
    path.chmod(0)
    with pytest.raises(UnreadableFile, match=r"^loads.csv: may not be read by this user; change its permissions$"):
        read(path)


def test_parquet_from_a_pipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"PAR1 and more",))
    writer.start()
    with pytest.raises(
        UnreadableFile, match=r"^pipe: is Parquet, which cannot be read from a pipe; give the file itself$"
    ):
        read(path)
    writer.join()
