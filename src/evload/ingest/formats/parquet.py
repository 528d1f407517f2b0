"""The format Parquet: its columns become the texts that a CSV file would hold, some rows at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from evload.ingest.formats.columns import find_columns
from evload.ingest.formats.format import Format, RawBlock
from evload.ingest.formats.source import Source, UnreadableFile
from evload.ingest.frames import rejected

ROWS_PER_BLOCK = 100_000

TEXTS = (pl.String, pl.Categorical, pl.Enum, pl.Null)
KINDS = {"date_from": "date", "date_to": "date", "user_id": "name", "session_id": "session", "location_id": "name"}
WANTED = {
    "date": "a timestamp or a text",
    "name": "a text or an integer",
    "session": "a number or a text",
    "number": "a number or a text",
}


class ParquetTable:
    def __init__(self, source: Source) -> None:
        if source.bytes_total is None:
            raise UnreadableFile(source.name, "is Parquet, which cannot be read from a pipe; give the file itself")
        self._file = source.name
        self._bytes = source.bytes_total
        with self.parquet_errors_explained():
            # Without glob=False a file called `a[1].parquet` would be a pattern.
            self._table = pl.scan_parquet(source.path, glob=False, hive_partitioning=False)
            schema = self._table.collect_schema()
            self.height = int(self._table.select(pl.len()).collect().item())
        self.columns = find_columns(self._file, schema.names())
        self._texts = [self._text(name, schema[self.columns.spelling(name)]) for name in self.columns.index]

    def __iter__(self) -> Iterator[RawBlock]:
        texts = self._table.select(self._texts)
        with self.parquet_errors_explained():
            # collect_batches would read far ahead: half a gigabyte more for 8 million rows
            for start in range(0, self.height, ROWS_PER_BLOCK):
                rows = texts.slice(start, ROWS_PER_BLOCK).collect().with_row_index("line", start + 1)
                bytes_read = self._bytes * (start + rows.height) // self.height
                yield RawBlock(rows.cast({"line": pl.Int64}), rejected(), bytes_read)

    def _text(self, name: str, dtype: pl.DataType) -> pl.Expr:
        spelling = self.columns.spelling(name)
        kind = KINDS.get(name, "number")
        text = _as_text(pl.col(spelling), dtype, kind)
        if text is None:
            problem = f"the column {spelling} is of type {dtype}; write it as {WANTED[kind]}"
            raise UnreadableFile(self._file, problem)
        return text.fill_null("").alias(name)

    @contextmanager
    def parquet_errors_explained(self) -> Iterator[None]:
        try:
            yield
        except pl.exceptions.PolarsError:
            raise UnreadableFile(
                self._file, "is damaged: it cannot be read as Parquet; copy or write it again"
            ) from None


def _as_text(column: pl.Expr, dtype: pl.DataType, kind: str) -> pl.Expr | None:
    """None: a column of this type cannot be meant."""
    if kind == "date" and isinstance(dtype, pl.Datetime):
        return _datetime_text(column, dtype)
    if kind == "session" and dtype.is_float():
        column = column.fill_nan(None)  # pandas makes a column of whole numbers with gaps into floats with NaN
    number = (kind != "date" and dtype.is_integer()) or (kind in ("session", "number") and dtype.is_numeric())
    return column.cast(pl.String) if number or dtype in TEXTS else None


def _datetime_text(column: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    iso = "%Y-%m-%dT%H:%M:%S%.f"
    if dtype.time_zone is None:
        return column.dt.strftime(iso)
    return column.dt.convert_time_zone("UTC").dt.strftime(f"{iso}Z")


PARQUET = Format(recognises=lambda start: start.startswith(b"PAR1"), open=ParquetTable)
