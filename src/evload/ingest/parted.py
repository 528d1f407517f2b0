"""Rows that wait until all are there, on disk where they are many, parted so that each part fits into memory."""

from collections.abc import Iterator

import polars as pl

from evload.ingest.on_disk import FramesOnDisk

PARTS = 32


class PartedRows:
    """Parts rows by a column, such as `user`. Up to `rows_in_memory` stay there, and are one part.

    `close` gives up what waits on disk.
    """

    def __init__(self, by: str, rows_in_memory: int = 0) -> None:
        self._by = by
        self._rows_in_memory = rows_in_memory
        self._waiting: list[pl.DataFrame] = []
        self._on_disk = FramesOnDisk()

    def add(self, rows: pl.DataFrame) -> None:
        """Raises OSError where there is no room on disk."""
        self._waiting.append(rows)
        if self._on_disk or sum(map(len, self._waiting)) > self._rows_in_memory:
            self._set_aside()

    def parts(self) -> Iterator[pl.DataFrame]:
        """Each with all rows of some values of the column."""
        if self._waiting:
            yield pl.concat(self._waiting)
        for part in self._on_disk.keys:
            yield pl.concat(self._on_disk.frames(part))

    def close(self) -> None:
        self._on_disk.close()

    def _set_aside(self) -> None:
        rows = pl.concat(self._waiting).with_columns(part=pl.col(self._by).hash() % PARTS)
        self._waiting = []
        for (part,), some in rows.partition_by("part", as_dict=True).items():
            self._on_disk.add(some.drop("part"), part)
