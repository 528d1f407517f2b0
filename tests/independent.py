"""Every number the API serves, computed a second time: polars over the raw rows of a file, nothing of evload's."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

MEASURES = {
    "synthetic_3_6_kwh": "Synthetic_3_6kW",
    "synthetic_7_2_kwh": "Synthetic_7_2kW",
    "flex_3_6_kwh": "Flex_3_6kW",
    "flex_7_2_kwh": "Flex_7_2kW",
}
HOUR = timedelta(hours=1)
USERS_ASKED = (("hours", 3), ("sessions", 1000), ("user_id", 2), ("first_day", 50), ("last_day", 1))
POINTS_ASKED = (2, 7)
VARIANTS = (
    *(f"/load/duration-curve?points={points}" for points in POINTS_ASKED),
    *(f"/users/summary?sort={sort}&limit={limit}" for sort, limit in USERS_ASKED),
)
THOUSANDTH = Decimal("0.001")
NOTHING = {"detail": "No data found between given datetime range"}
BACKWARDS = {"detail": "start_date must be before end_date"}


def no_data(rows: pl.DataFrame, measure: str) -> dict[str, str]:
    """What is answered where nothing lies in the range, or where no row has the measure."""
    return NOTHING if rows[measure].count() else {"detail": f"No data found for measure {measure}"}


def _instants(text: str, zone: ZoneInfo) -> list[datetime]:
    """The one or two instants that a time on the site's clock can be."""
    moment = datetime.strptime(text, "%d.%m.%Y %H:%M")
    return [moment.replace(tzinfo=zone, fold=fold).astimezone(ZoneInfo("UTC")) for fold in (0, 1)]


def _start(date_from: str, date_to: str, zone: ZoneInfo) -> datetime:
    ends = _instants(date_to, zone)
    return next(start for start in _instants(date_from, zone) if start + HOUR in ends)


def _energy(text: str) -> Decimal | None:
    return None if text == "NA" else Decimal(text.replace(",", ".")).quantize(THOUSANDTH, ROUND_HALF_UP)


def raw_rows(path: Path, timezone: str) -> pl.DataFrame:
    """Columns: line, date_from (UTC), local_from, day, user_id and session_id (null in filler rows), the measures."""
    zone = ZoneInfo(timezone)
    raw = pl.read_csv(path, separator=";", infer_schema=False)
    starts = [_start(a, b, zone) for a, b in raw.select("date_from", "date_to").iter_rows()]
    local = [start.astimezone(zone).replace(tzinfo=None) for start in starts]
    measures = [
        pl.Series(name, [_energy(text) for text in raw[published]], dtype=pl.Decimal(18, 3))
        for name, published in MEASURES.items()
    ]
    return pl.DataFrame(
        [
            pl.Series("line", range(2, raw.height + 2)),
            pl.Series("date_from", starts, dtype=pl.Datetime("us", "UTC")),
            pl.Series("local_from", local, dtype=pl.Datetime("us")),
            pl.Series("day", [moment.date() for moment in local]),
            raw["User_ID"].replace("NA", None).alias("user_id"),
            raw["session_ID"].replace("NA", None).cast(pl.Int32).alias("session_id"),
            *measures,
        ]
    )


def rounded(value: Decimal, unit: Decimal = Decimal("0.01")) -> float:
    return float(value.quantize(unit, ROUND_HALF_UP))


def spread(count: int, points: int) -> list[int]:
    """Every rank, or as many as there are points, at equal steps from the first rank to the last."""
    if count <= points:
        return list(range(1, count + 1))
    return [int(1 + Fraction(point * (count - 1), points - 1)) for point in range(points)]


@dataclass(frozen=True)
class Hour:
    instant: datetime
    local: datetime
    energy: Decimal


def peak(hours: list[Hour]) -> Hour:
    """The first of those with the most energy."""
    return min(hours, key=lambda hour: (-hour.energy, hour.instant))


def mean(values: Sequence[Decimal] | Sequence[int]) -> Decimal:
    return sum(map(Decimal, values), Decimal(0)) / len(values)


def percentile(values: Sequence[Decimal], percent: int) -> float:
    """The value at that part of the way from the least to the greatest, on the straight line between two neighbours."""
    rising, way = sorted(values), Fraction(percent * (len(values) - 1), 100)
    below, above = rising[math.floor(way)], rising[math.ceil(way)]
    exact = Fraction(below) + (Fraction(above) - Fraction(below)) * (way - math.floor(way))
    return rounded(Decimal(exact.numerator) / exact.denominator, THOUSANDTH)


def _inside(rows: pl.DataFrame, start: datetime | None, end: datetime | None) -> pl.DataFrame:
    if start is not None:
        rows = rows.filter(pl.col("date_from") >= start)
    if end is not None:
        rows = rows.filter(pl.col("date_from") <= end)
    return rows


def beginnings(rows: pl.DataFrame) -> pl.DataFrame:
    """The first row on a day of each session that has none on the day before."""
    key = ["user_id", "session_id", "day"]
    days = rows.filter(pl.col("user_id").is_not_null()).group_by(key).agg(pl.col("date_from").min())
    return days.join(days.select("user_id", "session_id", pl.col("day").dt.offset_by("1d")), on=key, how="anti")


@dataclass(frozen=True)
class Expected:
    """What the API must answer about some of the rows."""

    rows: pl.DataFrame
    measure: str
    timezone: str
    all_rows: pl.DataFrame
    start: datetime | None
    end: datetime | None

    @staticmethod
    def between(
        rows: pl.DataFrame, measure: str, timezone: str, start: datetime | None = None, end: datetime | None = None
    ) -> "Expected":
        return Expected(_inside(rows, start, end), measure, timezone, rows, start, end)

    def hours(self) -> list[Hour]:
        energy = pl.col(self.measure).fill_null(Decimal(0)).sum()
        hourly = self.rows.group_by("date_from", "local_from").agg(energy).sort("date_from")
        return [Hour(*row) for row in hourly.iter_rows()]

    def days(self) -> dict[str, list[Hour]]:
        by_day: dict[str, list[Hour]] = {}
        for hour in self.hours():
            by_day.setdefault(hour.local.date().isoformat(), []).append(hour)
        return dict(sorted(by_day.items()))

    def daily(self) -> dict[str, Decimal]:
        return {day: sum((hour.energy for hour in hours), Decimal(0)) for day, hours in self.days().items()}

    def active(self) -> dict[str, int]:
        return {day: sum(hour.energy > 0 for hour in hours) for day, hours in self.days().items()}

    def answers(self) -> dict[str, object]:
        """Path -> answer, of every aggregate with a range."""
        users = {"/users/summary": self.users()}
        users |= {f"/users/summary?sort={sort}&limit={limit}": self.users(sort, limit) for sort, limit in USERS_ASKED}
        return {**self.loads(), **self.lists(), **self.kpis(), "/kpi/summary": self.summary(), **users}

    def loads(self) -> dict[str, object]:
        curves = {f"/load/duration-curve?points={points}": self.duration_curve(points) for points in POINTS_ASKED}
        return {
            "/load/hourly": [
                {"hour": hour.local.isoformat(), "hourly_energy_kwh": float(hour.energy)} for hour in self.hours()
            ],
            "/load/daily": [{"day": day, "daily_energy_kwh": float(energy)} for day, energy in self.daily().items()],
            "/load/profile": self.profile(),
            "/load/duration-curve": self.duration_curve(200),
            **curves,
        }

    def profile(self) -> list[dict[str, object]]:
        cells: dict[tuple[int, int], list[Decimal]] = {}
        for hour in self.hours():
            cells.setdefault((hour.local.isoweekday(), hour.local.hour), []).append(hour.energy)
        return [
            {
                "weekday": weekday,
                "hour": hour,
                "mean_energy_kwh": rounded(mean(energies), THOUSANDTH),
                "observed_hours": len(energies),
                **{f"p{percent}_kwh": percentile(energies, percent) for percent in (10, 50, 90)},
            }
            for (weekday, hour), energies in sorted(cells.items())
        ]

    def duration_curve(self, points: int) -> list[dict[str, object]]:
        falling = sorted((hour.energy for hour in self.hours()), reverse=True)
        return [
            {
                "hours": rank,
                "share_percent": rounded(Decimal(100 * rank) / len(falling), THOUSANDTH),
                "hourly_energy_kwh": float(falling[rank - 1]),
            }
            for rank in spread(len(falling), points)
        ]

    def lists(self) -> dict[str, object]:
        energy, active = self.daily(), self.active()
        return {
            "/kpi/daily": [
                {
                    "day": day,
                    "daily_energy_kwh": float(energy[day]),
                    "active_hours": active[day],
                    "peak_hourly_load_kwh": float(peak(hours).energy),
                    "peak_hour": peak(hours).local.isoformat(),
                }
                for day, hours in self.days().items()
            ],
            "/kpi/daily_utilization": [{"day": day, "active_hours": hours} for day, hours in active.items()],
        }

    def kpis(self) -> dict[str, dict[str, float]]:
        daily, active = list(self.daily().values()), list(self.active().values())
        return {
            "/kpi/total-energy": {"total_energy_kwh": rounded(sum(daily, Decimal(0)))},
            "/kpi/daily-average": {"avg_daily_energy_kwh": rounded(mean(daily))},
            "/kpi/peak-daily": {"peak_daily_energy_kwh": rounded(max(daily))},
            "/kpi/peak-hourly": {"peak_hourly_load_kwh": rounded(peak(self.hours()).energy)},
            "/kpi/avg-active-hours-per-day": {"avg_active_charging_hours_per_day": rounded(mean(active))},
        }

    def users(self, sort: str = "energy_kwh", limit: int = 20) -> list[dict[str, object]]:
        energy = pl.col(self.measure).fill_null(Decimal(0)).sum()
        begun = _inside(beginnings(self.all_rows), self.start, self.end)["user_id"].to_list()
        found = [
            {
                "user_id": user,
                "energy_kwh": kwh,
                "hours": hours,
                "sessions": begun.count(user),
                "first_day": first,
                "last_day": last,
            }
            for user, kwh, hours, first, last in self.rows.filter(pl.col("user_id").is_not_null())
            .group_by("user_id")
            .agg(energy, pl.col("date_from").n_unique(), pl.col("day").min().alias("f"), pl.col("day").max().alias("l"))
            .iter_rows()
        ]
        total = sum((row["energy_kwh"] for row in found), Decimal(0))
        falling = sort not in ("user_id", "first_day")
        found = sorted(sorted(found, key=itemgetter("user_id")), key=itemgetter(sort), reverse=falling)
        return [
            {
                "user_id": row["user_id"],
                "energy_kwh": float(row["energy_kwh"]),
                "share_percent": rounded(100 * row["energy_kwh"] / total) if total else None,
                "hours": row["hours"],
                "sessions": row["sessions"],
                "first_day": row["first_day"].isoformat(),
                "last_day": row["last_day"].isoformat(),
            }
            for row in found[:limit]
        ]

    def summary(self) -> dict[str, object]:
        """Every KPI under its own name, and when it was."""
        last, hours, daily = last_7_days(self.all_rows, self.measure, self.timezone), self.hours(), self.daily()
        latest: datetime = self.all_rows["date_from"].max()  # type: ignore[assignment]
        return {
            **{name: value for kpi in self.kpis().values() for name, value in kpi.items()},
            "last_7_days_avg_daily_energy_kwh": last["avg_daily_energy_kwh"],
            "last_7_days_from": last["from"],
            "last_7_days_to": last["to"],
            "peak_day": min(day for day, energy in daily.items() if energy == max(daily.values())),
            "peak_hour": peak(hours).local.isoformat(),
            "days": len(daily),
            "first_hour": hours[0].local.isoformat(),
            "last_hour": hours[-1].local.isoformat(),
            "latest_hour": latest.astimezone(ZoneInfo(self.timezone)).replace(tzinfo=None).isoformat(),
            "timezone": self.timezone,
            **self.use(),
        }

    def use(self) -> dict[str, float | None]:
        """How evenly the energy flowed."""
        hours = self.hours()
        highest, energy = peak(hours).energy, sum((hour.energy for hour in hours), Decimal(0))
        if not highest:
            return {"load_factor": None, "hours_of_use": None}
        return {
            "load_factor": rounded(energy / (len(hours) * highest), THOUSANDTH),
            "hours_of_use": rounded(energy / highest, THOUSANDTH),
        }


def last_7_days(rows: pl.DataFrame, measure: str, timezone: str, since: datetime | None = None) -> dict[str, object]:
    """Of all rows. `since` is for a start that the clock skipped."""
    zone = ZoneInfo(timezone)
    latest: datetime = rows["date_from"].max()  # type: ignore[assignment]
    local = latest.astimezone(zone).replace(tzinfo=None)
    since = since or (local - timedelta(days=7)).replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))
    daily = Expected.between(rows, measure, timezone, since, latest).daily()
    return {
        "avg_daily_energy_kwh": rounded(mean(list(daily.values()))),
        "period": "last_7_days",
        "from": (local - timedelta(days=7)).date().isoformat(),
        "to": local.date().isoformat(),
    }


def user_ids(rows: pl.DataFrame) -> list[str]:
    return sorted(rows["user_id"].drop_nulls().unique())


def location_ids(rows: pl.DataFrame) -> list[str]:
    """Those of a file whose rows name none."""
    return [""] if rows["user_id"].count() else []


def site(rows: pl.DataFrame, timezone: str) -> dict[str, object]:
    """Of a file of past hours that was loaded as no sample."""
    hours = rows.sort("date_from")["local_from"]
    return {
        "timezone": timezone,
        "first_hour": hours[0].isoformat(),
        "last_hour": hours[-1].isoformat(),
        "latest_hour": hours[-1].isoformat(),
        "measures": [name for name in MEASURES if rows[name].count()],
        "has_sessions": False,
        "is_sample": False,
    }


def as_stored(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows one by one as `/hourly_loads` gives them, without `index` and `date_to`."""
    return [
        {
            "date_from": row["local_from"].isoformat(),
            "user_id": row["user_id"],
            "session_id": row["session_id"],
            **{name: None if row[name] is None else float(row[name]) for name in MEASURES},
        }
        for row in rows.iter_rows(named=True)
    ]


def rows_of_user(rows: pl.DataFrame, user: str) -> list[dict[str, Any]]:
    return as_stored(rows.filter(pl.col("user_id") == user).sort("date_from", "line"))


OF_ALL_ROWS: dict[str, Callable[..., object]] = {
    "/users": user_ids,
    "/locations": location_ids,
    "/site": site,
    "/hourly_loads": as_stored,
    "/load/{user_id}/hourly": rows_of_user,
    "/kpi/daily-average-last-7-days": last_7_days,
}
"""Path -> what computes its answer, of the endpoints that are not aggregates with a range."""
