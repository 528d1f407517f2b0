"""Adds up all rows at once, hours and users' days: of a first load while Postgres takes them in, and of a refresh.

For the users' days of five million rows Postgres would need nearly as long again as for the whole load. All other
changes are added up by SQL alone. Rows wait in a temporary file, parted by user, so that memory does not grow with what
is loaded, and each part is added up by itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

import asyncpg
import polars as pl

from evload.ingest.frames import MEASURES, WH
from evload.ingest.read import Block
from evload.ingest.storing.copying import copy_frames
from evload.queries import query

PARTS = 32
PEAKS = tuple(f"peak_{name}" for name in MEASURES)
HOURS = {"hour": pl.Datetime("us", "UTC"), "location_id": pl.String(), **dict.fromkeys(WH, pl.Int64())}
USER_DAY = ("day", "user_id", "hours", "sessions_begun", *MEASURES, *PEAKS)
DAY = pl.duration(days=1)


class FirstTotals:
    """Totals of all rows that are added. `close` gives up what waits on disk."""

    def __init__(self) -> None:
        self._hours = pl.DataFrame(schema=HOURS)
        self._users: dict[str, int] = {}
        self._file: IO[bytes] | None = None
        self._has_failed = False
        self._parts: list[list[tuple[int, int]]] = [[] for _ in range(PARTS)]

    def close(self) -> None:
        with suppress(OSError):  # what a full disk did not take once, it does not take now
            if self._file is not None:
                self._file.close()

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
        sums = iter([hours.select("hour", "location_id", *_kwh_of({name: f"{name}_wh" for name in MEASURES}))])
        await copy_frames(connection, "hourly_sum", sums, ("hour", "location_id", *MEASURES))
        await copy_frames(connection, "user_day", self._user_days(day_of_hour), USER_DAY)
        return True

    def _add_users(self, block: Block) -> None:
        rows = block.rows.select(
            *WH,
            user=self._user_numbers(block.sessions["user_id"])[block.rows["session_index"]],
            session=block.sessions["session_id"][block.rows["session_index"]],
            hour=block.hours["date_from"][block.rows["hour_index"]],
        ).filter(pl.col("user") >= 0)
        for part, some in rows.with_columns(part=pl.col("user") % PARTS).partition_by("part", as_dict=True).items():
            self._set_aside(part[0], some.drop("part"))

    def _add_hours(self, block: Block) -> None:
        sums = block.rows.group_by("hour_index", "location_index").agg(map(_sum_or_null, WH))
        columns = block.hours["date_from"][sums["hour_index"]].alias("hour"), block.locations[sums["location_index"]]
        hours = pl.DataFrame([columns[0], columns[1].alias("location_id"), *sums.select(WH)], schema=HOURS)
        self._hours = pl.concat([self._hours, hours]).group_by("hour", "location_id").agg(map(_sum_or_null, WH))

    def _user_numbers(self, users: pl.Series) -> pl.Series:
        """Numbers users in the order of their first row; -1 is nobody."""
        numbers = [self._users.setdefault(user, len(self._users)) if user else -1 for user in users]
        return pl.Series(numbers, dtype=pl.Int32)

    def _set_aside(self, part: int, rows: pl.DataFrame) -> None:
        packed = BytesIO()
        rows.write_ipc(packed, compression="lz4")
        if self._file is None:
            self._file = TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._parts[part].append((self._file.tell(), packed.getbuffer().nbytes))
        self._file.write(packed.getbuffer())

    def _user_days(self, day_of_hour: pl.DataFrame) -> Iterator[pl.DataFrame]:
        names = pl.DataFrame({"user": range(len(self._users)), "user_id": list(self._users)}).cast({"user": pl.Int32})
        for part in filter(None, self._parts):
            rows = pl.concat(map(self._read, part)).join(day_of_hour, on="hour", how="left")
            days = _added_up(rows).join(_sessions_begun(rows), on=["user", "day"], how="left")
            energies = _kwh_of({name: f"{name}_wh" for name in MEASURES} | {name: f"{name}_wh" for name in PEAKS})
            yield days.join(names, on="user", how="left").sort("day", "user_id").with_columns(energies).select(USER_DAY)

    def _read(self, place: tuple[int, int]) -> pl.DataFrame:
        offset, size = place
        assert self._file is not None
        self._file.seek(offset)
        return pl.read_ipc(BytesIO(self._file.read(size)))


def _added_up(rows: pl.DataFrame) -> pl.DataFrame:
    by_hour = rows.group_by("user", "day", "hour").agg(map(_sum_or_null, WH))
    return by_hour.group_by("user", "day").agg(
        pl.len().alias("hours"), *map(_sum_or_null, WH), pl.col(WH).max().name.prefix("peak_")
    )


def _sessions_begun(rows: pl.DataFrame) -> pl.DataFrame:
    """Counts the sessions of each user and day that have no row on the day before."""
    sessions = rows.select("user", "session", "day").unique()
    day_after = sessions.select("user", "session", pl.col("day") + DAY, begins=False)
    begun = sessions.join(day_after, on=["user", "session", "day"], how="left")
    return begun.group_by("user", "day").agg(pl.col("begins").fill_null(True).sum().alias("sessions_begun"))


def _sum_or_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


def _kwh_of(columns: dict[str, str]) -> list[pl.Expr]:
    """Writes Wh as Postgres writes sums of kWh: 0 where there is nothing to add up, else with three decimals."""
    return [_kwh(pl.col(wh)).alias(kwh) for kwh, wh in columns.items()]


def _kwh(wh: pl.Expr) -> pl.Expr:
    text = pl.concat_str((wh // 1000).cast(pl.String), pl.lit("."), (wh % 1000).cast(pl.String).str.zfill(3))
    return text.fill_null("0")
