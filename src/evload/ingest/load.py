"""A file becomes rows, views and a new data version in one transaction: all of it is seen, or nothing."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from evload.errors import EvloadError
from evload.ingest.read import LoadFile
from evload.ingest.rejects import Rejects
from evload.ingest.report import LoadReport, Stopwatch
from evload.ingest.storing.copying import Counts, DirectCopy, Staging, copy
from evload.ingest.storing.sums import Sums
from evload.ingest.storing.totals import bring_up_to_date, lock_writers
from evload.ingest.storing.transaction import write_transaction
from evload.queries import query


class NothingLoaded(EvloadError):
    """Nothing of the file was loaded."""


@dataclass(frozen=True)
class LoadOptions:
    rejects_dir: Path = Path()
    strict: bool = False
    again: bool = False
    """Load a file also if exactly its bytes were loaded before."""
    dry_run: bool = False
    timezone: str | None = None
    """The clock that times without an offset are on: the site's, unless given."""


class _DryRun(Exception):
    """Ends the transaction of a dry run, so that nothing of it stays."""


async def load_file(dsn: str, path: Path, options: LoadOptions = LoadOptions()) -> LoadReport:
    """Raises NothingLoaded, UnreadableFile and NothingChanged; the database is then as it was."""
    load = _Load(path, options)
    try:
        async with write_transaction(dsn, path.name) as connection:
            await load.run(connection)
            if options.dry_run:
                raise _DryRun
    except _DryRun:
        pass
    finally:
        load.close()
    return load.report


class _Load:
    def __init__(self, path: Path, options: LoadOptions) -> None:
        self._path = path
        self._options = options
        self._watch = Stopwatch()
        self._sums: Sums | None = None
        self.rejects = Rejects(options.rejects_dir / f"{path.name}.rejects.csv")
        self.report = LoadReport(file=path.name, dry_run=options.dry_run)

    async def run(self, connection: asyncpg.Connection) -> None:
        if not self._options.again and await self._is_known(connection):
            return
        zone = self._options.timezone or await connection.fetchval("SELECT timezone FROM site")
        file = LoadFile(self._path, zone)
        self.report.batch_id = await connection.fetchval(query("ingest/next_batch").text)
        if not self._options.dry_run and await self._may_go_straight_in(connection):
            self._sums = Sums(await connection.fetchval("SELECT timezone FROM site"))
            await self._fill(connection, file, self._sums)
        else:
            await self._merge(connection, file)
        await self._finish(connection, file)

    def close(self) -> None:
        self.rejects.close()
        if self._sums:
            self._sums.close()

    async def _is_known(self, connection: asyncpg.Connection) -> bool:
        """Only a file of a size that was loaded before is worth reading for its hash."""
        file_bytes = self._path.stat().st_size if self._path.is_file() else None
        if not await connection.fetchval(query("ingest/same_size").text, file_bytes):
            return False
        sha256 = await asyncio.to_thread(_sha256, self._path)
        before = await connection.fetchrow(query("ingest/loaded_before").text, file_bytes, sha256)
        if before is None:
            return False
        self.report.already_loaded_as = before["batch_id"]
        self.report.batch_id = before["batch_id"]
        self.report.data_version = await connection.fetchval("SELECT data_version FROM site")
        return True

    async def _may_go_straight_in(self, connection: asyncpg.Connection) -> bool:
        if not await connection.fetchval(query("ingest/looks_empty").text):
            return False
        await lock_writers(connection)
        self._watch.lap("wait for other loads")
        return not await connection.fetchval(query("ingest/last_index").text)

    async def _fill(self, connection: asyncpg.Connection, file: LoadFile, sums: Sums) -> None:
        """Into an empty table: no keys to look up, and all of them built in one go."""
        await connection.execute(query("ingest/bulk_begin").text)
        target = DirectCopy(self.report.batch_id)
        counts = await copy(connection, file, self.report.file, self.rejects, target, sums.add)
        self._check_rejects(counts)
        self._watch.lap("read and copy")
        try:
            async with connection.transaction():
                await connection.execute(query("ingest/bulk_key").text)
            self.report.duplicates = target.duplicates
        except asyncpg.UniqueViolationError:
            await connection.execute(query("ingest/bulk_number").text)
            await connection.execute(query("ingest/bulk_key").text)
            self.report.duplicates = await connection.fetchval(query("ingest/bulk_duplicates").text)
        await connection.execute(query("ingest/bulk_end").text)
        await connection.execute(query("ingest/touch_hours").text, counts.hours)
        self.report.inserted = counts.rows_read - self.rejects.count
        await self._add_users(connection, counts)
        self._watch.lap("build keys")

    async def _merge(self, connection: asyncpg.Connection, file: LoadFile) -> None:
        counts = await copy(connection, file, self.report.file, self.rejects, Staging())
        self._check_rejects(counts)
        self._watch.lap("read and copy")
        await lock_writers(connection)
        self._watch.lap("wait for other loads")
        last_index = await connection.fetchval(query("ingest/last_index").text)
        merged = await connection.fetchrow(query("ingest/merge").text, self.report.batch_id, last_index)
        assert merged is not None
        for name, value in merged.items():
            setattr(self.report, name, value)
        await self._add_users(connection, counts)
        self._watch.lap("merge")

    async def _add_users(self, connection: asyncpg.Connection, counts: Counts) -> None:
        await connection.execute(query("ingest/add_users").text, sorted(counts.users - {""}))

    async def _finish(self, connection: asyncpg.Connection, file: LoadFile) -> None:
        report = self.report
        report.unchanged = report.rows_read - report.rejected - report.inserted - report.updated
        touched = await connection.fetchrow(query("totals/touched").text)
        assert touched is not None
        report.days_touched, report.first_day, report.last_day = touched[:3]
        if touched["days_touched"] and not self._options.dry_run:
            report.data_version = await bring_up_to_date(
                connection, more_rows=report.inserted, put_sums=self._sums.put if self._sums else None
            )
        else:
            report.data_version = await connection.fetchval("SELECT data_version FROM site")
        self._watch.lap("refresh")
        report.seconds = self._watch.seconds
        await self._record(connection, file, touched)

    async def _record(self, connection: asyncpg.Connection, file: LoadFile, touched: asyncpg.Record) -> None:
        record = query("ingest/record_batch")
        values = {
            **vars(self.report),
            **touched,
            "file_name": self.report.file,
            "file_bytes": file.bytes_total,
            "sha256": file.sha256,
            "load_seconds": sum(self.report.seconds.values()),
        }
        await connection.execute(record.text, *(values[name] for name in record.param_names))

    def _check_rejects(self, counts: Counts) -> None:
        report, rejects = self.report, self.rejects
        report.rows_read, report.coerced, report.rejected = counts.rows_read, counts.coerced, rejects.count
        if not rejects.count:
            return
        report.rejects_file = str(rejects.path)
        if self._options.strict:
            raise NothingLoaded(
                f"{report.file}: nothing loaded, as {rejects.count:,} of its {report.rows_read:,} rows were rejected"
                f" and --strict is on. The rows and the reasons are in {rejects.path}."
            )
        if rejects.count == report.rows_read:
            raise NothingLoaded(
                f"{report.file}: nothing loaded, as every one of its {report.rows_read:,} rows was rejected."
                f" The reasons are in {rejects.path}."
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
