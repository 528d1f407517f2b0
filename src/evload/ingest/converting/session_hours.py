"""Makes sessions into hours: each once, by its number, at the powers that are asked for."""

import zlib
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from evload.ingest.block import Block
from evload.ingest.converting.charging import hours_of_sessions
from evload.ingest.converting.hours import Hours
from evload.ingest.converting.names import Names, blocks_of, only_rejects
from evload.ingest.converting.summary import Conversion
from evload.ingest.frames import WH, rejected, session_key

WHOLE = r"^[0-9]{1,9}$"


def only_longest(sessions: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Tells which sessions count where an id comes several times, and rejects the others.

    The longest one, then the one with the most energy: the order of a file's rows changes nothing.
    """
    rows = sessions.with_columns(session_key()).with_row_index("row")
    by = ("session_key", "plugged_seconds", "energy_wh", "plug_in_at", "charging_seconds", "user_id", "location_id")
    falls = [name in ("plugged_seconds", "energy_wh") for name in by]
    kept = rows.sort(*by, "line", descending=[*falls, False], nulls_last=True).unique("session_key", keep="first")
    is_kept = rows["row"].is_in(kept["row"].implode())
    others = rows.filter(~is_kept).join(kept.select("session_key", of="line"), on="session_key", how="left")
    rejects = rejected(
        (line, "", id_, f"line {of} has the same session, which lasts as long there or longer")
        for line, id_, of in others.select("line", "source_session_id", "of").iter_rows()
    )
    return is_kept, rejects


class SessionHours:
    """Makes frames of SESSIONS into blocks: one with the sessions, and those of their hours."""

    def __init__(self, powers: tuple[str, ...], zone: str, conversion: Conversion) -> None:
        self._powers = powers
        self.hours = Hours(zone)
        self.conversion = conversion
        self._users, self._locations = Names(), Names()

    def blocks(
        self, sessions: pl.DataFrame, metered: pl.DataFrame | None = None, *, with_model: bool = True
    ) -> Iterator[Block]:
        """`metered` has what is known of single hours: `metered_kwh_wh` by `row`, a session's number, and `hour`."""
        within = pl.min_horizontal("charging_seconds", "plugged_seconds").clip(0)
        sessions = sessions.with_columns(
            session_numbers(sessions).alias("session_id"),
            charging_seconds=pl.when(pl.col("charging_seconds").is_not_null()).then(within),
        )
        told = sessions.select(
            plug_in=pl.col("plug_in_at").dt.epoch("s"), energy_wh="energy_wh", plugged="plugged_seconds"
        )
        rows = hours_of_sessions(told, self._powers, self.hours) if with_model else metered
        if rows is not None and with_model and metered is not None:
            rows = rows.join(metered, on=["row", "hour"], how="full", coalesce=True).sort("row", "hour")
        assert rows is not None
        charged = sessions.with_columns(last_hour=_last_hours(sessions, rows))
        yield replace(only_rejects(rejected(), 0), charging_sessions=charged)
        numbers = pl.DataFrame(
            {
                "user": self._users.numbered(sessions["user_id"]),
                "location": self._locations.numbered(sessions["location_id"]),
                "session": sessions["session_id"],
            }
        )
        rows = pl.concat([rows, numbers[rows["row"]]], how="horizontal")
        measures = [name for name in WH if name in rows.columns]
        self.conversion.sessions += sessions.height
        self.conversion.hours += rows.height
        self.conversion.energy_out_wh += int(rows[measures[0]].sum())
        columns = ("user", "location", "session", "hour", *measures)
        yield from blocks_of(rows.select(columns), self._users, self._locations)


def _last_hours(sessions: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
    """A session without energy may have no row."""
    last = rows.group_by("row").agg(pl.col("hour").max())
    plug_ins = sessions.select(pl.col("plug_in_at").dt.epoch("s")).with_row_index("row")
    hours = plug_ins.join(last, on="row", how="left", maintain_order="left").select(pl.coalesce("hour", "plug_in_at"))
    return hours.select(pl.from_epoch("hour", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC")).to_series()


def session_numbers(sessions: pl.DataFrame) -> pl.Series:
    """A whole number for each session, the same whenever it is loaded: the source's own, where it is one.

    A session without an id is known by its user, its location and its plug-in.
    """
    key = pl.concat_str("user_id", "location_id", pl.col("plug_in_at").dt.epoch("s"), separator="\n")
    texts = sessions.select(id=pl.when(pl.col("source_session_id") == "").then(key).otherwise("source_session_id"))[
        "id"
    ]
    is_number = texts.str.contains(WHOLE) & (texts != "0")
    others = [zlib.crc32(text.encode()) & 0x7FFFFFFF or 1 for text in texts.filter(~is_number)]
    numbers = texts.cast(pl.Int32, strict=False)
    return numbers.scatter((~is_number).arg_true(), pl.Series(others, dtype=pl.Int32)).alias("session")
