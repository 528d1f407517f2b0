"""From what an operator names to the files that are meant: files, folders, patterns, standard input."""

import glob
from collections.abc import Iterable
from pathlib import Path

from evload.errors import EvloadError

STANDARD_INPUT = Path("/dev/stdin")


class NoFiles(EvloadError):
    """There is no file to load."""


def files_of(named: Iterable[Path]) -> list[Path]:
    """Folders give their files in the order of their names, without hidden ones and rejects. `-` is standard input."""
    return [file for one in named for file in _files_of(one)]


def _files_of(named: Path) -> list[Path]:
    if str(named) == "-":
        return [STANDARD_INPUT]
    if named.is_dir():
        return _some(named, [path for path in named.iterdir() if path.is_file()], "holds no files")
    if not named.exists() and glob.has_magic(str(named)):
        matches = glob.glob(str(named), recursive=True)  # noqa: PTH207 - Path.glob knows no absolute patterns
        return _some(named, [Path(match) for match in matches], "matches no files")
    return [named]


def _some(named: Path, found: list[Path], problem: str) -> list[Path]:
    wanted = sorted(path for path in found if not path.name.startswith(".") and not path.name.endswith(".rejects.csv"))
    if not wanted:
        raise NoFiles(f"{named}: {problem} to load.")
    return wanted
