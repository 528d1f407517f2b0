"""Cuts intervals at the hours of a zone and adds them up, exactly: energies are whole numbers of a small unit."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

HOUR = 3600
FULL_HOUR = (1 << 60) - 1
_POWERS = pl.Series([1 << power for power in range(61)], dtype=pl.Int64)
KEY = ("user", "location", "hour")


@dataclass(frozen=True)
class Hours:
    """The hours of a zone begin where its clock shows a full one."""

    zone: str

    def starts(self, seconds: pl.Series) -> pl.Series:
        """The start of the hour in which each moment lies."""
        if not len(seconds) or self._are_whole(
            *seconds.to_frame("at").select(first=pl.col("at").min(), last=pl.col("at").max()).row(0)
        ):
            return seconds - seconds % HOUR
        local = pl.from_epoch(seconds.alias("at").to_frame()["at"], "s").dt.replace_time_zone("UTC")
        offsets = local.dt.convert_time_zone(self.zone).dt.replace_time_zone(None) - local.dt.replace_time_zone(None)
        return seconds - (seconds + offsets.dt.total_seconds()) % HOUR

    def _are_whole(self, first: int, last: int) -> bool:
        """The zone was ahead of UTC by whole hours at both ends, and in each month between."""
        zone, month = ZoneInfo(self.zone), 28 * 24 * HOUR
        for at in (*range(first, last, month), last):
            offset = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
            assert offset is not None
            if offset.total_seconds() % HOUR:
                return False
        return True

    def cut(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Gives the part of each interval, from `start` to `end`, in each hour, with its share of `energy`."""
        rows = rows.with_columns(self.starts(rows["start"]).alias("hour"))
        several = pl.col("end") > pl.col("hour") + HOUR
        whole = rows.filter(~several)
        if whole.height == rows.height:
            return rows
        pieces = rows.filter(several).with_columns(
            piece=pl.int_ranges(0, (pl.col("end") - pl.col("hour") + HOUR - 1) // HOUR)
        )
        pieces = pieces.explode("piece").with_columns(
            begin=pl.max_horizontal("start", pl.col("hour") + pl.col("piece") * HOUR),
            until=pl.min_horizontal("end", pl.col("hour") + (pl.col("piece") + 1) * HOUR),
        )
        energy = _share(pl.col("until") - pl.col("start")) - _share(pl.col("begin") - pl.col("start"))
        pieces = pieces.with_columns(energy=energy, start="begin", end="until")
        pieces = pieces.with_columns(self.starts(pieces["start"]).alias("hour"))
        return pl.concat([whole, pieces.select(whole.columns)])


def _share(elapsed: pl.Expr) -> pl.Expr:
    """What of an interval's energy flowed after so many of its seconds, without a product that overflows."""
    length = pl.col("end") - pl.col("start")
    return pl.col("energy") // length * elapsed + pl.col("energy") % length * elapsed // length


def added_up(pieces: pl.DataFrame) -> pl.DataFrame:
    """Adds up the parts of each hour: their energy, which `minutes` they cover, and how many minutes they have."""
    first = (pl.col("start") - pl.col("hour")) // 60
    last = ((pl.col("end") - pl.col("hour") + 59) // 60).clip(0, 60)
    bits = pieces.select(*KEY, "line", "energy", first=first.clip(0, 60), last=last)
    covered = (_POWERS[bits["last"]] - _POWERS[bits["first"]]).alias("minutes")
    parts = bits.select(*KEY, "line", "energy", covered, length=pl.col("last") - pl.col("first"))
    starts = _run_starts(parts)
    if len(starts) * 2 > parts.height:  # as where a file goes through all users at each time
        return again_added_up(parts)
    return _runs_added_up(parts, starts)


def again_added_up(hours: pl.DataFrame) -> pl.DataFrame:
    hours = hours.sort(KEY, maintain_order=True)  # which takes a third of the time that any order takes
    return _runs_added_up(hours, _run_starts(hours))


def _run_starts(rows: pl.DataFrame) -> pl.Series:
    """The rows with another key than the row before."""
    return rows.select(pl.any_horizontal(pl.col(KEY) != pl.col(KEY).shift(1)).fill_null(True)).to_series().arg_true()


def _runs_added_up(rows: pl.DataFrame, starts: pl.Series) -> pl.DataFrame:
    """Adds up rows of one key that follow one another: by differences of a running sum, which is faster than groups.

    Sets of minutes that have none in common are added up by their union.
    """
    ends = pl.concat([starts, pl.Series([rows.height], dtype=starts.dtype)])[1:] - 1
    running = rows.select(pl.col("energy", "minutes", "length").cum_sum())[ends]
    sums = running.select(pl.all() - pl.all().shift(1, fill_value=0))
    added = pl.concat([rows[starts].select(*KEY, "line"), sums], how="horizontal")
    overlap = added.select(pl.col("minutes").bitwise_count_ones() != pl.col("length")).to_series()
    if not overlap.any():
        return added
    number = pl.Series("run", [0]).extend_constant(0, rows.height - 1).scatter(starts[1:], 1).cum_sum()
    united = rows.with_columns(number).filter(overlap[number]).group_by("run", maintain_order=True)
    minutes = united.agg(pl.col("minutes").bitwise_or())["minutes"]
    return added.with_columns(added["minutes"].scatter(overlap.arg_true(), minutes))
