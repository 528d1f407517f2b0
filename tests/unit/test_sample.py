"""The file is read here with the standard library alone, so that neither the writer nor the loader checks itself."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from evload import resources
from evload.sample import ENERGIES, SampleFileError, SamplePlan, SamplePlanError, Session, charging_hours, write_sample

HEADER = b"date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW\r\n"
HOUR = timedelta(hours=1)
OVER_SPRING = SamplePlan(users=6, start=date(2025, 3, 10), days=45)


@dataclass(frozen=True)
class Row:
    begin: datetime
    clock: datetime
    user: str
    session: int
    kwh: tuple[Decimal, ...]

    @property
    def filler(self) -> bool:
        return not self.user


def written(plan: SamplePlan, **options: int) -> bytes:
    out = BytesIO()
    assert write_sample(plan, out, **options) == out.getvalue().count(b"\r\n") - 1
    return out.getvalue()


def read(plan: SamplePlan) -> list[Row]:
    lines = written(plan).decode("ascii").split("\r\n")[1:-1]
    return [_row(line.split(";"), ZoneInfo(plan.timezone)) for line in lines]


def _row(fields: list[str], zone: ZoneInfo) -> Row:
    """Of the hour that comes twice in autumn, the first is the one that ends where it begins."""
    clock, clock_end = (datetime.strptime(field, "%d.%m.%Y %H:%M") for field in fields[:2])
    first, second = (clock.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    begin = first if clock == clock_end else second
    assert (begin + HOUR).astimezone(zone).replace(tzinfo=None) == clock_end, f"not one hour: {fields}"
    user, session, *kwh = ("" if field == "NA" else field for field in fields[2:])
    return Row(begin, clock, user, int(session or 0), tuple(Decimal(energy.replace(",", ".") or 0) for energy in kwh))


def energy_by(rows: list[Row], key: Callable[[Row], Any], measure: int = 0) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[key(row)] += row.kwh[measure]
    return sums


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read(SamplePlan())


def test_bundled_file_is_the_default_plan() -> None:
    bundled = (resources.folder("data") / "sample_hourly_loads.csv").read_bytes()

    assert bundled == written(SamplePlan())
    assert len(bundled) <= 1_000_000


def test_the_readme_of_the_data_states_its_figures(rows: list[Row]) -> None:
    readme = (resources.folder("data") / "README.md").read_text("utf-8")
    energy = sum(row.kwh[0] for row in rows)

    assert f"| {len(rows):,} rows, {sum(row.filler for row in rows)} of them filler rows |" in readme
    assert f" {max(row.session for row in rows):,} sessions |" in readme
    assert f"| {energy:,.2f} kWh |" in readme


def test_spelling_is_the_published_one() -> None:
    content = written(SamplePlan())
    fields = {field for line in content.decode("ascii").splitlines()[1:] for field in line.split(";")[4:]}

    assert content.startswith(HEADER)
    assert content.count(b"\n") == content.count(b"\r\n")
    assert {"NA", "3,6", "7,2"} < fields
    assert not [
        field for field in fields if "." in field or field.startswith("-") or ("," in field and field[-1] == "0")
    ]


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/Havana", "Asia/Kolkata", "UTC"])
def test_every_hour_of_the_period_is_there_in_order(zone: str) -> None:
    plan = replace(OVER_SPRING, timezone=zone, days=250)
    hours = [row.begin for row in read(plan)]
    midnight = datetime(2025, 3, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = datetime(2025, 11, 15, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    assert hours == sorted(hours)
    assert sorted(set(hours)) == [midnight + hour * HOUR for hour in range((end - midnight) // HOUR)]


def test_autumn_and_spring_are_written_as_published() -> None:
    autumn, spring = written(SamplePlan()), written(OVER_SPRING)

    assert b"\n26.10.2025 02:00;26.10.2025 02:00;" in autumn
    assert b"\n26.10.2025 02:00;26.10.2025 03:00;" in autumn
    assert b"\n30.03.2025 01:00;30.03.2025 03:00;" in spring
    assert b"\n30.03.2025 02:00;" not in spring


def test_filler_rows_stand_for_the_hours_without_anybody(rows: list[Row]) -> None:
    per_hour = Counter(row.begin for row in rows)
    fillers = [row for row in rows if row.filler]

    assert len(fillers) > 50
    assert all(per_hour[row.begin] == 1 and not row.session and not any(row.kwh) for row in fillers)


def test_every_other_row_is_an_hour_of_a_session(rows: list[Row]) -> None:
    charging = [row for row in rows if not row.filler]

    assert all(row.session and any(row.kwh) for row in charging)
    assert len({(row.session, row.begin) for row in charging}) == len(charging)
    assert len({(row.session, row.user) for row in charging}) == len({row.session for row in charging})
    assert len({row.user for row in charging}) == SamplePlan().users


def test_session_ids_grow_by_plug_in(rows: list[Row]) -> None:
    seen = list(dict.fromkeys(row.session for row in rows if not row.filler))

    assert seen == list(range(1, len(seen) + 1))


def test_both_powers_deliver_the_same_energy(rows: list[Row]) -> None:
    charging = [row for row in rows if not row.filler]
    slow = energy_by(charging, lambda row: row.session)

    assert slow == energy_by(charging, lambda row: row.session, measure=1)
    assert min(slow.values()) > 0


def test_no_hour_takes_more_than_its_power(rows: list[Row]) -> None:
    for row in rows:
        assert row.kwh[0] + row.kwh[2] <= Decimal("3.6")
        assert row.kwh[1] + row.kwh[3] <= Decimal("7.2")


def test_evenings_are_the_peak(rows: list[Row]) -> None:
    by_hour = energy_by(rows, lambda row: row.clock.hour)

    assert 17 <= max(by_hour, key=lambda hour: by_hour[hour]) <= 21
    assert sum(by_hour[hour] for hour in range(17, 23)) > 3 * sum(by_hour[hour] for hour in range(6, 12))


def test_weekends_are_quieter(rows: list[Row]) -> None:
    by_day = energy_by(rows, lambda row: row.clock.date())
    weekend = [energy for day, energy in by_day.items() if day.weekday() >= 5]
    workdays = [energy for day, energy in by_day.items() if day.weekday() < 5]

    assert sum(weekend) / len(weekend) < Decimal("0.9") * sum(workdays) / len(workdays)


def test_weekends_begin_at_other_hours(rows: list[Row]) -> None:
    def share_before_15(weekend: bool) -> float:
        plug_ins = {row.session: row.clock for row in reversed(rows) if not row.filler}.values()
        hours = [clock.hour for clock in plug_ins if (clock.weekday() >= 5) == weekend]
        return sum(6 <= hour < 15 for hour in hours) / len(hours)

    assert share_before_15(weekend=True) > share_before_15(weekend=False) + 0.05


def test_users_and_energy_grow(rows: list[Row]) -> None:
    by_month = energy_by(rows, lambda row: row.clock.month)
    users = [len({row.user for row in rows if row.clock.month == month and not row.filler}) for month in (7, 8, 9, 10)]

    assert by_month[8] < by_month[9] < by_month[10]
    assert users == sorted(set(users))


def test_another_seed_is_another_file() -> None:
    assert written(OVER_SPRING) != written(replace(OVER_SPRING, seed=2))


@pytest.mark.parametrize("sessions_per_block", [1, 7, 1000])
def test_block_size_does_not_change_the_sample(sessions_per_block: int) -> None:
    assert written(OVER_SPRING, sessions_per_block=sessions_per_block) == written(OVER_SPRING)


def test_a_period_without_a_session_is_all_filler_rows() -> None:
    rows = read(SamplePlan(users=1, days=2, sessions_per_week=0.001))

    assert [row.filler for row in rows] == [True] * 48


@pytest.mark.parametrize(
    ("session", "hours"),
    [
        # The first three sessions of the published data: hour; Synthetic at 3.6 and 7.2 kW, Flex at both, in Wh.
        (Session(start=10 * 3600 + 20 * 60, user=0, plugged_seconds=180, energy_wh=300), [(10, 300, 300, 0, 60)]),
        (Session(start=10 * 3600 + 24 * 60, user=0, plugged_seconds=492, energy_wh=870), [(10, 870, 870, 0, 114)]),
        (
            Session(start=11 * 3600 + 33 * 60, user=0, plugged_seconds=29579, energy_wh=29870),
            [
                (11, 1620, 3240, 0, 0),
                *((hour, 3600, 7200, 0, 0) for hour in (12, 13, 14)),
                (15, 3600, 5030, 0, 2170),
                *((hour, 3600, 0, 0, 7200) for hour in (16, 17, 18)),
                (19, 3050, 0, 0, 5518),
            ],
        ),
    ],
)
def test_hours_follow_from_a_session(session: Session, hours: list[tuple[int, ...]]) -> None:
    assert charging_hours([session], 0).select("hour", *ENERGIES).rows() == hours


def test_a_path_is_written_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a sample.csv"
    file.write_bytes(b"longer than nothing" * 1_000_000)
    write_sample(OVER_SPRING, file)

    assert file.read_bytes() == written(OVER_SPRING)


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SampleFileError, match=r"nowhere/sample\.csv: No such file or directory\.$"):
        write_sample(OVER_SPRING, tmp_path / "nowhere" / "sample.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"users": 0}, "users must be 1 to 100000"),
        ({"days": 0}, "days must be 1 to 36525"),
        ({"days": 10**9}, "days must be 1 to 36525"),
        ({"start": date(1, 1, 1)}, "start must be in the years 2000 to 2100"),
        ({"sessions_per_week": 0}, "sessions per week must be above 0 and at most 70"),
        ({"sessions_per_week": float("nan")}, "sessions per week must be above 0 and at most 70"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"timezone": "Europe/Trondheim"}, "no time zone 'Europe/Trondheim'"),
        ({"timezone": "../etc"}, "no time zone '../etc'"),
        ({"timezone": ""}, "no time zone ''"),
    ],
)
def test_an_impossible_plan_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SamplePlanError, match=message):
        SamplePlan(**change)
