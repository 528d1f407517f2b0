"""Numbers the users and the locations of a file, and makes blocks of rows that name them by their numbers."""

from collections.abc import Iterator

import polars as pl

from evload.ingest.block import Block
from evload.ingest.frames import WH, rejected

ROWS_AT_ONCE = 200_000


class Names:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def numbered(self, names: pl.Series) -> pl.Series:
        different = names.unique(maintain_order=True)
        numbers = pl.Series(
            "number", [self._numbers.setdefault(name, len(self._numbers)) for name in different], pl.Int32
        )
        if len(different) == 1:
            return pl.repeat(numbers[0], len(names), dtype=pl.Int32, eager=True)
        known = pl.DataFrame([different.alias("name"), numbers])
        return names.alias("name").to_frame().join(known, on="name", how="left", maintain_order="left")["number"]

    def named(self, numbers: pl.Series) -> pl.Series:
        return pl.Series(list(self._numbers), dtype=pl.String)[numbers]


def blocks_of(rows: pl.DataFrame, users: Names, locations: Names) -> Iterator[Block]:
    """Takes `user`, `location`, `session`, `hour` (seconds since 1970) and the Wh of some measures."""
    for some in rows.iter_slices(ROWS_AT_ONCE):
        yield _block(some, users, locations)


def only_rejects(rejects: pl.DataFrame, rows_read: int) -> Block:
    empty = pl.DataFrame(schema={"user": pl.Int32(), "location": pl.Int32(), "session": pl.Int32(), "hour": pl.Int64()})
    block = _block(empty, Names(), Names())
    return Block(block.rows, block.hours, block.sessions, block.locations, rejects, rows_read, 0)


def _block(rows: pl.DataFrame, users: Names, locations: Names) -> Block:
    hours = rows.select("hour").unique(maintain_order=True).with_row_index("hour_index")
    sessions = rows.select("user", "session").unique(maintain_order=True).with_row_index("session_index")
    sites = rows.select("location").unique(maintain_order=True).with_row_index("location_index")
    for names in (hours, sessions, sites):
        rows = rows.join(names, on=names.columns[1:], how="left", maintain_order="left")
    user_ids = users.named(sessions["user"]).alias("user_id")
    given = [name for name in WH if name in rows.columns]
    absent = {name: pl.lit(None, pl.Int64) for name in WH if name not in given}
    return Block(
        rows=rows.with_columns(**absent).select("hour_index", "session_index", "location_index", *WH),
        hours=hours.select(date_from=pl.from_epoch("hour", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC")),
        sessions=pl.DataFrame([user_ids, sessions["session"].alias("session_id")]),
        locations=locations.named(sites["location"]),
        rejects=rejected(),
        rows_read=0,
        coerced=0,
    )
