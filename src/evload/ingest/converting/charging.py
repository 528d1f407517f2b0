"""From sessions to hours by the rule of the published data set: what was charged at a power, and what could have been.

*Synthetic*: charging begins at the plug-in minute at full power and goes on until the session's energy is delivered.
*Flex*: what the car, while it was plugged in, could have been given besides. Both are whole Wh, as 3.6 and 7.2 kW are 1
and 2 Wh in a second; so the hours of a session add up to its energy exactly.
"""

import polars as pl

from evload.ingest.converting.hours import Hours

HOUR = 3600
WH_PER_SECOND = {"3.6": 1, "7.2": 2}
POWERS = tuple(WH_PER_SECOND)


def hours_of_sessions(sessions: pl.DataFrame, powers: tuple[str, ...], hours: Hours) -> pl.DataFrame:
    """Takes `plug_in`, `energy_wh` and `plugged` (seconds, null where nobody knows).

    Gives the rows of each session: its number as `row`, the `hour` in seconds since 1970, and the Wh of each measure,
    null where none.
    """
    plug_in = sessions["plug_in"] - sessions["plug_in"] % 60
    first = hours.starts(plug_in)
    rows = pl.DataFrame(
        [first.alias("first"), (plug_in - first).alias("offset"), sessions["energy_wh"], sessions["plugged"]]
    ).with_row_index("row")
    counts = [count for power in powers for count in _hour_counts(WH_PER_SECOND[power])]
    rows = rows.with_columns(number=pl.int_ranges(0, pl.max_horizontal(counts))).explode("number")
    measures = {name: wh for power in powers for name, wh in _measures(power).items()}
    rows = rows.with_columns(**measures)
    has_any = pl.any_horizontal(pl.col(name) > 0 for name in measures)
    rows = rows.filter(has_any | (pl.col("number") == 0))
    hour = hours.starts((rows["first"] + rows["number"] * HOUR).alias("hour"))
    # An hour without charging has no energy, but a session that never charged has an hour with an energy of 0.
    is_empty = (pl.col("number") == 0) & (pl.col("energy_wh") == 0)
    has_value = {name: (pl.col(name) > 0) | (is_empty & (not name.startswith("flex"))) for name in measures}
    return rows.select("row", hour, *(pl.when(has).then(name).alias(name) for name, has in has_value.items()))


def _hour_counts(rate: int) -> list[pl.Expr]:
    """Over how many hours a session charges, and how many its flex reaches."""
    energy, full = pl.col("energy_wh"), rate * HOUR
    charging = pl.when(energy <= _room(rate)).then(1).otherwise(1 + _ceil(energy - _room(rate), full))
    spare = _ceil((rate * pl.col("plugged") - energy).clip(0), full)
    plugged = _ceil(pl.col("offset") + pl.col("plugged"), HOUR)
    return [charging, pl.when(energy > _room(rate)).then(plugged).otherwise(spare).fill_null(0)]


def _measures(power: str) -> dict[str, pl.Expr]:
    rate, energy, number = WH_PER_SECOND[power], pl.col("energy_wh"), pl.col("number")
    full, name = rate * HOUR, f"{power.replace('.', '_')}_kwh_wh"
    is_first = number == 0
    later = (energy - _room(rate) - full * (number - 1)).clip(0, full)
    synthetic = pl.when(is_first).then(pl.min_horizontal(energy, _room(rate))).otherwise(later)
    begin = pl.max_horizontal(number * HOUR, pl.col("offset"))
    until = pl.min_horizontal((number + 1) * HOUR, pl.col("offset") + pl.col("plugged"))
    beside = (rate * (until - begin).clip(0) - synthetic).clip(0)
    laid_out = (rate * pl.col("plugged") - energy - full * number).clip(0, full)
    flex = pl.when(pl.col("plugged").is_null()).then(0).when(energy > _room(rate)).then(beside).otherwise(laid_out)
    return {f"synthetic_{name}": synthetic, f"flex_{name}": flex}


def _room(rate: int) -> pl.Expr:
    """What can be charged in the first hour."""
    return rate * (HOUR - pl.col("offset"))


def _ceil(number: pl.Expr, divisor: int) -> pl.Expr:
    return (number + (divisor - 1)) // divisor
