"""Knows a file again that was loaded before."""

import asyncio
import hashlib
from pathlib import Path

import asyncpg

from evload.ingest.formats.source import os_errors_explained
from evload.queries import query


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
