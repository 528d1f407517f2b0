"""Rows that wait until all are there, on disk where they are many, parted so that each part fits into memory."""

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

import polars as pl

PARTS = 32


class PartedRows:
    """Parts rows by a column, such as `user`. Up to `rows_in_memory` stay there, and are one part.

    `close` gives up what waits on disk.
    """

    def __init__(self, by: str, rows_in_memory: int = 0) -> None:
        self._by = by
        self._rows_in_memory = rows_in_memory
        self._waiting: list[pl.DataFrame] = []
        self._file: IO[bytes] | None = None
        self._parts: list[list[tuple[int, int]]] = [[] for _ in range(PARTS)]

    def add(self, rows: pl.DataFrame) -> None:
        """Raises OSError where there is no room on disk."""
        self._waiting.append(rows)
        if self._file is not None or sum(map(len, self._waiting)) > self._rows_in_memory:
            self._set_aside()

    def parts(self) -> Iterator[pl.DataFrame]:
        """Each with all rows of some values of the column."""
        if self._file is None:
            yield from [pl.concat(self._waiting)] if self._waiting else []
            return
        for part in filter(None, self._parts):
            yield pl.concat(map(self._read, part))

    def close(self) -> None:
        with suppress(OSError):  # what a full disk did not take once, it does not take now
            if self._file is not None:
                self._file.close()

    def _set_aside(self) -> None:
        self._file = self._file or TemporaryFile()  # noqa: SIM115 - `close` closes it
        rows = pl.concat(self._waiting)
        self._waiting = []
        for part, some in (
            rows.with_columns(part=pl.col(self._by).hash() % PARTS).partition_by("part", as_dict=True).items()
        ):
            packed = BytesIO()
            some.drop("part").write_ipc(packed, compression="lz4")
            self._parts[part[0]].append((self._file.tell(), packed.getbuffer().nbytes))
            self._file.write(packed.getbuffer())

    def _read(self, place: tuple[int, int]) -> pl.DataFrame:
        offset, size = place
        assert self._file is not None
        self._file.seek(offset)
        return pl.read_ipc(BytesIO(self._file.read(size)))
