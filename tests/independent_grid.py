"""What `/series` and `/grid` must answer, computed a second time from the hours that `tests.independent` adds up."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tests.independent import HOUR, THOUSANDTH, Expected, Hour, mean, peak, rounded

MICROSECOND = timedelta(microseconds=1)
IsCounted = Callable[[datetime], bool]
"""Whether an hour of the site's clock is inside a tariff's window."""


def to_3(value: Decimal | Fraction | int) -> float:
    exact = Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else Decimal(value)
    return rounded(exact, THOUSANDTH)


@cache
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day or, if it is left out, of the next one: searched for, as clocks change by quarters."""
    at = datetime.combine(day, time.min, UTC) - timedelta(hours=20)
    while at.astimezone(zone).date() < day:
        at += timedelta(minutes=15)
    return at


def next_start(start: date, by: str) -> date:
    if by in ("day", "week"):
        return start + timedelta(days=1 if by == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[by]
    month = start.month - 1 + months
    return date(start.year + month // 12, month % 12 + 1, 1)


def first_day(day: date, by: str) -> date:
    return {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "year": day.replace(month=1, day=1),
    }[by]


def hours_of_days(begins: datetime, ends: datetime, observed: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The hours, on the minute of an observed one, of the days that begin and end first at two midnights.

    A clock that is set back over midnight shows hours of the last day once more when the next has begun.
    """
    first_day, day_after = begins.astimezone(zone).date(), ends.astimezone(zone).date()
    at = begins + (observed - begins) % HOUR
    for number in range((ends - begins) // HOUR + 25):
        hour = at + number * HOUR
        is_back = hour >= ends
        if (number < (ends - begins) // HOUR or is_back) and first_day <= hour.astimezone(zone).date() < day_after:
            yield hour


def clock(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).replace(tzinfo=None).isoformat()


@dataclass(frozen=True)
class Planned:
    """The figures of a range; `users` are the peaks of each user's own hours in it."""

    expected: Expected
    user_peaks: list[Decimal]

    @staticmethod
    def of(expected: Expected, rows_of_members: pl.DataFrame) -> "Planned":
        energy = pl.col(expected.measure).fill_null(Decimal(0)).sum()
        own = rows_of_members.filter(pl.col("user_id").is_not_null()).group_by("user_id", "date_from").agg(energy)
        return Planned(
            expected, own.group_by("user_id").agg(pl.col(expected.measure).max())[expected.measure].to_list()
        )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.expected.timezone)

    # --- series ------------------------------------------------------------------------------------------------------

    def series(self, by: str) -> list[dict[str, Any]]:
        if by == "hour":
            return [
                self._span(hour.instant, hour.instant + HOUR) | _figures([hour], 1) for hour in self.expected.hours()
            ]
        if by == "total":
            return [self._whole()]
        if by in ("hour_of_day", "weekday", "month_of_year"):
            return self._classes(by)
        parts: dict[date, list[Hour]] = defaultdict(list)
        for hour in self.expected.hours():
            parts[first_day(hour.local.date(), by)].append(hour)
        return [self._days(start, by, hours) for start, hours in sorted(parts.items())]

    def _whole(self) -> dict[str, Any]:
        hours = self.expected.hours()
        begins = self.expected.start or hours[0].instant
        end = self.expected.end or hours[-1].instant + HOUR - MICROSECOND
        on_the_hour = range(-((hours[0].instant - begins) // HOUR), (end - hours[0].instant) // HOUR + 1)
        return self._span(begins, end + MICROSECOND) | _figures(hours, len(on_the_hour))

    def _span(self, begins: datetime, ends: datetime) -> dict[str, Any]:
        return {"start": clock(begins, self.zone), "end": clock(ends, self.zone)}

    def _days(self, start: date, by: str, hours: list[Hour]) -> dict[str, Any]:
        begins, ends = midnight(start, self.zone), midnight(next_start(start, by), self.zone)
        calendar = hours_of_days(begins, ends, hours[0].instant, self.zone)
        return self._span(begins, ends) | _figures(hours, sum(map(self._is_inside, calendar)))

    def _is_inside(self, instant: datetime) -> bool:
        start, end = self.expected.start, self.expected.end
        return (start is None or start <= instant) and (end is None or instant <= end)

    def _classes(self, by: str) -> list[dict[str, Any]]:
        of: Callable[[datetime], int] = {
            "hour_of_day": lambda at: at.hour,
            "weekday": lambda at: at.isoweekday(),
            "month_of_year": lambda at: at.month,
        }[by]
        hours = self.expected.hours()
        counts: dict[int, int] = defaultdict(int)
        for at in self._calendar(by, hours[0].instant, hours[-1].instant):
            counts[of(at.astimezone(self.zone))] += 1
        parts: dict[int, list[Hour]] = defaultdict(list)
        for hour in hours:
            parts[of(hour.local)].append(hour)
        return [{"class": class_, **_figures(parts[class_], counts[class_])} for class_ in sorted(parts)]

    def _calendar(self, by: str, first: datetime, last: datetime) -> Iterator[datetime]:
        """The hours from the first observed one to the last; of a day that is no whole number of hours, only these."""
        if by == "hour_of_day":
            yield from (first + number * HOUR for number in range((last - first) // HOUR + 1))
            return
        hours = self.expected.hours()
        day = min(hour.local.date() for hour in hours)
        while day <= max(hour.local.date() for hour in hours):
            begins, ends = midnight(day, self.zone), midnight(day + timedelta(days=1), self.zone)
            yield from (hour for hour in hours_of_days(begins, ends, first, self.zone) if first <= hour <= last)
            day += timedelta(days=1)

    # --- grid --------------------------------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        hours = self.expected.hours()
        highest = peak(hours)
        own, users = sum(self.user_peaks, Decimal(0)), len(self.user_peaks)
        return {
            "peak_kw": float(highest.energy),
            "peak_at": highest.local.isoformat(),
            **self.expected.use(),
            "users": users,
            "sum_of_user_peaks_kw": float(own),
            "coincidence_factor": to_3(highest.energy / own) if own and highest.energy else None,
            "diversity_factor": to_3(own / highest.energy) if own and highest.energy else None,
            "admd_kw": to_3(highest.energy / users) if users else None,
        }

    def peaks(self, limit: int, per: str, rows_of_members: pl.DataFrame) -> list[dict[str, Any]]:
        hours = self.expected.hours() if per == "hour" else [peak(hours) for hours in self.expected.days().values()]
        charging = rows_of_members.filter(pl.col("user_id").is_not_null() & (pl.col(self.expected.measure) > 0))
        return [
            {
                "hour": hour.local.isoformat(),
                "load_kw": float(hour.energy),
                "users": charging.filter(pl.col("date_from") == hour.instant)["user_id"].n_unique(),
            }
            for hour in sorted(hours, key=lambda hour: (-hour.energy, hour.instant))[:limit]
        ]

    def curve(self) -> tuple[float, float]:
        """a and b of a + b / sqrt(n)."""
        users, highest = len(self.user_peaks), float(peak(self.expected.hours()).energy)
        one = float(sum(self.user_peaks, Decimal(0))) / users
        if users == 1:
            return one, 0.0
        slope = (one - highest / users) / (1 - 1 / math.sqrt(users))
        return one - slope, slope

    def headroom(self, limit_kw: Decimal, base_kw: Decimal) -> dict[str, Any]:
        hours, users = self.expected.hours(), len(self.user_peaks)
        highest, room = peak(hours).energy, limit_kw - base_kw
        fits = room >= highest
        safe = int((users * room / highest).to_integral_value(ROUND_FLOOR)) - users if highest else None
        return {
            "limit_kw": to_3(limit_kw),
            "peak_kw": float(highest),
            "headroom_kw": to_3(room - highest),
            "hours_above_80_percent": sum(hour.energy + base_kw > Decimal("0.8") * limit_kw for hour in hours),
            "hours_above": sum(hour.energy + base_kw > limit_kw for hour in hours),
            "observed_hours": len(hours),
            "users": users,
            "more_users_safe": safe if fits else 0,
        }

    def billed_demand(
        self,
        peaks: int,
        per: str,
        floor_kw: Decimal | None,
        average_months: int,
        is_counted: Callable[[datetime], bool],
    ) -> list[dict[str, Any]]:
        """Without months left out and without steps."""
        months: dict[date, list[Hour]] = defaultdict(list)
        for hour in self.expected.hours():
            months[hour.local.date().replace(day=1)].append(hour)
        found: dict[date, dict[str, Any]] = {}
        for month, hours in sorted(months.items()):
            year = [hour for other, them in months.items() if other.year == month.year for hour in them]
            days = {hour.local.date() for hour in (year if per == "year" else hours)}
            length = (next_start(month.replace(month=1), "year") - month.replace(month=1)).days
            highest = _maxima(year if per == "year" else hours, per, is_counted)[:peaks]
            demand = mean([hour.energy for hour in highest]) if highest else None
            if floor_kw is not None:
                demand = max(demand, floor_kw) if demand is not None else floor_kw
            found[month] = {
                "demand": demand,
                "peaks": [{"hour": hour.local.isoformat(), "load_kw": float(hour.energy)} for hour in highest],
                "days_observed": len({hour.local.date() for hour in hours}),
                "complete": len(highest) == peaks
                and len(days) == (length if per == "year" else (next_start(month, "month") - month).days),
            }
        return [_averaged(month, found, average_months) for month in found]


def _maxima(hours: Sequence[Hour], per: str, is_counted: IsCounted) -> list[Hour]:
    units: dict[Any, list[Hour]] = defaultdict(list)
    for hour in hours:
        if is_counted(hour.local):
            units[hour.local.date() if per == "day" else None].append(hour)
    return sorted((peak(them) for them in units.values()), key=lambda hour: (-hour.energy, hour.instant))


def _averaged(month: date, found: dict[date, dict[str, Any]], count: int) -> dict[str, Any]:
    since = month.year * 12 + month.month - count
    window = [
        one for other, one in found.items() if since < other.year * 12 + other.month <= month.year * 12 + month.month
    ]
    demands = [one["demand"] for one in window if one["demand"] is not None]
    return {
        "month": month.isoformat(),
        "demand_kw": to_3(mean(demands)) if demands else None,
        "peaks": found[month]["peaks"],
        "days_observed": found[month]["days_observed"],
        "complete": len(window) == count and all(one["complete"] for one in window),
    }


def _figures(hours: list[Hour], calendar_hours: int) -> dict[str, Any]:
    energy, highest = sum((hour.energy for hour in hours), Decimal(0)), peak(hours)
    return {
        "energy_kwh": float(energy),
        "mean_kw": to_3(energy / len(hours)),
        "peak_kw": float(highest.energy),
        "peak_at": highest.local.isoformat(),
        "active_hours": sum(hour.energy > 0 for hour in hours),
        "observed_hours": len(hours),
        "hours": calendar_hours,
        "load_factor": to_3(energy / (len(hours) * highest.energy)) if highest.energy else None,
        "complete": len(hours) >= calendar_hours,
    }


OF_PLANS: dict[str, Callable[..., object]] = {
    "/series": Planned.series,
    "/grid/summary": Planned.summary,
    "/grid/peaks": Planned.peaks,
    "/grid/admd": Planned.curve,
    "/grid/billed-demand": Planned.billed_demand,
    "/grid/headroom": Planned.headroom,
}
"""Path -> what computes its answer."""
