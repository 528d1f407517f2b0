"""Invented charging sessions, written as the published hourly file. The same plan gives the same bytes everywhere.

Every random number comes from `random.Random.random()`, whose sequence Python promises to keep. The rest is whole
seconds and whole Wh, which suit the two powers: 3.6 kW is 1 Wh a second, 7.2 kW is 2.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from evload.errors import EvloadError

WH_PER_SECOND = {"3_6kW": 1, "7_2kW": 2}
ENERGIES = [f"{kind}_{power}" for kind in ("Synthetic", "Flex") for power in WH_PER_SECOND]
HEADER = ";".join(["date_from", "date_to", "User_ID", "session_ID", *ENERGIES]).encode() + b"\r\n"
HOUR_SECONDS = 3600
HOUR_WH = HOUR_SECONDS * max(WH_PER_SECOND.values())

GARAGES = ("BjL", "EkV", "FuT", "GrS", "LiH", "OsK", "RoB", "SeN")  # made up
USERS_PER_GARAGE = 5
JOINED_AT_START = 0.25  # the others follow one by one over the next three quarters of the period
WEEKDAY_RATE = (1.05, 1.05, 1.1, 1.1, 1.1, 0.75, 0.85)  # Monday first, 1 on average


def _weighted(*weights: int) -> tuple[int, ...]:
    """Each hour of the day as often as its weight says, so that a fair pick gives a weighted hour."""
    return tuple(hour for hour, weight in enumerate(weights) for _ in range(weight))


WORKDAY_HOURS = _weighted(1, 0, 0, 0, 0, 0, 1, 2, 2, 1, 2, 3, 3, 4, 6, 11, 15, 12, 11, 11, 9, 7, 5, 3)
WEEKEND_HOURS = _weighted(2, 1, 1, 0, 0, 0, 0, 1, 1, 1, 2, 4, 5, 7, 8, 9, 8, 9, 8, 7, 5, 5, 4, 2)

# Quantiles in equal steps: a draw is equally likely to fall between any two neighbours.
DAY_STAY_MINUTES = (5, 45, 85, 130, 175, 225, 285, 370, 500, 690, 860, 980, 1500)
NIGHT_STAY_MINUTES = (20, 240, 480, 580, 640, 680, 720, 760, 810, 870, 950, 1150, 2800)
ENERGY_WH = (300, 2800, 4500, 5900, 7200, 8600, 10200, 12500, 15500, 19000, 25000, 38000, 70000)


class SamplePlanError(EvloadError):
    """The plan of the sample cannot be carried out."""


class SampleFileError(EvloadError):
    """The sample could not be written."""


@dataclass(frozen=True)
class SamplePlan:
    """`sessions_per_week` is the mean of a user who has joined: fewer as the period begins, more as it ends."""

    users: int = 40
    start: date = date(2025, 7, 15)
    days: int = 122
    sessions_per_week: float = 2.5
    seed: int = 1
    timezone: str = "Europe/Oslo"

    def __post_init__(self) -> None:
        for holds, rule in (
            (1 <= self.users <= 100_000, "users must be 1 to 100000"),
            (2000 <= self.start.year <= 2100, "start must be in the years 2000 to 2100"),
            (1 <= self.days <= 36_525, "days must be 1 to 36525"),
            (0 < self.sessions_per_week <= 70, "sessions per week must be above 0 and at most 70"),
            (self.seed >= 0, "seed must be 0 or more"),
        ):
            if not holds:
                raise SamplePlanError(f"The sample's {rule}.")
        _zone(self.timezone)


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
    for rows in _hourly(_blocks(plan, sessions_per_block)):
        out.write(lines.text(rows))
        written += rows.height
    return written


# Sessions, drawn day by day


class Session(NamedTuple):
    """Seconds count from the beginning of the period."""

    start: int
    user: int
    plugged_seconds: int
    energy_wh: int


class _Block(NamedTuple):
    """The sessions that begin before `end_hour` and in no earlier block."""

    end_hour: int
    sessions: list[Session]


class _Clock:
    """Turns the site's clock into seconds since the beginning of the period, and back."""

    def __init__(self, plan: SamplePlan) -> None:
        self._zone = _zone(plan.timezone)
        self._first_day = plan.start
        self._begin = self._timestamp(0, 0)
        self.hours = self.seconds(plan.days) // HOUR_SECONDS

    def seconds(self, day: int, hour: int = 0) -> int:
        return self._timestamp(day, hour) - self._begin

    def weekday(self, day: int) -> int:
        return (self._first_day + timedelta(days=day)).weekday()

    def reading(self, hour: int) -> str:
        moment = datetime.fromtimestamp(self._begin + hour * HOUR_SECONDS, self._zone)
        return f"{moment:%d.%m.%Y %H:%M}"

    def _timestamp(self, day: int, hour: int) -> int:
        return int(datetime.combine(self._first_day + timedelta(days=day), time(hour), self._zone).timestamp())


def _blocks(plan: SamplePlan, sessions_per_block: int) -> Iterator[_Block]:
    clock = _Clock(plan)
    sessions: list[Session] = []
    for day, drawn in enumerate(_days(plan, clock), start=1):
        sessions += drawn
        if len(sessions) >= sessions_per_block or day == plan.days:
            yield _Block(clock.seconds(day) // HOUR_SECONDS, sessions)
            sessions = []


def _days(plan: SamplePlan, clock: _Clock) -> Iterator[list[Session]]:
    """The sessions that begin on each day, in the order of their beginning."""
    rng = Random(plan.seed)  # noqa: S311
    habits = [0.4 + 1.2 * rng.random() for _ in range(plan.users)]
    for day in range(plan.days):
        elapsed = day / plan.days
        joined = min(plan.users, math.ceil(plan.users * (JOINED_AT_START + elapsed)))
        rate = plan.sessions_per_week / 7 * WEEKDAY_RATE[clock.weekday(day)] * (0.75 + 0.5 * elapsed)
        users = [user for user in range(joined) for _ in range(int(rate * habits[user] + rng.random()))]
        yield sorted(_draw(rng, clock, day, user) for user in users)


def _draw(rng: Random, clock: _Clock, day: int, user: int) -> Session:
    """Whatever the draw, the charger can deliver it, and everybody has left when the period ends."""
    hour = _pick(rng, WEEKEND_HOURS if clock.weekday(day) >= 5 else WORKDAY_HOURS)
    start = clock.seconds(day, hour) + 60 * int(60 * rng.random())
    stay_minutes = DAY_STAY_MINUTES if 6 <= hour < 17 else NIGHT_STAY_MINUTES
    seconds_left = max(clock.hours * HOUR_SECONDS - start, 60)
    plugged_seconds = min(int(60 * _between(rng, stay_minutes)), seconds_left)
    energy_wh = min(int(_between(rng, ENERGY_WH)), 2 * plugged_seconds, seconds_left)
    return Session(start, user, plugged_seconds, energy_wh // 10 * 10)


def _pick(rng: Random, choices: tuple[int, ...]) -> int:
    return choices[int(len(choices) * rng.random())]


def _between(rng: Random, quantiles: tuple[int, ...]) -> float:
    place = (len(quantiles) - 1) * rng.random()
    below = int(place)
    return quantiles[below] + (quantiles[below + 1] - quantiles[below]) * (place - below)


# Hours, laid out from the sessions


def _hourly(blocks: Iterator[_Block]) -> Iterator[pl.DataFrame]:
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


# Text


class _Lines:
    """Rows as the lines of the file. There are few different hours, users and energies: each is spelled once."""

    def __init__(self, plan: SamplePlan) -> None:
        clock = _Clock(plan)
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


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise SamplePlanError(f"There is no time zone {name!r}: give an IANA name, such as Europe/Oslo.") from error
