"""Backs the database up to a file: one snapshot of it, beside loads and polls."""

import os
from pathlib import Path

from evload.backup.programs import run
from evload.errors import EvloadError, shown

DUMP = ("--format=custom", "--compress=gzip:1", "--no-owner", "--no-privileges")


async def back_up(dsn: str, file: Path) -> None:
    """Reads the file again as a whole. Raises EvloadError, and then leaves no file."""
    part = file.with_name(f"{file.name}.part")
    try:
        _begin(file, part)
        await run("pg_dump", [*DUMP, f"--file={part}"], "The database was not backed up", dsn)
        await run("pg_restore", [f"--file={os.devnull}", str(part)], "The backup cannot be read back")
        _end(file, part)
    except OSError as error:
        raise EvloadError(f"{shown(file)} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def _begin(file: Path, part: Path) -> None:
    if file.exists():
        raise EvloadError(f"{shown(file)} is there already: name another file.")
    part.touch(mode=0o600)  # it holds what the database holds


def _end(file: Path, part: Path) -> None:
    _sync(part)
    part.rename(file)
    _sync(file.absolute().parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
