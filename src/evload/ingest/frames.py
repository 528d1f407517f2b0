"""The shapes of the frames between a file and its clean rows."""

from collections.abc import Iterable

import polars as pl

MEASURES = ("synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh")
WH = tuple(f"{name}_wh" for name in MEASURES)
COLUMNS = ("date_from", "date_to", "user_id", "session_id", *MEASURES)

# As in the file: every value a text, none of them null. Measures may be plain floats instead, null where none is given.
RAW = pl.Schema({"line": pl.Int64()} | {name: pl.String() for name in COLUMNS})
REJECTED = pl.Schema({"line": pl.Int64(), "column": pl.String(), "value": pl.String(), "reason": pl.String()})

SHOWN_CHARACTERS = 200


def rejected(rows: Iterable[tuple[int, str, str, str]] = ()) -> pl.DataFrame:
    cut = [(line, column, value[:SHOWN_CHARACTERS], reason) for line, column, value, reason in rows]
    return pl.DataFrame(cut, schema=REJECTED, orient="row")
