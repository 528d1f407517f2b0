"""The peer of a first load: `psql \\copy` of clean rows, into a table with the same keys and indexes."""

from pathlib import Path

from common import execute, run

from evload.embedded.binaries import wheel_folder

COLUMNS = """
date_from, date_to, user_id, session_id, occurrence, batch_id,
synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
""".replace("\n", " ")


def dump(dsn: str, path: Path) -> Path:
    """As COPY's own text, which it reads faster than CSV and binary."""
    _psql(dsn, rf"\copy (SELECT {COLUMNS} FROM hourly_load ORDER BY index) TO '{path}'")
    return path


def seconds_to_copy(dsn: str, path: Path) -> float:
    execute(dsn, "CREATE TABLE copied (LIKE hourly_load INCLUDING ALL)", "CHECKPOINT")
    return _psql(dsn, rf"\copy copied ({COLUMNS}) FROM '{path}'")


def _psql(dsn: str, command: str) -> float:
    psql = wheel_folder() / "pginstall" / "bin" / "psql"
    return run([psql, dsn, "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-c", command]).seconds
