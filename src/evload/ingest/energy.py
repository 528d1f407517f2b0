"""Reads the texts of the measures. What is stored is never a float on its way: Postgres reads the text exactly."""

from decimal import Decimal

import polars as pl

from evload.ingest.frames import MEASURES

MISSING = ("", "NA")
NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
BELOW_ZERO = r"^-[0.]*[1-9]"

# More characters than this are no measurement, and further up Postgres has limits of its own.
NUMBER_CHARACTERS = 1000
# Far below the third decimal, and far from the exponents that Postgres refuses.
NOTHING = 1e-300

LIMIT_KWH = Decimal("999.999")
# Around the limit a float is too coarse to tell which side a text is on.
NEAR_KWH = 1e-6


def read(raw: pl.DataFrame) -> pl.DataFrame:
    """Per measure: its `_text` for Postgres or null, and whether it is `_negative`, `_above` the limit, or `_junk`."""
    given = raw.select(pl.col(MEASURES).str.strip_chars().str.replace(",", ".", literal=True))
    texts = given.with_columns(_number_text(name).alias(f"{name}_text") for name in MEASURES)
    numbers = texts.with_columns(pl.col(f"{name}_text").cast(pl.Float64).alias(f"{name}_number") for name in MEASURES)
    return numbers.select(reading for name in MEASURES for reading in _readings(name, _just_above(name, numbers)))


def _number_text(name: str) -> pl.Expr:
    value = pl.col(name)
    return pl.when(value.str.contains(NUMBER) & (value.str.len_bytes() <= NUMBER_CHARACTERS)).then(value)


def _readings(name: str, just_above: list[str]) -> tuple[pl.Expr, ...]:
    text, number = pl.col(f"{name}_text"), pl.col(f"{name}_number")
    above = (number > float(LIMIT_KWH) + NEAR_KWH) | text.is_in(just_above)
    return (
        pl.when(number.abs() < NOTHING).then(pl.lit("0")).otherwise(text).alias(f"{name}_text"),
        text.str.contains(BELOW_ZERO).alias(f"{name}_negative"),
        above.alias(f"{name}_above"),
        (text.is_null() & ~pl.col(name).is_in(MISSING)).alias(f"{name}_junk"),
    )


def _just_above(name: str, numbers: pl.DataFrame) -> list[str]:
    near = (pl.col(f"{name}_number") - float(LIMIT_KWH)).abs() <= 2 * NEAR_KWH
    return [text for text in numbers.filter(near)[f"{name}_text"].unique() if Decimal(text) > LIMIT_KWH]
