"""Draws charging sessions, day by day. The same plan gives the same sessions everywhere.

Every random number comes from `random.Random.random()`, whose sequence Python promises to keep.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from evload.errors import EvloadError

HOUR_SECONDS = 3600

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


class Session(NamedTuple):
    """Seconds count from the beginning of the period."""

    start: int
    user: int
    plugged_seconds: int
    energy_wh: int


class SessionBlock(NamedTuple):
    """The sessions that begin before `end_hour` and in no earlier block."""

    end_hour: int
    sessions: list[Session]


class SampleClock:
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


def session_blocks(plan: SamplePlan, sessions_per_block: int) -> Iterator[SessionBlock]:
    clock = SampleClock(plan)
    sessions: list[Session] = []
    for day, drawn in enumerate(_days(plan, clock), start=1):
        sessions += drawn
        if len(sessions) >= sessions_per_block or day == plan.days:
            yield SessionBlock(clock.seconds(day) // HOUR_SECONDS, sessions)
            sessions = []


def _days(plan: SamplePlan, clock: SampleClock) -> Iterator[list[Session]]:
    """The sessions that begin on each day, in the order of their beginning."""
    rng = Random(plan.seed)  # noqa: S311
    habits = [0.4 + 1.2 * rng.random() for _ in range(plan.users)]
    for day in range(plan.days):
        elapsed = day / plan.days
        joined = min(plan.users, math.ceil(plan.users * (JOINED_AT_START + elapsed)))
        rate = plan.sessions_per_week / 7 * WEEKDAY_RATE[clock.weekday(day)] * (0.75 + 0.5 * elapsed)
        users = [user for user in range(joined) for _ in range(int(rate * habits[user] + rng.random()))]
        yield sorted(_draw(rng, clock, day, user) for user in users)


def _draw(rng: Random, clock: SampleClock, day: int, user: int) -> Session:
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


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise SamplePlanError(f"There is no time zone {name!r}: give an IANA name, such as Europe/Oslo.") from error
