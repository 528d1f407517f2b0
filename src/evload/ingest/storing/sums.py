"""What the rows of a first load add up to, added up while Postgres takes them in: hours, and users' days.

In whole Wh, as Postgres stores them. What users did on a day in a session waits in a file, block by block, and is put
together a few days at a time, so that memory does not grow with what is loaded.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from tempfile import SpooledTemporaryFile

import asyncpg
import polars as pl

from evload.ingest.frames import MEASURES, WH
from evload.ingest.read import Block
from evload.ingest.storing.copying import copy_frames
from evload.queries import query

HOURS = {"date_from": pl.Datetime("us", "UTC"), **dict.fromkeys(WH, pl.Int64())}
SESSION = ["user_id", "session_id", "day"]
USER_DAY = ("day", "user_id", "hours", "sessions_begun", *MEASURES)
DAY = timedelta(days=1)

# Days are put together until they have as many sessions: some 50 MB.
SESSIONS_AT_ONCE = 200_000
# A file of sums that is smaller stays in memory.
SMALL_BYTES = 1 << 20


@dataclass(frozen=True)
class _Part:
    first_day: date
    last_day: date
    offset: int
    size: int


class Sums:
    """Days are those of `timezone`."""

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone
        self._hours = pl.DataFrame(schema=HOURS)
        self._parts: list[_Part] = []
        self._sessions_of_day: Counter[date] = Counter()
        self._rows = 0
        # Where it needs the disk it has no name there, so it is gone whatever becomes of us.
        self._file = SpooledTemporaryFile(SMALL_BYTES)  # noqa: SIM115 - `close` closes it
        self._given_up = False

    def add(self, block: Block) -> None:
        """Gives up where rows lie so mixed up that a block's sums are hardly fewer, and where there is no disk left."""
        if self._given_up or block.rows.is_empty():
            return
        sums = block.rows.group_by("hour_index").agg(map(_sum_or_null, WH))
        hours = sums.select(block.hours["date_from"][sums["hour_index"]], *WH)
        self._hours = pl.concat([self._hours, hours]).group_by("date_from").agg(map(_sum_or_null, WH))
        self._rows += block.rows.height
        try:
            self._set_aside(_by_session(block.rows, self._with_days(block.hours), block.sessions))
        except OSError:
            self._given_up = True
        self._given_up |= self._sessions_of_day.total() > max(self._rows / 2, SESSIONS_AT_ONCE)

    async def put(self, connection: asyncpg.Connection) -> bool:
        """Into their tables. False: they are not there, or Postgres has another word on where a day begins."""
        if self._given_up:
            return False
        hours = self._with_days(self._hours).sort("date_from").with_columns(map(_kwh, MEASURES))
        told = hours["date_from"].to_list(), hours["day"].to_list()
        if await connection.fetchval(query("totals/days_differ").text, *told):
            return False
        await connection.execute(query("totals/forget_everything").text)
        sums = iter([hours.select("date_from", *MEASURES)])
        await copy_frames(connection, "hourly_sum", sums, ("hour", *MEASURES))
        await copy_frames(connection, "user_day", self._user_days(), USER_DAY)
        return True

    def close(self) -> None:
        with suppress(OSError):  # what a full disk did not take once, it does not take now
            self._file.close()

    def _user_days(self) -> Iterator[pl.DataFrame]:
        for first, last in self._spans():
            sessions = self._sessions(first - DAY, last)
            day_after = sessions.select("user_id", "session_id", pl.col("day") + DAY, begins=False)
            begun = sessions.join(day_after, on=SESSION, how="left").filter(pl.col("day") >= first)
            days = begun.group_by("day", "user_id").agg(
                pl.col("hour_bit").bitwise_or().bitwise_count_ones().alias("hours"),
                pl.col("begins").fill_null(True).sum().alias("sessions_begun"),
                pl.col(*WH).sum(),
            )
            yield days.sort("day", "user_id").with_columns(map(_kwh, MEASURES)).select(USER_DAY)

    def _with_days(self, hours: pl.DataFrame) -> pl.DataFrame:
        return hours.with_columns(pl.col("date_from").dt.convert_time_zone(self._timezone).dt.date().alias("day"))

    def _set_aside(self, sessions: pl.DataFrame) -> None:
        if sessions.is_empty():
            return
        sessions_of_day = dict(sessions["day"].value_counts().iter_rows())
        self._sessions_of_day.update(sessions_of_day)
        packed = BytesIO()
        sessions.write_ipc(packed, compression="lz4")
        offset = self._file.tell()
        self._file.write(packed.getbuffer())
        self._file.flush()
        self._parts.append(_Part(min(sessions_of_day), max(sessions_of_day), offset, self._file.tell() - offset))

    def _spans(self) -> Iterator[tuple[date, date]]:
        """First and last days, which have some SESSIONS_AT_ONCE between them."""
        first, waiting = None, 0
        for day in sorted(self._sessions_of_day):
            first = first or day
            waiting += self._sessions_of_day[day]
            if waiting >= SESSIONS_AT_ONCE:
                yield first, day
                first, waiting = None, 0
        if first:
            yield first, day

    def _sessions(self, first: date, last: date) -> pl.DataFrame:
        parts = [self._read(part) for part in self._parts if part.first_day <= last and part.last_day >= first]
        inside = pl.concat(part.filter(pl.col("day").is_between(first, last)) for part in parts)
        return inside.group_by(SESSION).agg(pl.col("hour_bit").bitwise_or(), pl.col(*WH).sum())

    def _read(self, part: _Part) -> pl.DataFrame:
        self._file.seek(part.offset)
        return pl.read_ipc(BytesIO(self._file.read(part.size)))


def _by_session(rows: pl.DataFrame, hours: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """A bit for each hour: exact where a day's hours all begin at the same minute."""
    hour_number = pl.col("date_from").dt.epoch("s") // 3600
    days = hours.select("day", hour_bit=pl.lit(2, pl.Int64).pow(hour_number % 32), place=pl.col("day").rank("dense"))
    session_and_day = pl.col("session_index").cast(pl.UInt64) * (1 << 32) + days["place"][rows["hour_index"]]
    known = rows.select(
        "hour_index",
        "session_index",
        *WH,
        session_and_day=session_and_day,
        hour_bit=days["hour_bit"][rows["hour_index"]],
    )
    sums = known.group_by("session_and_day").agg(
        pl.col("hour_index", "session_index").first(), pl.col("hour_bit").bitwise_or(), pl.col(*WH).sum()
    )
    names = sessions[sums["session_index"]], days.select("day")[sums["hour_index"]]
    return pl.concat([*names, sums.select("hour_bit", *WH)], how="horizontal").filter(pl.col("user_id") != "")


def _sum_or_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


def _kwh(name: str) -> pl.Expr:
    """As Postgres writes its own sums: 0 where there is nothing to add up, else with three decimals."""
    wh = pl.col(f"{name}_wh")
    text = pl.concat_str((wh // 1000).cast(pl.String), pl.lit("."), (wh % 1000).cast(pl.String).str.zfill(3))
    return text.fill_null("0").alias(name)
