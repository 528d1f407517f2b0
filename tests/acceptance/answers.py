"""What the API answers over the rows of `tests.files.SMALL_FILE`: exactly these fields and numbers."""

from typing import Any

NAMES = (
    "index", "date_from", "date_to", "user_id", "session_id",
    "synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh",
    "metered_kwh", "location_id",
)  # fmt: skip
A_10 = (1, "2018-12-21T10:00:00", "2018-12-21T11:00:00", "A-1", 1, 0.3, 0.3, None, 0.06)
A_11 = (2, "2018-12-21T11:00:00", "2018-12-21T12:00:00", "A-1", 1, 1.62, 3.24, None, None)
B_11 = (3, "2018-12-21T11:00:00", "2018-12-21T12:00:00", "B-2", 2, 0.125, 0.5, 1.0, 2.0)
FILLER = (4, "2018-12-22T00:00:00", "2018-12-22T01:00:00", None, None, None, None, None, None)
OE_09 = (5, "2019-01-01T09:00:00", "2019-01-01T10:00:00", "Ø b/2", 3, 3.6, 7.2, 0.0, 0.0)


def rows(*found: tuple[object, ...]) -> list[dict[str, object]]:
    return [dict(zip(NAMES, (*row, None, ""), strict=True)) for row in found]


def series(name: str, value: str, found: dict[str, float]) -> list[dict[str, object]]:
    return [{name: moment, value: number} for moment, number in found.items()]


HOURS = {"2018-12-21T10:00:00": 0.3, "2018-12-21T11:00:00": 1.745, "2018-12-22T00:00:00": 0, "2019-01-01T09:00:00": 3.6}
DAYS = {"2018-12-21": 2.045, "2018-12-22": 0, "2019-01-01": 3.6}
LAST_7_DAYS = {"avg_daily_energy_kwh": 3.6, "period": "last_7_days", "from": "2018-12-25", "to": "2019-01-01"}
SUMMARY = {
    "total_energy_kwh": 5.65, "avg_daily_energy_kwh": 1.88,
    "last_7_days_avg_daily_energy_kwh": 3.6, "last_7_days_from": "2018-12-25", "last_7_days_to": "2019-01-01",
    "peak_daily_energy_kwh": 3.6, "peak_day": "2019-01-01",
    "peak_hourly_load_kwh": 3.6, "peak_hour": "2019-01-01T09:00:00",
    "avg_active_charging_hours_per_day": 1, "days": 3,
    "first_hour": "2018-12-21T10:00:00", "last_hour": "2019-01-01T09:00:00", "latest_hour": "2019-01-01T09:00:00",
    "timezone": "Europe/Oslo",
}  # fmt: skip
ONE_HOUR = {
    "total_energy_kwh": 0.3, "avg_daily_energy_kwh": 0.3, "peak_daily_energy_kwh": 0.3, "peak_day": "2018-12-21",
    "peak_hourly_load_kwh": 0.3, "peak_hour": "2018-12-21T10:00:00", "days": 1, "last_hour": "2018-12-21T10:00:00",
}  # fmt: skip


def table(names: str, *found: tuple[object, ...]) -> list[dict[str, object]]:
    return [dict(zip(names.split(), row, strict=True)) for row in found]


DAY = "day daily_energy_kwh active_hours peak_hourly_load_kwh peak_hour"
PROFILE = "weekday hour mean_energy_kwh observed_hours"
USERS = "user_id energy_kwh share_percent hours sessions first_day last_day"
A_1 = ("A-1", 1.92, 34.01, 2, 1, "2018-12-21", "2018-12-21")
B_2 = ("B-2", 0.125, 2.21, 1, 1, "2018-12-21", "2018-12-21")
OE = ("Ø b/2", 3.6, 63.77, 1, 1, "2019-01-01", "2019-01-01")
CURVE = "hours share_percent hourly_energy_kwh"
ANSWERS: dict[str, Any] = {
    "/": "Welcome to from EV Charging Project!",
    "/users": ["A-1", "B-2", "Ø b/2"],
    "/users/summary": table(USERS, OE, A_1, B_2),
    "/users/summary?sort=hours": table(USERS, A_1, B_2, OE),
    "/users/summary?sort=last_day&limit=1": table(USERS, OE),
    "/users/summary?start_date=2018-12-21T11:00&end_date=2018-12-31": table(
        USERS,
        ("A-1", 1.62, 92.84, 1, 0, "2018-12-21", "2018-12-21"),
        ("B-2", 0.125, 7.16, 1, 1, "2018-12-21", "2018-12-21"),
    ),
    "/users/summary?start_date=2019-01-01&measure=flex_3_6_kwh": table(
        USERS, ("Ø b/2", 0, None, 1, 1, "2019-01-01", "2019-01-01")
    ),
    "/hourly_loads": rows(A_10, A_11, B_11, FILLER, OE_09),
    "/hourly_loads?after=3&limit=1": rows(FILLER),
    "/hourly_loads?after=5": [],
    "/load/A-1/hourly": rows(A_10, A_11),
    "/load/%C3%98%20b%2F2/hourly": rows(OE_09),
    "/load/A-1/hourly?start_date=2018-12-21T10:00:01": rows(A_11),
    "/load/hourly": series("hour", "hourly_energy_kwh", HOURS),
    "/load/hourly?end_date=2018-12-21T10:00:00": series("hour", "hourly_energy_kwh", {"2018-12-21T10:00:00": 0.3}),
    "/load/daily": series("day", "daily_energy_kwh", DAYS),
    "/load/daily?start_date=2018-12-21T11:00&end_date=2018-12-22": series(
        "day", "daily_energy_kwh", {"2018-12-21": 1.745, "2018-12-22": 0}
    ),
    "/load/profile": table(PROFILE, (2, 9, 3.6, 1), (5, 10, 0.3, 1), (5, 11, 1.745, 1), (6, 0, 0, 1)),
    "/load/duration-curve": table(CURVE, (1, 25, 3.6), (2, 50, 1.745), (3, 75, 0.3), (4, 100, 0)),
    "/load/duration-curve?points=3": table(CURVE, (1, 25, 3.6), (2, 50, 1.745), (4, 100, 0)),
    "/load/duration-curve?points=2&measure=flex_7_2_kwh": table(CURVE, (1, 25, 2), (4, 100, 0)),
    "/load/duration-curve?start_date=2019-01-01": table(CURVE, (1, 100, 3.6)),
    "/kpi/summary": SUMMARY,
    "/kpi/summary?end_date=2018-12-21T10:59": {**SUMMARY, **ONE_HOUR},
    "/kpi/daily": table(
        DAY,
        ("2018-12-21", 2.045, 2, 1.745, "2018-12-21T11:00:00"),
        ("2018-12-22", 0, 0, 0, "2018-12-22T00:00:00"),
        ("2019-01-01", 3.6, 1, 3.6, "2019-01-01T09:00:00"),
    ),
    "/kpi/total-energy": {"total_energy_kwh": 5.65},
    "/kpi/total-energy?measure=synthetic_3_6_kwh": {"total_energy_kwh": 5.65},
    "/kpi/total-energy?measure=synthetic_7_2_kwh": {"total_energy_kwh": 11.24},
    "/kpi/total-energy?measure=flex_3_6_kwh": {"total_energy_kwh": 1},
    "/kpi/total-energy?measure=flex_7_2_kwh": {"total_energy_kwh": 2.06},
    "/kpi/total-energy?start_date=2018-12-21T10:00:00+01:00&end_date=2018-12-21T09:00:00Z": {"total_energy_kwh": 0.3},
    "/kpi/total-energy?start_date=1545386400&end_date=1545386400000": {"total_energy_kwh": 1.75},
    "/kpi/daily-average": {"avg_daily_energy_kwh": 1.88},
    "/kpi/daily-average-last-7-days": LAST_7_DAYS,
    "/kpi/daily-average-last-7-days?measure=synthetic_7_2_kwh": {**LAST_7_DAYS, "avg_daily_energy_kwh": 7.2},
    "/kpi/peak-daily": {"peak_daily_energy_kwh": 3.6},
    "/kpi/peak-daily?end_date=2018-12-31": {"peak_daily_energy_kwh": 2.05},
    "/kpi/peak-hourly": {"peak_hourly_load_kwh": 3.6},
    "/kpi/peak-hourly?end_date=2018-12-31": {"peak_hourly_load_kwh": 1.75},
    "/kpi/daily_utilization": series("day", "active_hours", {"2018-12-21": 2, "2018-12-22": 0, "2019-01-01": 1}),
    "/kpi/avg-active-hours-per-day": {"avg_active_charging_hours_per_day": 1},
}
