"""The first lines of a text table: what they say about all the others."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from evload.ingest.formats.columns import Columns, find_columns, is_published, known, mapped_columns
from evload.ingest.formats.source import UnreadableFile
from evload.ingest.mapping.columns import Named, found, lacking, score
from evload.ingest.mapping.looks import described
from evload.ingest.mapping.presets import recognised

RECORD_BYTES = 128 * 1024
TOO_LONG = f"is longer than {RECORD_BYTES} bytes; end each row with a line feed"
PREAMBLE_LINES = 60
SEPARATORS = (";", ",", "\t", "|")

UTF8_BOM = b"\xef\xbb\xbf"
EXCEL_SEPARATOR = re.compile(r'"?sep=([;,\t|])"?[;,]*', re.IGNORECASE)

Preamble = list[list[str]]


@dataclass(frozen=True)
class Header:
    """`named` is the mapping that reads the table; None: it is in the published format."""

    columns: Columns
    separator: str
    line: int
    named: Named | None = None
    preamble: Preamble = field(default_factory=list)


def read_header(file: str, stream: BinaryIO, wanted: Named | None = None) -> Header:
    """Reads up to and including the header. A BOM, blank lines, Excel's `sep=;` and a preamble may stand before it."""
    separator = ""
    lines: list[tuple[int, str]] = []
    for line, text in _lines(file, stream):
        if excel := EXCEL_SEPARATOR.fullmatch(text):
            separator = excel[1]
            continue
        if not wanted and not lines and (header := _published(file, text, separator, line)):
            return header
        if header := _mapped(file, text, separator, line, wanted):
            return Header(header.columns, header.separator, line, header.named, _preamble(lines, header.separator))
        lines.append((line, text))
    if not lines:
        raise UnreadableFile(file, "is empty; load a file with a header and rows")
    raise _unknown(file, lines, separator, wanted)


def require_utf8(file: str, data: bytes, line: int) -> None:
    """`line` is where `data` starts."""
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte 0x{data[error.start]:02X}); save the file as UTF-8"
        raise UnreadableFile(file, problem, line + data.count(b"\n", 0, error.start)) from None


def _lines(file: str, stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Gives the first lines that are not blank."""
    for line in range(1, PREAMBLE_LINES + 1):
        raw = stream.readline(RECORD_BYTES)
        if line == 1:
            _refuse_other_formats(file, raw)
            raw = raw.removeprefix(UTF8_BOM)
        elif not raw:
            return
        if (text := _text(file, raw, line)).strip():
            yield line, text


def _refuse_other_formats(file: str, start: bytes) -> None:
    if b"\0" in start:
        raise UnreadableFile(file, "is not a table; load CSV, JSON, Parquet or an Excel workbook")


def _text(file: str, raw: bytes, line: int) -> str:
    if len(raw) == RECORD_BYTES:
        raise UnreadableFile(file, TOO_LONG, line)
    if b"\r" in raw.rstrip():
        raise UnreadableFile(file, "has carriage returns without line feeds; save it with line feeds", line)
    require_utf8(file, raw, line)
    return raw.decode().strip(" \r\n")


def _published(file: str, text: str, separator: str, line: int) -> Header | None:
    separator = separator or max(SEPARATORS[:3], key=lambda candidate: known(_split(text, candidate)))
    cells = _split(text, separator)
    return Header(find_columns(file, cells, line), separator, line) if is_published(cells) else None


def _mapped(file: str, text: str, separator: str, line: int, wanted: Named | None) -> Header | None:
    candidates = [wanted] if wanted else recognised()
    best: tuple[int, str, Named] | None = None
    for mark in separator or SEPARATORS:
        cells = _split(text, mark)
        for named in candidates:
            if named.mapping.delimiter in (None, mark) and (points := _score(named, cells)) > (best or (0,))[0]:
                best = points, mark, named
    if best is None:
        return None
    columns = mapped_columns(file, best[2], _split(text, best[1]), line)
    return Header(columns, best[1], line, best[2])


def _score(named: Named, cells: list[str]) -> int:
    if named.mapping.skip_to is not None and not found(named.mapping.skip_to, cells[:1]):
        return 0
    return score(named.mapping, cells)


def _unknown(file: str, lines: list[tuple[int, str]], separator: str, wanted: Named | None) -> UnreadableFile:
    tables = _tables(lines, separator)
    if wanted is None:
        return UnreadableFile(file, described(tables), lines[0][0])
    cells = min(
        (_split(text, mark) for mark in tables for _, text in lines),
        key=lambda cells: (len(lacking(wanted.mapping, cells)), -len(cells)),
    )
    first = next(iter(lacking(wanted.mapping, cells)), None)
    what = f"names in its key `{first.key}` the column {first}" if first else f"skips to {wanted.mapping.skip_to}"
    return UnreadableFile(file, f"the mapping {wanted.name} {what}, which is not there among {', '.join(cells)}")


def first_tables(file: str, stream: BinaryIO) -> dict[str, Preamble]:
    """The cells of the first lines, as each separator would part them."""
    return _tables(list(_lines(file, stream)), "")


def _tables(lines: list[tuple[int, str]], separator: str) -> dict[str, Preamble]:
    return {mark: [_split(text, mark) for _, text in lines] for mark in separator or SEPARATORS}


def _preamble(lines: list[tuple[int, str]], separator: str) -> Preamble:
    return [_split(text, separator) for _, text in lines]


def _split(text: str, separator: str) -> list[str]:
    return [spelling.strip() for spelling in next(csv.reader([text], delimiter=separator))]
