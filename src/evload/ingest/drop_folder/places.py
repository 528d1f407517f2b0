"""Moves a file to `done/` or `failed/`, with its report and its rejects beside it, and never over another file.

Report and rejects come first, under hidden names, and are shown once the file is there. So a move that was interrupted
at any point is either finished by `finish_moves`, or has not begun.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from evload.ingest.drop_folder.folder import DONE, FAILED, DropFolder
from evload.ingest.rejects import name_for_rejects

REPORT, REJECTS = ".report.json", ".rejects.csv"
MOST_NAME_BYTES = 200
ENDING = re.compile(r"(\.[A-Za-z]+(\.(gz|zst))?)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where a file goes to."""

    file: Path

    @property
    def report(self) -> Path:
        return _beside(self.file, REPORT)

    @property
    def rejects(self) -> Path:
        return _beside(self.file, REJECTS)

    def is_free(self) -> bool:
        return not any(map(os.path.lexists, (self.file, self.report, self.rejects)))

    def put(self, source: Path, report: bytes, rejects: Path | None) -> None:
        """Raises OSError; then `finish_moves` takes back what was done."""
        _hidden(self.report).write_bytes(report)
        if rejects:
            rejects.rename(_hidden(self.rejects))
        source.rename(self.file)
        for beside in (self.rejects, self.report) if rejects else (self.report,):
            _hidden(beside).rename(beside)


def place_in(folder: DropFolder, outcome: str, name: str) -> Place:
    """The first free one: `loads.csv`, `loads-2.csv` and so on."""
    ending = ENDING.search(name)
    assert ending is not None
    stem = os.fsdecode(os.fsencode(name[: ending.start()])[:MOST_NAME_BYTES])
    numbered = (f"{stem}{f'-{number}' if number > 1 else ''}{ending[0][:20]}" for number in count(1))
    return next(place for one in numbered if (place := Place(folder.path / outcome / one)).is_free())


def finish_moves(folder: DropFolder) -> None:
    """Shows what lies beside a file that was moved, and takes back the rest. Raises OSError."""
    for outcome in (DONE, FAILED):
        for kind in (REJECTS, REPORT):
            for hidden in (folder.path / outcome).glob(f".*{kind}"):
                beside = hidden.with_name(hidden.name[1:])
                if os.path.lexists(beside.with_name(beside.name.removesuffix(kind))):
                    hidden.rename(beside)
                elif kind == REJECTS:
                    hidden.rename(folder.rejects_dir / beside.name)
                else:
                    hidden.unlink()


def rejects_of(folder: DropFolder, source: Path) -> Path | None:
    """The rejects file written last, also by a load that was killed before the file was moved."""
    found = [path for path in folder.rejects_dir.iterdir() if _is_of(path, source)]
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)


def forget_rejects(folder: DropFolder, but_of: Path | None = None) -> None:
    for path in folder.rejects_dir.iterdir():
        if but_of is None or not _is_of(path, but_of):
            with suppress(OSError):
                path.unlink()


def _is_of(rejects: Path, source: Path) -> bool:
    return rejects.name.startswith(f"{name_for_rejects(source)}.rejects")


def _beside(file: Path, kind: str) -> Path:
    return file.with_name(f"{file.name}{kind}")


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}")
