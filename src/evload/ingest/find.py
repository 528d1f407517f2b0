"""From what an operator names to the files that are meant: files, folders, patterns, standard input."""

import glob
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from evload.errors import EvloadError, shown

STANDARD_INPUT = Path("/dev/stdin")

TABLE = re.compile(r"(\.(csv|tsv|txt|parquet|pq)(\.(gz|zst))?|^[^.]+\.(gz|zst))$", re.IGNORECASE)
# What systems and programs leave between the files of people, what is on its way, and what tells about the files.
NOT_MEANT = re.compile(r"^[._~#]|\.rejects(-\d+)?\.csv$|^(readme|notes?|licen[sc]e|changelog)\b.*\.txt$", re.IGNORECASE)


class NoFiles(EvloadError):
    """There is no file to load."""


def files_of(named: Iterable[Path], say: Callable[[str], None]) -> list[Path]:
    """Folders give the tables in them, in the order of their names. What else is in them is named to `say`.

    `-` is standard input.
    """
    return [file for one in named for file in _files_of(one, say)]


def _files_of(named: Path, say: Callable[[str], None]) -> list[Path]:
    if str(named) == "-":
        return [STANDARD_INPUT]
    if named.is_dir():
        try:
            return _meant(f"{named}: holds", sorted(named.iterdir()), "", say)
        except OSError as error:
            raise NoFiles(f"{named}: cannot be read ({error.strerror}).") from error
    if not named.exists() and glob.has_magic(str(named)):
        matches = map(Path, glob.glob(str(named), recursive=True))  # noqa: PTH207 - Path.glob knows no absolute patterns
        return _meant(f"{named}: matches", sorted(matches), named.suffix, say)
    return [named]


def _meant(holds: str, found: list[Path], suffix: str, say: Callable[[str], None]) -> list[Path]:
    """Files with the `suffix` that a pattern ends in are meant too."""
    wanted = [path for path in found if path.is_file() and is_meant(path.name, suffix)]
    taken = {*wanted, *(folder for path in found for folder in path.parents)}
    left = ", ".join(f"{path.name}/" if path.is_dir() else path.name for path in found if path not in taken)
    if not wanted:
        raise NoFiles(f"{holds} no files to load{left and f', only {left}'}.")
    if left:
        say(shown(f"{holds} also what is left alone: {left}. To load any of it, name it."))
    return wanted


def is_meant(name: str, suffix: str = "") -> bool:
    return not NOT_MEANT.search(name) and bool(TABLE.search(name) or (suffix and name.endswith(suffix)))
