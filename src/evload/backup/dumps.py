"""Reads a dump as the SQL that psql takes, and notices where it is none, is damaged, or would leave the transaction."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import IO, cast

from evload.backup.programs import reason, running
from evload.errors import EvloadError, shown

CUSTOM = b"PGDMP"
GZIP = b"\x1f\x8b"
PLAIN = b"PostgreSQL database dump"
COMPLETE = b"PostgreSQL database dump complete"
CONNECT = b"\n\\connect "
HEAD_BYTES = 1 << 16
PIECE_BYTES = 1 << 20
# A newer pg_dump says it, and a server before 17 does not know it.
UNKNOWN_SETTING = b"SET transaction_timeout = 0;\n"


@asynccontextmanager
async def opened_dump(file: Path) -> AsyncIterator[AsyncIterator[bytes]]:
    """The file as SQL. Raises EvloadError where it is no backup, and at its end where it is damaged."""
    try:
        with ExitStack() as until_done:
            opened = until_done.enter_context(file.open("rb"))
            head = opened.read(len(CUSTOM))
            opened.seek(0)
            if head == CUSTOM:
                pieces = _of_custom(file)
            elif head.startswith(GZIP):
                pieces = _of_plain(file, cast("IO[bytes]", until_done.enter_context(gzip.open(opened))))
            else:
                pieces = _of_plain(file, opened)
            async with aclosing(pieces):  # also ends the program that it comes from, where nobody reads on
                yield pieces
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise EvloadError(f"{shown(file)} is damaged, and nothing was changed.") from error
    except OSError as error:
        raise EvloadError(f"{shown(file)} cannot be read: {error.strerror}.") from error


async def _of_custom(file: Path) -> AsyncGenerator[bytes, None]:
    words = ["--file=-", "--no-owner", "--no-privileges", str(file)]
    async with running("pg_restore", words, stdout=asyncio.subprocess.PIPE) as process:
        assert process.stdout
        head = await process.stdout.read(HEAD_BYTES)
        yield head.replace(UNKNOWN_SETTING, b"")
        while piece := await process.stdout.read(PIECE_BYTES):
            yield piece
        said = await process.said()
        if process.returncode != 0:
            raise EvloadError(f"{shown(file)} is damaged, and nothing was changed: {reason(said)}")


async def _of_plain(file: Path, opened: IO[bytes]) -> AsyncGenerator[bytes, None]:
    head = await asyncio.to_thread(opened.read, HEAD_BYTES)
    if PLAIN not in head:
        raise EvloadError(f"{shown(file)} is no backup: give a file of evload backup or pg_dump.")
    piece, before = head.replace(UNKNOWN_SETTING, b""), b""
    while piece:
        if CONNECT in before[-len(CONNECT) :] + piece:
            raise EvloadError(f"{shown(file)} names the database to connect to: make it by pg_dump without --create.")
        yield piece
        before, piece = piece, await asyncio.to_thread(opened.read, PIECE_BYTES)
    if COMPLETE not in before[-HEAD_BYTES:]:
        raise EvloadError(f"{shown(file)} is cut off, and nothing was changed.")
