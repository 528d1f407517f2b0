"""The file that rejected rows are written to. It exists only when there is something to say."""

import filecmp
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

import polars as pl

from evload.errors import EvloadError, shown

MOST_NAME_BYTES = 200
MOST_REASONS = 20
OTHER_REASONS = "other reasons"

# The rejects files that this process has written, and which file each is of.
_written: dict[Path, Path] = {}


class CannotWriteRejects(EvloadError):
    """The rejects file cannot be written."""


class NothingLoaded(EvloadError):
    """Nothing of the file was loaded. `rejects` are there where that is for rejected rows."""

    def __init__(self, message: str, rejects: "Rejects | None" = None) -> None:
        super().__init__(message)
        self.rejects = rejects


class Rejects:
    """Writes the rejected rows of `source`, `most` at most, to a new file in `folder`: nothing that is there is
    written over, followed or waited for.
    """

    def __init__(self, source: Path, folder: Path, most: int) -> None:
        self._source = source
        self._folder = folder
        self._most = most
        self._file: BinaryIO | None = None
        self._is_complete = False
        self.path: Path | None = None
        self.count = 0
        self.by_reason: Counter[str] = Counter()

    def add(self, rows: pl.DataFrame) -> None:
        """Columns: line, column, value, reason. Raises NothingLoaded when there are too many."""
        if rows.is_empty():
            return
        kept = rows.head(max(self._most, 1) - self.count)
        self._write(kept.write_csv(include_header=self.count == 0).encode())
        self.count += rows.height
        self._count_reasons(rows)
        if self.count > self._most:
            self._complete()
            raise self._nothing_loaded(
                f"more than {self._most:,} of its rows were rejected. The first of them and the reasons are in"
                f" {self.path}; --max-rejects allows more"
            )

    def _count_reasons(self, rows: pl.DataFrame) -> None:
        counted = rows["reason"].value_counts(name="rows").sort("rows", "reason", descending=[True, False])
        for reason, found in counted.iter_rows():
            is_known = reason in self.by_reason or len(self.by_reason) < MOST_REASONS
            self.by_reason[reason if is_known else OTHER_REASONS] += found

    def finish(self, rows_read: int, rows_stored: int, *, strict: bool) -> None:
        """Raises NothingLoaded where the file must not be loaded for its rejects."""
        self._complete()
        values = "" if self.count <= rows_read else "values "  # a row of a wide table has several
        rejected = f"{self.count:,} {values}of its {rows_read:,} rows were rejected"
        if self.count and strict:
            raise self._nothing_loaded(f"{rejected} and --strict is on. These and the reasons are in {self.path}")
        if self.count and not rows_stored:
            raise self._nothing_loaded(f"no hours are left: {rejected}. The reasons are in {self.path}")

    def close(self) -> None:
        """Takes away what is not complete, as where the load was stopped."""
        if self._file is not None and self.path is not None and not self._is_complete:
            with suppress(OSError):  # what a full disk did not take once, it does not take now
                self._file.close()
            self.path.unlink(missing_ok=True)

    def _complete(self) -> None:
        """Closes the file, and keeps an earlier one instead that says the same of the same source."""
        if self._file is None or self.path is None:
            return
        try:
            self._file.close()
        except OSError as error:
            raise self._cannot_write(self.path, error) from error
        self._is_complete = True
        source = self._source.resolve()
        for earlier in self._names():
            if earlier == self.path:
                break
            if _written.get(earlier.resolve(), source) == source and _says_the_same(earlier, self.path):
                self.path.unlink()
                self.path = earlier
                break
        _written[self.path.resolve()] = source

    def _write(self, data: bytes) -> None:
        self._file = self._file or self._created()
        try:
            self._file.write(data)
        except OSError as error:
            raise self._cannot_write(self.path, error) from error

    def _created(self) -> BinaryIO:
        for path in self._names():
            try:
                file = path.open("xb")  # which neither follows a link nor opens what is there
            except FileExistsError:
                continue
            except OSError as error:
                raise self._cannot_write(path, error) from error
            self.path = path
            return file
        raise AssertionError

    def _names(self) -> Iterator[Path]:
        name = name_for_rejects(self._source)
        yield self._folder / f"{name}.rejects.csv"
        for number in count(2):
            yield self._folder / f"{name}.rejects-{number}.csv"

    def _nothing_loaded(self, reason: str) -> NothingLoaded:
        return NothingLoaded(f"{self._source.name}: nothing loaded, as {reason}.", self)

    def _cannot_write(self, path: Path | None, error: OSError) -> CannotWriteRejects:
        return CannotWriteRejects(
            f"{path}: rejected rows cannot be written here ({error.strerror}). Name another folder with --rejects-dir."
        )


def name_for_rejects(source: Path) -> str:
    return shown(source.name).encode()[:MOST_NAME_BYTES].decode(errors="ignore")


def _says_the_same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)  # which opens plain files alone
    except OSError:
        return False
