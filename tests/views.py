"""The views, and the days of the users, against the rows: computed again by polars, every value of every measure."""

from zoneinfo import ZoneInfo

import asyncpg
import polars as pl

from evload.measures import NAMES as MEASURES

ENERGY = pl.Decimal(18, 3)
PEAKS = tuple(f"peak_{name}" for name in MEASURES)


async def _rows(connection: asyncpg.Connection) -> pl.DataFrame:
    columns = ("date_from", "user_id", "location_id", "session_id", *MEASURES)
    found = await connection.fetch(f"SELECT {', '.join(columns)} FROM hourly_load")
    key = {
        "date_from": pl.Datetime("us", "UTC"),
        "user_id": pl.String(),
        "location_id": pl.String(),
        "session_id": pl.Int32(),
    }
    schema = {**key, **dict.fromkeys(MEASURES, ENERGY)}
    return pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")


def _sums() -> list[pl.Expr]:
    return [pl.col(name).fill_null(pl.lit(0, ENERGY)).sum() for name in MEASURES]


def _hourly(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("date_from").agg(_sums()).sort("date_from")


def _daily(hourly: pl.DataFrame, timezone: str, measure: str) -> pl.DataFrame:
    day = pl.col("date_from").dt.convert_time_zone(timezone).dt.date().alias("day")
    energy = pl.col(measure)
    return (
        hourly.sort(energy, "date_from", descending=[True, False])
        .group_by(day)
        .agg(
            energy.sum().alias("energy"),
            pl.len().cast(pl.Int64).alias("observed"),
            (energy > 0).sum().cast(pl.Int64).alias("active"),
            energy.first().alias("peak"),
            pl.col("date_from").first().alias("peak_hour"),
            pl.col("date_from").min().alias("first"),
            pl.col("date_from").max().alias("last"),
        )
        .sort("day")
    )


def _monthly(daily: pl.DataFrame, measure: str) -> pl.DataFrame:
    return (
        daily.group_by(pl.col("day").dt.month_start().alias("month"))
        .agg(
            pl.lit(measure).alias("measure"),
            pl.len().cast(pl.Int64).alias("days"),
            pl.col("energy").sum(),
            pl.col("observed").sum(),
            pl.col("active").sum(),
            pl.col("energy").max().alias("peak_day"),
            pl.col("peak").max().alias("peak_hour"),
            pl.col("first").min(),
            pl.col("last").max(),
        )
        .sort("month")
    )


def _user_days(rows: pl.DataFrame, timezone: str) -> pl.DataFrame:
    day = pl.col("date_from").dt.convert_time_zone(timezone).dt.date().alias("day")
    rows = rows.filter(pl.col("user_id") != "").with_columns(day)
    sessions = rows.filter(pl.col("session_id") != 0).select("user_id", "session_id", "day").unique()
    before = sessions.with_columns(pl.col("day").dt.offset_by("1d"))
    begun = (
        sessions.join(before, on=["user_id", "session_id", "day"], how="anti").group_by("day", "user_id").len("begun")
    )
    hourly = rows.group_by("day", "user_id", "date_from").agg(_sums())
    peaks = [pl.col(name).max().alias(f"peak_{name}") for name in MEASURES]
    return (
        hourly.group_by("day", "user_id")
        .agg(pl.len().alias("hours"), *_sums(), *peaks)
        .join(begun, on=["day", "user_id"], how="left")
        .select("day", "user_id", "hours", pl.col("begun").fill_null(0), *MEASURES, *PEAKS)
        .sort("day", "user_id")
    )


def _user_periods(days: pl.DataFrame) -> pl.DataFrame:
    periods = [
        days.with_columns(pl.lit(period).alias("period"), pl.col("day").dt.truncate(every).alias("start"))
        for period, every in (("month", "1mo"), ("year", "1y"))
    ]
    return (
        pl.concat(periods)
        .group_by("period", "start", "user_id")
        .agg(pl.col(MEASURES).sum(), pl.col(PEAKS).max())
        .sort("period", "start", "user_id")
    )


async def assert_views_agree(connection: asyncpg.Connection) -> None:
    """Reads rows and views in one snapshot."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await _rows(connection)
        hourly = _hourly(rows)
        found = await connection.fetch("SELECT * FROM hourly_totals ORDER BY hour")
        assert [tuple(row) for row in found] == [tuple(row) for row in hourly.iter_rows()]
        timezone = await connection.fetchval("SELECT timezone FROM site")
        assert ZoneInfo(timezone)
        recent_since = await connection.fetchval("SELECT greatest(recent_since, '1800-01-01') FROM site")
        await _assert_session_days_agree(connection, timezone)
        names = ", ".join(("day", "user_id", "hours", "sessions_begun", *MEASURES, *PEAKS))
        days = f"SELECT {names} FROM user_day ORDER BY day, user_id"
        expected = _user_days(rows, timezone)
        assert [tuple(row) for row in await connection.fetch(days)] == list(expected.iter_rows())
        names = ", ".join(("period", "start", "user_id", *MEASURES, *PEAKS))
        periods = f"SELECT {names} FROM user_period ORDER BY period, start, user_id"
        assert [tuple(row) for row in await connection.fetch(periods)] == list(_user_periods(expected).iter_rows())
        sums = await connection.fetch(
            f"SELECT hour, location_id, {', '.join(MEASURES)} FROM hourly_sum ORDER BY location_id, hour"
        )
        located = rows.group_by("date_from", "location_id").agg(_sums()).sort("location_id", "date_from")
        assert [tuple(row) for row in sums] == list(located.iter_rows())
        held = await connection.fetchval("SELECT array(SELECT measure FROM measure WHERE is_held)")
        assert set(held) >= {name for name in MEASURES if rows[name].count()}
        found = await connection.fetch("SELECT DISTINCT measure FROM daily_totals")
        assert {row["measure"] for row in found} == (set(held) if rows.height else set())
        for measure in held:
            query = (
                "SELECT day, energy_kwh, observed_hours, active_hours, peak_hour_kwh, peak_hour, first_hour, last_hour"
            )
            daily = await connection.fetch(f"{query} FROM daily_totals WHERE measure = $1 ORDER BY day", measure)
            assert [tuple(row) for row in daily] == list(_daily(hourly, timezone, measure).iter_rows())
            closed = _daily(hourly.filter(pl.col("date_from") < recent_since), timezone, measure)
            monthly = await connection.fetch("SELECT * FROM monthly_closed WHERE measure = $1 ORDER BY month", measure)
            assert [tuple(row) for row in monthly] == list(_monthly(closed, measure).iter_rows())


async def _assert_session_days_agree(connection: asyncpg.Connection, timezone: str) -> None:
    names = ("plug_in_at", "energy_wh", "plugged_seconds", "charging_seconds")
    found = await connection.fetch(f"SELECT {', '.join(names)} FROM charging_session")
    types = (pl.Datetime("us", "UTC"), pl.Int64(), pl.Int64(), pl.Int64())
    schema = dict(zip(names, types, strict=True))
    sessions = pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")
    plug_in, plugged = pl.col("plug_in_at"), pl.col("plugged_seconds")
    idle = plugged - pl.col("charging_seconds")
    expected = (
        sessions.group_by(
            plug_in.dt.convert_time_zone(timezone).dt.date().alias("day"), kwh=pl.col("energy_wh") // 1000
        )
        .agg(
            plug_in.min().alias("first"),
            plug_in.max().alias("last"),
            pl.len(),
            pl.col("energy_wh").sum(),
            plugged.count().alias("plugged"),
            pl.when(plugged.count() > 0).then(plugged.sum()),
            idle.count().alias("idle"),
            pl.when(idle.count() > 0).then(idle.sum()).alias("idle_seconds"),
            pl.when(idle.count() > 0).then(plugged.filter(idle.is_not_null()).sum()).alias("of_idle"),
        )
        .sort("day", "kwh")
    )
    days = await connection.fetch("SELECT * FROM session_day ORDER BY day, kwh")
    assert [tuple(row) for row in days] == list(expected.iter_rows())


async def stored(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    """Keys and two energies of every row, in the order in which the rows were loaded."""
    rows = await connection.fetch(
        "SELECT user_id, session_id, occurrence, synthetic_3_6_kwh, flex_7_2_kwh FROM hourly_load ORDER BY index"
    )
    return [tuple(row) for row in rows]


async def row_count(dsn: str) -> int:
    """The rows of a database whose views agree with them."""
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM hourly_load")
        await assert_views_agree(connection)
        return found
    finally:
        await connection.close()
