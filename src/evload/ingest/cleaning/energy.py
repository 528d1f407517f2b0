"""Reads energies into whole Wh, rounded as Postgres rounds kWh to three decimals."""

from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from evload.ingest.cleaning.texts import stripped
from evload.measures import MEASURES

MISSING = ("", "NA")
NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
BELOW_ZERO = r"^-[0.]*[1-9]"

MAXIMUM_KWH = {measure.name: Decimal(measure.maximum_kwh) for measure in MEASURES}
# Around the maximum a float is too coarse to tell which side a text is on.
NEAR_KWH = 1e-6

ONE_WH = Decimal("0.001")
# Around a half a float is too coarse to tell which way Postgres rounds.
NEAR_HALF_WH = 1e-6


def are_plain(kwh: pl.DataFrame) -> bool:
    """Tells whether floats of measures, or null, say all that `read` would say of the texts that they come from."""
    below = [pl.col(name) < float(MAXIMUM_KWH[name]) - NEAR_KWH for name in kwh.columns]
    positive = 1 / pl.all() > 0  # also of 0, but not of -0, which may be what is left of something below zero
    wh = pl.all() * 1000
    sure = (wh - wh.floor() - 0.5).abs() > NEAR_HALF_WH
    return bool(
        kwh.select(pl.all_horizontal((positive & sure).all(), *(condition.all() for condition in below))).item()
    )


def plain_wh(kwh: pl.Expr) -> pl.Expr:
    """Of floats that are plain."""
    return (kwh * 1000).round().cast(pl.Int64)


def read(given: pl.Series, maximum_kwh: Decimal) -> pl.DataFrame:
    """Tells of each `given` text whether it is `negative`, `above` the maximum, or `junk`, and the whole `wh` where it
    is neither of them nor missing.
    """
    plain = stripped(pl.col("given")).str.replace(",", ".", literal=True)
    texts = given.to_frame("given").with_columns(plain=plain).with_columns(text=_number_text())
    numbers = texts.with_columns(number=pl.col("text").cast(pl.Float64))
    text, number = pl.col("text"), pl.col("number")
    read = numbers.select(
        "given",
        wh=_wh(numbers, maximum_kwh),
        negative=text.str.contains(BELOW_ZERO),
        above=(number > float(maximum_kwh) + NEAR_KWH) | text.is_in(_just_above(numbers, maximum_kwh)),
        junk=text.is_null() & ~pl.col("plain").is_in(MISSING),
    )
    return read.with_columns(pl.when(~pl.col("negative") & ~pl.col("above")).then("wh"))


def _number_text() -> pl.Expr:
    plain = pl.col("plain")
    return pl.when(plain.str.contains(NUMBER)).then(plain)


def _just_above(numbers: pl.DataFrame, maximum_kwh: Decimal) -> list[str]:
    near = (pl.col("number") - float(maximum_kwh)).abs() <= 2 * NEAR_KWH
    return [text for text in numbers.filter(near)["text"].unique() if Decimal(text) > maximum_kwh]


def _wh(numbers: pl.DataFrame, maximum_kwh: Decimal) -> pl.Expr:
    """Rounded half away from zero, as Postgres does, where the energy is neither negative nor above the limit."""
    number = pl.col("number")
    parts = number * 1000 - (number * 1000).floor()
    near = ((parts - 0.5).abs() <= NEAR_HALF_WH) & number.is_between(0, float(maximum_kwh) + NEAR_KWH)
    texts = numbers.filter(near)["text"].unique()
    told = [int(Decimal(text).quantize(ONE_WH, ROUND_HALF_UP) * 1000) for text in texts]
    by_text = pl.col("text").replace_strict(texts, pl.Series(told, dtype=pl.Int64), default=None)
    return by_text.fill_null((number * 1000).round().cast(pl.Int64, strict=False))
