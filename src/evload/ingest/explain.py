"""Says how a file would be read, with its first rows as hours, and loads nothing."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from evload.database.connecting import looking
from evload.errors import shown
from evload.ingest.block import Block
from evload.ingest.frames import MEASURES, WH
from evload.ingest.mapping.columns import found, needs
from evload.ingest.options import LoadOptions
from evload.ingest.read import LoadFile, opened
from evload.ingest.storing.identity import user_ids
from evload.ingest.user_ids import UserIds

ROWS = 200  # meters tell hours by several rows
HOURS = 12
REJECTS = 3


async def ids_of(dsn: str, options: LoadOptions) -> UserIds:
    """Gives what users are stored as in a database. Raises WrongPseudonyms."""
    async with looking(dsn, "explain") as connection:
        return await user_ids(connection, options.source, options.pseudonym_key)


def explained(path: Path, timezone: str, options: LoadOptions, ids: UserIds) -> str:
    """Raises UnreadableFile."""
    file = opened(path, timezone, options, ids, ROWS)
    blocks = list(file.blocks())
    hours = [line for block in blocks for line in _hours(block, ZoneInfo(timezone))]
    rejects = [
        f"  line {line}, {column} {value!r}: {reason}"
        for block in blocks
        for line, column, value, reason in block.rejects.iter_rows()
    ]
    more = [f"  and {len(hours) - HOURS:,} more of its first {ROWS} rows"] if len(hours) > HOURS else []
    lines = [*_matched(file), f"Its first hours, on the clock of {timezone}:", *hours[:HOURS], *more]
    return "\n".join([f"{shown(path.name)}: {lines[0]}", *lines[1:], *rejects[:REJECTS], "Nothing was loaded."])


def _matched(file: LoadFile) -> Iterator[str]:
    named = file.named
    if named is None:
        yield "read as the published hourly format"
        yield f"  columns: {shown(', '.join(name for name in file.spelled if name not in file.unused_columns))}"
        return
    yield f"read as {named.name} ({named.mapping.kind}): {named.mapping.about or 'a mapping of your own'}"
    for need in needs(named.mapping):
        meant = [file.spelled[place] for pattern in need.patterns for place in found(pattern, file.spelled)]
        yield f"  {need.key}: {shown(' else '.join(meant))}"
    yield from (f"  {note}" for note in (file.conversion.notes if file.conversion else []))


def _hours(block: Block, zone: ZoneInfo) -> Iterator[str]:
    rows = block.rows
    told = rows.select(
        block.hours["date_from"][rows["hour_index"]].dt.convert_time_zone(zone.key).dt.strftime("%Y-%m-%d %H:%M %z"),
        block.sessions["user_id"][rows["session_index"]],
        block.locations[rows["location_index"]],
        block.sessions["session_id"][rows["session_index"]],
        *(pl.col(wh) for wh in WH),
    )
    for hour, user, location, session, *values in told.iter_rows():
        energies = [f"{name} {wh / 1000:.3f}" for name, wh in zip(MEASURES, values, strict=True) if wh is not None]
        names = [f"user {user}" if user else "nobody", location and f"at {location}", session and f"session {session}"]
        yield "  " + shown(", ".join([hour, *filter(None, names), *energies]))
