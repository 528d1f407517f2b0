"""The first lines of a text table: what they say about all the others."""

import csv
import re
from dataclasses import dataclass
from typing import BinaryIO

from evload.ingest.formats.columns import Columns, find_columns, known
from evload.ingest.formats.source import UnreadableFile

RECORD_BYTES = 128 * 1024
TOO_LONG = f"is longer than {RECORD_BYTES} bytes; end each row with a line feed"

UTF8_BOM = b"\xef\xbb\xbf"
ZIP = b"PK\x03\x04"
EXCEL_SEPARATOR = re.compile(r'"?sep=([;,\t|])"?[;,]*', re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    columns: Columns
    separator: str
    line: int


def read_header(file: str, stream: BinaryIO) -> Header:
    """Reads up to and including the header. A BOM, blank lines and Excel's `sep=;` may stand before it."""
    raw, line, separator = stream.readline(RECORD_BYTES), 1, ""
    _refuse_other_formats(file, raw)
    raw = raw.removeprefix(UTF8_BOM)
    while raw:
        text = _text(file, raw, line)
        if excel := EXCEL_SEPARATOR.fullmatch(text):
            separator = excel[1]
        elif text.strip():
            return _header(file, text, separator, line)
        raw, line = stream.readline(RECORD_BYTES), line + 1
    raise UnreadableFile(file, "is empty; load a file with a header and rows")


def require_utf8(file: str, data: bytes, line: int) -> None:
    """`line` is where `data` starts."""
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte 0x{data[error.start]:02X}); save the file as UTF-8"
        raise UnreadableFile(file, problem, line + data.count(b"\n", 0, error.start)) from None


def _refuse_other_formats(file: str, start: bytes) -> None:
    if start.startswith(ZIP):
        raise UnreadableFile(file, "is a zip archive or an Excel workbook; save the table as CSV")
    if b"\0" in start:
        raise UnreadableFile(file, "is not a table; load CSV or Parquet")


def _text(file: str, raw: bytes, line: int) -> str:
    if len(raw) == RECORD_BYTES:
        raise UnreadableFile(file, TOO_LONG, line)
    if b"\r" in raw.rstrip():
        raise UnreadableFile(file, "has carriage returns without line feeds; save it with line feeds", line)
    require_utf8(file, raw, line)
    return raw.decode().strip(" \r\n")


def _header(file: str, text: str, separator: str, line: int) -> Header:
    separator = separator or max(";", ",", "\t", key=lambda candidate: known(_split(text, candidate)))
    return Header(find_columns(file, _split(text, separator), line), separator, line)


def _split(text: str, separator: str) -> list[str]:
    return [spelling.strip() for spelling in next(csv.reader([text], delimiter=separator))]
