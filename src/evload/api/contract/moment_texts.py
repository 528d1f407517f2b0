"""Reads the texts in which clients write moments and days, on any clock."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_DIGITS_OF_SECONDS = 10

# Other numbers of digits would be years, days or a guess.
UNIX_TIME = re.compile(r"(?P<whole>\d{9,10}|\d{12,13})(?:\.\d{1,9})?", re.ASCII)
DAY = r"\d{4}-\d\d-\d\d|\d{8}|\d{4}-W\d\d-\d|\d{4}W\d{3}"
PLAIN_DATE = re.compile(DAY, re.ASCII)
YEAR_OR_MONTH = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d))?", re.ASCII)
# In a query string an unescaped + means a space, so the + of an offset arrives as one.
DAY_AND_TIME = re.compile(
    rf"(?P<day>{DAY})[T ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{{1,9}}))?)?)?"
    r"(?P<offset>Z|[ +-]\d\d(?::?[0-5]\d)?)?",
    re.ASCII | re.IGNORECASE,
)


def first_and_last(text: str) -> tuple[datetime, datetime]:
    """Returns the first and the last moment that a text means: of a day, a month or a year, else the same twice.

    Without an offset they are on the site's clock, and naive. Raises ValueError, and OverflowError past the year 9999.
    """
    text = text.strip()
    if found := UNIX_TIME.fullmatch(text):
        moment = _unix_moment(text, is_seconds=len(found["whole"]) <= MOST_DIGITS_OF_SECONDS)
    elif found := DAY_AND_TIME.fullmatch(text):
        moment = _moment(found)
    else:
        return _whole_days(*_days(text))
    return moment, moment


def _unix_moment(text: str, *, is_seconds: bool) -> datetime:
    return EPOCH + timedelta(microseconds=int(Decimal(text) * (1_000_000 if is_seconds else 1000)))


def _moment(found: re.Match[str]) -> datetime:
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    microsecond = int((found["fraction"] or "").ljust(6, "0")[:6])
    ends_day = (hour, minute, second, microsecond) == (24, 0, 0, 0)
    clock = time(0 if ends_day else hour, minute, second, microsecond, tzinfo=_offset(found["offset"]))
    return datetime.combine(date.fromisoformat(found["day"].upper()), clock) + timedelta(days=ends_day)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    size = timedelta(hours=int(text[1:3]), minutes=int(text[3:].removeprefix(":") or 0))
    return timezone(-size if text[0] == "-" else size)


def _days(text: str) -> tuple[date, date]:
    if PLAIN_DATE.fullmatch(text):
        day = date.fromisoformat(text)
        return day, day
    found = YEAR_OR_MONTH.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, first_month, last_month = int(found["year"]), int(found["month"] or 1), int(found["month"] or 12)
    first = date(year, first_month, 1)
    return first, date(year, last_month, monthrange(year, last_month)[1])


def _whole_days(first: date, last: date) -> tuple[datetime, datetime]:
    """The last day of the calendar has no end: clients write it for a range without one."""
    end = datetime.max.replace(tzinfo=UTC) if last == date.max else datetime.combine(last, time.max)
    return datetime.combine(first, time.min), end
