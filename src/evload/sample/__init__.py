"""Writes invented charging sessions as the published hourly file. The same plan gives the same bytes everywhere.

The rows are computed in whole seconds and whole Wh, which suit the two powers: 3.6 kW is 1 Wh a second, 7.2 kW is 2.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import polars as pl

from evload.errors import EvloadError
from evload.sample.sessions import (
    GARAGES,
    HOUR_SECONDS,
    USERS_PER_GARAGE,
    SampleClock,
    SamplePlan,
    SamplePlanError,
    Session,
    SessionBlock,
    session_blocks,
)

__all__ = ["ENERGIES", "SampleFileError", "SamplePlan", "SamplePlanError", "Session", "charging_hours", "write_sample"]

WH_PER_SECOND = {"3_6kW": 1, "7_2kW": 2}
ENERGIES = [f"{kind}_{power}" for kind in ("Synthetic", "Flex") for power in WH_PER_SECOND]
HEADER = ";".join(["date_from", "date_to", "User_ID", "session_ID", *ENERGIES]).encode() + b"\r\n"
HOUR_WH = HOUR_SECONDS * max(WH_PER_SECOND.values())


class SampleFileError(EvloadError):
    """The sample could not be written."""


def write_sample(plan: SamplePlan, out: BinaryIO | Path, *, sessions_per_block: int = 20_000) -> int:
    """Returns the rows written. Memory follows `sessions_per_block`; what is written does not depend on it."""
    if not isinstance(out, Path):
        return _write(plan, out, sessions_per_block)
    try:
        with out.open("wb") as file:
            return _write(plan, file, sessions_per_block)
    except OSError as error:
        raise SampleFileError(f"Cannot write {out}: {error.strerror}.") from error


def _write(plan: SamplePlan, out: BinaryIO, sessions_per_block: int) -> int:
    lines = _Lines(plan)
    written = 0
    out.write(HEADER)
    for rows in _hourly(session_blocks(plan, sessions_per_block)):
        out.write(lines.text(rows))
        written += rows.height
    return written


def _hourly(blocks: Iterator[SessionBlock]) -> Iterator[pl.DataFrame]:
    """Every hour of the period in order. What a session does after the end of its block waits for the next one."""
    begin_hour = known_sessions = 0
    waiting = charging_hours([], 0)
    for end_hour, sessions in blocks:
        rows = pl.concat([waiting, charging_hours(sessions, known_sessions)])
        waiting = rows.filter(pl.col("hour") >= end_hour)
        hours = pl.DataFrame({"hour": pl.int_range(begin_hour, end_hour, eager=True)})
        yield hours.join(rows, on="hour", how="left", maintain_order="left_right")
        begin_hour, known_sessions = end_hour, known_sessions + len(sessions)


def charging_hours(sessions: list[Session], known_sessions: int) -> pl.DataFrame:
    """One row per session and hour, energies in Wh, 0 for none."""
    end = pl.col("start") + pl.max_horizontal("plugged_seconds", "energy_wh")  # 1 Wh a second may outlast the stay
    return (
        pl.DataFrame(sessions, schema=dict.fromkeys(Session._fields, pl.Int64), orient="row")
        .with_row_index("session", known_sessions + 1)
        .with_columns(hour=pl.int_ranges(pl.col("start") // HOUR_SECONDS, (end - 1) // HOUR_SECONDS + 1))
        .explode("hour")
        .with_columns(_synthetic(power).alias(f"Synthetic_{power}") for power in WH_PER_SECOND)
        .with_columns(_flex(power).alias(f"Flex_{power}") for power in WH_PER_SECOND)
        .select("hour", "session", "user", *ENERGIES)
    )


def _synthetic(power: str) -> pl.Expr:
    """Full power from plug-in on, until the energy is delivered."""
    return _within_hour(WH_PER_SECOND[power], pl.col("energy_wh"))


def _flex(power: str) -> pl.Expr:
    """What the plugged part of the hour could have taken besides."""
    possible = _within_hour(WH_PER_SECOND[power], WH_PER_SECOND[power] * pl.col("plugged_seconds"))
    return (possible - pl.col(f"Synthetic_{power}")).clip(lower_bound=0)


def _within_hour(wh_per_second: int, most_wh: pl.Expr) -> pl.Expr:
    """What flows within the row's hour at this power, when it flows from plug-in on until `most_wh` is reached."""
    elapsed = pl.col("hour") * HOUR_SECONDS - pl.col("start")
    before = (wh_per_second * elapsed).clip(0, most_wh)
    return (wh_per_second * (elapsed + HOUR_SECONDS)).clip(0, most_wh) - before


class _Lines:
    """Rows as the lines of the file. There are few different hours, users and energies: each is spelled once."""

    def __init__(self, plan: SamplePlan) -> None:
        clock = SampleClock(plan)
        self._readings = pl.Series([clock.reading(hour) for hour in range(clock.hours + 1)])
        self._users = pl.Series([_user_id(user) for user in range(plan.users)])
        self._energies = pl.Series([_kwh(energy_wh) for energy_wh in range(HOUR_WH + 1)])

    def text(self, rows: pl.DataFrame) -> memoryview:
        lines = pl.DataFrame(
            [
                self._readings.gather(rows["hour"]),
                self._readings.gather(rows["hour"] + 1),
                self._users.gather(rows["user"]),
                rows["session"],
                *(self._energies.gather(rows[energy]) for energy in ENERGIES),
            ]
        )
        buffer = BytesIO()
        lines.write_csv(buffer, include_header=False, separator=";", line_terminator="\r\n", null_value="NA")
        return buffer.getbuffer()


def _user_id(user: int) -> str:
    garage, place = divmod(user, USERS_PER_GARAGE)
    street, number = GARAGES[garage % len(GARAGES)], garage // len(GARAGES) + 1
    return f"{street}{number}-{place + 1}"


def _kwh(energy_wh: int) -> str | None:
    """As published: a decimal comma, no zeros behind it, and none for nothing."""
    return f"{energy_wh / 1000:.3f}".rstrip("0").rstrip(".").replace(".", ",") if energy_wh else None
