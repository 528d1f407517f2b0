"""What only the rows before and after tell: how long an interval is, and what a meter's register counted."""

import polars as pl

from evload.ingest.converting.summary import Conversion
from evload.ingest.frames import rejected

HOUR = 3600
LONGEST_GAP = 24 * HOUR
KEY = ("user", "location")


def usual_step(rows: pl.DataFrame) -> int | None:
    """The most frequent distance in seconds between the times of one user, else between all."""
    at = "start" if "start" in rows.columns else "end"
    for key in (["user", "location"], []):
        steps = (
            rows.select(*key, at)
            .unique()
            .sort(*key, at)
            .with_columns(step=pl.col(at).diff().over(key) if key else pl.col(at).diff())
        )
        counted = steps.drop_nulls("step").group_by("step").len().sort(["len", "step"], descending=[True, False])
        if counted.height:
            return int(counted["step"][0])
    return None


def with_lengths(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives mean powers the length of their interval: the distance to the row before an end, or after a start.

    One that is like neither neighbour lies at a gap: the shorter distance counts. Rows without a power count as rows.
    """
    is_end = "end" in rows.columns
    at = "end" if is_end else "start"
    rows, contradicted = _one_a_time(rows, at)
    before = pl.col(at).diff().over(KEY)
    after = -pl.col(at).diff(-1).over(KEY)
    own, other = (before, after) if is_end else (after, before)
    beyond = own.shift(1 if is_end else -1).over(KEY)
    rows = rows.with_columns(own=own, other=other, beyond=beyond)
    is_sure = (pl.col("own") == pl.col("beyond")) | (pl.col("own") == pl.col("other"))
    length = pl.when(is_sure).then("own").otherwise(pl.min_horizontal("own", "other"))
    rows = rows.with_columns(length=length).filter(pl.col("energy").is_not_null())
    is_known = pl.col("length").is_between(1, HOUR)
    other_end = pl.col(at) + pl.col("length") * (-1 if is_end else 1)
    bad = rows.filter(~is_known.fill_null(False))
    reason = "no row within an hour tells how long its interval is"
    rejects = rejected((line, "", "", reason) for line in bad["line"])
    good = rows.filter(is_known).with_columns(other_end.alias("start" if is_end else "end"))
    return good.drop("own", "other", "beyond", "length"), pl.concat([contradicted, rejects])


def _one_a_time(rows: pl.DataFrame, at: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives the rows in their order, and rejects those of one user and time that say different things."""
    rows = rows.sort(*KEY, at, "energy", nulls_last=True).unique(
        [*KEY, at, "energy"], keep="first", maintain_order=True
    )
    told = rows.filter(pl.col("energy").is_not_null())
    twice = told.filter(told.select(*KEY, at).is_duplicated())
    reason = "other rows have the same user and time and say something else; load one register at a time, by `where`"
    rows = rows.join(twice, on=[*KEY, at], how="anti", maintain_order="left")
    rows = rows.unique([*KEY, at], keep="first", maintain_order=True)
    return rows, rejected((line, "", "", reason) for line in twice["line"])


def between_readings(rows: pl.DataFrame, conversion: Conversion) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives what a register counted from each reading to the next one.

    A reading that is lower than the one before it and the one after it is no reading; else a lower one says that the
    register began anew, and what it counted between them is not known.
    """
    at = "end" if "end" in rows.columns else "start"
    rows, contradicted = _one_a_time(rows.filter(pl.col("energy").is_not_null()), at)
    before, after = pl.col("energy").shift(1).over(KEY), pl.col("energy").shift(-1).over(KEY)
    is_dip = ((pl.col("energy") < before) & (after >= before)).fill_null(False)
    dips = rows.with_columns(dip=is_dip)
    rejects = rejected(
        (line, "", "", "the reading is lower than the one before it and the one after it")
        for line in dips.filter("dip")["line"]
    )
    rows = dips.filter(~pl.col("dip")).with_columns(
        start=pl.col(at).shift(1).over(KEY), end=pl.col(at), energy=pl.col("energy").diff().over(KEY)
    )
    rows = rows.drop_nulls("energy")
    length = pl.col("end") - pl.col("start")
    resets = rows.filter(pl.col("energy") < 0).height
    gaps = rows.filter((pl.col("energy") >= 0) & (length > HOUR))
    conversion.note_readings(resets, gaps.filter(length <= LONGEST_GAP).height)
    rejects = pl.concat(
        [
            contradicted,
            rejects,
            rejected(
                (line, "", "", "the reading before it is more than a day older")
                for line in gaps.filter(length > LONGEST_GAP)["line"]
            ),
        ]
    )
    return rows.filter((pl.col("energy") >= 0) & (length <= LONGEST_GAP)).drop("dip"), rejects
