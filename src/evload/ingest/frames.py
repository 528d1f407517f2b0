"""The shapes of the frames between a file and its clean rows."""

from collections.abc import Iterable

import polars as pl

from evload.measures import NAMES

MEASURES = NAMES

WH = tuple(f"{name}_wh" for name in MEASURES)
KEYS = ("date_from", "date_to", "user_id", "session_id")
"""The columns that each file must have, besides one measure at least."""
COLUMNS = (*KEYS, "location_id", *MEASURES)

# A raw frame has the `line` of each row, and those COLUMNS that the file has: every value is a text as in the file,
# none of them null. Measures may be plain floats instead, null where none is given.
REJECTED = pl.Schema({"line": pl.Int64(), "column": pl.String(), "value": pl.String(), "reason": pl.String()})

CHARGING_SESSIONS = pl.Schema(
    {
        "session_id": pl.Int32(),
        "source_session_id": pl.String(),
        "user_id": pl.String(),
        "location_id": pl.String(),
        "plug_in_at": pl.Datetime("us", "UTC"),
        "plug_out_at": pl.Datetime("us", "UTC"),
        "energy_wh": pl.Int64(),
        "charging_seconds": pl.Int64(),
        "last_hour": pl.Datetime("us", "UTC"),
    }
)
"""Charging sessions. `session_id` and `last_hour` are those of their rows. A plug-out or a charging time that is not
known is null; an id that the source does not give, or a location that is not known, is ''."""

SHOWN_CHARACTERS = 200


def rejected(rows: Iterable[tuple[int, str, str, str]] = ()) -> pl.DataFrame:
    cut = [(line, column, value[:SHOWN_CHARACTERS], reason) for line, column, value, reason in rows]
    return pl.DataFrame(cut, schema=REJECTED, orient="row")


def session_key() -> pl.Expr:
    """A session without an id in its source is known by its user, its location and its plug-in."""
    id_ = pl.col("source_session_id")
    known_by = pl.concat_str("user_id", "location_id", pl.col("plug_in_at").dt.epoch("us"), separator="\n")
    return pl.when(id_ == "").then(known_by).otherwise(id_).alias("session_key")
