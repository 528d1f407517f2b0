"""The kinds `interval` and `wide`: energies of some minutes, or readings of a meter, become hours."""

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from evload.errors import EvloadError
from evload.ingest.block import Block
from evload.ingest.converting.cells import MAXIMUM_KWH, Cells, Fault, name_fault, parted
from evload.ingest.converting.hours import FULL_HOUR, HOUR, Hours, added_up, again_added_up
from evload.ingest.converting.interval_times import Seen, interval_times
from evload.ingest.converting.names import Names, blocks_of
from evload.ingest.converting.readings import between_readings, usual_step, with_lengths
from evload.ingest.converting.summary import Conversion
from evload.ingest.frames import rejected
from evload.ingest.mapping.columns import raw_name, wide_columns
from evload.ingest.mapping.model import Interval, Intervals, Wide
from evload.ingest.parted import PartedRows
from evload.measures import MEASURES

ROWS_IN_MEMORY = 2_000_000


class Unit(NamedTuple):
    """Numbers times `scale` are whole micro-Wh, or of a power mW. None may be above `most`."""

    scale: float
    most: float


UNITS = {
    "kWh": Unit(1e9, MAXIMUM_KWH),
    "Wh": Unit(1e6, MAXIMUM_KWH * 1e3),
    "register-kWh": Unit(1e9, 9e6),
    "register-Wh": Unit(1e6, 9e9),
    "W-mean": Unit(1e3, MAXIMUM_KWH * 1e3),
    "kW-mean": Unit(1e6, MAXIMUM_KWH),
}
MICRO_WH_PER_WH = 10**6
MW_SECONDS_PER_WH = 3_600_000
MAXIMUM_WH = {measure.name: round(float(measure.maximum_kwh) * 1000) for measure in MEASURES}


class NoStep(EvloadError):
    """The rows do not tell how long their intervals are."""


class IntervalConverter:
    def __init__(self, cells: Cells, mapping: Intervals, conversion: Conversion) -> None:
        self._cells = cells
        self._mapping = mapping
        self._conversion = conversion
        self._users, self._locations = Names(), Names()
        self._rows = PartedRows("user", ROWS_IN_MEMORY)
        self._seen = Seen()
        self._hours = Hours(cells.zone)
        self._step = mapping.step * 60 if mapping.step else None
        self._is_power = mapping.unit.endswith("-mean")
        self._energy_column = cells.column(mapping.energy) if isinstance(mapping, Interval) else "energy"
        has_both = bool(mapping.start and mapping.end) or bool(mapping.date)
        self._needs_all = mapping.is_register or (self._is_power and not has_both and not self._step)
        self._unit = UNITS[mapping.unit]
        self._parts_per_wh = MW_SECONDS_PER_WH if self._is_power else MICRO_WH_PER_WH

    def close(self) -> None:
        self._rows.close()

    def add(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Takes raw rows in. Gives the rejected ones."""
        rows = self._cells.counting(raw)
        self._conversion.leave_out("are no load, by `where`", raw.height - rows.height)
        rows = (
            self._unpivoted(rows)
            if isinstance(self._mapping, Wide)
            else rows.with_columns(energy=self._energy_text(rows))
        )
        wide_users = rows["wide_user"] if isinstance(self._mapping, Wide) else None
        rows, rejects = self._judged(self._cells.identified(rows, wide_users))
        if rows.height:
            self._rows.add(rows if self._needs_all else added_up(self._hours.cut(self._timed(rows))))
        return rejects

    def blocks(self) -> Iterator[tuple[Block | None, pl.DataFrame]]:
        """Gives the hours of all rows, and what is rejected only now."""
        for part in self._rows.parts():
            hours, rejects = self._hours_of(part)
            hours, too_much = self._judged_hours(hours)
            yield None, pl.concat([rejects, too_much])
            for block in blocks_of(hours, self._users, self._locations):
                yield block, rejected()

    def _energy_text(self, rows: pl.DataFrame) -> pl.Series:
        assert isinstance(self._mapping, Interval)
        return self._cells.text(rows, self._mapping.energy).alias("energy")

    def _unpivoted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A row for each user's column. An empty cell is a missing energy, and none of 0."""
        assert isinstance(self._mapping, Wide)
        spelled = self._cells.spelled
        names = {raw_name(place): spelled[place] for place in wide_columns(self._mapping, spelled)}
        columns, others = list(names), [name for name in rows.columns if name not in names]
        long = rows.unpivot(columns, index=others, variable_name="column", value_name="energy")
        return long.with_columns(
            pl.col("energy").str.strip_chars(), pl.col("column").replace_strict(names).alias("wide_user")
        )

    def _judged(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        cells, mapping = self._cells, self._mapping
        missing = cells.is_missing(rows["energy"])
        self._conversion.leave_out("have no energy", int(missing.sum()))
        if not self._needs_all and missing.any():
            rows, missing = rows.filter(~missing), missing.filter(~missing)
        users, locations = rows["user"], rows["location"]
        wide_users = rows["user" if cells.ids.are_pseudonyms else "wide_user"] if isinstance(mapping, Wide) else None
        # Rows that have the same time may be of several registers.
        keys = pl.DataFrame([users.alias("user"), *(cells.text(rows, one).alias(one) for one in mapping.where)])
        start, end, faults = interval_times(cells, mapping, rows, keys, self._seen)
        number = cells.numbers(rows["energy"])
        faults += [
            Fault(self._energy_column, self._energy_fault(number, missing), wide_users),
            _nobody(cells, users),
            name_fault(cells.user_column, rows["given_user"].alias("name"), "user id"),
            name_fault(cells.location_column, locations.alias("name"), "location"),
        ]
        good, rejects = parted(rows, faults, cells.spelled)
        found = pl.DataFrame(
            {
                "user": self._users.numbered(users),
                "location": self._locations.numbered(locations),
                "line": rows["line"],
                "energy": (number * self._unit.scale).round().cast(pl.Int64, strict=False),
            }
        )
        for name, times in (("start", start), ("end", end)):
            found = found if times is None else found.with_columns(times.alias(name))
        return (found if good is None else found.filter(good)), rejects

    def _energy_fault(self, number: pl.Series, missing: pl.Series) -> pl.Series:
        given, most = pl.col("number"), self._unit.most
        reason = (
            pl.when(pl.col("missing"))
            .then(pl.lit(None))
            .when(given.is_null())
            .then(pl.lit("is no number"))
            .when(given < 0)
            .then(pl.lit("energy is negative"))
            .when(given > most)
            .then(pl.lit(f"is above {most:,.0f}, the most that is taken"))
        )
        told = pl.DataFrame([number.alias("number"), missing.alias("missing")])
        return told.select(reason.alias("reason")).to_series()

    def _timed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Gives rows the start or the end that they do not tell, and powers their energy."""
        if not {"start", "end"} <= set(rows.columns):
            self._step = self._step or _step_told(rows)
            step = self._step if "start" in rows.columns else -self._step
            other = pl.col("start" if step > 0 else "end") + step
            rows = rows.with_columns(other.alias("end" if step > 0 else "start"))
        length = pl.col("end") - pl.col("start")
        rows = rows.with_columns(energy=pl.col("energy") * length) if self._is_power else rows
        self._conversion.energy_in_wh += float(rows["energy"].sum()) / self._parts_per_wh
        return rows

    def _hours_of(self, part: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        if not self._needs_all:
            return again_added_up(part), rejected()
        if self._mapping.is_register:
            rows, rejects = between_readings(part, self._conversion)
        else:
            rows, rejects = with_lengths(part)
        return added_up(self._hours.cut(self._timed(rows))), rejects

    def _judged_hours(self, hours: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        per_wh, measure = self._parts_per_wh, self._mapping.measure
        hours = hours.with_columns(
            (pl.col("energy") // per_wh + (pl.col("energy") % per_wh >= per_wh // 2).cast(pl.Int64)).alias(
                f"{measure}_wh"
            )
        )
        is_too_much = hours[f"{measure}_wh"] > MAXIMUM_WH[measure]
        too_much = hours.filter(is_too_much)
        reason = f"the energy of its hour is above {MAXIMUM_WH[measure] / 1000} kWh"
        rejects = rejected(
            (line, measure, str(wh / 1000), reason) for line, wh in too_much.select("line", f"{measure}_wh").iter_rows()
        )
        hours = hours.filter(~is_too_much).sort("hour", "user", "location")
        self._count(hours, f"{measure}_wh")
        return hours.with_columns(session=pl.lit(0, pl.Int32)), rejects

    def _count(self, hours: pl.DataFrame, wh: str) -> None:
        conversion = self._conversion
        conversion.hours += hours.height
        conversion.energy_out_wh += int(hours[wh].sum())
        conversion.incomplete_hours += int((hours["minutes"] != FULL_HOUR).sum())
        if not self._mapping.where:
            conversion.repeated_hours += int((hours["length"] > 60).sum())


def _step_told(rows: pl.DataFrame) -> int:
    step = usual_step(rows)
    if step is None:
        raise NoStep('its rows do not tell how long an interval is; say so in a mapping, as in step = "15m"')
    if step > HOUR:
        raise NoStep(f"its rows are {step / HOUR:g} h apart, which tells no hours; load intervals of an hour at most")
    return step


def _nobody(cells: Cells, users: pl.Series) -> Fault:
    reason = pl.when(pl.col("user") == "").then(
        pl.lit("has no user; the mapping's key `user` names a column or a constant")
    )
    return Fault(cells.user_column, users.alias("user").to_frame().select(reason.alias("reason")).to_series())
