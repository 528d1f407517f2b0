"""What hypothesis draws for tests against a real Postgres: how many examples, and the ranges that a client asks for."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

THOROUGHNESS = float(os.environ.get("EVLOAD_TEST_THOROUGHNESS", "0.3"))


def usual(count: int) -> int:
    """How many the usual run draws: three tenths of them, so that it takes minutes."""
    return max(1, round(count * THOROUGHNESS))


def examples(count: int) -> settings:
    """Files and a real server are slower than hypothesis expects, and fixtures last longer than one example."""
    unsuited = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=usual(count), deadline=None, suppress_health_check=unsuited)


@dataclass(frozen=True)
class Bound:
    """A moment as a client writes it, and the instant it must be taken for."""

    text: str
    instant: datetime


def unix_seconds(instant: datetime) -> int:
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


@st.composite
def bounds(draw: st.DrawFn, zone: ZoneInfo, first: datetime, last: datetime, *, is_end: bool) -> Bound:
    """Plain dates, the site's clock, offsets, Unix time: everything that SPEC lets a client write."""
    seconds = draw(st.integers(unix_seconds(first), unix_seconds(last)))
    instant = datetime.fromtimestamp(draw(st.sampled_from([seconds, seconds // 3600 * 3600])), UTC)
    form = draw(st.sampled_from(["date", "local", "space", "offset", "plus as space", "Z", "seconds", "milliseconds"]))
    if form == "date":
        return plain_date(instant.astimezone(zone).date(), zone, is_end=is_end)
    if form in ("local", "space"):
        return on_clock(instant.astimezone(zone), "T" if form == "local" else " ", is_end=is_end)
    if form == "seconds":
        return Bound(str(unix_seconds(instant)), instant)
    if form == "milliseconds":
        return Bound(str(unix_seconds(instant) * 1000), instant)
    if form == "Z":
        return Bound(instant.strftime("%Y-%m-%dT%H:%M:%SZ"), instant)
    text = instant.astimezone(ZoneInfo("Asia/Kolkata")).isoformat()
    return Bound(text.replace("+", " ") if form == "plus as space" else text, instant)


def plain_date(day: date, zone: ZoneInfo, *, is_end: bool) -> Bound:
    midnight = datetime.combine(day + timedelta(days=1) if is_end else day, time.min, zone).astimezone(UTC)
    return Bound(day.isoformat(), midnight - timedelta(microseconds=1) if is_end else midnight)


def on_clock(local: datetime, separator: str, *, is_end: bool) -> Bound:
    """A doubled time means the first of the two as a start and the second as an end."""
    meant = local.replace(fold=1 if is_end else 0).astimezone(UTC)
    return Bound(local.replace(tzinfo=None).isoformat(separator), meant)


@st.composite
def ranges(draw: st.DrawFn, zone: ZoneInfo, first: datetime, last: datetime) -> tuple[Bound | None, Bound | None]:
    start = draw(st.none() | bounds(zone, first, last, is_end=False))
    return start, draw(st.none() | bounds(zone, first, last, is_end=True))
