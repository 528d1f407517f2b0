"""The polled KPIs, the changes of the data meanwhile, and the right answers, computed from the rows."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import asyncpg

from common import evload

START = "2025-12-10T07:00:00"  # cuts a day
MEASURES = ("synthetic_3_6_kwh", "flex_7_2_kwh")
KPIS = {
    "total-energy": "total_energy_kwh",
    "daily-average": "avg_daily_energy_kwh",
    "peak-daily": "peak_daily_energy_kwh",
    "peak-hourly": "peak_hourly_load_kwh",
    "avg-active-hours-per-day": "avg_active_charging_hours_per_day",
}
# The answers, added up from the rows alone, and the data version of the same snapshot.
EXPECTED = """
WITH hours AS (
    SELECT
        date_from AS hour,
        coalesce(sum(synthetic_3_6_kwh), 0) AS synthetic_3_6_kwh,
        coalesce(sum(flex_7_2_kwh), 0) AS flex_7_2_kwh
    FROM hourly_load
    GROUP BY date_from
),

days AS (
    SELECT starts, measure, (hour AT TIME ZONE site.timezone)::date AS day,
        sum(kwh) AS kwh, max(kwh) AS peak_kwh, count(*) FILTER (WHERE kwh > 0) AS active_hours
    FROM hours
    CROSS JOIN site
    CROSS JOIN LATERAL (
        VALUES ('synthetic_3_6_kwh', synthetic_3_6_kwh), ('flex_7_2_kwh', flex_7_2_kwh)
    ) AS measures (measure, kwh)
    JOIN (VALUES (''), ($1::text)) AS ranges (starts)
        ON starts = '' OR hour >= nullif(starts, '')::timestamp AT TIME ZONE site.timezone
    GROUP BY 1, 2, 3
)

SELECT site.data_version, starts, measure,
    round(sum(kwh), 2) AS total_energy_kwh,
    round(avg(kwh), 2) AS avg_daily_energy_kwh,
    round(max(kwh), 2) AS peak_daily_energy_kwh,
    round(max(peak_kwh), 2) AS peak_hourly_load_kwh,
    round(avg(active_hours), 2) AS avg_active_charging_hours_per_day
FROM days
CROSS JOIN site
GROUP BY 1, 2, 3
"""
Versions = dict[int, dict[str, Any]]


def path_of(kpi: str, measure: str, start: str) -> str:
    return f"/kpi/{kpi}?measure={measure}" + (f"&start_date={start}" if start else "")


PATHS = [path_of(kpi, measure, start) for kpi in KPIS for measure in MEASURES for start in ("", START)]


def expected_answers(dsn: str) -> Versions:
    rows = asyncio.run(rows_expected(dsn))
    answers = {
        path_of(kpi, row["measure"], row["starts"]): {name: row[name]} for row in rows for kpi, name in KPIS.items()
    }
    return {rows[0]["data_version"]: answers}


async def rows_expected(dsn: str) -> list[asyncpg.Record]:
    """On one core, and only if nobody else wants it: the check is not to slow the polls that it checks."""
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off", "max_parallel_workers_per_gather": "0"})
    try:
        backend = connection.get_server_pid()
        os.setpriority(os.PRIO_PROCESS, backend, 19)
        _lower_autogroup(backend)
        return await connection.fetch(EXPECTED, START)
    finally:
        await connection.close()


def _lower_autogroup(pid: int) -> None:
    """Where Linux shares the processor among sessions first, the priority of the whole session counts."""
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("19\n")


def change_until(dsn: str, files: list[Path], begin: Event, end: Event, versions: Any) -> None:
    """Runs in a process of its own, and puts what must be answered after each change into `versions`."""
    versions.put(expected_answers(dsn))
    begin.wait()
    for change in changes(dsn, *files):
        change()
        versions.put(expected_answers(dsn))
        if end.is_set():
            return


def changes(dsn: str, day: Path, correction: Path) -> Iterator[Callable[[], object]]:
    batches: dict[Path, int] = {}

    def load(file: Path) -> None:
        batches[file] = json.loads(evload(dsn, "load", "--json", file).stdout)["batch_id"]

    def unload(file: Path) -> None:
        evload(dsn, "unload", "--yes", str(batches[file]))

    while True:
        yield lambda: load(day)
        yield lambda: load(correction)
        yield lambda: evload(dsn, "refresh")
        yield lambda: unload(correction)
        yield lambda: unload(day)


def wrong_answers(bodies: Mapping[tuple[int, str], set[bytes]], versions: Versions) -> list[str]:
    """Each answer must be the one that the rows of its data version give."""
    return [
        f"{path}, data version {version}: {body!r}"
        for (version, path), told in bodies.items()
        for body in told
        if json.loads(body, parse_float=Decimal, parse_int=Decimal) != versions.get(version, {}).get(path)
    ]
