"""Turns the texts of `date_from` and `date_to` into instants: the hour that a row is about."""

from itertools import product
from typing import Literal

import polars as pl

from evload.ingest.cleaning.texts import stripped

GERMAN_DATE = r"^([0-9]{2})\.([0-9]{2})\.([0-9]{4})"
TIME = (
    r"^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?<minute>[0-9]{2}:[0-9]{2})"
    r"(?<second>:[0-5][0-9](?:\.[0-9]{1,9})?)?"
    r" ?(?<offset>Z|(?<sign>[+-])(?<offset_hours>0[0-9]|1[0-5])(?::?(?<offset_minutes>[0-5][0-9]))?)?$"
)
# To the end of the century: the zone tables of polars know no daylight saving after it.
YEARS = (1900, 2099)

HOUR = pl.duration(hours=1)
UNREADABLE = "is not a date like 21.12.2018 10:00 or 2018-12-21T10:00"


def hours(pairs: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Adds the `start` of the hour in UTC to each pair of texts, or what is wrong with the one or the other.

    A local time that comes twice in autumn is read so that the row is one hour long, its earlier reading first.
    """
    found = readings(pl.concat([pairs["date_from"], pairs["date_to"].alias("date_from")]).unique(), timezone)
    for name in ("date_from", "date_to"):
        mine = found.select(pl.all().name.prefix(f"{name}_"))
        pairs = pairs.join(mine, left_on=name, right_on=f"{name}_text", how="left", maintain_order="left")
    one_hour = [
        pl.when(pl.col(f"date_to_{end}") - pl.col(f"date_from_{start}") == HOUR).then(f"date_from_{start}")
        for start, end in product(("earliest", "latest"), repeat=2)
    ]
    wrong_length = _wrong_length(pl.col("date_to_earliest") - pl.col("date_from_earliest"))
    return pairs.with_columns(start=pl.coalesce(one_hour)).select(
        "date_from",
        "date_to",
        "start",
        "date_from_fault",
        pl.when(pl.col("start").is_null()).then(pl.coalesce("date_to_fault", wrong_length)).alias("date_to_fault"),
    )


def readings(texts: pl.Series, timezone: str) -> pl.DataFrame:
    """The earliest and the latest instant that each text can mean, or the fault of those that mean none."""
    iso = stripped(pl.col("text")).str.replace(GERMAN_DATE, "$3-$2-$1")
    parts = texts.to_frame("text").with_columns(iso.str.extract_groups(TIME).alias("parts")).unnest("parts")
    times = parts.select("text", local=_local_time(), offset=_offset())
    instants = times.with_columns(earliest=_instant(timezone, "earliest"), latest=_instant(timezone, "latest"))
    return instants.select("text", "earliest", "latest", fault=_fault(timezone))


def _local_time() -> pl.Expr:
    second = pl.col("second").fill_null(":00")
    ends_day = (pl.col("minute") == "24:00") & second.str.contains(r"^:00(?:\.0+)?$")
    minute = pl.when(ends_day).then(pl.lit("00:00")).otherwise("minute")
    text = pl.concat_str("date", pl.lit("T"), minute, second)
    time = text.str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.f", strict=False)
    time += pl.duration(days=ends_day.cast(pl.Int64))
    return pl.when(time.dt.year().is_between(*YEARS)).then(time)


def _offset() -> pl.Expr:
    minutes = 60 * pl.col("offset_hours").cast(pl.Int64) + pl.col("offset_minutes").fill_null("0").cast(pl.Int64)
    return (
        pl.when(pl.col("offset") == "Z")
        .then(pl.duration())
        .when(pl.col("offset").is_not_null())
        .then(pl.duration(minutes=pl.when(pl.col("sign") == "-").then(-minutes).otherwise(minutes)))
    )


def _instant(timezone: str, ambiguous: Literal["earliest", "latest"]) -> pl.Expr:
    on_the_clock = pl.col("local").dt.replace_time_zone(timezone, ambiguous=ambiguous, non_existent="null")
    with_offset = (pl.col("local") - pl.col("offset")).dt.replace_time_zone("UTC")
    return with_offset.fill_null(on_the_clock.dt.convert_time_zone("UTC"))


def _fault(timezone: str) -> pl.Expr:
    local = pl.col("local")
    skipped = local.dt.strftime(f"%H:%M on %d.%m.%Y does not exist on the clock of {timezone}")
    return pl.when(local.is_null()).then(pl.lit(UNREADABLE)).when(pl.col("earliest").is_null()).then(skipped)


def _wrong_length(length: pl.Expr) -> pl.Expr:
    hours, minutes, seconds = length / HOUR, length / pl.duration(minutes=1), length / pl.duration(seconds=1)
    words = (
        pl.when(hours == hours.floor())
        .then(pl.format("{} h", hours.cast(pl.Int64)))
        .when(minutes == minutes.floor())
        .then(pl.format("{} min", minutes.cast(pl.Int64)))
        .otherwise(pl.format("{} s", seconds.cast(pl.String).str.strip_suffix(".0")))
    )
    return (
        pl.when(length < pl.duration())
        .then(pl.lit("the row ends before it starts"))
        .otherwise(pl.format("the row is {} long, not one hour", words))
    )
