"""Tells whether the commas of a table stand in its numbers too, as well as between its fields."""

import re
from collections.abc import Sequence

import polars as pl

BEFORE_COMMA = re.compile(r"\s*[+-]?(?:[0-9]*|[1-9][0-9]{0,2}(?:[.' \u00a0\u202f][0-9]{3})+)\s*")
AFTER_COMMA = re.compile(r"\s*(?:[0-9]+(?:[eE][+-]?[0-9]+)?[^0-9]*)?")
# Of `1.234` nobody knows whether the point is a decimal's.
DECIMAL = r"^\s*[+-]?(?:0*\.[0-9]|[0-9]*,[0-9]|[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})(?:[eE]|\s*$))"


def have_clear_decimals(measures: pl.DataFrame) -> bool:
    """Some number has a point, or a comma in quotes: then no comma outside quotes is a decimal's."""
    if pl.Float64 in measures.dtypes:
        hundredths = pl.all() * 100
        sure = (pl.all() != pl.all().floor()) & ((pl.all() < 1) | (hundredths == hundredths.round()))
    else:
        sure = pl.all().str.contains(DECIMAL)
    return bool(measures.select(pl.any_horizontal(sure.any())).item())


def splits_decimals(fields: Sequence[str], expected: int) -> bool:
    """The fields may be too many because some of them are the two halves of a decimal."""
    halved, place = 0, 1
    while place < len(fields):
        before, after = fields[place - 1], fields[place]
        has_digit = re.search("[0-9]", before + after)
        is_decimal = bool(has_digit and BEFORE_COMMA.fullmatch(before) and AFTER_COMMA.fullmatch(after))
        halved += is_decimal
        place += 1 + is_decimal
    return 0 < len(fields) - expected <= halved
