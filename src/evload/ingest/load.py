"""Loads a file in one transaction: its rows, the views and the new data version are seen together, or nothing of it."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from evload.errors import shown
from evload.ingest import gaps
from evload.ingest.batches import take_out
from evload.ingest.block import Block
from evload.ingest.known import check_unchanged, same_file, state_of
from evload.ingest.options import LoadOptions
from evload.ingest.read import LoadFile, opened
from evload.ingest.rejects import NothingLoaded, Rejects
from evload.ingest.report import LoadReport, Stopwatch
from evload.ingest.storing.copying import Counts, DirectCopy, copy
from evload.ingest.storing.first_totals import FirstTotals
from evload.ingest.storing.identity import settle_pseudonyms, user_ids
from evload.ingest.storing.sessions import WaitingSessions, merge_sessions
from evload.ingest.storing.totals import bring_up_to_date, forget_touched, lock_writers, note_touched
from evload.ingest.storing.transaction import execute_each, write_transaction
from evload.queries import query

__all__ = ["LoadOptions", "NothingLoaded", "load_file"]


AS_USUAL = LoadOptions()


class _DryRun(Exception):
    """Ends the transaction of a dry run, so that nothing of it stays."""


async def load_file(dsn: str, path: Path, options: LoadOptions = AS_USUAL) -> LoadReport:
    """Raises NothingLoaded, UnreadableFile, FileChanged and NothingChanged; the database is then as it was."""
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
        self._stopwatch = Stopwatch()
        self._zone = ZoneInfo("UTC")
        self._totals: FirstTotals | None = None
        self._counts = Counts()
        self._has_other_measures = False
        self._sessions = WaitingSessions()
        self.rejects = Rejects(path, options.rejects_dir, options.max_rejects)
        self.report = LoadReport(file=shown(path.name), dry_run=options.dry_run)

    async def run(self, connection: asyncpg.Connection) -> None:
        state = state_of(self._path)
        await connection.execute(query("privacy/lock_loading").text)
        ids = await user_ids(connection, self._options.source, self._options.pseudonym_key)
        if not self._options.again and await self._is_known(connection):
            return
        zone = self._options.timezone or await connection.fetchval(query("site/timezone").text)
        self._zone = ZoneInfo(zone)
        file = opened(self._path, zone, self._options, ids)
        if not self._options.is_sample:
            await self._take_out_sample(connection)
        if not self._options.dry_run and await self._is_first(connection):
            self._totals = FirstTotals()
            await self._fill(connection, file, self._totals)
        else:
            await self._merge(connection, file)
        self.report.unused_columns = file.unused_columns
        self.report.conversion = file.conversion
        self.report.forgotten = ids.left_out
        await self._finish(connection, file)
        check_unchanged(self._path, state)

    def close(self) -> None:
        self.rejects.close()
        self._sessions.close()
        if self._totals:
            self._totals.close()

    async def _take_out_sample(self, connection: asyncpg.Connection) -> None:
        sample = await connection.fetchval(query("ingest/sample_batch").text)
        if sample is not None:
            await lock_writers(connection)
            out = await take_out(connection, sample)
            self.report.sample_rows_removed, self._has_other_measures = out.removed, out.has_lost_measure
            await forget_touched(connection)

    async def _is_known(self, connection: asyncpg.Connection) -> bool:
        report = self.report
        before = await same_file(connection, self._path, self._options.source)
        if before is None:
            return False
        report.already_loaded_as = report.batch_id = before
        report.data_version = await connection.fetchval(query("site/data_version").text)
        return True

    async def _is_first(self, connection: asyncpg.Connection) -> bool:
        if not await connection.fetchval(query("ingest/looks_empty").text):
            return False
        await lock_writers(connection)
        self._stopwatch.lap("wait for other loads")
        return not await connection.fetchval(query("ingest/last_index").text)

    async def _begin_batch(self, connection: asyncpg.Connection) -> int:
        """Draws the load's number while no other load can: numbers tell the order in which loads changed rows."""
        if not self._options.dry_run:
            await settle_pseudonyms(connection, self._options.pseudonym_key)
            self.report.batch_id = await connection.fetchval(query("ingest/next_batch").text)
        return self.report.batch_id

    async def _fill(self, connection: asyncpg.Connection, file: LoadFile, totals: FirstTotals) -> None:
        """Fills the empty table: no keys to look up, and all of them built in one go."""
        await execute_each(connection, query("ingest/bulk_begin"))
        target = DirectCopy("hourly_load", await self._begin_batch(connection))

        def add(block: Block) -> None:
            totals.add(block)
            self._sessions.add(block)

        counts = await copy(connection, file, self.report.file, self.rejects, target, add)
        self._check_rejects(counts)
        totals.add_observed(await self._fill_gaps(connection, file, counts, target))
        self._stopwatch.lap("read and copy")
        try:
            async with connection.transaction():
                await connection.execute(query("ingest/bulk_key").text)
            self.report.duplicates = target.duplicates
        except asyncpg.UniqueViolationError:
            await connection.execute(query("ingest/bulk_number").text)
            await connection.execute(query("ingest/bulk_key").text)
            self.report.duplicates = await connection.fetchval(query("ingest/bulk_duplicates").text)
        await execute_each(connection, query("ingest/bulk_end"))
        await connection.execute(query("ingest/touch_hours").text, counts.hours)
        self.report.inserted = counts.rows_stored + self.report.hours_filled
        await self._merge_sessions(connection)
        await self._add_names(connection, counts)
        self._stopwatch.lap("build keys")

    async def _merge(self, connection: asyncpg.Connection, file: LoadFile) -> None:
        target = DirectCopy("staging")
        counts = await copy(connection, file, self.report.file, self.rejects, target, self._sessions.add)
        self._check_rejects(counts)
        await self._fill_gaps(connection, file, counts, target)
        self._stopwatch.lap("read and copy")
        await lock_writers(connection)
        self._stopwatch.lap("wait for other loads")
        await connection.execute("ANALYZE staging")
        last_index = await connection.fetchval(query("ingest/last_index").text)
        merged = await connection.fetchrow(query("ingest/merge").text, await self._begin_batch(connection), last_index)
        assert merged is not None
        for name, value in merged.items():
            setattr(self.report, name, value)
        await self._merge_sessions(connection)
        await note_touched(connection)
        await self._add_names(connection, counts)
        self._stopwatch.lap("merge")

    async def _merge_sessions(self, connection: asyncpg.Connection) -> None:
        if await self._sessions.stage(connection):
            report = self.report
            merged = await merge_sessions(connection, report.batch_id, self._options.source)
            report.add_sessions(merged)

    async def _fill_gaps(
        self, connection: asyncpg.Connection, file: LoadFile, counts: Counts, target: DirectCopy
    ) -> list[datetime]:
        if not self._options.fill_gaps and not (file.conversion and file.conversion.kind == "session"):
            return []  # a list of sessions says of the hours between them that nobody charged
        report = self.report
        filled = await gaps.fill(connection, report.file, target.table, report.batch_id, counts.hours, self._zone)
        counts.hours.update(filled)
        report.hours_filled = len(filled)
        return filled

    async def _add_names(self, connection: asyncpg.Connection, counts: Counts) -> None:
        self._counts = counts
        pairs = sorted(counts.users)
        await connection.execute(query("ingest/add_users").text, [user for user, _ in pairs], [at for _, at in pairs])
        new = await connection.fetch(query("ingest/hold_measures").text, sorted(counts.measures))
        self._has_other_measures |= bool(new)

    async def _warn_of_future_hours(self, connection: asyncpg.Connection) -> None:
        row = await connection.fetchrow(query("ingest/future_since").text)
        assert row is not None
        future = [hour for hour in self._counts.hours if hour > row["future_since"]]
        self.report.warn_of_future_hours(future, ZoneInfo(row["timezone"]))

    async def _finish(self, connection: asyncpg.Connection, file: LoadFile) -> None:
        report = self.report
        await self._warn_of_future_hours(connection)
        report.unchanged = self._counts.rows_stored + report.hours_filled - report.inserted - report.updated
        report.hours_without_rows = await gaps.hours_without_rows(connection, self._counts.hours, self._zone)
        touched = await connection.fetchrow(query("totals/touched_days").text)
        assert touched is not None
        report.days_touched, report.first_day, report.last_day = touched
        has_changed = report.days_touched or report.sessions_inserted or report.sessions_updated
        if has_changed and not self._options.dry_run:
            report.data_version = await bring_up_to_date(
                connection,
                more_rows=report.inserted - report.sample_rows_removed - report.rows_withdrawn,
                more_sessions=report.sessions_inserted,
                loses_rows=bool(report.updated or report.rows_withdrawn or report.sample_rows_removed),
                refresh_all=self._has_other_measures or self._totals is not None,
                put_totals=self._totals.put if self._totals else None,
            )
        else:
            report.data_version = await connection.fetchval(query("site/data_version").text)
        self._stopwatch.lap("refresh")
        report.seconds = self._stopwatch.seconds
        await self._record(connection, file)

    async def _record(self, connection: asyncpg.Connection, file: LoadFile) -> None:
        record = query("ingest/record_batch")
        values = {
            **vars(self.report),
            "file_name": file.ids.without_ids(self.report.file),
            "source": self._options.source,
            "is_sample": self._options.is_sample,
            "measures": sorted(self._counts.measures),
            "first_hour": min(self._counts.hours, default=None),
            "last_hour": max(self._counts.hours, default=None),
            "file_bytes": file.bytes_total,
            "sha256": file.sha256,
            "load_seconds": sum(self.report.seconds.values()),
            "rejected_by_reason": orjson.dumps(self.report.rejected_by_reason).decode(),
        }
        await connection.execute(record.text, *(values[name] for name in record.param_names))

    def _check_rejects(self, counts: Counts) -> None:
        report, rejects = self.report, self.rejects
        report.rows_read, report.coerced, report.rejected = counts.rows_read, counts.coerced, rejects.count
        rejects.finish(counts.rows_read, counts.rows_stored, strict=self._options.strict)
        report.rejected_by_reason = dict(rejects.by_reason)
        report.rejects_file = shown(rejects.path) if rejects.path else None
