"""Polls KPIs while files are loaded, views refreshed and batches taken out: no error, no wait, nothing in between.

uv run python benchmarks/polling_while_loading.py [--quick] [--seconds 60] [--clients 32] [--pause 0.1]
"""

import asyncio
import json
import multiprocessing
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle, islice
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import asyncpg
import click
import uvloop
from common import evload, execute, fresh_server, machine, serving, table, write_results
from loading_files import History, write_correction, write_days
from views import check_views

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
        with suppress(OSError):  # where Linux shares the processor among sessions first
            Path(f"/proc/{backend}/autogroup").write_text("19\n")
        return await connection.fetch(EXPECTED, START)
    finally:
        await connection.close()


# The changes, in a process of their own


def change_until(dsn: str, files: list[Path], begin: Event, end: Event, versions: Any) -> None:
    """Puts what must be answered after each change into `versions`."""
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


# The polls


@dataclass
class Polled:
    clients: int
    pause_seconds: float
    host: str
    port: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    bodies: dict[tuple[int, str], set[bytes]] = field(default_factory=lambda: defaultdict(set))
    errors: list[str] = field(default_factory=list)
    went_back: int = 0
    phase: str = "first second"

    async def poll(self, until: Callable[[], bool], number: int) -> None:
        """One client: one connection, one path after the other."""
        await asyncio.sleep(self.pause_seconds * number / self.clients)
        reader, writer = await asyncio.open_connection(self.host, self.port)
        newest = 0
        for path in islice(cycle(PATHS), number, None):
            if until():
                break
            began = time.perf_counter()
            try:
                status, version, body = await get(reader, writer, path)
            except (OSError, EOFError, ValueError) as error:
                self.errors.append(f"{path}: {error!r}")
                reader, writer = await asyncio.open_connection(self.host, self.port)
                continue
            self.seconds[self.phase].append(time.perf_counter() - began)
            if status != b"200":
                self.errors.append(f"{path}: {status!r} {body!r}")
                continue
            self.bodies[version, path].add(body)
            self.went_back += version < newest
            newest = max(version, newest)
            await asyncio.sleep(self.pause_seconds)
        writer.close()

    async def run(self, plan: Callable[["Polled"], Any]) -> None:
        over = asyncio.Event()
        polls = [asyncio.create_task(self.poll(over.is_set, number)) for number in range(self.clients)]
        await plan(self)
        over.set()
        await asyncio.gather(*polls)


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> tuple[bytes, int, bytes]:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: evload\r\n\r\n".encode())
    first, *lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).lower().split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines if line)
    body = await reader.readexactly(int(headers[b"content-length"]))
    return first.split()[1], int(headers.get(b"x-data-version", b"-1")), body


def wrong_answers(polled: Polled, versions: Versions) -> list[str]:
    """Each answer must be the one that the rows of its data version give."""
    return [
        f"{path}, data version {version}: {body!r}"
        for (version, path), bodies in polled.bodies.items()
        for body in bodies
        if json.loads(body, parse_float=Decimal, parse_int=Decimal) != versions.get(version, {}).get(path)
    ]


def measure(dsn: str, files: list[Path], seconds: float, clients: int, pause: float) -> tuple[Polled, Versions]:
    """Half of the quiet time comes before the changes, half after them."""
    spawn = multiprocessing.get_context("spawn")
    begin, end, found = spawn.Event(), spawn.Event(), spawn.Queue()
    write_transaction = spawn.Process(target=change_until, args=(dsn, files, begin, end, found))
    write_transaction.start()
    versions: Versions = found.get()

    async def plan(polled: Polled) -> None:
        await asyncio.sleep(1)
        polled.phase = "quiet"
        await asyncio.sleep(seconds / 2)
        polled.phase = "loading"
        begin.set()
        await asyncio.sleep(seconds)
        end.set()
        while write_transaction.is_alive():
            while not found.empty():
                versions.update(found.get())
            await asyncio.sleep(0.1)
        polled.phase = "quiet"
        await asyncio.sleep(seconds / 2)

    with serving(dsn) as address:
        host, port = address.removeprefix("http://").split(":")
        polled = Polled(clients, pause, host, int(port))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(polled.run(plan))
    write_transaction.join()
    assert write_transaction.exitcode == 0, "a change failed; its error stands above"
    while not found.empty():
        versions.update(found.get())
    return polled, versions


@click.command()
@click.option("--quick", is_flag=True, help="20 thousand rows instead of 1 million, and 10 seconds.")
@click.option("--seconds", default=60.0, show_default=True, help="Of polls while loading, and as many without.")
@click.option("--clients", default=32, show_default=True)
@click.option("--pause", default=0.1, show_default=True, help="Seconds between a client's answer and its next poll.")
def main(quick: bool, seconds: float, clients: int, pause: float) -> None:
    with fresh_server() as server:
        dsn = server.database("polled")
        history = History(40 if quick else 2000, 120 if quick else 110).write(server.folder / "history.csv")
        evload(dsn, "load", history)
        files = [*write_days(history, server.folder, 1), write_correction(dsn, server.folder / "correction.csv", "0.5")]
        execute(dsn, "VACUUM", "CHECKPOINT")
        polled, versions = measure(dsn, files, 10 if quick else seconds, clients, pause)
        wrong = wrong_answers(polled, versions)
        found = results(polled, versions, wrong)
        show(found, polled.errors + wrong)
        print(f"In the end all values of both views equal a recomputation from the {check_views(dsn):,} rows.")
        if not quick:
            write_results(f"polling_while_loading_pause_{pause:g}", {"machine": machine(dsn), **found})


def results(polled: Polled, versions: Versions, wrong: list[str]) -> dict[str, Any]:
    phases = {
        phase: {
            "answers": len(seconds),
            "median_ms": round(1000 * median(seconds), 2),
            "p99_ms": round(1000 * quantiles(seconds, n=100)[98], 2),
            "longest_ms": round(1000 * max(seconds), 2),
        }
        for phase, seconds in sorted(polled.seconds.items(), reverse=True)
    }
    return {
        "clients": polled.clients,
        "pause_seconds": polled.pause_seconds,
        "changes": len(versions) - 1,
        "errors": len(polled.errors),
        "wrong_answers": len(wrong),
        "answers_older_than_the_one_before": polled.went_back,
        "phases": phases,
        "p99_ratio": round(phases["loading"]["p99_ms"] / phases["quiet"]["p99_ms"], 2),
    }


def show(found: dict[str, Any], complaints: list[str]) -> None:
    print(
        "\n"
        + table(["polls", *found["phases"]["quiet"]], [[name, *of.values()] for name, of in found["phases"].items()])
    )
    print(f"\np99 while loading is {found['p99_ratio']} times that without (target: at most 2).")
    counts = ("changes", "errors", "wrong_answers", "answers_older_than_the_one_before")
    print(", ".join(f"{found[name]} {name.replace('_', ' ')}" for name in counts) + ".")
    for line in complaints[:10]:
        print(f"  {line}")


if __name__ == "__main__":
    main()
