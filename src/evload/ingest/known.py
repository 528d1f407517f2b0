"""Knows a file again that was loaded before, and notices that one changes."""

import asyncio
import hashlib
import stat
from pathlib import Path
from typing import NamedTuple

import asyncpg

from evload.errors import EvloadError
from evload.ingest.formats.source import os_errors_explained
from evload.queries import query


class FileChanged(EvloadError):
    """The file is not complete yet."""


class FileState(NamedTuple):
    """Another one tells that a file was written to, or replaced."""

    inode: int
    size_bytes: int
    modified_ns: int


def state_of(path: Path) -> FileState | None:
    """`None` where there is no plain file, as for a pipe."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def check_unchanged(path: Path, before: FileState | None) -> None:
    """Raises FileChanged. A file that was moved meanwhile is still the file that was read."""
    if (now := state_of(path)) and now != before:
        raise FileChanged(f"{path.name}: nothing loaded, as it changed meanwhile. Load it once it is complete.")


async def same_file(connection: asyncpg.Connection, path: Path, source: str) -> int | None:
    """Returns the load of exactly these bytes from the same source, if it was not taken out again.

    Only a file of a size that was loaded before is worth reading for its hash.
    """
    file_bytes = _size(path)
    if not await connection.fetchval(query("ingest/same_size").text, file_bytes):
        return None
    sha256 = await asyncio.to_thread(_sha256, path)
    batch_id: int | None = await connection.fetchval(query("ingest/loaded_before").text, file_bytes, sha256, source)
    return batch_id


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _sha256(path: Path) -> str:
    with os_errors_explained(path.name), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
