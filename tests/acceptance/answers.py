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
    "timezone": "Europe/Oslo", "load_factor": 0.392, "hours_of_use": 1.568,
}  # fmt: skip
ONE_HOUR = {
    "total_energy_kwh": 0.3, "avg_daily_energy_kwh": 0.3, "peak_daily_energy_kwh": 0.3, "peak_day": "2018-12-21",
    "peak_hourly_load_kwh": 0.3, "peak_hour": "2018-12-21T10:00:00", "days": 1, "last_hour": "2018-12-21T10:00:00",
    "load_factor": 1, "hours_of_use": 1,
}  # fmt: skip


def table(names: str, *found: tuple[object, ...]) -> list[dict[str, object]]:
    return [dict(zip(names.split(), row, strict=True)) for row in found]


DAY = "day daily_energy_kwh active_hours peak_hourly_load_kwh peak_hour"
PROFILE = "weekday hour mean_energy_kwh observed_hours p10_kwh p50_kwh p90_kwh"
USERS = "user_id energy_kwh share_percent hours sessions first_day last_day"
A_1 = ("A-1", 1.92, 34.01, 2, 1, "2018-12-21", "2018-12-21")
B_2 = ("B-2", 0.125, 2.21, 1, 1, "2018-12-21", "2018-12-21")
OE = ("Ø b/2", 3.6, 63.77, 1, 1, "2019-01-01", "2019-01-01")
CURVE = "hours share_percent hourly_energy_kwh"
FIGURES = "energy_kwh mean_kw peak_kw peak_at active_hours observed_hours hours load_factor complete"
PERIOD, CLASS = f"start end {FIGURES}", f"class {FIGURES}"
PREVIOUS = "previous_start previous_energy_kwh previous_peak_kw change_percent"
TWO_DAYS = ("2018-12-21T00:00:00", "2018-12-23T00:00:00")
NEW_YEAR = "2019-01-01T00:00:00"
DECEMBER_FIGURES = (2.045, 0.682, 1.745, "2018-12-21T11:00:00", 2, 3)
NEW_YEARS_HOUR = (3.6, 3.6, 3.6, "2019-01-01T09:00:00", 1, 1)
DAYS_OF_SERIES = (
    ("2018-12-21T00:00:00", "2018-12-22T00:00:00", 2.045, 1.023, 1.745, "2018-12-21T11:00:00", 2, 2, 24, 0.586, False),
    ("2018-12-22T00:00:00", "2018-12-23T00:00:00", 0, 0, 0, "2018-12-22T00:00:00", 0, 1, 24, None, False),
    (NEW_YEAR, "2019-01-02T00:00:00", *NEW_YEARS_HOUR, 24, 1, False),
)
HIGHEST = "hour load_kw users"
DEMAND = "month demand_kw peaks days_observed complete step_from_kw step_to_kw margin_kw"
PEAK_11 = {"hour": "2018-12-21T11:00:00", "load_kw": 1.745}
PEAK_00 = {"hour": "2018-12-22T00:00:00", "load_kw": 0}
PEAK_09 = {"hour": "2019-01-01T09:00:00", "load_kw": 3.6}
NO_STEPS = (None, None, None)
GRID = {
    "peak_kw": 3.6, "peak_at": "2019-01-01T09:00:00", "load_factor": 0.392, "hours_of_use": 1.568, "users": 3,
    "sum_of_user_peaks_kw": 5.345, "coincidence_factor": 0.674, "diversity_factor": 1.485, "admd_kw": 1.2,
}  # fmt: skip
HEADROOM = {
    "limit_kw": 5, "peak_kw": 3.6, "headroom_kw": 1.4, "hours_above_80_percent": 0, "hours_above": 0,
    "observed_hours": 4, "users": 3, "more_users_safe": 1, "more_users_expected": 1,
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "/": "Welcome to from EV Charging Project!",
    "/users": ["A-1", "B-2", "Ø b/2"],
    "/locations": [""],
    "/site": {
        "timezone": "Europe/Oslo",
        "first_hour": "2018-12-21T10:00:00",
        "last_hour": "2019-01-01T09:00:00",
        "latest_hour": "2019-01-01T09:00:00",
        "measures": list(NAMES[5:9]),
        "has_sessions": False,
        "is_sample": False,
    },
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
    "/load/profile": table(
        PROFILE,
        (2, 9, 3.6, 1, 3.6, 3.6, 3.6),
        (5, 10, 0.3, 1, 0.3, 0.3, 0.3),
        (5, 11, 1.745, 1, 1.745, 1.745, 1.745),
        (6, 0, 0, 1, 0, 0, 0),
    ),
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
    # Two of the three days have rows of others alone, and count as days on which A-1 charged nothing.
    "/kpi/daily-average?user_id=A-1": {"avg_daily_energy_kwh": 0.64},
    "/kpi/daily-average?user_id=A-1,B-2&user_id=%C3%98%20b%2F2": {"avg_daily_energy_kwh": 1.88},
    "/kpi/peak-hourly?user_id=B-2&location_id=%22%22": {"peak_hourly_load_kwh": 0.13},
    "/load/daily?user_id=B-2": series(
        "day", "daily_energy_kwh", {"2018-12-21": 0.125, "2018-12-22": 0, "2019-01-01": 0}
    ),
    "/series?by=month": table(
        PERIOD,
        ("2018-12-01T00:00:00", NEW_YEAR, *DECEMBER_FIGURES, 744, 0.391, False),
        (NEW_YEAR, "2019-02-01T00:00:00", *NEW_YEARS_HOUR, 744, 1, False),
    ),
    "/series?by=quarter": table(
        PERIOD,
        ("2018-10-01T00:00:00", NEW_YEAR, *DECEMBER_FIGURES, 2209, 0.391, False),  # 92 days, one of 25 hours
        (NEW_YEAR, "2019-04-01T00:00:00", *NEW_YEARS_HOUR, 2159, 1, False),  # 90 days, one of 23 hours
    ),
    "/series?by=year": table(
        PERIOD,
        ("2018-01-01T00:00:00", NEW_YEAR, *DECEMBER_FIGURES, 8760, 0.391, False),
        (NEW_YEAR, "2020-01-01T00:00:00", *NEW_YEARS_HOUR, 8760, 1, False),
    ),
    "/series?by=week&end_date=2018-12-21": table(
        PERIOD,  # five days of the week are in the range
        (
            "2018-12-17T00:00:00",
            "2018-12-24T00:00:00",
            2.045,
            1.023,
            1.745,
            "2018-12-21T11:00:00",
            2,
            2,
            120,
            0.586,
            False,
        ),
    ),
    "/series?by=day": table(PERIOD, *DAYS_OF_SERIES),
    "/series?by=hour&end_date=2018-12-22": table(
        PERIOD,
        ("2018-12-21T10:00:00", "2018-12-21T11:00:00", 0.3, 0.3, 0.3, "2018-12-21T10:00:00", 1, 1, 1, 1, True),
        ("2018-12-21T11:00:00", "2018-12-21T12:00:00", 1.745, 1.745, 1.745, "2018-12-21T11:00:00", 1, 1, 1, 1, True),
        ("2018-12-22T00:00:00", "2018-12-22T01:00:00", 0, 0, 0, "2018-12-22T00:00:00", 0, 1, 1, None, True),
    ),
    "/series?by=total": table(
        PERIOD,  # from the first observed hour to the end of the last, eleven days later
        (
            "2018-12-21T10:00:00",
            "2019-01-01T10:00:00",
            5.645,
            1.411,
            3.6,
            "2019-01-01T09:00:00",
            3,
            4,
            264,
            0.392,
            False,
        ),
    ),
    "/series?by=total&start_date=2018-12-21&end_date=2018-12-21": table(
        PERIOD,
        (
            "2018-12-21T00:00:00",
            "2018-12-22T00:00:00",
            2.045,
            1.023,
            1.745,
            "2018-12-21T11:00:00",
            2,
            2,
            24,
            0.586,
            False,
        ),
    ),
    "/series?by=total&user_id=B-2": table(
        PERIOD,
        (
            "2018-12-21T10:00:00",
            "2019-01-01T10:00:00",
            0.125,
            0.031,
            0.125,
            "2018-12-21T11:00:00",
            1,
            4,
            264,
            0.25,
            False,
        ),
    ),
    "/series?by=total&split=user&start_date=2018-12-21&end_date=2018-12-22": table(
        f"user_id {PERIOD}",  # whoever has rows at all, also outside the range
        ("A-1", *TWO_DAYS, 1.92, 0.64, 1.62, "2018-12-21T11:00:00", 2, 3, 48, 0.395, False),
        ("B-2", *TWO_DAYS, 0.125, 0.042, 0.125, "2018-12-21T11:00:00", 1, 3, 48, 0.333, False),
        ("Ø b/2", *TWO_DAYS, 0, 0, 0, "2018-12-21T10:00:00", 0, 3, 48, None, False),
    ),
    "/series?by=day&split=location": table(f"location_id {PERIOD}", *(("", *day) for day in DAYS_OF_SERIES)),
    "/series?by=day&compare=previous&start_date=2018-12-22&end_date=2018-12-22": table(
        f"{PERIOD} {PREVIOUS}", (*DAYS_OF_SERIES[1], "2018-12-21T00:00:00", 2.045, 1.745, -100)
    ),
    "/series?by=total&compare=previous&start_date=2019-01&end_date=2019-01": table(
        f"{PERIOD} {PREVIOUS}",
        (
            *(NEW_YEAR, "2019-02-01T00:00:00", *NEW_YEARS_HOUR, 744, 1, False),
            *("2018-12-01T00:00:00", 2.045, 1.745, 76.04),
        ),
    ),
    "/series?by=hour_of_day": table(
        CLASS,
        (0, 0, 0, 0, "2018-12-22T00:00:00", 0, 1, 11, None, False),
        (9, *NEW_YEARS_HOUR, 11, 1, False),
        (10, 0.3, 0.3, 0.3, "2018-12-21T10:00:00", 1, 1, 11, 1, False),
        (11, 1.745, 1.745, 1.745, "2018-12-21T11:00:00", 1, 1, 11, 1, False),
    ),
    "/series?by=weekday": table(
        CLASS,  # of the hours from the first observed to the last
        (2, *NEW_YEARS_HOUR, 34, 1, False),
        (5, 2.045, 1.023, 1.745, "2018-12-21T11:00:00", 2, 2, 38, 0.586, False),
        (6, 0, 0, 0, "2018-12-22T00:00:00", 0, 1, 48, None, False),
    ),
    "/series?by=month_of_year": table(
        CLASS, (1, *NEW_YEARS_HOUR, 10, 1, False), (12, *DECEMBER_FIGURES, 254, 0.391, False)
    ),
    "/grid/summary": GRID,
    "/grid/summary?user_id=A-1": {
        **GRID,
        "peak_kw": 1.62,
        "peak_at": "2018-12-21T11:00:00",
        "load_factor": 0.296,
        "hours_of_use": 1.185,
        "users": 1,
        "sum_of_user_peaks_kw": 1.62,
        "coincidence_factor": 1,
        "diversity_factor": 1,
        "admd_kw": 1.62,
    },
    "/grid/summary?start_date=2018-12-22&end_date=2018-12-22": {
        **dict.fromkeys(GRID),
        "peak_kw": 0,
        "peak_at": "2018-12-22T00:00:00",
        "users": 0,
        "sum_of_user_peaks_kw": 0,
    },
    "/grid/peaks": table(
        HIGHEST,
        ("2019-01-01T09:00:00", 3.6, 1),
        ("2018-12-21T11:00:00", 1.745, 2),
        ("2018-12-21T10:00:00", 0.3, 1),
        ("2018-12-22T00:00:00", 0, 0),
    ),
    "/grid/peaks?per=day&limit=2": table(HIGHEST, ("2019-01-01T09:00:00", 3.6, 1), ("2018-12-21T11:00:00", 1.745, 2)),
    # a = 0.40543, b = 1.37624, through 5.345 / 3 for one user and 3.6 / 3 for three.
    "/grid/admd": table("users kw_per_user kw", (1, 1.782, 1.782), (2, 1.379, 2.757), (3, 1.2, 3.6)),
    "/grid/admd?users=12,1": table("users kw_per_user kw", (1, 1.782, 1.782), (12, 0.803, 9.633)),
    "/grid/admd?user_id=A-1&users=1,10": table("users kw_per_user kw", (1, 1.62, 1.62), (10, 1.62, 16.2)),
    "/grid/billed-demand": table(
        DEMAND,
        ("2018-12-01", 0.873, [PEAK_11, PEAK_00], 2, False, *NO_STEPS),
        ("2019-01-01", 3.6, [PEAK_09], 1, False, *NO_STEPS),
    ),
    "/grid/billed-demand?rule=be": table(
        DEMAND,  # 2.5, then (2.5 + 3.6) / 2
        ("2018-12-01", 2.5, [PEAK_11], 2, False, *NO_STEPS),
        ("2019-01-01", 3.05, [PEAK_09], 1, False, *NO_STEPS),
    ),
    "/grid/billed-demand?rule=de&end_date=2018-12-31": table(
        DEMAND, ("2018-12-01", 1.745, [PEAK_11], 2, False, *NO_STEPS)
    ),
    "/grid/billed-demand?rule=us&steps=3.6,0,2": table(
        DEMAND,  # exactly on a step is in the higher one
        ("2018-12-01", 1.745, [PEAK_11], 2, False, 0, 2, 0.255),
        ("2019-01-01", 3.6, [PEAK_09], 1, False, 3.6, None, None),
    ),
    "/grid/billed-demand?from_hour=22&to_hour=6&per=month": table(
        DEMAND,
        ("2018-12-01", 0, [PEAK_00], 2, False, *NO_STEPS),
        ("2019-01-01", None, [], 1, False, *NO_STEPS),
    ),
    "/grid/billed-demand?months=12&weekdays=1,2,3,4,5": table(
        DEMAND, ("2018-12-01", 1.745, [PEAK_11], 2, False, *NO_STEPS)
    ),
    "/grid/headroom?limit_kw=5": HEADROOM,
    "/grid/headroom?limit_kw=3": {
        **HEADROOM,
        "limit_kw": 3,
        "headroom_kw": -0.6,
        "hours_above_80_percent": 1,
        "hours_above": 1,
        "more_users_safe": 0,
        "more_users_expected": 0,
    },
    # 9 kW, of which 1.5 are taken: 0.40543 n + 1.37624 sqrt(n) = 7.5 has n = 8.56.
    "/grid/headroom?limit_kva=10&power_factor=0.9&base_kw=1.5": {
        **HEADROOM,
        "limit_kw": 9,
        "headroom_kw": 3.9,
        "more_users_safe": 3,
        "more_users_expected": 5,
    },
}
