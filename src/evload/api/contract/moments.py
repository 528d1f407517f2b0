"""Parses the moments that clients write into instants; without an offset they are on the site's clock."""

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MOMENT = timedelta(microseconds=1)
MILLISECONDS_FROM = 100_000_000_000  # as seconds that is the year 5138, as milliseconds it is 1973

UNIX_TIME = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# In a query string an unescaped + means a space, so the + of an offset arrives as one.
SPACE_FOR_PLUS = re.compile(r"(\d{4}-?\d{2}-?\d{2}[Tt ][\d:.,]+) (\d{2}(?::?\d{2})?)")


def first_instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the first instant that `text` can mean. Raises ValueError, and OverflowError for absurd Unix times."""
    return _instant(text, zone, last=False)


def last_instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the last instant that `text` can mean: the end of a plain date, the second of two equal clock times."""
    return _instant(text, zone, last=True)


def _instant(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    text = text.strip()
    if UNIX_TIME.fullmatch(text):
        return _from_unix_time(float(text))
    moment = datetime.fromisoformat(SPACE_FOR_PLUS.sub(r"\1+\2", text, count=1))
    try:
        if PLAIN_DATE.fullmatch(text):
            return _day_bound(moment.date(), zone, last=last)
        return moment.astimezone(UTC) if moment.tzinfo else _on_clock(moment, zone, last=last)
    except OverflowError:  # dashboards write an open start as the year 1, an open end as 9999
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


def _from_unix_time(number: float) -> datetime:
    seconds = number / 1000 if abs(number) >= MILLISECONDS_FROM else number
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _day_bound(day: date, zone: ZoneInfo, *, last: bool) -> datetime:
    if not last:
        return _on_clock(datetime.combine(day, time.min), zone, last=False)
    return _on_clock(datetime.combine(day + timedelta(days=1), time.min), zone, last=False) - MOMENT


def _on_clock(moment: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """Converts a clock time that daylight saving may have doubled or skipped.

    Of a doubled time, a start is the first instant and an end the second. A skipped time means the change of the clock:
    a start is that instant, an end the one just before it.
    """
    before = moment.replace(tzinfo=zone, fold=0)
    after = moment.replace(tzinfo=zone, fold=1)
    if before.utcoffset() == after.utcoffset() or before.astimezone(UTC) < after.astimezone(UTC):
        return (after if last else before).astimezone(UTC)
    change = _change_between(after.astimezone(UTC), before.astimezone(UTC), zone)
    return change - MOMENT if last else change


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Returns the first second of the new offset."""
    new_offset = late.astimezone(zone).utcoffset()
    seconds = range(int((late - early).total_seconds()) + 1)

    def is_new(second: int) -> bool:
        return (early + timedelta(seconds=second)).astimezone(zone).utcoffset() == new_offset

    return early.replace(microsecond=0) + timedelta(seconds=bisect_left(seconds, True, key=is_new))
