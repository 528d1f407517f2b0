"""Time zones whose clocks change in different ways, and days on which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# Havana's clock goes back from one to midnight, so that a day begins twice; Lord Howe's goes back by half an hour.
ZONES = ("Europe/Oslo", "America/Havana", "Australia/Lord_Howe")
CHANGES = (datetime(2024, 3, 10), datetime(2024, 4, 6), datetime(2024, 10, 27), datetime(2024, 11, 3))

SECOND = timedelta(seconds=1)
# A few hours after its first midnight the day before comes back: at one past midnight, to 23:01 or 22:01, once on the
# first of a month, and at two, to 23:00.
BACK_OVER_MIDNIGHT = (
    ("America/St_Johns", datetime(1988, 10, 30, 1, 31, tzinfo=UTC)),
    ("America/St_Johns", datetime(2009, 11, 1, 2, 31, tzinfo=UTC)),
    ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC)),
    ("Antarctica/Casey", datetime(2010, 3, 4, 15, tzinfo=UTC)),
)
# Zone and change: midnights that come twice or not at all, on the first of a month too, a clock that goes back by three
# hours, and a day that is left out.
HARD_CHANGES = (
    ("Europe/Oslo", datetime(2019, 3, 31, 1, tzinfo=UTC)),
    ("Europe/Oslo", datetime(2019, 10, 27, 1, tzinfo=UTC)),
    ("America/Havana", datetime(2020, 11, 1, 5, tzinfo=UTC)),
    ("Atlantic/Azores", datetime(2020, 10, 25, 1, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2022, 3, 26, 22, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2022, 10, 29, 21, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2023, 10, 26, 21, tzinfo=UTC)),
    ("America/Santiago", datetime(2022, 9, 11, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2024, 4, 6, 15, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Asia/Karachi", datetime(2009, 10, 31, 18, tzinfo=UTC)),
    ("Antarctica/Casey", datetime(2020, 3, 7, 16, tzinfo=UTC)),
    ("America/St_Johns", datetime(2011, 3, 13, 3, 31, tzinfo=UTC)),
    *BACK_OVER_MIDNIGHT,
)


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows."""
    return instant.astimezone(zone).replace(tzinfo=None)


def first_showing(local: datetime, change: datetime, zone: ZoneInfo) -> datetime:
    """Before the change and after it the clock runs evenly, so either part has one instant that shows the time."""
    before, after = wall(change - SECOND, zone) + SECOND, wall(change, zone)
    if local < before:
        return change - (before - local)
    return max(change, change + (local - after))


def last_showing(local: datetime, change: datetime, zone: ZoneInfo) -> datetime:
    before, after = wall(change - SECOND, zone) + SECOND, wall(change, zone)
    if local >= after:
        return change + (local - after)
    return min(change - timedelta(microseconds=1), change - (before - local))
