"""Frames that wait in a temporary file until somebody reads them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

import polars as pl


class FramesOnDisk:
    """Keeps frames by a key. `close` gives them up."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._places: dict[int, list[tuple[int, int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._places)

    def add(self, frame: pl.DataFrame, key: int = 0) -> None:
        """Raises OSError where there is no room on disk."""
        self._file = self._file or TemporaryFile()  # noqa: SIM115 - `close` closes it
        packed = BytesIO()
        frame.write_ipc(packed, compression="lz4")
        self._places.setdefault(key, []).append((self._file.tell(), packed.getbuffer().nbytes))
        self._file.write(packed.getbuffer())

    @property
    def keys(self) -> Iterable[int]:
        return sorted(self._places)

    def frames(self, key: int = 0) -> Iterator[pl.DataFrame]:
        for offset, size in self._places.get(key, []):
            assert self._file is not None
            self._file.seek(offset)
            yield pl.read_ipc(BytesIO(self._file.read(size)))

    def close(self) -> None:
        with suppress(OSError):  # what a full disk did not take once, it does not take now
            if self._file is not None:
                self._file.close()
