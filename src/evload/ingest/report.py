"""Reports what a load did, for people and for programs, and how far it is while it runs."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TextIO
from zoneinfo import ZoneInfo

import orjson

from evload.errors import shown
from evload.ingest.converting.summary import Conversion


@dataclass(frozen=True)
class MergedSessions:
    """`withdrawn` counts rows that are gone, as an earlier load brought them for a session and this one did not."""

    sessions: int
    inserted: int
    updated: int
    withdrawn: int


@dataclass
class LoadReport:
    file: str
    dry_run: bool = False
    already_loaded_as: int | None = None
    batch_id: int = 0
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    forgotten: int = 0
    coerced: int = 0
    duplicates: int = 0
    sessions: int = 0
    sessions_inserted: int = 0
    sessions_updated: int = 0
    rows_withdrawn: int = 0
    hours_without_rows: int = 0
    hours_filled: int = 0
    days_touched: int = 0
    first_day: date | None = None
    last_day: date | None = None
    data_version: int = 0
    rejects_file: str | None = None
    unused_columns: list[str] = field(default_factory=list)
    sample_rows_removed: int = 0
    conversion: Conversion | None = None
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    def as_line(self) -> str:
        if self.already_loaded_as is not None:
            return f"{self.file}: already loaded as batch {self.already_loaded_as}"
        counts = f"{self.inserted:,} inserted, {self.updated:,} updated, {self.unchanged:,} unchanged"
        warnings = "".join(f"; warning: {warning.rstrip('.')}" for warning in self.warnings)
        return f"{self.file}: loaded as batch {self.batch_id}: {counts}, {self.rejected:,} rejected{warnings}"

    def as_text(self) -> str:
        if self.already_loaded_as is not None:
            return (
                f"{self.file}: already loaded as batch {self.already_loaded_as}, so nothing to do"
                " (0 inserted, 0 updated, 0 rejected; --again loads it anew; to read it by another --format or --power,"
                " unload it first)"
            )
        done = " (dry run: nothing was changed)" if self.dry_run else f" as batch {self.batch_id}"
        lines = [
            f"{self.file}: {self.rows_read:,} rows read in {sum(self.seconds.values()):.2f} s{done}",
            f"  {self.inserted:,} inserted, {self.updated:,} updated, {self.unchanged:,} unchanged,"
            f" {self.rejected:,} rejected",
            f"  {self.coerced:,} energies were no numbers and became none, {self.duplicates:,} rows repeat another",
            f"  days touched: {self._days()}",
            "  seconds: " + ", ".join(f"{step} {taken:.2f}" for step, taken in self.seconds.items()),
        ]
        lines += self.conversion.as_lines() if self.conversion else []
        if self.forgotten:
            lines.append(f"  {self.forgotten:,} rows of forgotten users were left out")
        if self.sessions:
            lines.append(self._of_sessions())
        if self.hours_filled:
            lines.append(f"  {self.hours_filled:,} hours without a row were filled: observed, and nobody charged")
        if self.hours_without_rows:
            lines.append(
                f"  {self.hours_without_rows:,} hours between its first and its last have no row and are not observed;"
                " --again --fill-gaps stores filler rows for them"
            )
        if self.unused_columns:
            lines.append(f"  columns not used: {shown(', '.join(self.unused_columns))}")
        if self.sample_rows_removed:
            lines.append(f"  the sample made way: {self.sample_rows_removed:,} rows")
        if self.rejects_file:
            lines.append(f"  the rejected rows and their reasons are in {self.rejects_file}")
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def add_sessions(self, merged: MergedSessions) -> None:
        self.sessions, self.rows_withdrawn = merged.sessions, merged.withdrawn
        self.sessions_inserted, self.sessions_updated = merged.inserted, merged.updated

    def warn_of_future_hours(self, hours: Sequence[datetime], zone: ZoneInfo) -> None:
        """Names them on the site's clock."""
        if not hours:
            return
        first, last = (f"{hour.astimezone(zone):%Y-%m-%d %H:%M}" for hour in (min(hours), max(hours)))
        several = f"{len(hours):,} hours lie in the future, from {first} to {last}"
        which = f"1 hour lies in the future, {first}" if len(hours) == 1 else several
        advice = "" if self.dry_run else f" `evload unload {self.batch_id}` takes this load out again."
        self.warnings.append(f"{which}. Is the year right?{advice}")

    def _of_sessions(self) -> str:
        withdrawn = f"; {self.rows_withdrawn:,} rows of what they were before are gone" if self.rows_withdrawn else ""
        counts = f"{self.sessions_inserted:,} inserted, {self.sessions_updated:,} updated"
        return f"  {self.sessions:,} charging sessions: {counts}{withdrawn}"

    def _days(self) -> str:
        return f"{self.days_touched:,} from {self.first_day} to {self.last_day}" if self.days_touched else "none"


class Stopwatch:
    """Seconds per step: each call ends the step it names."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(now - self._since, 3)
        self._since = now


class Progress:
    """One line that is written over and over. Quiet where nobody looks at a terminal."""

    EVERY_SECONDS = 0.2

    def __init__(self, file: str, stream: TextIO = sys.stderr) -> None:
        self._file = file
        self._stream = stream if stream.isatty() else None
        self._began = time.monotonic()
        self._shown = 0.0

    def show(self, rows: int, bytes_read: int, bytes_total: int | None) -> None:
        now = time.monotonic()
        if self._stream is None or now - self._shown < self.EVERY_SECONDS:
            return
        self._shown = now
        self._stream.write("\r\x1b[K" + self._line(rows, bytes_read, bytes_total, now - self._began))
        self._stream.flush()

    def done(self) -> None:
        if self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _line(self, rows: int, bytes_read: int, bytes_total: int | None, seconds: float) -> str:
        line = f"{self._file}: {rows:,} rows, {bytes_read / 1e6:,.0f} MB, {rows / max(seconds, 1e-3):,.0f} rows/s"
        if bytes_total and bytes_read:
            left = seconds * (bytes_total - bytes_read) / bytes_read
            line += f", {bytes_read / bytes_total:.0%}, {left:.0f} s left"
        return line
