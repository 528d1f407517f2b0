"""Finds the hours between observed ones that have no row, and fills those of a file with filler rows."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import asyncpg

from evload.ingest.rejects import NothingLoaded
from evload.queries import query

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
LONG = timedelta(days=7305)
"""Twenty years: more than a file means."""
FILLER = ("", 0, "", 0)
COLUMNS = ("batch_id", "date_from", "date_to", "user_id", "session_id", "location_id", "occurrence")


def hours_between(before: datetime, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Gives the hours from the end of the one `before` to `after` that begin at its minute on the zone's clock.

    Both are in UTC. That clock may be set by half an hour, or by a quarter.
    """
    minute, hour = before.astimezone(zone).minute, before + HOUR
    while hour + HOUR <= after:
        if is_whole := hour.astimezone(zone).minute == minute:
            yield hour
        hour += HOUR if is_whole else QUARTER


async def hours_without_rows(connection: asyncpg.Connection, hours: Collection[datetime], zone: ZoneInfo) -> int:
    """Counts the hours between the first and the last of a file's `hours` of which no load has a row."""
    found = await connection.fetch(query("ingest/gaps").text, hours)
    return sum(_count(before, after, zone) for before, after in found)


def _count(before: datetime, after: datetime, zone: ZoneInfo) -> int:
    if after - before > LONG:  # where a clock that is set by half an hour does not matter
        return (after - before) // HOUR - 1
    return sum(1 for _ in hours_between(before, after, zone))


async def fill(
    connection: asyncpg.Connection, name: str, table: str, batch_id: int, hours: Collection[datetime], zone: ZoneInfo
) -> list[datetime]:
    """Adds a filler row for each hour without a row, from the first to the last of the `hours` of the file `name`.

    What other loads brought does not matter: taken out, they must leave what this one alone would give.
    """
    gaps = list(pairwise(sorted(hours)))
    for before, after in gaps:
        if after - before > LONG:
            raise NothingLoaded(
                f"{name}: nothing loaded, as no row is there from {before:%Y-%m-%d} to {after:%Y-%m-%d}, too many years"
                " to fill their hours. If one of these dates is wrong, correct or take out its rows; if both are right,"
                " load the rows before and after as files of their own."
            )
    filled = [hour for before, after in gaps for hour in hours_between(before, after, zone)]
    records = ((batch_id, hour, hour + HOUR, *FILLER) for hour in filled)
    await connection.copy_records_to_table(table, records=records, columns=COLUMNS)
    return filled
