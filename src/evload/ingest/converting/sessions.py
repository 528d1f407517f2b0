"""The kind `session`: first a frame of sessions, as the source tells them, and then hours from it."""

import polars as pl

from evload.ingest.converting.cells import Cells, Fault, name_fault, parted
from evload.ingest.converting.summary import Conversion
from evload.ingest.mapping.model import Register, Session

MOST_KWH = 9_999
MOST_SECONDS = 366 * 24 * 3600
SECONDS = {"h": 3600.0, "min": 60.0, "s": 1.0}
CLOCK = (
    r"^(?:(?<days>[0-9]+)(?: days?,?)? )?"
    r"(?<hours>[0-9]+):(?<minutes>[0-5]?[0-9])(?::(?<seconds>[0-5]?[0-9])(?:\.[0-9]+)?)?$"
)

WITHOUT_USER = "session without a user; the mapping's key `user` may name further columns"
SESSIONS = pl.Schema(
    {
        "line": pl.Int64(),
        "source_session_id": pl.String(),
        "user_id": pl.String(),
        "location_id": pl.String(),
        "plug_in_at": pl.Datetime("us", "UTC"),
        "plug_out_at": pl.Datetime("us", "UTC"),
        "energy_wh": pl.Int64(),
        "plugged_seconds": pl.Int64(),
        "charging_seconds": pl.Int64(),
    }
)
"""A frame of sessions. What is not known is null, an unknown location ''."""


class SessionReader:
    """Makes raw rows into a frame of SESSIONS."""

    def __init__(self, cells: Cells, mapping: Session, conversion: Conversion) -> None:
        self._cells = cells
        self._mapping = mapping
        self._conversion = conversion

    def sessions(self, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Gives the sessions, and the rejected rows."""
        cells, conversion = self._cells, self._conversion
        rows = cells.counting(raw)
        conversion.leave_out("are no load, by `where`", raw.height - rows.height)
        without = self._has_no_energy(rows)
        conversion.leave_out("have no energy, as of sessions that go on", int(without.sum()))
        rows = cells.identified(rows.filter(~without))
        read = pl.DataFrame(
            {
                "line": rows["line"],
                "source_session_id": self._ids(rows),
                "user_id": rows["given_user"],
                "location_id": rows["location"],
            }
        )
        times, faults = self._times(rows)
        energy, energy_fault = self._energy(rows)
        read = read.with_columns(times.get_columns()).with_columns(energy, energy_wh=(energy + 500_000) // 1_000_000)
        id_column = cells.column(self._mapping.id) if self._mapping.id else ""
        columns = cells.user_column, cells.location_column, id_column
        faults += [energy_fault, *session_faults(read, columns, WITHOUT_USER)]
        good, rejects = parted(rows, faults, cells.spelled)
        read = read.with_columns(rows["user"].alias("user_id"))
        read = read if good is None else read.filter(good)
        conversion.energy_in_wh += float(read["micro_wh"].sum()) / 1_000_000
        return read.select(SESSIONS.names()).cast(dict(SESSIONS)), rejects  # type: ignore[arg-type]

    def _ids(self, rows: pl.DataFrame) -> pl.Series:
        """Words that mean that there is none are no id, which all such sessions would share."""
        if self._mapping.id is None:
            return pl.repeat("", rows.height, dtype=pl.String, eager=True)
        texts = self._cells.text(rows, self._mapping.id)
        return texts.set(self._cells.is_missing(texts), "")

    def _has_no_energy(self, rows: pl.DataFrame) -> pl.Series:
        energy = self._mapping.energy
        columns = [energy.start, energy.stop] if isinstance(energy, Register) else [energy]
        missing = [self._cells.is_missing(self._cells.text(rows, one)) for one in columns]
        return missing[0] | missing[-1]

    def _energy(self, rows: pl.DataFrame) -> tuple[pl.Series, Fault]:
        cells, energy = self._cells, self._mapping.energy
        if isinstance(energy, Register):
            column = cells.column(energy.stop)
            kwh = cells.numbers(cells.text(rows, energy.stop)) - cells.numbers(cells.text(rows, energy.start))
        else:
            column = cells.column(energy)
            kwh = cells.numbers(cells.text(rows, energy))
        kwh = kwh if self._mapping.unit == "kWh" else kwh / 1000
        told = kwh.alias("kwh").to_frame()
        reason = (
            pl.when(pl.col("kwh").is_null())
            .then(pl.lit("is no number"))
            .when(pl.col("kwh") < 0)
            .then(pl.lit("energy is negative"))
            .when(pl.col("kwh") > MOST_KWH)
            .then(pl.lit(f'is above {MOST_KWH} kWh; if these are Wh, say so in a mapping: unit = "Wh"'))
        )
        fault = Fault(column, told.select(reason.alias("reason")).to_series())
        micro_wh = (pl.when(pl.col("kwh") <= MOST_KWH).then("kwh") * 1e9).round().cast(pl.Int64)
        return told.select(micro_wh.alias("micro_wh")).to_series(), fault

    def _times(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
        cells, mapping = self._cells, self._mapping
        starts = cells.times(rows, cells.joined(rows, mapping.start))
        read = pl.DataFrame([starts["earliest"].alias("plug_in_at")])
        faults = [Fault(cells.column(mapping.start[0]), starts["fault"])]
        ended = pl.lit(None, pl.Int64)
        if mapping.end:
            texts = cells.joined(rows, mapping.end)
            zone = mapping.end_timezone if mapping.end_timezone is not None else mapping.timezone
            ends = cells.times(rows, texts, zone)
            is_given = pl.DataFrame([(~cells.is_missing(texts.str.strip_chars())).alias("given"), ends["fault"]])
            faults.append(
                Fault(cells.column(mapping.end[0]), is_given.select(pl.when("given").then("fault")).to_series())
            )
            read = read.with_columns(ends["earliest"].alias("end"), ends["latest"].alias("late_end"))
            end = pl.when(pl.col("end") < pl.col("plug_in_at")).then("late_end").otherwise("end")
            ended = (end - pl.col("plug_in_at")).dt.total_seconds()
        durations = {name: self._seconds(rows, getattr(mapping, name)) for name in ("duration", "charging", "idle")}
        read = read.with_columns(**{name: series for name, (series, _) in durations.items()}, ended=ended)
        faults += [fault for _, fault in [durations["duration"]] if fault]
        plugged, done = pl.coalesce("duration", "ended"), self._until_done(rows, read)
        read = read.with_columns(
            plugged_seconds=plugged,
            charging_seconds=pl.coalesce("charging", (plugged - pl.col("idle")).clip(0), done),
        )
        column = cells.column((mapping.end or mapping.start)[0])
        read = read.with_columns(plug_out_at=pl.col("plug_in_at") + pl.duration(seconds=pl.col("plugged_seconds")))
        faults.append(Fault(column, read.select(_odd_length().alias("reason")).to_series()))
        return read.select("plug_in_at", "plug_out_at", "plugged_seconds", "charging_seconds"), faults

    def _until_done(self, rows: pl.DataFrame, read: pl.DataFrame) -> pl.Series:
        """Charging may be done after the plug-out, as some sources say it: it was not."""
        if not self._mapping.done:
            return pl.repeat(None, rows.height, dtype=pl.Int64, eager=True)
        done = self._cells.times(rows, self._cells.joined(rows, self._mapping.done))["earliest"]
        told = read.with_columns(done.alias("done"))
        until = pl.min_horizontal("done", pl.col("end").fill_null(pl.col("done")) if "end" in read.columns else "done")
        return told.select((until - pl.col("plug_in_at")).dt.total_seconds().clip(0).alias("done")).to_series()

    def _seconds(self, rows: pl.DataFrame, pattern: str | None) -> tuple[pl.Series, Fault | None]:
        if pattern is None:
            return pl.repeat(None, rows.height, dtype=pl.Int64, eager=True), None
        cells, unit = self._cells, self._mapping.duration_unit
        texts = cells.text(rows, pattern).alias("text")
        if unit == "hh:mm:ss":
            parts = (
                texts.to_frame()
                .select(pl.col("text").str.extract_groups(CLOCK))
                .unnest("text")
                .cast(pl.Int64, strict=False)
            )
            days, hours, minutes, seconds = (
                pl.col(name).fill_null(0) for name in ("days", "hours", "minutes", "seconds")
            )
            total = pl.when(pl.col("hours").is_not_null()).then(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
            found = parts.select(total.alias("found")).to_series()
        else:
            found = (cells.numbers(texts) * SECONDS[unit]).round().cast(pl.Int64, strict=False).alias("found")
        told = pl.DataFrame([found, cells.is_missing(texts).alias("missing")])
        reason = (
            pl.when(pl.col("found").is_null() & ~pl.col("missing"))
            .then(pl.lit(f"is no duration in {unit}"))
            .when(pl.col("found") < 0)
            .then(pl.lit("is negative"))
        )
        return found, Fault(cells.column(pattern), told.select(reason.alias("reason")).to_series())


def session_faults(sessions: pl.DataFrame, columns: tuple[str, str, str], without_user: str) -> list[Fault]:
    """What is wrong with the user, the location and the id of a session, which stand in these columns."""
    has_none = sessions.select(reason=pl.when(pl.col("user_id") == "").then(pl.lit(without_user)))["reason"]
    named = {"user_id": "user id", "location_id": "location", "source_session_id": "session id"}
    of_names = [
        name_fault(column, sessions[name].alias("name"), what)
        for column, (name, what) in zip(columns, named.items(), strict=True)
    ]
    return [Fault(columns[0], has_none), *of_names]


def _odd_length() -> pl.Expr:
    length = pl.col("plugged_seconds")
    return (
        pl.when(length < 0)
        .then(pl.lit("the session ends before it begins"))
        .when(length > MOST_SECONDS)
        .then(pl.lit("the session is longer than a year"))
    )
