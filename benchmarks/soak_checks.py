"""What is right at a data version, computed from the rows themselves, and the comparison with what was told."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg

Question = tuple[str, int, int]
"""A path, the number of a data version, and which database it was: after a swap a number may come again."""

BOUNDS = [(f"2025-09-{day:02}T{day:02}:00:00", f"2025-09-{day + 4:02}T05:00:00") for day in range(1, 21)]


def _in_range(path: str, bounds: tuple[str, str]) -> str:
    return f"{path}?start_date={bounds[0]}&end_date={bounds[1]}"


USERS = ("Soak-1", "Soak-2", "BjL1-1")
WHOLE = ("/users", "/kpi/total-energy", "/kpi/daily-average", "/kpi/peak-daily", "/kpi/peak-hourly", "/load/daily")
PATHS = (
    *WHOLE,
    *(f"/load/{user}/hourly" for user in USERS),
    *(_in_range(path, bounds) for bounds in BOUNDS for path in ("/kpi/total-energy", "/kpi/peak-hourly")),
)

HOURS = """
SELECT date_from::timestamp AS hour, date_from::date AS day, sum(coalesce(synthetic_3_6_kwh, 0)) AS kwh
FROM hourly_load GROUP BY date_from ORDER BY date_from  -- September has no hour that comes twice
"""
NO_ROWS = {"detail": "No data found for given user"}


async def answers_of_version(dsn: str, database: int) -> dict[Question, Any]:
    """Every path of the soak, by one snapshot of the raw rows, added up in Python."""
    connection = await asyncpg.connect(dsn, server_settings={"TimeZone": "Europe/Oslo"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            version = await connection.fetchval("SELECT data_version FROM site")
            hours = await connection.fetch(HOURS)
            users = await connection.fetch("SELECT DISTINCT user_id FROM hourly_load WHERE user_id <> '' ORDER BY 1")
            rows = {user: await _rows_of(connection, user) for user in USERS}
    finally:
        await connection.close()
    right = _whole([row["user_id"] for row in users], hours)
    right |= {f"/load/{user}/hourly": found for user, found in rows.items()}
    for bounds in BOUNDS:
        start, end = map(datetime.fromisoformat, bounds)
        kwh = [hour["kwh"] for hour in hours if start <= hour["hour"] <= end]
        right[_in_range("/kpi/total-energy", bounds)] = {"total_energy_kwh": _rounded(sum(kwh))}
        right[_in_range("/kpi/peak-hourly", bounds)] = {"peak_hourly_load_kwh": _rounded(max(kwh))}
    return {(path, version, database): answer for path, answer in right.items()}


async def _rows_of(connection: asyncpg.Connection, user: str) -> Any:
    found = await connection.fetch(
        "SELECT index, date_from::timestamp, date_to::timestamp, user_id, session_id, synthetic_3_6_kwh,"
        " synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh, metered_kwh, location_id"
        " FROM hourly_load WHERE user_id = $1 ORDER BY 2, 1",
        user,
    )
    return [{name: _shown(value) for name, value in row.items()} for row in found] or NO_ROWS


def _shown(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _whole(users: list[str], hours: list[asyncpg.Record]) -> dict[str, Any]:
    days: dict[Any, Decimal] = {}
    for hour in hours:
        days[hour["day"]] = days.get(hour["day"], Decimal(0)) + hour["kwh"]
    total = sum(days.values(), Decimal(0))
    return {
        "/users": users,
        "/kpi/total-energy": {"total_energy_kwh": _rounded(total)},
        "/kpi/daily-average": {"avg_daily_energy_kwh": _rounded(total / len(days))},
        "/kpi/peak-daily": {"peak_daily_energy_kwh": _rounded(max(days.values()))},
        "/kpi/peak-hourly": {"peak_hourly_load_kwh": _rounded(max(hour["kwh"] for hour in hours))},
        "/load/daily": [{"day": str(day), "daily_energy_kwh": kwh} for day, kwh in days.items()],
    }


def _rounded(number: Any) -> Decimal:
    return Decimal(number).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


class Polls:
    """What all clients were told, by path, data version and database."""

    def __init__(self) -> None:
        self.bodies: defaultdict[Question, set[bytes]] = defaultdict(set)
        self.of_either: defaultdict[tuple[str, int], set[bytes]] = defaultdict(set)
        """What was told while a fault was on, when it may have been of the database before as well."""
        self.database = 0
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.fault = ""

    def fault_began(self, name: str) -> None:
        self.fault = name

    def fault_ended(self) -> None:
        self.fault = ""

    def failed(self, what: str, began_in: str, *, is_clean: bool) -> None:
        """An error is only right while something is broken."""
        self.counts[f"{what}, {began_in or self.fault or 'no fault'}"] += 1
        if not is_clean or not (began_in or self.fault):
            self.wrong.append(f"{what} during {began_in or self.fault or 'no fault'}")


@dataclass
class Verdict:
    right: dict[Question, Any] = field(default_factory=dict)
    healed: list[tuple[str, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def judge(self, polls: Polls) -> None:
        self.counts += polls.counts
        self.wrong += polls.wrong
        for question, bodies in polls.bodies.items():
            self._judge(question, bodies, [self.right[question]] if question in self.right else [])
        by_version = defaultdict(list)
        for (path, version, _), answer in self.right.items():
            by_version[path, version].append(answer)
        for either, bodies in polls.of_either.items():
            self._judge(either, bodies, by_version[either])

    def _judge(self, question: Any, bodies: set[bytes], right: list[Any]) -> None:
        told = [json.loads(body, parse_float=Decimal) for body in bodies]
        self.counts["different questions and versions"] += 1
        if not right:
            self.wrong.append(f"{question}: no load made this version")
        elif any(one not in right for one in told):
            self.wrong.append(f"{question}: told {_short(told)}, right is {_short(right)}")

    def show(self) -> None:
        print("\n| what | how often |\n|---|---|")
        for what, number in sorted(self.counts.items()):
            print(f"| {what} | {number:,} |")
        print("\n| fault | times | healed after, at most |\n|---|---|---|")
        for name in dict.fromkeys(name for name, _ in self.healed):
            times = [took for one, took in self.healed if one == name]
            print(f"| {name} | {len(times)} | {max(times):.2f} s |")
        print(f"\n{len({question[1:] for question in self.right})} data versions. {len(self.wrong)} things were wrong.")
        for one in self.wrong[:20]:
            print("WRONG:", one)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 300 else f"{text[:300]}..."
