"""Writes all that is kept about a user to a file, for the right of access."""

import os
from pathlib import Path

from evload import schema
from evload.database.connecting import looking, use_clock
from evload.errors import EvloadError
from evload.ingest.forget import UnknownUser, stored_user
from evload.queries import query


class CannotWriteExport(EvloadError):
    """The file cannot be written."""


async def document_of(dsn: str, user: str, key: bytes | None) -> str:
    """Raises UnknownUser, WrongPseudonyms."""
    async with looking(dsn, "export user") as connection, connection.transaction():
        await schema.check(connection)
        await use_clock(connection, {"statement_timeout": "0"}, is_local=True)
        stored = await stored_user(connection, user, key)
        document: str | None = await connection.fetchval(query("privacy/export").text, stored)
    if document is None:
        raise UnknownUser(f"Nothing is kept about a user {user}, so no file was written.")
    return document


def require_new(file: Path) -> None:
    if file.exists() or file.is_symlink():
        raise CannotWriteExport(f"{file} is there already and was left alone. Name a new file.")


def write(document: str, file: Path) -> int:
    """Returns how many bytes were written. Nobody else may read the file. Raises CannotWriteExport."""
    data = f"{document}\n".encode()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as written:
                written.write(data)
        except OSError:
            file.unlink()
            raise
    except OSError as error:
        raise CannotWriteExport(f"{file}: cannot be written ({error.strerror}). Name another file.") from error
    return len(data)
