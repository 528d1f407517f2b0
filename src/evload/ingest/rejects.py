"""The file that rejected rows are written to. It exists only when there is something to say."""

from pathlib import Path
from typing import BinaryIO

import polars as pl

from evload.errors import EvloadError


class CannotWriteRejects(EvloadError):
    """The rejects file cannot be written."""


class Rejects:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: BinaryIO | None = None

    def add(self, rows: pl.DataFrame) -> None:
        """Columns: line, column, value, reason."""
        if rows.is_empty():
            return
        rows.write_csv(self._opened(), include_header=self.count == 0)
        self.count += rows.height

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            try:
                self._file = self.path.open("wb")
            except OSError as error:
                raise CannotWriteRejects(
                    f"{self.path}: rejected rows cannot be written here ({error.strerror})."
                    " Name another folder with --rejects-dir."
                ) from error
        return self._file
