"""`/series` split and compared, computed a second time: each member's series by itself, places counted one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tests.independent import HOUR, Expected
from tests.independent_grid import MICROSECOND, Planned, first_day, midnight, next_start
from tests.members import of_members

PREVIOUS = ("previous_start", "previous_energy_kwh", "previous_peak_kw", "change_percent")


@dataclass(frozen=True)
class Asked:
    """A question: `kind` is what the range is made of: months, days, hours, or a year before the other."""

    by: str
    kind: str
    measure: str
    zone: ZoneInfo
    start: datetime | None
    end: datetime | None
    users: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()

    def series(self, rows: pl.DataFrame) -> list[dict[str, Any]]:
        expected = Expected.between(
            of_members(rows, [*self.users], [*self.locations]), self.measure, self.zone.key, self.start, self.end
        )
        return Planned(expected, []).series(self.by) if expected.hours() else []

    def split(self, rows: pl.DataFrame, split: str) -> list[dict[str, Any]]:
        return [{split: member, **row} for member, asked in self._members(rows, split) for row in asked.series(rows)]

    def compared(self, rows: pl.DataFrame, before: "Asked", split: str | None = None) -> list[dict[str, Any]]:
        if split is None:
            return [*self._beside(rows, before)]
        members = dict(before._members(rows, split))
        return [
            {split: member, **row}
            for member, asked in self._members(rows, split)
            for row in asked._beside(rows, members[member])
        ]

    def _members(self, rows: pl.DataFrame, split: str) -> Iterator[tuple[str, "Asked"]]:
        """Those that have rows at all, of these users and locations."""
        kept = rows.filter(pl.lit(not self.users) | pl.col("user_id").is_in(self.users))
        kept = kept.filter(pl.lit(not self.locations) | pl.col("location_id").is_in(self.locations))
        for member in sorted(kept[split].drop_nulls().unique()):
            yield member, replace(self, users=(member,)) if split == "user_id" else replace(self, locations=(member,))

    def _beside(self, rows: pl.DataFrame, before: "Asked") -> Iterator[dict[str, Any]]:
        there = dict(zip(before.places(rows), before.series(rows), strict=True))
        for place, row in zip(self.places(rows), self.series(rows), strict=True):
            other = there.get(place)
            yield {**row, **(_previous(row, other, before) if other else dict.fromkeys(PREVIOUS))}

    def places(self, rows: pl.DataFrame) -> list[Any]:
        """Where each row of the series is in its range."""
        if self.by == "hour":
            hours = Expected.between(rows, self.measure, self.zone.key, self.start, self.end).hours()
            return [self._place_of_hour(hour.instant) for hour in hours]
        found = self.series(rows)
        if self.by == "total":
            return [0] * len(found)
        return [
            row["class"] if "class" in row else self._place(datetime.fromisoformat(row["start"]).date())
            for row in found
        ]

    def _place_of_hour(self, instant: datetime) -> Any:
        assert self.start
        if self.kind == "hours":
            return (instant - self.start) // HOUR
        local = instant.astimezone(self.zone)
        return self._place_of_day(local.date()), local.time(), local.fold

    def _place(self, day: date) -> Any:
        if self.by == "day":
            return self._place_of_day(day)
        first = self.first_day
        if self.kind == "year" and self.by != "week":
            return day.year - first.year, day.month
        count, bucket = 0, first_day(first, self.by)
        while bucket < day:
            count, bucket = count + 1, next_start(bucket, self.by)
        return count

    def _place_of_day(self, day: date) -> Any:
        first = self.first_day
        if self.kind == "year":
            return day.year - first.year, day.month, day.day
        if self.kind == "months":
            return (day.year - first.year) * 12 + day.month - first.month, day.day
        return (day - first).days

    @property
    def first_day(self) -> date:
        assert self.start
        return self.start.astimezone(self.zone).date()


def _previous(row: dict[str, Any], other: dict[str, Any], before: Asked) -> dict[str, Any]:
    assert before.start
    now, then = Decimal(str(row["energy_kwh"])), Decimal(str(other["energy_kwh"]))
    change = (100 * (now - then) / then).quantize(Decimal("0.01"), ROUND_HALF_UP) if then else None
    start = other.get("start", before.start.astimezone(before.zone).replace(tzinfo=None).isoformat())
    found = (start, other["energy_kwh"], other["peak_kw"], None if change is None else float(change))
    return dict(zip(PREVIOUS, found, strict=True))


def whole_days(first: date, after: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return midnight(first, zone), midnight(after, zone) - MICROSECOND


def add_months(first: date, months: int) -> date:
    for _ in range(abs(months)):
        first = next_start(first, "month") if months > 0 else (first - timedelta(days=1)).replace(day=1)
    return first


def year_before(moment: datetime, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """The same on the clock; of a clock that shows it twice the first as a start and the second as an end."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    year = local.year - 1
    if (local.month, local.day) == (2, 29):
        local = datetime.combine(date(year, 2, 28), time.max) if is_end else datetime(year, 3, 1)
    return local.replace(year=year, tzinfo=zone, fold=int(is_end)).astimezone(UTC)


def is_months(first: date, after: date) -> bool:
    return first.day == after.day == 1
