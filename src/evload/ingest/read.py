"""Turns a file into blocks of clean rows and of rejected ones."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from evload.ingest.cleaning.clean import clean
from evload.ingest.formats.columns import Columns
from evload.ingest.formats.format import RawBlock
from evload.ingest.formats.source import READ_BYTES, UnreadableFile, open_source
from evload.ingest.formats.table import format_of

__all__ = ["Block", "LoadFile", "UnreadableFile"]

BLOCK_BYTES = 9 << 20


@dataclass(frozen=True)
class Block:
    """Some clean rows of a file.

    `rows` have their energies in whole Wh or null, and, as `hour_index`, `session_index` and `location_index`, the
    index of their hour in `hours` (UTC), of their user and session in `sessions`, and of their location in `locations`.
    A filler row has user '' and session 0, a row without a location has location ''. Rows that spell these alike have
    the same index. `hours` and `sessions` hold those of rejected rows too, null where unknown.

    `rejects` says the line, column, value and reason of the first thing wrong with each rejected row. `coerced` counts
    the energies of `rows` that were no number and became null.
    """

    rows: pl.DataFrame
    hours: pl.DataFrame
    sessions: pl.DataFrame
    locations: pl.Series
    rejects: pl.DataFrame
    rows_read: int
    coerced: int


class LoadFile:
    """One file to load. Its times without an offset are on the clock of `timezone`.

    `location_pattern` takes the location from the user id, as its first group, where the file has no column of it.
    `bytes_read` of `bytes_total` (None for a pipe) says how far `blocks` is. `sha256` is of the bytes on disk, known
    once `blocks` is exhausted; `unused_columns` once it has begun.
    """

    def __init__(
        self,
        path: Path,
        timezone: str,
        block_bytes: int = BLOCK_BYTES,
        location_pattern: re.Pattern[str] | None = None,
    ) -> None:
        self._path = path
        self._timezone = timezone
        self._block_bytes = block_bytes
        self._location_pattern = location_pattern
        self.sha256 = ""
        self.bytes_read = 0
        self.bytes_total: int | None = None
        self.unused_columns: list[str] = []

    def blocks(self) -> Iterator[Block]:
        rows_read = 0
        with open_source(self._path, self._block_bytes) as source:
            self.bytes_total = source.bytes_total
            table = format_of(source).open(source)
            self.unused_columns = table.columns.unused
            for raw in table:
                block = self._cleaned(raw, table.columns)
                self.bytes_read = raw.bytes_read
                rows_read += block.rows_read
                yield block
            while source.stream.read(READ_BYTES):
                pass  # polars read the Parquet file, and the hash needs its bytes too
            self.sha256, self.bytes_read = source.reader.sha256, source.reader.bytes_read
        if not rows_read:
            raise UnreadableFile(source.name, "has no rows; load a file with rows under its header")

    def _cleaned(self, raw: RawBlock, columns: Columns) -> Block:
        cleaned = clean(raw.rows, self._timezone, self._location_pattern)
        own_spelling = {name: columns.spelling(name) for name in columns.index}
        rejects = cleaned.rejects.with_columns(pl.col("column").replace(own_spelling))
        return Block(
            rows=cleaned.rows,
            hours=cleaned.hours,
            sessions=cleaned.sessions,
            locations=cleaned.locations,
            rejects=pl.concat([raw.rejects, rejects]).sort("line"),
            rows_read=raw.rows.height + raw.rejects.height,
            coerced=cleaned.coerced,
        )
