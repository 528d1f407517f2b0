"""Turns the moments that clients write into instants; without an offset they are on the site's clock."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from evload.api.contract.moment_texts import first_and_last

MOMENT = timedelta(microseconds=1)


class SkippedTime(datetime):
    """A bound written as a `local` time which the clock skipped: the instant of that `change`, or just before it."""

    local: datetime
    change: datetime


def first_instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the first instant that `text` can mean. Raises ValueError, OverflowError."""
    return _instant(text, zone, last=False)


def last_instant(text: str, zone: ZoneInfo) -> datetime:
    """Returns the last instant that `text` can mean: the end of its days, the second of two equal clock times."""
    return _instant(text, zone, last=True)


def is_backward(start: datetime, end: datetime) -> bool:
    """Tells whether a range ends before it starts. One between skipped times runs forward, and holds nothing."""
    return _order(start) > _order(end)


def _order(bound: datetime) -> tuple[datetime, bool, datetime]:
    """Skipped times lie before the change that skipped them, in their own order."""
    if isinstance(bound, SkippedTime):
        return bound.change, False, bound.local
    return bound, True, datetime.min


def _instant(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    moment = first_and_last(text)[last]
    try:
        if moment.tzinfo:
            return moment.astimezone(UTC)
        return latest_instant(moment, zone) if last else earliest_instant(moment, zone)
    except OverflowError:  # dashboards write an open start as the year 1, an open end as 9999
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


def earliest_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Returns the first instant at which the clock shows a local time or a later one, as its namesake in SQL does.

    Of a doubled time that is the first, of a skipped time the change of the clock.
    """
    change = _change_that_skips(local, zone)
    return _skipped(change, change, local) if change else local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def latest_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Returns the last instant at which the clock shows a local time: of a doubled time the second.

    Of a skipped time it is the one just before the change of the clock.
    """
    change = _change_that_skips(local, zone)
    return _skipped(change - MOMENT, change, local) if change else local.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _skipped(instant: datetime, change: datetime, local: datetime) -> SkippedTime:
    bound = SkippedTime.combine(instant.date(), instant.timetz())
    bound.local, bound.change = local, change
    return bound


def _change_that_skips(local: datetime, zone: ZoneInfo) -> datetime | None:
    before = local.replace(tzinfo=zone, fold=0)
    after = local.replace(tzinfo=zone, fold=1)
    if before.utcoffset() == after.utcoffset() or before.astimezone(UTC) < after.astimezone(UTC):
        return None
    return _change_between(after.astimezone(UTC), before.astimezone(UTC), zone)


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Returns the first second of the new offset."""
    new_offset = late.astimezone(zone).utcoffset()
    seconds = range(int((late - early).total_seconds()) + 1)

    def is_new(second: int) -> bool:
        return (early + timedelta(seconds=second)).astimezone(zone).utcoffset() == new_offset

    return early.replace(microsecond=0) + timedelta(seconds=bisect_left(seconds, True, key=is_new))
