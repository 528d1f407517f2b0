"""The views against the rows: computed again by polars, every value of every measure."""

from zoneinfo import ZoneInfo

import asyncpg
import polars as pl

MEASURES = ("synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh")
ENERGY = pl.Decimal(18, 3)


async def _rows(connection: asyncpg.Connection) -> pl.DataFrame:
    found = await connection.fetch(f"SELECT date_from, {', '.join(MEASURES)} FROM hourly_load")
    schema = {"date_from": pl.Datetime("us", "UTC"), **dict.fromkeys(MEASURES, ENERGY)}
    return pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")


def _hourly(rows: pl.DataFrame) -> pl.DataFrame:
    none = pl.lit(0, ENERGY)
    return rows.group_by("date_from").agg(pl.col(name).fill_null(none).sum() for name in MEASURES).sort("date_from")


def _daily(hourly: pl.DataFrame, timezone: str, measure: str) -> pl.DataFrame:
    day = pl.col("date_from").dt.convert_time_zone(timezone).dt.date().alias("day")
    energy = pl.col(measure)
    return (
        hourly.sort(energy, "date_from", descending=[True, False])
        .group_by(day)
        .agg(
            energy.sum().alias("energy"),
            (energy > 0).sum().cast(pl.Int64).alias("active"),
            energy.first().alias("peak"),
            pl.col("date_from").first().alias("peak_hour"),
            pl.col("date_from").min().alias("first"),
            pl.col("date_from").max().alias("last"),
        )
        .sort("day")
    )


async def assert_views_agree(connection: asyncpg.Connection) -> None:
    """Reads rows and views in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        hourly = _hourly(await _rows(connection))
        found = await connection.fetch("SELECT * FROM hourly_totals ORDER BY hour")
        assert [tuple(row) for row in found] == [tuple(row) for row in hourly.iter_rows()]
        timezone = await connection.fetchval("SELECT timezone FROM site")
        assert ZoneInfo(timezone)
        for measure in MEASURES:
            query = "SELECT day, energy_kwh, active_hours, peak_hour_kwh, peak_hour, first_hour, last_hour"
            daily = await connection.fetch(f"{query} FROM daily_totals WHERE measure = $1 ORDER BY day", measure)
            assert [tuple(row) for row in daily] == list(_daily(hourly, timezone, measure).iter_rows())
