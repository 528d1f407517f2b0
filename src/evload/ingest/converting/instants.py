"""Reads times as a table writes them into instants: on the clock of one zone, of each row's zone, or with an offset."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from evload.ingest.cleaning.moments import YEARS, readings
from evload.ingest.cleaning.texts import stripped

# What a first time is tried against: as the one format that all others are in, read by polars at once.
COMMON = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%SZ",
)
SLASHES = r"^\s*([0-9]{4})/([0-9]{2})/([0-9]{2})"
IN_PARENTHESES = r"\s*\([^)]*\)$"
UTC_TIME = pl.Datetime("us", "UTC")
EPOCH = date(1970, 1, 1)
UNREADABLE = "is no time that can be read; the mapping's key `time` names the format"

# Zones by letters: only those that mean one offset wherever they are written.
LETTERS = {
    **{"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2},
    **{"EEST": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9},
    **{"AKDT": -8, "HST": -10},
}
OFFSET_AT_END = re.compile("[+-](?P<hours>0[0-9]|1[0-4]):(?P<minutes>[0-5][0-9])")
OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?00)?")


@dataclass(frozen=True)
class Clock:
    """The site's zone, or that of a mapping."""

    zone: str
    formats: tuple[str, ...] = ()


def instants(texts: pl.Series, clock: Clock, zones: pl.Series | None = None) -> pl.DataFrame:
    """Gives the `earliest` and the `latest` instant that each text can mean, and the `fault` of one that means none.

    `zones` names each row's zone, '' for that of the clock.
    """
    if zones is None:
        return _on_one_clock(texts, clock)
    rows = pl.DataFrame({"text": texts, "zone": zones}).with_row_index("row")
    parts = []
    for (name,), some in rows.partition_by("zone", as_dict=True).items():
        zone = _zone_named(str(name)) if name else clock.zone
        if zone is None:
            found = _faulty(some.height, f"is in the time zone {name}, which evload does not know")
        else:
            found = _on_one_clock(some["text"], Clock(zone, clock.formats))
        parts.append(found.with_columns(row=some["row"]))
    return pl.concat(parts).sort("row").drop("row") if parts else _on_one_clock(texts, clock)


def _zone_named(name: str) -> str | None:
    """Gives the IANA name of a zone, of letters like PDT, or of an offset in whole hours like +02:00."""
    hours = LETTERS.get(name.upper())
    if hours is None and (offset := OFFSET.fullmatch(name.replace(" ", ""))):
        hours = int(offset["hours"]) * (-1 if offset["sign"] == "-" else 1)
    if hours is not None and -12 <= hours <= 14:
        return f"Etc/GMT{-hours:+d}" if hours else "UTC"
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        return None


def _faulty(height: int, fault: str) -> pl.DataFrame:
    unknown = pl.Series("earliest", [None] * height, UTC_TIME)
    return pl.DataFrame([unknown, unknown.alias("latest"), pl.Series("fault", [fault] * height)])


def _on_one_clock(texts: pl.Series, clock: Clock) -> pl.DataFrame:
    texts = texts.alias("text")
    if clock.formats:
        return _by_formats(texts, clock.formats, clock.zone)
    first = next((text for text in texts.head(100) if text), "")
    for form in COMMON:
        if _parsed(pl.Series("text", [first]), form).item() is not None:
            found = _resolved(_parsed(texts, form), clock.zone)
            return _with_slow(texts, found, clock.zone)
    return _slow(texts, clock.zone)


def _with_slow(texts: pl.Series, found: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Reads again, one by one, what is in another form than the first."""
    odd = found["earliest"].is_null().arg_true()
    return _replaced(found, odd, _slow(texts[odd], zone)) if len(odd) else found


def _replaced(rows: pl.DataFrame, rows_at: pl.Series, others: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([rows[name].scatter(rows_at, others[name]) for name in rows.columns])


def _slow(texts: pl.Series, zone: str) -> pl.DataFrame:
    """Reads what `cleaning.moments` knows: ISO 8601 and German dates."""
    written = pl.DataFrame([texts.unique()]).with_columns(iso=pl.col("text").str.replace(SLASHES, "$1-$2-$3"))
    read = readings(written["iso"].unique().alias("text"), zone)
    different = written.join(read, left_on="iso", right_on="text", how="left").drop("iso")
    return texts.to_frame().join(different, on="text", how="left", maintain_order="left").drop("text")


def _by_formats(texts: pl.Series, formats: Sequence[str], zone: str) -> pl.DataFrame:
    """The first format that reads a text counts. What stands in parentheses at its end is a remark."""
    texts = texts.to_frame().select(stripped(pl.col("text")).str.replace(IN_PARENTHESES, "")).to_series()
    times = _parsed(texts, formats[0])
    found, unread = _resolved(times, zone), times.is_null().arg_true()
    for form in formats[1:] if len(unread) else ():
        times = _parsed(texts[unread], form)
        found = _replaced(found, unread, _resolved(times, zone))
        unread = unread.filter(times.is_null())
    return found


def _parsed(texts: pl.Series, form: str) -> pl.Series:
    """A time without an offset is naive, one with an offset in UTC. Null where it is not in this form."""
    has_offset = "%z" in form
    found = _offsets_apart(texts, form) if form.endswith("%z") else None
    if found is None:
        zone = "UTC" if has_offset else None
        found = texts.str.to_datetime(form, time_unit="us", strict=False, cache=False, time_zone=zone).alias("time")
    years = found.dt.year()
    if found.null_count() < len(found) and not (years.min() >= YEARS[0] and years.max() <= YEARS[1]):  # type: ignore[operator]
        found = found.set(~years.is_between(*YEARS).fill_null(True), None)
    is_utc = form.endswith(("Z", " GMT", " UTC")) and not has_offset
    return found.dt.replace_time_zone("UTC") if is_utc else found


def _offsets_apart(texts: pl.Series, form: str) -> pl.Series | None:
    """Reads times and offsets apart, a third of the work. None where a text is not a time and `+hh:mm`."""
    tails = texts.str.tail(6)
    offsets = {tail: found for tail in tails.unique() if (found := OFFSET_AT_END.fullmatch(tail or ""))}
    if len(offsets) < tails.n_unique():
        return None
    local = texts.str.head(-6).str.to_datetime(form.removesuffix("%z"), time_unit="us", strict=False, cache=False)
    if local.null_count():
        return None
    ahead = {
        tail: timedelta(hours=int(found["hours"]), minutes=int(found["minutes"])) * (-1 if tail[0] == "-" else 1)
        for tail, found in offsets.items()
    }
    utc = local - tails.replace_strict(ahead, return_dtype=pl.Duration("us"))
    return utc.dt.replace_time_zone("UTC").alias("time")


def _resolved(times: pl.Series, zone: str) -> pl.DataFrame:
    """Puts naive times on the clock. Only days on which it is set need more than the day's offset."""
    if times.dtype == UTC_TIME:
        rows = pl.DataFrame([times.alias("earliest"), times.alias("latest")])
        return rows.with_columns(fault=pl.when(pl.col("earliest").is_null()).then(pl.lit(UNREADABLE)))
    days = times.dt.date().to_physical()
    if days.null_count() == len(days):
        return _faulty(len(times), UNREADABLE)
    first, last = days.to_frame("day").select(first=pl.min("day"), last=pl.max("day")).row(0)
    start, offsets = _offsets(first, last, zone)
    offset = offsets[days - start]
    instant = (times - offset.cast(pl.Duration("us"))).dt.replace_time_zone("UTC")
    rows = pl.DataFrame([instant.alias("earliest"), instant.alias("latest")])
    set_then = (times.is_not_null() & offset.is_null()).arg_true()
    if len(set_then):
        rows = _replaced(rows, set_then, _on_change_days(times[set_then], zone))
    if not rows["earliest"].null_count():
        return rows.with_columns(fault=pl.lit(None, pl.String))
    skipped = pl.col("local").dt.strftime(f"%H:%M on %d.%m.%Y does not exist on the clock of {zone}")
    fault = pl.when(pl.col("earliest").is_null()).then(skipped.fill_null(UNREADABLE))
    return rows.with_columns(times.alias("local")).select("earliest", "latest", fault=fault)


def _on_change_days(times: pl.Series, zone: str) -> pl.DataFrame:
    local = pl.col("local").dt
    return times.to_frame("local").select(
        earliest=local.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC"),
        latest=local.replace_time_zone(zone, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC"),
    )


def _offsets(first: int, last: int, zone: str) -> tuple[int, pl.Series]:
    """Gives each day's offset in microseconds, null where the clock is set on it, and the number of the first day."""
    clock, noon, found = ZoneInfo(zone), timedelta(hours=12), []
    days = [datetime.combine(EPOCH + timedelta(days=day), datetime.min.time()) for day in range(first, last + 1)]
    for day in days:
        before, after = ((day + shift).replace(tzinfo=clock).utcoffset() for shift in (-noon, 3 * noon))
        found.append(before // timedelta(microseconds=1) if before == after and before is not None else None)
    return first, pl.Series(found, dtype=pl.Int64)
