"""The peer of a first load: `psql \\copy` of clean rows, into a table with the same keys and indexes."""

from pathlib import Path

from common import columns_of_rows, execute, run
from evload.embedded.binaries import wheel_folder


def dump(dsn: str, path: Path) -> Path:
    """As COPY's own text, which it reads faster than CSV and binary."""
    query = f"SELECT {_columns(dsn)} FROM hourly_load ORDER BY index"  # noqa: S608
    _psql(dsn, rf"\copy ({query}) TO '{path}'")
    return path


def seconds_to_copy(dsn: str, path: Path) -> float:
    execute(dsn, "CREATE TABLE copied (LIKE hourly_load INCLUDING ALL)", "CHECKPOINT")
    return _psql(dsn, rf"\copy copied ({_columns(dsn)}) FROM '{path}'")


def _columns(dsn: str) -> str:
    return ", ".join(columns_of_rows(dsn))


def _psql(dsn: str, command: str) -> float:
    psql = wheel_folder() / "pginstall" / "bin" / "psql"
    return run([psql, dsn, "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-c", command]).seconds
