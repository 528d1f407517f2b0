"""Some clean rows of a file: what reading gives and storing takes."""

from dataclasses import dataclass, replace

import polars as pl


@dataclass(frozen=True)
class Block:
    """Some clean rows of a file.

    `rows` have their energies in whole Wh or null, and, as `hour_index`, `session_index` and `location_index`, the
    index of their hour in `hours` (UTC), of their user and session in `sessions`, and of their location in `locations`.
    A filler row has user '' and session 0, a row without a location has location ''. Rows that spell these alike have
    the same index. `hours` and `sessions` hold those of rejected rows too, null where unknown.

    `rejects` says the line, column, value and reason of the first thing wrong with each rejected row. `coerced` counts
    the energies of `rows` that were no number and became null. `rows_read` counts rows of the file, which are not the
    `rows` where a mapping makes hours of them. `charging_sessions`, in the columns of CHARGING_SESSIONS, are those that
    the rows of this block and of others were made of.
    """

    rows: pl.DataFrame
    hours: pl.DataFrame
    sessions: pl.DataFrame
    locations: pl.Series
    rejects: pl.DataFrame
    rows_read: int
    coerced: int
    charging_sessions: pl.DataFrame | None = None


def of_source(block: Block, source: str) -> Block:
    """Puts the source before the ids of locations, as `UserIds` does for users. An unknown one stays what it is."""
    if not source:
        return block
    location = pl.col("location_id")
    location_id = pl.when(location == "").then(pl.lit("")).otherwise(pl.lit(f"{source}/") + location)
    charged = block.charging_sessions
    return replace(
        block,
        locations=block.locations.alias("location_id").to_frame().select(location_id.alias("location_id")).to_series(),
        charging_sessions=None if charged is None else charged.with_columns(location_id=location_id),
    )
