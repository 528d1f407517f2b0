"""Counts loads that were killed, so that a file for which there is not enough memory is not tried for ever."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from evload.ingest.drop_folder.folder import WORK, DropFolder

MOST_KILLS = 5


class Attempts:
    """Remembers beside the folder which load began. What ends in any way but a kill takes that back."""

    def __init__(self, folder: DropFolder) -> None:
        self._begun = folder.path / WORK / "begun"

    def kills(self, attempt: str) -> int:
        """How often evload was killed, one time after the other, while it loaded this."""
        with suppress(OSError, ValueError):
            begun, times = self._begun.read_text().split()
            return int(times) if begun == attempt else 0
        return 0

    @contextmanager
    def begun(self, attempt: str) -> Iterator[None]:
        """Raises OSError."""
        self._begun.write_text(f"{attempt} {self.kills(attempt) + 1}")
        try:
            yield
        finally:
            self._begun.unlink(missing_ok=True)
