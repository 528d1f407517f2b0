"""The way into this package: a file becomes batches of clean rows and of rejected ones."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from evload.ingest.cleaning.clean import clean
from evload.ingest.formats.columns import Columns
from evload.ingest.formats.header import read_header
from evload.ingest.formats.parquet import ParquetTable
from evload.ingest.formats.source import (
    PARQUET,
    READ_BYTES,
    HashingReader,
    UnreadableFile,
    kind,
    os_errors_explained,
    unpacked,
)
from evload.ingest.formats.text import TextBlocks
from evload.ingest.frames import rejected

__all__ = ["Block", "LoadFile", "UnreadableFile"]

BLOCK_BYTES = 9 << 20


@dataclass(frozen=True)
class Block:
    """Some clean rows of a file.

    `rows` have their energies in whole Wh or null, the index of their hour in `hours` (UTC) as `hour_index`, and that
    of their user and session in `sessions` as `session_index`; a filler row has user '' and session 0. Rows that spell
    these alike have the same index. `hours` and `sessions` hold those of rejected rows too, null where unknown.

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

    `bytes_read` of `bytes_total` (None for a pipe) says how far `blocks` is. `sha256` is of the bytes on disk, and
    known once `blocks` is exhausted.
    """

    def __init__(self, path: Path, timezone: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._path = path
        self._name = path.name or str(path)
        self._timezone = timezone
        self._block_bytes = block_bytes
        self.sha256 = ""
        self.bytes_read = 0
        self.bytes_total: int | None = None

    def blocks(self) -> Iterator[Block]:
        rows_read = 0
        with os_errors_explained(self._name), HashingReader(self._path.open("rb", buffering=0)) as tally:
            self.bytes_total = self._path.stat().st_size if self._path.is_file() else None
            stream = io.BufferedReader(tally, READ_BYTES)
            for block in self._parquet() if kind(stream) == PARQUET else self._text(stream, tally):
                rows_read += block.rows_read
                yield block
            while stream.read(READ_BYTES):
                pass  # polars read the Parquet file, and the hash needs its bytes too
            self.sha256, self.bytes_read = tally.sha256, tally.bytes_read
        if not rows_read:
            raise UnreadableFile(self._name, "has no rows; load a file with rows under its header")

    def _text(self, stream: "io.BufferedReader[HashingReader]", tally: HashingReader) -> Iterator[Block]:
        content = unpacked(stream)
        header = read_header(self._name, content)

        def block(parsed: tuple[pl.DataFrame, pl.DataFrame]) -> Block:
            self.bytes_read = tally.bytes_read
            return self._block(*parsed, header.columns)

        return map(block, TextBlocks(self._name, content, header, self._block_bytes))

    def _parquet(self) -> Iterator[Block]:
        if self.bytes_total is None:
            raise UnreadableFile(self._name, "is Parquet, which cannot be read from a pipe; give the file itself")
        table, rows_read = ParquetTable(self._name, self._path), 0
        for rows in table:
            rows_read += rows.height
            self.bytes_read = self.bytes_total * rows_read // table.height
            yield self._block(rows, rejected(), table.columns)

    def _block(self, raw: pl.DataFrame, ragged: pl.DataFrame, columns: Columns) -> Block:
        cleaned = clean(raw, self._timezone)
        own_spelling = {name: columns.spelling(name) for name in columns.index}
        rejects = cleaned.rejects.with_columns(pl.col("column").replace(own_spelling))
        return Block(
            rows=cleaned.rows,
            hours=cleaned.hours,
            sessions=cleaned.sessions,
            rejects=pl.concat([ragged, rejects]).sort("line"),
            rows_read=raw.height + ragged.height,
            coerced=cleaned.coerced,
        )
