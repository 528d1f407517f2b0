"""Turns the moments that clients write into instants; without an offset they are on the site's clock."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from evload.api.contract.moment_texts import first_and_last

MOMENT = timedelta(microseconds=1)


def first_instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the first instant that `text` can mean. Raises ValueError, OverflowError."""
    return _instant(text, zone, last=False)


def last_instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the last instant that `text` can mean: the end of its days, the second of two equal clock times."""
    return _instant(text, zone, last=True)


def _instant(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    moment = first_and_last(text)[last]
    try:
        return moment.astimezone(UTC) if moment.tzinfo else _on_clock(moment, zone, last=last)
    except OverflowError:  # dashboards write an open start as the year 1, an open end as 9999
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


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
