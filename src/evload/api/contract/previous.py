"""Finds the range that a range is compared with, and how far a bucket lies from the one in the same place there."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from evload.api.contract.moments import MOMENT, earliest_instant, latest_instant

HOUR = timedelta(hours=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Compare(StrEnum):
    PREVIOUS = "previous"
    YEAR = "year"


class Shift(NamedTuple):
    """So many months, days or hours, one of them, lie between two buckets in the same place of their ranges."""

    months: int = 0
    days: int = 0
    hours: int = 0


class Previous(NamedTuple):
    start_date: datetime
    end_date: datetime
    shift: Shift


def previous_range(compare: Compare, by: str, start: datetime, end: datetime, zone: ZoneInfo) -> Previous:
    """Raises ValueError, OverflowError where the calendar does not reach so far."""
    first, last, shift = (_year_before if compare is Compare.YEAR else _before)(start, end, zone)
    days = (start.astimezone(zone).date(), first.astimezone(zone).date())
    return Previous(first, last, _of_buckets(by, shift, *days))


def _year_before(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, Shift]:
    """The 29th of February is in no other year. A range of whole months ends with a month."""
    shift, days = Shift(months=12), _whole_days(start, end, zone)
    if days and _months(*days):
        first, after = (_midnight(day.replace(year=day.year - 1), zone) for day in days)
        return first, after - MOMENT, shift
    local_start, local_end = (moment.astimezone(zone).replace(tzinfo=None, fold=0) for moment in (start, end))
    if (local_start.month, local_start.day) == (2, 29):
        local_start = datetime(local_start.year, 3, 1)
    if (local_end.month, local_end.day) == (2, 29):
        local_end = datetime.combine(date(local_end.year, 2, 28), time.max)
    return (
        earliest_instant(local_start.replace(year=local_start.year - 1), zone),
        latest_instant(local_end.replace(year=local_end.year - 1), zone),
        shift,
    )


def _before(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, Shift]:
    """As many whole months or days on the site's clock, or else as many hours."""
    if days := _whole_days(start, end, zone):
        day, after = days
        months = _months(day, after)
        shift = Shift(months=months) if months else Shift(days=(after - day).days)
        first = _first_of(_month_number(day) - months) if months else day - timedelta(days=shift.days)
        return _midnight(first, zone), start - MOMENT, shift
    hours = (end - start) // HOUR + 1
    return start - hours * HOUR, end - hours * HOUR, Shift(hours=hours)


def _whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[date, date] | None:
    """Returns the first day and the day after the last, if no other part of a day is in the range.

    A range that ends in the last hour of a day, as with 23:00 or 23:59:59, has all of its hours.
    """
    day, after = start.astimezone(zone).date(), end.astimezone(zone).date() + timedelta(days=1)
    is_whole = start == _midnight(day, zone) and end >= _midnight(after, zone) - HOUR
    return (day, after) if is_whole else None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return earliest_instant(datetime.combine(day, time.min), zone)


def _months(day: date, after: date) -> int:
    """How many calendar months these are, or 0."""
    return _month_number(after) - _month_number(day) if day.day == after.day == 1 else 0


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month_number: int) -> date:
    return date(month_number // 12, month_number % 12 + 1, 1)


def _of_buckets(by: str, shift: Shift, day: date, previous_day: date) -> Shift:
    """From the shift of the ranges, and the days on which they begin: the first buckets are in the same place."""
    if by == "hour" or (by == "day" and not shift.hours):
        return shift
    if by == "day":
        return Shift(days=(day - previous_day).days)
    if by == "week":
        return Shift(days=(_monday(day) - _monday(previous_day)).days)
    if by not in MONTHS:
        return Shift()
    if shift.months == MONTHS["year"]:
        return shift
    later, earlier = (_month_number(one) // MONTHS[by] * MONTHS[by] for one in (day, previous_day))
    return Shift(months=later - earlier)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
