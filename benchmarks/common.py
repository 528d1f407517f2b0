"""What every benchmark needs: a server of its own, the commands as processes, a table, and a file of results."""

import asyncio
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import asyncpg

from evload.embedded import running_server

EVLOAD = Path(sys.executable).with_name("evload")
RESULTS = Path(__file__).parent / "results"
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Server:
    folder: Path
    dsn: str

    def database(self, name: str) -> str:
        """Makes a database with all tables, empty."""
        execute(self.dsn, f"CREATE DATABASE {name}")
        dsn = re.sub(r"/[^/?]+\?", f"/{name}?", self.dsn)
        evload(dsn, "migrate")
        return dsn

    def drop(self, name: str) -> None:
        execute(self.dsn, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def fresh_server() -> Iterator[Server]:
    """The embedded Postgres in a new folder, which also has room for files."""
    with (
        tempfile.TemporaryDirectory(prefix="evload-benchmark-") as folder,
        running_server(Path(folder) / "data", print) as dsn,
    ):
        yield Server(Path(folder), dsn)


def execute(dsn: str, *statements: str) -> None:
    for statement in statements:
        fetch(dsn, statement)


def fetch(dsn: str, query: str, *values: object, **settings: str) -> list[asyncpg.Record]:
    async def once() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(dsn, server_settings=settings)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    return asyncio.run(once())


COLUMNS = """
SELECT attname AS name FROM pg_attribute
WHERE attrelid = 'hourly_load'::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' ORDER BY attnum
"""


def columns_of_rows(dsn: str) -> list[str]:
    """All columns of `hourly_load` that a loader fills."""
    return [row["name"] for row in fetch(dsn, COLUMNS)]


def measures_of(dsn: str) -> list[str]:
    return [name for name in columns_of_rows(dsn) if name.endswith("_kwh")]


@dataclass(frozen=True)
class Ran:
    """A command that was run: the wall time of its whole process, and the most memory it had."""

    seconds: float
    peak_mb: float
    stdout: str


def run(command: Sequence[str | Path], variables: Mapping[str, str] = {}) -> Ran:
    """Raises if it fails. `peak_mb` is at least our own memory, as a child begins as a copy of us: keep that small."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, cwd=folder, env=environment(variables))
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, str(command[0]))
        unit = 1 if sys.platform == "darwin" else 1024
        return Ran(seconds, usage.ru_maxrss * unit / 1e6, out.read())


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's own settings reaches evload."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | dict(variables)


def evload(dsn: str, *arguments: str | Path) -> Ran:
    return run([EVLOAD, *arguments], {"DATABASE_URL": dsn})


@contextmanager
def serving(dsn: str, *options: str, log: IO[bytes] | None = None, **variables: str) -> Iterator[str]:
    """Gives the address at which `evload serve` answers."""
    command: list[str | Path] = [EVLOAD, "serve", "--port", "0", *options]
    env = environment({"DATABASE_URL": dsn, "PYTHONUNBUFFERED": "1", **variables})
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            yield next(line.split()[-1] for line in process.stdout if line.startswith("evload serves on"))
        finally:
            process.terminate()


def machine(dsn: str) -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgres": fetch(dsn, "SHOW server_version")[0][0].split()[0],
    }


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """As Markdown, so that it can be quoted."""
    cells = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def write_results(name: str, results: Mapping[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(results, indent=2, default=str) + "\n", encoding="utf-8")
