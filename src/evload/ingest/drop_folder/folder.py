"""Looks at the folder: which files are complete. Nobody else watches it meanwhile."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from evload.errors import EvloadError, shown
from evload.ingest.find import is_meant
from evload.ingest.known import FileState, state_of

DONE, FAILED = "done", "failed"
WORK = ".evload"
LOOKS = 2
# On its way, or a program's own: nobody waits for evload to take it.
PASSING = re.compile(r"^\.|~$|\.(part|partial|filepart|crdownload|tmp|swp)$", re.IGNORECASE)


class CannotWatch(EvloadError):
    """The folder cannot be watched."""


@dataclass(frozen=True)
class Complete:
    """A file that has not changed for so long that it is taken to be complete."""

    path: Path
    state: FileState

    def is_unchanged(self) -> bool:
        return state_of(self.path) == self.state


@dataclass(frozen=True)
class Look:
    complete: list[Complete]
    waiting: int
    """How many files are to be loaded, also those that are not complete yet."""
    left_alone: list[str]
    """Names that no look has seen before."""


@dataclass(frozen=True)
class _Seen:
    state: FileState
    looks: int
    since: float


class DropFolder:
    def __init__(self, path: Path, min_age_seconds: float = 0) -> None:
        self.path = path
        self._min_age_seconds = min_age_seconds
        self._seen: dict[str, _Seen] = {}
        self._left_alone: set[str] = set()

    @property
    def rejects_dir(self) -> Path:
        """Here the rejects file is written of the one file that is loaded."""
        return self.path / WORK / "rejects"

    def look(self) -> Look:
        """Raises OSError."""
        now = time.monotonic()
        seen: dict[str, _Seen] = {}
        left_alone: set[str] = set()
        with os.scandir(self.path) as entries:
            for entry in entries:
                is_file = entry.is_file(follow_symlinks=False)
                if not is_file or not is_meant(entry.name):
                    left_alone |= {entry.name} if not _is_own(entry) and not PASSING.search(entry.name) else set()
                elif state := state_of(Path(entry.path)):
                    seen[entry.name] = self._again(entry.name, state, now)
        news, self._seen, self._left_alone = sorted(left_alone - self._left_alone), seen, left_alone
        complete = [
            Complete(self.path / name, one.state)
            for name, one in sorted(seen.items())
            if one.looks >= LOOKS and now - one.since >= self._min_age_seconds
        ]
        return Look(complete, len(seen), [shown(name) for name in news])

    def _again(self, name: str, state: FileState, now: float) -> _Seen:
        before = self._seen.get(name)
        if before is None or before.state != state:
            return _Seen(state, 1, now)
        return _Seen(state, before.looks + 1, before.since)


def _is_own(entry: "os.DirEntry[str]") -> bool:
    return entry.name in (DONE, FAILED, WORK) and entry.is_dir(follow_symlinks=False)


@contextmanager
def watched_alone(folder: DropFolder) -> Iterator[None]:
    """Makes the folders inside, and keeps others from watching. Raises CannotWatch."""
    path = folder.path
    if not path.is_dir():
        raise CannotWatch(f"{path}: there is no such folder. Make it, then watch it.")
    with ExitStack() as until_done:
        try:
            for below in (path / DONE, path / FAILED, folder.rejects_dir):
                below.mkdir(parents=True, exist_ok=True)
            _lock(until_done.enter_context((path / WORK / "lock").open("a")).fileno(), path)
        except OSError as error:
            raise CannotWatch(f"{path}: files cannot be moved in this folder ({error.strerror}).") from error
        yield


def _lock(file: int, path: Path) -> None:
    """The kernel frees it when its holder ends, however that ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotWatch(f"{path}: another `evload watch` watches this folder already.") from None
