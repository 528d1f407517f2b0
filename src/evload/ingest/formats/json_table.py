"""The format JSON, whole or a line for each record: flat records are a table of texts, others are read in code."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO

import orjson
import polars as pl

from evload.ingest.formats.columns import Columns, mapped_columns, named_by_columns
from evload.ingest.formats.format import RawBlock, Record
from evload.ingest.formats.header import UTF8_BOM
from evload.ingest.formats.source import Source, UnreadableFile
from evload.ingest.frames import rejected
from evload.ingest.mapping.columns import Named, score
from evload.ingest.mapping.in_code import IN_CODE
from evload.ingest.mapping.looks import described
from evload.ingest.mapping.presets import recognised

MOST_BYTES = 256 << 20
LINE_BYTES = 16 << 20
RECORDS_AT_ONCE = 20_000


def is_json(stream: BinaryIO) -> bool:
    start: bytes = stream.peek(64)  # type: ignore[attr-defined]
    return start.removeprefix(UTF8_BOM).lstrip()[:1] in (b"{", b"[")


class JsonTable:
    """`nested` names the format of records that are read in code, as `records`."""

    preamble: Sequence[Sequence[str]] = ()

    def __init__(self, source: Source, stream: BinaryIO, wanted: Named | None) -> None:
        self._source = source
        records = _records(source.name, stream)
        first = list(islice(records, 100))
        if not first:
            raise UnreadableFile(source.name, "has no records; load JSON with a list of objects")
        self._records = chain(first, records)
        keys = set(first[0][1])
        self.nested = _in_code(keys, wanted)
        spelled = list(dict.fromkeys(key for _, record in first for key in record))
        self.named = None if self.nested else _mapping(source.name, wanted, spelled, first)
        self.columns = mapped_columns(source.name, self.named, spelled) if self.named else Columns(tuple(spelled), {})

    @property
    def records(self) -> Iterator[Record]:
        return self._records

    def __iter__(self) -> Iterator[RawBlock]:
        while some := list(islice(self._records, RECORDS_AT_ONCE)):
            lines, records = zip(*some, strict=True)
            columns = {
                name: [_text(record.get(self.columns.spelled[place])) for record in records]
                for name, place in self.columns.index.items()
            }
            schema = {"line": pl.Int64(), **dict.fromkeys(columns, pl.String())}
            rows = pl.DataFrame({"line": list(lines), **columns}, schema=schema)
            yield RawBlock(rows, rejected(), self._source.reader.bytes_read)


def _in_code(keys: set[str], wanted: Named | None) -> str:
    """The format that is read in code, where records with these fields are in one; a mapping may be called like it."""
    meant = [name for name, one in IN_CODE.items() if one.fields <= keys and (not wanted or wanted.name == name)]
    return next(iter(meant), "")


def _mapping(file: str, wanted: Named | None, spelled: list[str], first: list[Record]) -> Named:
    if wanted or any(score(preset.mapping, spelled) for preset in recognised()):
        return named_by_columns(file, wanted, spelled)
    rows = [[_text(record.get(key)) for key in spelled] for _, record in first]
    raise UnreadableFile(file, described({",": [spelled, *rows]}))


def _text(value: Any) -> str:
    """A list or an object is no cell."""
    if value is None or isinstance(value, list | dict):
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _records(file: str, stream: BinaryIO) -> Iterator[Record]:
    """Gives each record with its line, or where the file is one value with its number."""
    first = stream.readline(LINE_BYTES).removeprefix(UTF8_BOM)
    second = stream.readline(LINE_BYTES)
    if isinstance(value := _parsed(first), dict) and (second.strip() or not _lists(value)):
        lines = chain([first, second], iter(lambda: stream.readline(LINE_BYTES), b""))
        for line, text in enumerate(lines, 1):
            if text.strip():
                yield line, _record(file, _parsed(text), line)
        return
    data = first + second + stream.read(MOST_BYTES)
    if len(data) >= MOST_BYTES:
        raise UnreadableFile(file, f"is JSON of more than {MOST_BYTES >> 20} MB; write one record a line")
    value = _parsed(data)
    if isinstance(value, dict):
        value = next(iter(_lists(value)), [value])
    for number, record in enumerate(value if isinstance(value, list) else [value], 1):
        yield number, _record(file, record, number)


def _lists(value: dict[str, Any]) -> list[list[Any]]:
    """The lists of records in an answer of a server, as in `{"_items": [...]}`, but not those of a record itself."""
    if _in_code(set(value), None):
        return []
    return [one for one in value.values() if isinstance(one, list) and one and isinstance(one[0], dict)]


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _record(file: str, value: Any, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableFile(file, "is damaged or cut off: here is no JSON object; copy or write it again", line)
    return value
