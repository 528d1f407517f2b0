"""Backs the database up to a file: one snapshot of it, beside loads and polls."""

import os
import tempfile
from pathlib import Path

from evload.backup.programs import run
from evload.embedded.cluster import sync
from evload.errors import EvloadError, shown

DUMP = ("--format=custom", "--compress=gzip:1", "--no-owner", "--no-privileges")


async def back_up(dsn: str, file: Path) -> None:
    """Reads the file again as a whole. Raises EvloadError, and then leaves no file."""
    part = _begin(file)
    try:
        await run("pg_dump", [*DUMP, f"--file={part}"], "The database was not backed up", dsn)
        await run("pg_restore", [f"--file={os.devnull}", str(part)], "The backup cannot be read back")
        _end(file, part)
    except OSError as error:
        raise _cannot_write(file, error) from error
    finally:
        part.unlink(missing_ok=True)


def _begin(file: Path) -> Path:
    """Another file in the folder, which nobody else may read, as it holds what the database holds."""
    if file.exists():
        raise _is_there(file)
    try:
        descriptor, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".part")
    except OSError as error:
        raise _cannot_write(file, error) from error
    os.close(descriptor)
    return Path(part)


def _end(file: Path, part: Path) -> None:
    sync(part)
    try:
        os.link(part, file)
    except FileExistsError:
        raise _is_there(file) from None
    except OSError:  # the file system knows no links
        part.rename(file)
    sync(file.absolute().parent)


def _is_there(file: Path) -> EvloadError:
    return EvloadError(f"{shown(file)} is there already: name another file.")


def _cannot_write(file: Path, error: OSError) -> EvloadError:
    return EvloadError(f"{shown(file)} cannot be written: {error.strerror}. Name another file.")
