"""The way into this package: a file becomes batches of clean rows and of rejected ones."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from evload.ingest.blocks import Blocks
from evload.ingest.clean import clean
from evload.ingest.columns import Columns
from evload.ingest.frames import rejected
from evload.ingest.header import read_header
from evload.ingest.parquet import ParquetTable
from evload.ingest.source import PARQUET, READ_BYTES, Tally, UnreadableFile, kind, one_clear_sentence, unpacked

__all__ = ["Batch", "LoadFile", "UnreadableFile"]

BLOCK_BYTES = 9 << 20


@dataclass(frozen=True)
class Batch:
    """`rows` are clean: energies in whole Wh or null, and in `times` and `who` the place of what their hour is in
    `hours`, in UTC, and of their user and session in `sessions`, '' and 0 for a filler row. Rows that spell these alike
    have the same place. `hours` and `sessions` hold those of rejected rows too, null where unknown.

    `rejects` says the line, column, value and reason of the first thing wrong with each rejected row. `coerced` counts
    the energies of `rows` that were no number and became null.
    """

    rows: pl.DataFrame
    hours: pl.DataFrame
    sessions: pl.DataFrame
    rejects: pl.DataFrame
    rows_read: int
    coerced: int


class LoadFile:
    """One file to load. Its times without an offset are on the clock of `timezone`.

    `bytes_read` of `bytes_total` (None for a pipe) says how far `batches` is. `sha256` is of the bytes on disk, and
    known once `batches` is exhausted.
    """

    def __init__(self, path: Path, timezone: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._path = path
        self._name = path.name or str(path)
        self._timezone = timezone
        self._block_bytes = block_bytes
        self.sha256 = ""
        self.bytes_read = 0
        self.bytes_total: int | None = None

    def batches(self) -> Iterator[Batch]:
        rows_read = 0
        with one_clear_sentence(self._name), Tally(self._path.open("rb", buffering=0)) as tally:
            self.bytes_total = self._path.stat().st_size if self._path.is_file() else None
            stream = io.BufferedReader(tally, READ_BYTES)
            for batch in self._parquet() if kind(stream) == PARQUET else self._text(stream, tally):
                rows_read += batch.rows_read
                yield batch
            while stream.read(READ_BYTES):
                pass  # polars read the Parquet file, and the hash needs its bytes too
            self.sha256, self.bytes_read = tally.sha256, tally.bytes_read
        if not rows_read:
            raise UnreadableFile(self._name, "has no rows; load a file with rows under its header")

    def _text(self, stream: "io.BufferedReader[Tally]", tally: Tally) -> Iterator[Batch]:
        content = unpacked(stream)
        header = read_header(self._name, content)

        def batch(parsed: tuple[pl.DataFrame, pl.DataFrame]) -> Batch:
            self.bytes_read = tally.bytes_read
            return self._batch(*parsed, header.columns)

        return map(batch, Blocks(self._name, content, header, self._block_bytes))

    def _parquet(self) -> Iterator[Batch]:
        if self.bytes_total is None:
            raise UnreadableFile(self._name, "is Parquet, which cannot be read from a pipe; give the file itself")
        table, rows_read = ParquetTable(self._name, self._path), 0
        for rows in table:
            rows_read += rows.height
            self.bytes_read = self.bytes_total * rows_read // table.height
            yield self._batch(rows, rejected(), table.columns)

    def _batch(self, raw: pl.DataFrame, ragged: pl.DataFrame, columns: Columns) -> Batch:
        cleaned = clean(raw, self._timezone)
        own_spelling = {name: columns.spelling(name) for name in columns.places}
        rejects = cleaned.rejects.with_columns(pl.col("column").replace(own_spelling))
        return Batch(
            rows=cleaned.rows,
            hours=cleaned.hours,
            sessions=cleaned.sessions,
            rejects=pl.concat([ragged, rejects]).sort("line"),
            rows_read=raw.height + ragged.height,
            coerced=cleaned.coerced,
        )
