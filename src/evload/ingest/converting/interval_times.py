"""When each row's interval began and ended: its time says its start, its end, both, or the number of the hour."""

from dataclasses import dataclass, field

import polars as pl

from evload.ingest.converting.cells import Cells, Fault
from evload.ingest.converting.instants import Clock, instants
from evload.ingest.mapping.model import Intervals

HOUR = 3600
NO_HOUR = "is no hour from 1 to the last of its day"
HOUR_NUMBER = r"^([0-9]{1,2})(?::00)*$"
# An end like 00:14 or 00:59 names the last minute of an interval.
ROUND_SECONDS = 300


@dataclass
class Seen:
    """Counts how often each local time that comes twice was seen: the second time it is the later one.

    In a file that runs backwards it is the other way about.
    """

    is_descending: bool | None = None
    times: dict[tuple[object, ...], int] = field(default_factory=dict)

    def look(self, times: pl.Series) -> None:
        """Most steps of a file that runs backwards do, whatever order its users are in."""
        steps = times.drop_nulls().diff()
        forward, backward = int((steps > 0).sum()), int((steps < 0).sum())
        if self.is_descending is None and forward != backward:
            self.is_descending = backward > forward

    def is_second(self, keys: pl.DataFrame) -> pl.Series:
        second = []
        for key in keys.iter_rows():
            seen = self.times[key] = self.times.get(key, -1) + 1
            second.append((seen > 0) != bool(self.is_descending))
        return pl.Series("second", second, pl.Boolean)


def interval_times(
    cells: Cells, mapping: Intervals, rows: pl.DataFrame, keys: pl.DataFrame, seen: Seen
) -> tuple[pl.Series | None, pl.Series | None, list[Fault]]:
    """Gives the start and the end of each row in seconds since 1970, None for the one that the rows do not tell.

    `keys` tell apart rows that may have the same time.
    """
    if mapping.date and mapping.hour:
        return _of_hour_numbers(cells, mapping.date, mapping.hour, rows)
    labels = {"start": mapping.start, "end": mapping.end}
    given = [name for name, patterns in labels.items() if patterns]
    column = cells.column(labels[given[0]][0])
    found = [cells.times(rows, cells.joined(rows, labels[name])) for name in given]
    faults = [Fault(cells.column(labels[name][0]), times["fault"]) for name, times in zip(given, found, strict=True)]
    if len(given) == 1:
        at = _unfolded(found[0], keys, seen)
        if mapping.labels == "end":
            return None, at, faults
        return at, None, faults
    start, end = _both_unfolded(found[0], found[1], keys, seen)
    inclusive = ((end - start) % ROUND_SECONDS != 0) & ((end + 60 - start) % ROUND_SECONDS == 0)
    end = end + inclusive.cast(pl.Int64) * 60
    return start, end, [*faults, _odd_length(column, start, end)]


def _odd_length(column: str, start: pl.Series, end: pl.Series) -> Fault:
    length = pl.DataFrame({"length": end - start})
    reason = (
        pl.when(pl.col("length") <= 0)
        .then(pl.lit("the interval ends before it begins"))
        .when(pl.col("length") > 24 * HOUR)
        .then(pl.lit("the interval is longer than a day, too long to spread over its hours"))
    )
    return Fault(column, length.select(reason.alias("reason")).to_series())


def _seconds(times: pl.Series) -> pl.Series:
    return times.dt.epoch("us") // 1_000_000


def _unfolded(found: pl.DataFrame, keys: pl.DataFrame, seen: Seen) -> pl.Series:
    earliest, latest = _seconds(found["earliest"]), _seconds(found["latest"])
    seen.look(earliest)
    folded = (earliest != latest).fill_null(False).arg_true()
    if not len(folded):
        return earliest
    second = seen.is_second(keys[folded].with_columns(earliest[folded]))
    late_rows = folded.filter(second)
    return earliest.scatter(late_rows, latest[late_rows])


def _both_unfolded(
    starts: pl.DataFrame, ends: pl.DataFrame, keys: pl.DataFrame, seen: Seen
) -> tuple[pl.Series, pl.Series]:
    """Where a time comes twice, takes the reading by which the interval is shortest; of two such, by their order."""
    start, end = _seconds(starts["earliest"]), _seconds(ends["earliest"])
    late = pl.DataFrame({"start": _seconds(starts["latest"]), "end": _seconds(ends["latest"])})
    folded = ((start != late["start"]) | (end != late["end"])).fill_null(False).arg_true()
    seen.look(start)
    if not len(folded):
        return start, end
    told = late[folded].select(s1="start", e1="end").with_columns(start[folded].alias("s0"), end[folded].alias("e0"))
    lengths = [pl.col(e) - pl.col(s) for s, e in (("s0", "e0"), ("s1", "e1"), ("s0", "e1"), ("s1", "e0"))]
    shortest = pl.min_horizontal(pl.when(length > 0).then(length) for length in lengths)
    told = told.with_columns(
        both0=lengths[0] == shortest, both1=lengths[1] == shortest, late_end=lengths[2] == shortest
    )
    is_tie = (told["both0"] & told["both1"] & (told["s0"] != told["s1"])).fill_null(False)
    second = pl.Series("second", [False] * told.height).scatter(
        is_tie.arg_true(), seen.is_second(keys[folded].filter(is_tie).with_columns(told["s0"].filter(is_tie)))
    )
    told = told.with_columns(second)
    first = pl.col("both0") & ~pl.col("second")
    both_late = pl.col("both1") & ~first
    chosen = told.select(
        start=pl.when(first | (pl.col("late_end") & ~both_late)).then("s0").otherwise("s1"),
        end=pl.when(first | ~(both_late | pl.col("late_end"))).then("e0").otherwise("e1"),
    )
    return start.scatter(folded, chosen["start"]), end.scatter(folded, chosen["end"])


def _of_hour_numbers(
    cells: Cells, date: str, hour: str, rows: pl.DataFrame
) -> tuple[pl.Series, pl.Series, list[Fault]]:
    """The n-th hour of a day begins n - 1 hours after midnight, whatever the clock does between."""
    zone = cells.mapping.timezone if isinstance(cells.mapping.timezone, str) else cells.zone
    formats = tuple(f"{form} %H:%M" for form in cells.mapping.time)
    texts = cells.joined(rows, [date])
    midnights = instants((texts + " 00:00").alias("text"), Clock(zone, formats))
    number = cells.text(rows, hour).str.extract(HOUR_NUMBER).cast(pl.Int64, strict=False)
    start = _seconds(midnights["earliest"]) + (number - 1) * HOUR
    told = pl.DataFrame({"start": start, "midnight": midnights["earliest"], "number": number})
    local = pl.from_epoch("start", "s").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    is_of_day = (pl.col("number") >= 1) & (local == pl.col("midnight").dt.convert_time_zone(zone).dt.date())
    is_wrong = pl.col("midnight").is_not_null() & ~is_of_day.fill_null(False)
    fault = told.select(pl.when(is_wrong).then(pl.lit(NO_HOUR)).alias("reason")).to_series()
    faults = [Fault(cells.column(date), midnights["fault"]), Fault(cells.column(hour), fault)]
    return start, start + HOUR, faults
