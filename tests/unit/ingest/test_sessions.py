"""Sessions become hours by the published rule, computed here a second time minute by minute, and conserve energy."""

import os
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.converting.charging import hours_of_sessions
from evload.ingest.converting.hours import Hours
from tests.strategies import examples
from tests.unit.ingest.converted import converted

ZONES = ("Europe/Oslo", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "UTC")
MEASURES = ("synthetic_3_6_kwh_wh", "synthetic_7_2_kwh_wh", "flex_3_6_kwh_wh", "flex_7_2_kwh_wh")
MINUTES = st.integers(-3 * 24 * 60, 3 * 24 * 60)
# Around both clock changes of 2019 in Europe, and those of other zones.
AROUND = st.sampled_from(
    [datetime(2019, month, day, 1, tzinfo=UTC) for month, day in ((3, 31), (10, 27), (3, 10), (11, 3), (4, 6), (10, 5))]
)
SESSION = st.tuples(
    st.builds(lambda at, minutes: at + timedelta(minutes=minutes), AROUND, MINUTES),
    st.one_of(st.just(0), st.integers(0, 200_000)),
    st.one_of(st.none(), st.integers(0, 5 * 24 * 3600)),
)
Session = tuple[datetime, int, int | None]


def computed(sessions: list[Session], zone: str) -> pl.DataFrame:
    frame = pl.DataFrame(
        [(int(at.timestamp()), wh, plugged) for at, wh, plugged in sessions],
        schema={"plug_in": pl.Int64, "energy_wh": pl.Int64, "plugged": pl.Int64},
        orient="row",
    )
    return hours_of_sessions(frame, ("3.6", "7.2"), Hours(zone))


@examples(60)
@given(st.lists(SESSION, min_size=1, max_size=8), st.sampled_from(ZONES))
def test_the_hours_of_a_session_add_up_to_its_energy(sessions: list[Session], zone: str) -> None:
    hours = computed(sessions, zone)
    for row, (at, wh, plugged) in enumerate(sessions):
        mine = hours.filter(pl.col("row") == row)
        for name in MEASURES[:2]:
            assert mine[name].sum() == wh
        assert mine["hour"].n_unique() == mine.height
        assert mine["hour"].min() <= at.timestamp()  # type: ignore[operator]
        for name, power in zip(MEASURES, (3600, 7200) * 2, strict=True):
            assert (mine[name].drop_nulls() <= power).all()
        if plugged is None:
            assert mine[MEASURES[2]].count() == mine[MEASURES[3]].count() == 0


def by_the_minute(session: Session, watts: int) -> tuple[dict[datetime, Fraction], dict[datetime, Fraction]]:
    """The rule as it is told: what is charged in each minute, and in the hours what could have been besides."""
    at, wh, plugged = session
    charged: dict[datetime, Fraction] = defaultdict(Fraction)
    plugged_hours: dict[datetime, Fraction] = defaultdict(Fraction)
    left, minute = Fraction(wh), at
    while left > 0:
        now = min(left, Fraction(watts, 60))
        charged[minute.replace(minute=0)] += now
        left, minute = left - now, minute + timedelta(minutes=1)
    if plugged is None:
        return charged, {}
    for second in range(0, plugged, 60):
        length = min(60, plugged - second)
        plugged_hours[(at + timedelta(seconds=second)).replace(minute=0)] += Fraction(watts * length, 3600)
    first = at.replace(minute=0)
    if wh > Fraction(watts * (60 - at.minute), 60):
        return charged, {
            hour: energy - charged[hour] for hour, energy in plugged_hours.items() if energy > charged[hour]
        }
    spare, flex = Fraction(watts * plugged, 3600) - wh, {}
    while spare > 0:
        flex[first] = min(spare, Fraction(watts))
        spare, first = spare - flex[first], first + timedelta(hours=1)
    return charged, flex


@examples(40)
@given(SESSION)
def test_the_rule_is_that_of_the_published_data(session: Session) -> None:
    hours = computed([session], "UTC")
    for watts, synthetic, flex in ((3600, MEASURES[0], MEASURES[2]), (7200, MEASURES[1], MEASURES[3])):
        charged, beside = by_the_minute(session, watts)
        for name, expected in ((synthetic, charged), (flex, beside)):
            found = {
                datetime.fromtimestamp(hour, UTC): Fraction(wh)
                for hour, wh in hours.select("hour", name).drop_nulls().filter(pl.col(name) > 0).iter_rows()
            }
            assert found == {hour: wh for hour, wh in expected.items() if wh}


HEADER = "id,user,start,end,kwh\n"
MAPPING = 'kind = "session"\nid = "id"\nuser = "user"\nstart = "start"\nend = "end"\nenergy = "kwh"\n'


@examples(25)
@given(st.lists(SESSION, min_size=1, max_size=30))
def test_a_file_of_sessions_conserves_energy(sessions: list[Session]) -> None:
    """Times are written on the clock of Oslo, where some of them come twice."""
    oslo = ZoneInfo("Europe/Oslo")
    rows = [
        f"{number},u{number % 3},{at.astimezone(oslo):%Y-%m-%d %H:%M}"
        f",{(at + timedelta(seconds=plugged)).astimezone(oslo).strftime('%Y-%m-%d %H:%M:%S') if plugged else ''}"
        f",{wh // 1000}.{wh % 1000:03}"
        for number, (at, wh, plugged) in enumerate(sessions, 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        found = converted(Path(folder), HEADER + "\n".join(rows) + "\n", MAPPING)
    sums: dict[int, int] = defaultdict(int)
    for (_, _, _, session), values in found.rows:
        sums[session] += values.get("synthetic_7_2_kwh", 0)
    rejected = {line - 1 for line, *_ in found.rejects}
    assert dict(sums) == {number: wh for number, (_, wh, _) in enumerate(sessions, 1) if number not in rejected}
    # Read on the clock, a session of less than an hour may end before it begins, where the clock is set back.
    assert all("ends before it begins" in reason for *_, reason in found.rejects)


PUBLISHED_FILE = os.environ.get("EVLOAD_TEST_PUBLISHED_FILE", "")
REPORTS = Path(PUBLISHED_FILE).parent / "charging_reports.csv" if PUBLISHED_FILE else Path()
# In the published hours the sessions that go on over the hour which came twice lack both hours of that name, and end an
# hour later.
OVER_THE_CHANGE = {
    3145, 3152, 3169, 3190, 3192, 3199, 3203, 3204, 3207, 3208, 3209, 3210, 3211, 3212, 3214, 3216, 3217,
}  # fmt: skip
# It lacks its flex at 3.6 kW in one hour. Of session 5072 the published file has one more row, with 4e-16 kWh: none.
ODD = {6867}


@pytest.mark.skipif(not REPORTS.is_file(), reason="EVLOAD_TEST_PUBLISHED_FILE has no charging_reports.csv beside it")
def test_published_sessions_become_the_published_hours(tmp_path: Path) -> None:
    from evload.ingest.read import LoadFile

    ours = {
        (hour, user, session): values
        for (hour, user, _, session), values in converted(tmp_path, REPORTS.read_bytes()).rows
    }
    theirs = {}
    for block in LoadFile(Path(PUBLISHED_FILE), "Europe/Oslo").blocks():
        told = block.rows.select(
            block.hours["date_from"][block.rows["hour_index"]].dt.strftime("%Y-%m-%dT%H:%MZ").alias("hour"),
            block.sessions["user_id"][block.rows["session_index"]],
            block.sessions["session_id"][block.rows["session_index"]],
            *MEASURES,
        )
        for hour, user, session, *wh in told.iter_rows():
            if user:
                theirs[hour, user, session] = {
                    name.removesuffix("_wh"): one for name, one in zip(MEASURES, wh, strict=True) if one
                }
    different = {key[2] for key in ours.keys() | theirs.keys() if ours.get(key, {}) != theirs.get(key, {})}
    assert different == OVER_THE_CHANGE | ODD
    assert sum(values.get("synthetic_3_6_kwh", 0) for values in ours.values()) == 87_493_280
    for name in ("synthetic_3_6_kwh", "synthetic_7_2_kwh"):
        assert highest(ours, name) == highest(theirs, name)


def highest(hours: dict[tuple[str, str, int], dict[str, int]], name: str) -> tuple[int, str]:
    sums: dict[str, int] = defaultdict(int)
    for (hour, _, _), values in hours.items():
        sums[hour] += values.get(name, 0)
    return max((wh, hour) for hour, wh in sums.items())
