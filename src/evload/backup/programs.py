"""Runs the client programs of Postgres on the database of an address: the wheel's own, or those that are installed."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from evload.database.address import FILES, IGNORED, USED
from evload.embedded import programs_folder
from evload.errors import EvloadError

OF_LIBPQ = (IGNORED | USED | FILES | {"options", "passfile", "sslcrl", "sslmode", "sslpassword"}) - {"pgbouncer"}
LAST_WORDS_BYTES = 4000


class Program:
    """A program that runs. What it says of errors is read all the time, so that it never waits for a reader."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr
        self._process = process
        self._listening = asyncio.create_task(process.stderr.read())
        self.stdin, self.stdout = process.stdin, process.stdout

    async def said(self) -> bytes:
        """Waits until it has ended."""
        said = await self._listening
        await self._process.wait()
        return said

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def end(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._listening.cancel()
        await asyncio.gather(self._listening, self._process.wait(), return_exceptions=True)


@asynccontextmanager
async def running(
    name: str,
    words: Sequence[str],
    dsn: str | None = None,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.DEVNULL,
) -> AsyncIterator[Program]:
    """A program that is ended, if it runs, when the block is left."""
    address, password = _address(dsn) if dsn else (None, None)
    variables = {**os.environ, "LC_ALL": "C"} | ({"PGPASSWORD": password} if password is not None else {})
    command = [_path(name), *([f"--dbname={address}"] if address else []), *words]
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, stdin=stdin, stdout=stdout, stderr=asyncio.subprocess.PIPE
    )
    program = Program(process)
    try:
        yield program
    finally:
        await program.end()


def _path(name: str) -> str:
    own = programs_folder()
    found = str(own / name) if own else shutil.which(name)
    if found is None:
        raise EvloadError(f"There is no {name} on this machine: install the client programs of Postgres.")
    return found


def _address(dsn: str) -> tuple[str, str | None]:
    """The address as libpq takes it, and the password, which others could read among the words of a command."""
    parts = urlsplit(dsn)
    words = dict(parse_qsl(parts.query, keep_blank_values=True))
    settings = "".join(f" -c {name}={_escaped(value)}" for name, value in words.items() if name not in OF_LIBPQ)
    known = {name: value for name, value in words.items() if name in OF_LIBPQ}
    if settings:
        known["options"] = (known.get("options", "") + settings).strip()
    account, _, hosts = parts.netloc.rpartition("@")
    user, colon, password = account.partition(":")
    address = parts._replace(netloc=f"{user}@{hosts}" if user else hosts, query=urlencode(known, quote_via=quote))
    return urlunsplit(address), unquote(password) if colon else None


def _escaped(value: str) -> str:
    return re.sub(r"([\\ ])", r"\\\1", value)


async def run(name: str, words: Sequence[str], failed: str, dsn: str | None = None) -> None:
    """Raises EvloadError that begins with `failed` and gives the program's own reason."""
    async with running(name, words, dsn) as program:
        said = await program.said()
    if program.returncode != 0:
        raise EvloadError(f"{failed}: {reason(said)}")


def reason(said: bytes) -> str:
    lines = said[-LAST_WORDS_BYTES:].decode(errors="replace").splitlines()
    telling = [line for line in lines if re.search(r"error:|ERROR:|FATAL:", line)]
    words = re.sub(r"^.*?(?:error|ERROR|FATAL):\s+", "", (telling or lines or ["it did not say why"])[0])
    return words.strip().rstrip(".") + "."
