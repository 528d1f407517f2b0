"""Adds up all rows at once, by hour and by user: of a first load while Postgres takes them in, and of a refresh.

For the users' days of five million rows Postgres would need nearly as long again as for the whole load. All other
changes are added up by SQL alone. Rows wait in a temporary file, parted by user, so that memory does not grow with what
is loaded, and each part is added up by itself. The users' months and years are few and stay in memory, as the hours do.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import asyncpg
import polars as pl

from evload.ingest.block import Block
from evload.ingest.frames import MEASURES, WH
from evload.ingest.parted import PartedRows
from evload.ingest.storing.copying import copy_frames
from evload.queries import query

PEAKS = tuple(f"peak_{name}" for name in MEASURES)
HOURS = {"hour": pl.Datetime("us", "UTC"), "location_id": pl.String(), **dict.fromkeys(WH, pl.Int64())}
USER_DAY = ("day", "user_id", "hours", "sessions_begun", *MEASURES, *PEAKS)
USER_PERIOD = ("period", "start", "user_id", *MEASURES, *PEAKS)
PERIODS = {"month": "1mo", "year": "1y"}
DAY = pl.duration(days=1)


class FirstTotals:
    """Totals of all rows that are added. `close` gives up what waits on disk."""

    def __init__(self) -> None:
        self._hours = pl.DataFrame(schema=HOURS)
        self._users: dict[str, int] = {}
        self._rows = PartedRows("user")
        self._has_failed = False
        self._periods: list[pl.DataFrame] = []

    def close(self) -> None:
        self._rows.close()

    def add(self, block: Block) -> None:
        """Gives up where there is no room for the temporary file."""
        if block.rows.is_empty() or self._has_failed:
            return
        self._add_hours(block)
        try:
            self._add_users(block)
        except OSError:
            self._has_failed = True

    def add_observed(self, hours: Sequence[datetime]) -> None:
        """Adds hours of which there are filler rows alone."""
        fillers = pl.DataFrame(
            {"hour": hours, "location_id": ""}, {name: HOURS[name] for name in ("hour", "location_id")}
        )
        self._hours = pl.concat([self._hours, fillers], how="diagonal")

    async def put(self, connection: asyncpg.Connection) -> bool:
        """Copies the totals into their empty tables, unless it gave up. Postgres says which day an hour lies on."""
        if self._has_failed:
            return False
        hours = self._hours.sort("location_id", "hour")
        observed = hours["hour"].unique().sort()
        days = await connection.fetch(query("totals/days_of_hours").text, observed.to_list())
        day_of_hour = pl.DataFrame([observed, pl.Series("day", [row["day"] for row in days], pl.Date)])
        sums = iter([hours.select("hour", "location_id", *_kwh_of(MEASURES))])
        await copy_frames(connection, "hourly_sum", sums, ("hour", "location_id", *MEASURES))
        await copy_frames(connection, "user_day", self._user_days(day_of_hour), USER_DAY)
        await copy_frames(connection, "user_period", self._user_periods(), USER_PERIOD)
        return True

    def _add_users(self, block: Block) -> None:
        rows = block.rows.select(
            *WH,
            user=self._user_numbers(block.sessions["user_id"])[block.rows["session_index"]],
            session=block.sessions["session_id"][block.rows["session_index"]],
            hour=block.hours["date_from"][block.rows["hour_index"]],
        ).filter(pl.col("user") >= 0)
        self._rows.add(rows)

    def _add_hours(self, block: Block) -> None:
        sums = block.rows.group_by("hour_index", "location_index").agg(map(_sum_or_null, WH))
        columns = block.hours["date_from"][sums["hour_index"]].alias("hour"), block.locations[sums["location_index"]]
        hours = pl.DataFrame([columns[0], columns[1].alias("location_id"), *sums.select(WH)], schema=HOURS)
        self._hours = pl.concat([self._hours, hours]).group_by("hour", "location_id").agg(map(_sum_or_null, WH))

    def _user_numbers(self, users: pl.Series) -> pl.Series:
        """Numbers users in the order of their first row; -1 is nobody."""
        numbers = [self._users.setdefault(user, len(self._users)) if user else -1 for user in users]
        return pl.Series(numbers, dtype=pl.Int32)

    def _user_days(self, day_of_hour: pl.DataFrame) -> Iterator[pl.DataFrame]:
        for part in self._rows.parts():
            rows = part.join(day_of_hour, on="hour", how="left")
            days = self._named(_added_up(rows).join(_sessions_begun(rows), on=["user", "day"], how="left"))
            self._periods += [_of_periods(days, period) for period in PERIODS]
            yield days.sort("day", "user_id").with_columns(_kwh_of(MEASURES + PEAKS)).select(USER_DAY)

    def _user_periods(self) -> Iterator[pl.DataFrame]:
        """Of the users' days that were added up before."""
        if self._periods:
            periods = pl.concat(self._periods).sort("period", "start", "user_id")
            yield periods.with_columns(_kwh_of(MEASURES + PEAKS)).select(USER_PERIOD)

    def _named(self, days: pl.DataFrame) -> pl.DataFrame:
        names = pl.DataFrame({"user": range(len(self._users)), "user_id": list(self._users)}).cast({"user": pl.Int32})
        return days.join(names, on="user", how="left").with_columns(pl.col("sessions_begun").fill_null(0))


def _added_up(rows: pl.DataFrame) -> pl.DataFrame:
    by_hour = rows.group_by("user", "day", "hour").agg(map(_sum_or_null, WH))
    return by_hour.group_by("user", "day").agg(
        pl.len().alias("hours"), *map(_sum_or_null, WH), pl.col(WH).max().name.prefix("peak_")
    )


def _of_periods(days: pl.DataFrame, period: str) -> pl.DataFrame:
    return days.group_by("user_id", start=pl.col("day").dt.truncate(PERIODS[period])).agg(
        pl.lit(period).alias("period"), *map(_sum_or_null, WH), *(pl.col(f"{name}_wh").max() for name in PEAKS)
    )


def _sessions_begun(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts the sessions of each user and day that have no row on the day before. Number 0 is none."""
    sessions = rows.filter(pl.col("session") != 0).select("user", "session", "day").unique()
    day_after = sessions.select("user", "session", pl.col("day") + DAY, begins=False)
    begun = sessions.join(day_after, on=["user", "session", "day"], how="left")
    return begun.group_by("user", "day").agg(pl.col("begins").fill_null(True).sum().alias("sessions_begun"))


def _sum_or_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


def _kwh_of(names: Sequence[str]) -> list[pl.Expr]:
    """Writes Wh as Postgres writes sums of kWh: 0 where there is nothing to add up, else with three decimals."""
    return [_kwh(pl.col(f"{name}_wh")).alias(name) for name in names]


def _kwh(wh: pl.Expr) -> pl.Expr:
    text = pl.concat_str((wh // 1000).cast(pl.String), pl.lit("."), (wh % 1000).cast(pl.String).str.zfill(3))
    return text.fill_null("0")
