"""A file becomes rows, views and a new data version in one transaction: all of it is seen, or nothing."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import polars as pl

from evload import schema
from evload.database import connect, translated
from evload.errors import EvloadError
from evload.ingest.read import Batch, LoadFile
from evload.ingest.rejects import Rejects
from evload.ingest.report import LoadReport, Progress, Stopwatch
from evload.queries import query

STAGED = (
    "line", "date_from", "date_to", "user_id", "session_id",
    "synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh",
)  # fmt: skip


class NothingLoaded(EvloadError):
    """Nothing of the file was loaded."""


async def load_file(
    dsn: str, path: Path, *, rejects_dir: Path = Path(), timezone: str | None = None, strict: bool = False
) -> LoadReport:
    """Loads one file. `timezone` is the clock that its times without offset are on: the site's unless given.

    Raises NothingLoaded and UnreadableFile; the database is then as it was.
    """
    report = LoadReport(file=path.name)
    rejects = Rejects(rejects_dir / f"{path.name}.rejects.csv")
    try:
        async with _transaction(dsn, path.name) as connection:
            zone = timezone or await connection.fetchval("SELECT timezone FROM site")
            await _load(connection, LoadFile(path, zone), report, rejects, strict=strict)
    finally:
        rejects.close()
    return report


async def refresh(dsn: str) -> int:
    """Computes both views again. Returns the new data version."""
    async with _transaction(dsn, "refresh") as connection:
        await connection.execute(query("ingest/take_turn").text)
        return await _refresh(connection)


@asynccontextmanager
async def _transaction(dsn: str, subject: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(dsn, "load")
    try:
        await schema.check(connection)
        async with connection.transaction():
            yield connection
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(translated(error)) if not isinstance(error, asyncpg.PostgresError) else str(error)
        raise NothingLoaded(f"{subject}: nothing was changed, the database stopped the work: {reason}") from error
    finally:
        await connection.close(timeout=5)


async def _load(
    connection: asyncpg.Connection, file: LoadFile, report: LoadReport, rejects: Rejects, *, strict: bool
) -> None:
    watch = Stopwatch()
    await connection.execute(query("ingest/staging").text)
    await _copy(connection, file, report, rejects)
    _check_rejects(report, rejects, strict=strict)
    watch.lap("read and copy")
    await connection.execute(query("ingest/take_turn").text)
    watch.lap("wait for other loads")
    await _merge(connection, report)
    watch.lap("merge")
    if report.inserted or report.updated:
        report.data_version = await _refresh(connection)
    else:
        report.data_version = await connection.fetchval("SELECT data_version FROM site")
    await _record(connection, file, report)
    watch.lap("refresh")
    report.seconds = watch.seconds


async def _copy(connection: asyncpg.Connection, file: LoadFile, report: LoadReport, rejects: Rejects) -> None:
    progress = Progress(report.file)

    async def clean_rows() -> AsyncIterator[bytes]:
        batches = file.batches()
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            _count(batch, report, rejects)
            progress.show(report.rows_read, file.bytes_read, file.bytes_total)
            yield await asyncio.to_thread(_as_csv, batch.rows)

    await connection.copy_to_table("staging", source=clean_rows(), columns=STAGED, format="csv")
    progress.done()


def _as_csv(rows: pl.DataFrame) -> bytes:
    """An unquoted nothing is null to COPY, and a quoted one the empty text of a filler row's user."""
    buffer = io.BytesIO()
    rows.select(STAGED).write_csv(buffer, include_header=False)
    return buffer.getvalue()


def _count(batch: Batch, report: LoadReport, rejects: Rejects) -> None:
    report.rows_read += batch.rows_read
    report.coerced += batch.coerced
    rejects.add(batch.rejects)
    report.rejected = rejects.count


def _check_rejects(report: LoadReport, rejects: Rejects, *, strict: bool) -> None:
    if not rejects.count:
        return
    report.rejects_file = str(rejects.path)
    if strict:
        raise NothingLoaded(
            f"{report.file}: nothing loaded, as {rejects.count:,} of its {report.rows_read:,} rows were rejected and"
            f" --strict is on. The rows and the reasons are in {rejects.path}."
        )
    if rejects.count == report.rows_read:
        raise NothingLoaded(
            f"{report.file}: nothing loaded, as every one of its {report.rows_read:,} rows was rejected."
            f" The reasons are in {rejects.path}."
        )


async def _merge(connection: asyncpg.Connection, report: LoadReport) -> None:
    report.batch_id = await connection.fetchval(query("ingest/next_batch").text)
    last_index = await connection.fetchval(query("ingest/last_index").text)
    merged = await connection.fetchrow(query("ingest/merge").text, report.batch_id, last_index)
    assert merged is not None
    for name, value in merged.items():
        setattr(report, name, value)
    report.unchanged = report.rows_read - report.rejected - report.inserted - report.updated
    await connection.execute(query("ingest/add_users").text)


async def _refresh(connection: asyncpg.Connection) -> int:
    await connection.execute(query("ingest/refresh_hourly_totals").text)
    await connection.execute(query("ingest/refresh_daily_totals").text)
    version: int = await connection.fetchval(query("ingest/new_version").text)
    return version


async def _record(connection: asyncpg.Connection, file: LoadFile, report: LoadReport) -> None:
    record = query("ingest/record_batch")
    values = {**vars(report), "file_name": report.file, "sha256": file.sha256}
    await connection.execute(record.text, *(values[name] for name in record.param_names))
