"""Local times become instants in the same way in SQL and in Python, at every change of every clock."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import asyncpg
import pytest

from evload.api.contract.moments import earliest_instant, latest_instant
from tests.zones import SECOND, first_showing, last_showing, wall

SINCE, UNTIL = datetime(1900, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
LAST_CHANGES = 20
STEP = timedelta(days=20)  # no clock is changed for a shorter time
NEAR = timedelta(days=3)
HALF_HOUR = timedelta(minutes=30)


def changes(zone: ZoneInfo) -> list[datetime]:
    """The last changes of a clock, the newest first: each is the first second with another offset."""
    found: list[datetime] = []
    late = UNTIL
    while late > SINCE and len(found) < LAST_CHANGES:
        early = late - STEP
        offset = early.astimezone(zone).utcoffset()
        if late.astimezone(zone).utcoffset() != offset:
            found.append(_first_second(early, late, zone, offset))
        late = early
    return found


def _first_second(early: datetime, late: datetime, zone: ZoneInfo, offset: timedelta | None) -> datetime:
    def is_new(second: int) -> bool:
        return (early + second * SECOND).astimezone(zone).utcoffset() != offset

    seconds = range(int((late - early).total_seconds()) + 1)
    return early + bisect_left(seconds, True, key=is_new) * SECOND


def times_around(change: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The midnights around a change, and times before, within and after what it skips or doubles."""
    before, after = wall(change - SECOND, zone) + SECOND, wall(change, zone)
    low, high = min(before, after), max(before, after)
    for days in range(-1, 3):
        yield low.replace(hour=0, minute=0, second=0) + timedelta(days=days)
    yield from (low - HALF_HOUR, low - SECOND, low, low + (high - low) / 3, high - SECOND, high, high + HALF_HOUR)


@pytest.fixture(scope="module")
def asked() -> list[tuple[str, datetime, datetime]]:
    """Zone, change, and local time near it. Leaves out changes that are near to another one, and zones' aliases."""
    by_changes: dict[tuple[tuple[datetime, datetime], ...], tuple[str, list[datetime]]] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        of_zone = changes(zone)
        by_changes[tuple((change, wall(change, zone)) for change in of_zone)] = name, of_zone
    return [
        (name, change, local)
        for name, of_zone in by_changes.values()
        for change in of_zone
        if not any(0 < abs(change - other).total_seconds() < NEAR.total_seconds() for other in of_zone)
        for local in times_around(change, ZoneInfo(name))
    ]


def test_python_knows_every_change_of_every_clock(asked: list[tuple[str, datetime, datetime]]) -> None:
    for name, change, local in asked:
        zone = ZoneInfo(name)
        assert earliest_instant(local, zone) == first_showing(local, change, zone), (name, local)
        assert latest_instant(local, zone) == last_showing(local, change, zone), (name, local)


SAME_INSTANTS = """
SELECT asked.name, asked.local, earliest_instant(asked.local, asked.name) AS found, asked.wanted
FROM unnest($1::text[], $2::timestamp[], $3::timestamptz[], $4::timestamptz[], $5::timestamp[], $6::timestamp[])
    AS asked (name, local, wanted, change, before, after)
-- The two may have different editions of the tz database.
WHERE asked.name IN (SELECT name FROM pg_timezone_names)
    AND (asked.change - interval '1 second') AT TIME ZONE asked.name = asked.before
    AND asked.change AT TIME ZONE asked.name = asked.after
"""


@pytest.mark.parametrize("session", ["UTC", "Pacific/Apia"])
async def test_sql_knows_every_change_of_every_clock(
    connection: asyncpg.Connection, asked: list[tuple[str, datetime, datetime]], session: str
) -> None:
    rows = []
    for name, change, local in asked:
        zone = ZoneInfo(name)
        wanted = first_showing(local, change, zone)
        rows.append((name, local, wanted, change, wall(change - SECOND, zone), wall(change, zone)))
    await connection.execute(f"SET TimeZone = '{session}'")
    found = await connection.fetch(SAME_INSTANTS, *map(list, zip(*rows, strict=True)))
    assert len(found) > 0.9 * len(rows)
    assert not [tuple(row) for row in found if row["found"] != row["wanted"]][:10]
