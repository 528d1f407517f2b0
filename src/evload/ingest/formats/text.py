"""The format of text tables: cut into blocks of whole records, each parsed into a frame of texts with line numbers."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import polars as pl

from evload.ingest.cleaning.energy import are_plain
from evload.ingest.cleaning.texts import BLANKS
from evload.ingest.formats.commas import have_clear_decimals, splits_decimals
from evload.ingest.formats.format import Format, RawBlock, Table
from evload.ingest.formats.header import RECORD_BYTES, TOO_LONG, Header, read_header, require_utf8
from evload.ingest.formats.json_table import JsonTable, is_json
from evload.ingest.formats.source import Source, UnreadableFile
from evload.ingest.frames import MEASURES, rejected
from evload.ingest.mapping.columns import Named

# A block of short lines has millions of them, each a Python object where it is read exactly.
RECORDS_AT_ONCE = 100_000


@dataclass(frozen=True)
class TextBlock:
    """Whole records, on so many `lines` from `line` on. `regular`: each line is one record with as many fields as the
    header has.
    """

    data: bytes
    line: int
    lines: int
    regular: bool


class Grammar:
    """What a record looks like under this header. A quote opens a field only as the field's first character."""

    def __init__(self, header: Header) -> None:
        mark = re.escape(header.separator)
        field = rf'(?:"(?:[^"]++|"")*+"[^{mark}\n]*+|(?!")[^{mark}\n]*+)'
        self._record = re.compile(rf"{field}(?:{mark}{field})*+\n".encode())
        self._whole_fields = re.compile(rf"(?:{field}{mark})*+".encode())
        self._quoted = re.compile(rf'(?<![^{mark}\n])"(?:[^"\n]++|"")*+"(?=[{mark}\r\n])'.encode())
        self._field = re.compile(rf'(?:"((?:[^"]++|"")*+)"([^{mark}\n]*+)|((?!")[^{mark}\n]*+)){mark}')
        self._separator = header.separator
        self._not_structure = bytes(set(range(256)) - set(f'{self._separator}"\n'.encode()))
        self._line = self._separator.encode() * (len(header.columns.spelled) - 1) + b"\n"

    def structure(self, data: bytes) -> bytes:
        """Its separators, quotes and line feeds alone: far fewer bytes to look through."""
        return data.translate(None, self._not_structure)

    def is_regular(self, data: bytes, structure: bytes, lines: int) -> bool:
        expected = self._line * lines
        if structure == expected:
            return True
        return b'"' in structure and (
            structure.replace(b'""', b"") == expected or self.structure(self._quoted.sub(b"", data)) == expected
        )

    def records(self, data: bytes) -> Iterator[bytes]:
        """The whole records from the start of `data`; stops at one that has no end."""
        if b'"' not in data:
            yield from io.BytesIO(data)
            return
        position = 0
        while match := self._record.match(data, position):
            yield match[0]
            position = match.end()

    def fields(self, record: str) -> list[str]:
        if '"' not in record:
            return record.split(self._separator)
        # csv.reader refuses a carriage return in an unquoted field.
        found = self._field.findall(record + self._separator)
        return [quoted.replace('""', '"') + after_quote + plain for quoted, after_quote, plain in found]

    def opens_quote(self, data: bytes) -> int | None:
        """Where the quote opens that `data`, which is no whole record, leaves open."""
        fields = self._whole_fields.match(data)
        position = fields.end() if fields else 0
        return position if data[position : position + 1] == b'"' else None


class TextTable:
    """`wanted` is the mapping to read it by, where one was named."""

    def __init__(self, source: Source, wanted: Named | None = None, stream: BinaryIO | None = None) -> None:
        self._source = source
        self._file = source.name
        self._stream = stream or source.unpacked()
        self._header = read_header(source.name, self._stream, wanted)
        self._grammar = Grammar(self._header)
        self.columns = self._header.columns
        self.named, self.preamble = self._header.named, self._header.preamble
        self._measures = [name for name in self.columns.index if self.named or name in MEASURES]
        self._commas_are_clear = self._header.separator != ","

    def __iter__(self) -> Iterator[RawBlock]:
        for block in self._cut():
            for rows, rejects in self._parsed(block):
                yield RawBlock(rows, rejects, self._source.reader.bytes_read)

    def _cut(self) -> Iterator[TextBlock]:
        tail, line = b"", self._header.line + 1
        while chunk := self._stream.read(self._source.block_bytes):
            data = tail + chunk
            block = self._whole_records(data, line)
            tail = data[len(block.data) :]
            line += block.lines
            del chunk, data  # what waits here while a block is worked on is memory that the next one cannot have
            if block.data:
                yield block
            if len(tail) > RECORD_BYTES:
                raise self._endless(tail, line)
        if tail:
            block = self._whole_records(tail + b"\n", line)
            if len(block.data) <= len(tail):
                raise self._endless(tail[len(block.data) :], line + block.lines)
            yield block

    def _whole_records(self, data: bytes, line: int) -> TextBlock:
        whole = data[: data.rfind(b"\n") + 1]
        require_utf8(self._file, whole, line)
        structure = self._grammar.structure(whole)
        lines = structure.count(b"\n")
        regular = self._grammar.is_regular(whole, structure, lines)
        if regular or b'"' not in structure:
            return TextBlock(whole, line, lines, regular)
        records = data[: sum(map(len, self._grammar.records(data)))]
        return TextBlock(records, line, records.count(b"\n"), regular=False)

    def _endless(self, tail: bytes, line: int) -> UnreadableFile:
        quote = self._grammar.opens_quote(tail)
        if quote is None:
            return UnreadableFile(self._file, TOO_LONG, line)
        problem = "a quote opens here and is not closed; close it or take it out"
        return UnreadableFile(self._file, problem, line + tail.count(b"\n", 0, quote))

    def _parsed(self, block: TextBlock) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        if block.regular:
            for measures in (pl.String(),) if self.named else (pl.Float64(), pl.String()):
                try:
                    rows = self._fast(block, measures)
                except pl.exceptions.ComputeError:
                    continue  # a measure that is no float, or text after a closing quote, as in `"a"b`
                if measures == pl.String() or are_plain(rows.select(self._measures)):
                    self._look_for_decimals(rows)
                    yield rows, rejected()
                    return
        records = self._filled_records(block)
        while some := list(islice(records, RECORDS_AT_ONCE)):
            yield self._exact(some)

    def _look_for_decimals(self, rows: pl.DataFrame) -> None:
        self._commas_are_clear = self._commas_are_clear or have_clear_decimals(rows.select(self._measures))

    def _fast(self, block: TextBlock, measures: pl.DataType) -> pl.DataFrame:
        index = self.columns.index
        columns = [str(number) for number in range(len(self.columns.spelled))]
        of_measures = [columns[index[name]] for name in self._measures]
        frame = pl.read_csv(
            block.data,
            has_header=False,
            separator=self._header.separator,
            schema=dict.fromkeys(columns, pl.String()) | dict.fromkeys(of_measures, measures),
            empty_string_is_null=False,
            null_values=dict.fromkeys(of_measures, "NA") if measures.is_float() else None,
            decimal_comma=self._header.separator != ",",
            row_index_name="line",
            row_index_offset=block.line,
        )
        wanted = [pl.col(columns[place]).alias(name) for name, place in index.items()]
        # With `null_values` a quoted text without characters is null.
        return frame.select(pl.col("line").cast(pl.Int64), *wanted).with_columns(pl.col(pl.String).fill_null(""))

    def _exact(self, records: list[tuple[int, str]]) -> tuple[pl.DataFrame, pl.DataFrame]:
        lines, texts = zip(*records, strict=True)
        fields = [self._grammar.fields(text) for text in texts]
        expected = len(self.columns.spelled)
        good = [number for number, row in enumerate(fields) if len(row) == expected]
        texts_of = {name: [fields[row][place] for row in good] for name, place in self.columns.index.items()}
        schema = {"line": pl.Int64(), **dict.fromkeys(texts_of, pl.String())}
        rows = pl.DataFrame({"line": [lines[row] for row in good]} | texts_of, schema=schema)
        self._look_for_decimals(rows)
        if not self._commas_are_clear:
            self._refuse_decimal_commas(lines, fields)
        return (
            rows,
            rejected(
                (line, "", text, _ragged(text, len(row), expected))
                for line, text, row in zip(lines, texts, fields, strict=True)
                if len(row) != expected
            ),
        )

    def _refuse_decimal_commas(self, lines: Sequence[int], fields: list[list[str]]) -> None:
        """One such row is enough: another that lacks fields may have as many as the header by chance."""
        expected = len(self.columns.spelled)
        for line, row in zip(lines, fields, strict=True):
            if splits_decimals(row, expected):
                problem = f"has {len(row)} fields, {expected} are expected: commas seem to stand in the numbers too"
                hint = "write decimal points, quote the numbers, or put ; between the fields"
                raise UnreadableFile(self._file, f"{problem}; {hint}", line)

    def _filled_records(self, block: TextBlock) -> Iterator[tuple[int, str]]:
        line = block.line
        for record in self._grammar.records(block.data):
            if len(record) > RECORD_BYTES:
                raise UnreadableFile(self._file, TOO_LONG, line)
            text = record.decode()
            if text.strip(BLANKS):
                yield line, text.removesuffix("\n").removesuffix("\r")
            line += record.count(b"\n")


def _ragged(text: str, fields: int, expected: int) -> str:
    lines = text.count("\n") + 1
    hint = f" over {lines} lines, as a quote opens and is closed later" if lines > 1 else ""
    return f"has {fields} fields{hint}, {expected} are expected"


def open_text(source: Source, wanted: Named | None) -> Table:
    """Text may be JSON: what is packed in a file says so, and not its first bytes."""
    stream = source.unpacked()
    return JsonTable(source, stream, wanted) if is_json(stream) else TextTable(source, wanted, stream)


TEXT = Format(recognises=lambda start: True, open=open_text)
