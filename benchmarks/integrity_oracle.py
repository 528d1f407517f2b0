"""What must be stored and answered after a series of loads, kept in exact whole Wh and computed in plain Python."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Oslo")
MEASURES = ("synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh")

Energies = tuple[int | None, ...]
Key = tuple[str, datetime, int, int]
"""User, hour, session, and the number of the row among equal ones of its file, in the order of their energies."""


@dataclass(frozen=True)
class FileRow:
    user: str
    hour: datetime
    session: int
    energies: Energies


@dataclass
class Store:
    """The rows of the loads that remain, one after the other; each row with the batch that it shows."""

    rows: dict[Key, tuple[Energies, int]] = field(default_factory=dict)
    loads: dict[int, dict[Key, Energies]] = field(default_factory=dict)

    def load(self, rows: Sequence[FileRow], batch: int) -> int:
        """Returns the number of rows that are new or different."""
        seen: Counter[tuple[str, datetime, int]] = Counter()
        brought = self.loads[batch] = {}
        for row in sorted(rows, key=_in_order):
            place = row.user, row.hour, row.session
            brought[*place, seen[place]] = row.energies
            seen[place] += 1
        before = self.rows
        self._apply_all()
        return sum(key not in before or before[key][0] != energies for key, energies in brought.items())

    def unload(self, batch: int) -> None:
        self.loads.pop(batch, None)
        self._apply_all()

    def drop_before(self, day: date) -> None:
        start = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        for batch, brought in self.loads.items():
            self.loads[batch] = {key: row for key, row in brought.items() if key[1] >= start}
        self._apply_all()

    def _apply_all(self) -> None:
        self.rows = {key: (row, batch) for batch, brought in self.loads.items() for key, row in brought.items()}


def _in_order(row: FileRow) -> list[tuple[bool, int]]:
    return [(energy is None, energy or 0) for energy in row.energies]


def rounded(number: Fraction, places: int) -> Decimal:
    scaled = Decimal(number.numerator * 10**30 // number.denominator).scaleb(-30)
    return scaled.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _percentile(values: Sequence[int], percent: int) -> Fraction:
    """On the straight line between the two values around that part of the way."""
    rising, way = sorted(values), Fraction(percent * (len(values) - 1), 100)
    below, above = rising[math.floor(way)], rising[math.ceil(way)]
    return below + (above - below) * (way - math.floor(way))


def kwh(watt_hours: int, places: int = 3) -> Decimal:
    return rounded(Fraction(watt_hours, 1000), places)


def on_site_clock(hour: datetime) -> str:
    return hour.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")


def day_of(hour: datetime) -> date:
    return hour.astimezone(ZONE).date()


class Expected:
    """The right answers about the rows of a range, for one measure."""

    def __init__(self, store: Store, measure: int, is_inside: Callable[[datetime], bool]) -> None:
        self._store, self._measure, self._is_inside = store, measure, is_inside
        self.hours: dict[datetime, int] = defaultdict(int)
        for (_, hour, _, _), (energies, _) in sorted(store.rows.items(), key=lambda row: row[0][1]):
            if is_inside(hour):
                self.hours[hour] += energies[measure] or 0
        self.days: dict[date, list[datetime]] = defaultdict(list)
        for hour in self.hours:
            self.days[day_of(hour)].append(hour)

    def _energy(self, hours: Sequence[datetime]) -> int:
        return sum(self.hours[hour] for hour in hours)

    def _active(self, hours: Sequence[datetime]) -> int:
        return sum(self.hours[hour] > 0 for hour in hours)

    def answers(self) -> dict[str, Any]:
        """By path; only for a range in which something was observed."""
        energies = {day: self._energy(hours) for day, hours in self.days.items()}
        active = {day: self._active(hours) for day, hours in self.days.items()}
        total, days = sum(energies.values()), len(energies)
        return {
            "/kpi/total-energy": {"total_energy_kwh": kwh(total, 2)},
            "/kpi/daily-average": {"avg_daily_energy_kwh": rounded(Fraction(total, 1000 * days), 2)},
            "/kpi/peak-daily": {"peak_daily_energy_kwh": kwh(max(energies.values()), 2)},
            "/kpi/peak-hourly": {"peak_hourly_load_kwh": kwh(max(self.hours.values()), 2)},
            "/kpi/daily_utilization": [{"day": str(day), "active_hours": hours} for day, hours in active.items()],
            "/kpi/avg-active-hours-per-day": {
                "avg_active_charging_hours_per_day": rounded(Fraction(sum(active.values()), days), 2)
            },
            "/kpi/daily": [self._day(day, hours) for day, hours in self.days.items()],
            "/load/daily": [{"day": str(day), "daily_energy_kwh": kwh(energy)} for day, energy in energies.items()],
            "/load/hourly": [
                {"hour": on_site_clock(hour), "hourly_energy_kwh": kwh(energy)} for hour, energy in self.hours.items()
            ],
            "/load/profile": self._profile(),
        }

    def _day(self, day: date, hours: Sequence[datetime]) -> dict[str, Any]:
        peak = max(hours, key=lambda hour: self.hours[hour])  # the earliest of equal ones
        return {
            "day": str(day),
            "daily_energy_kwh": kwh(self._energy(hours)),
            "active_hours": self._active(hours),
            "peak_hourly_load_kwh": kwh(self.hours[peak]),
            "peak_hour": on_site_clock(peak),
        }

    def _profile(self) -> list[dict[str, Any]]:
        classes: dict[tuple[int, int], list[int]] = defaultdict(list)
        for hour, energy in self.hours.items():
            local = hour.astimezone(ZONE)
            classes[local.isoweekday(), local.hour].append(energy)
        return [
            {"weekday": weekday, "hour": hour, "observed_hours": len(energies)}
            | {"mean_energy_kwh": rounded(Fraction(sum(energies), 1000 * len(energies)), 3)}
            | {f"p{percent}_kwh": rounded(_percentile(energies, percent) / 1000, 3) for percent in (10, 50, 90)}
            for (weekday, hour), energies in sorted(classes.items())
        ]

    def users(self) -> list[dict[str, Any]]:
        """`/users/summary`, those with the most energy first."""
        places: dict[str, list[tuple[datetime, int, int]]] = defaultdict(list)
        for (user, hour, session, _), (energies, _) in self._store.rows.items():
            if user and self._is_inside(hour):
                places[user].append((hour, session, energies[self._measure] or 0))
        total = sum(energy for rows in places.values() for *_, energy in rows)
        present = self._present()
        found = [self._user(user, rows, total, present) for user, rows in places.items()]
        return sorted(found, key=lambda one: (-one["energy_kwh"], one["user_id"].encode()))

    def _present(self) -> dict[tuple[str, int, date], list[datetime]]:
        present: dict[tuple[str, int, date], list[datetime]] = defaultdict(list)
        for user, hour, session, _ in self._store.rows:
            present[user, session, day_of(hour)].append(hour)
        return present

    def _user(
        self,
        user: str,
        rows: Sequence[tuple[datetime, int, int]],
        total: int,
        present: dict[tuple[str, int, date], list[datetime]],
    ) -> dict[str, Any]:
        energy = sum(energy for *_, energy in rows)
        days = {day_of(hour) for hour, *_ in rows}
        return {
            "user_id": user,
            "energy_kwh": kwh(energy),
            "share_percent": rounded(Fraction(100 * energy, total), 2) if total else None,
            "hours": len({hour for hour, *_ in rows}),
            "sessions": sum(
                (user, session, day - timedelta(days=1)) not in present
                and self._begins_inside(present[user, session, day])
                for session, day in {(session, day_of(hour)) for hour, session, _ in rows}
            ),
            "first_day": str(min(days)),
            "last_day": str(max(days)),
        }

    def _begins_inside(self, hours: Sequence[datetime]) -> bool:
        return self._is_inside(min(hours))
