"""Backs up, restores and shrinks a large database under polls and a load: times, sizes, errors, and equal answers.

uv run python benchmarks/keeping.py [--rows 5000000]

Exit code 0: no poll failed, the restored database answers as the one that was backed up did at its data version, and
after half of the rows were dropped the database takes at most 1.3 times the disk of a fresh load of the rest.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from common import EVLOAD, fetch, run, serving, table
from evload.embedded import running_server
from evload.sample import SamplePlan, write_sample

FIRST = date(2022, 1, 1)
DAYS = 1096
ROWS_PER_USER = 6676  # of the plan below
MOST_DISK = 1.3
PATHS = ("/kpi/summary", "/load/daily", "/hourly_loads", "/grid/summary")


@dataclass
class Polls:
    """What clients without a cache of their own saw, one request after the other."""

    address: str
    count: int = 0
    slowest_seconds: float = 0.0
    errors: list[str] = field(default_factory=list)

    def run(self, until: threading.Event, number: int) -> None:
        user = json.loads(_read(f"{self.address}/users"))[number]
        while not until.is_set():
            for path in (*PATHS, f"/load/{user}/hourly", f"/kpi/summary?user_id={user}"):
                began = time.perf_counter()
                try:
                    _read(self.address + path)
                except OSError as error:
                    self.errors.append(f"{path}: {error}")
                self.count += 1
                self.slowest_seconds = max(self.slowest_seconds, time.perf_counter() - began)
                time.sleep(0.05)


def _read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:
        found: bytes = answer.read()
    return found


@contextmanager
def polled(address: str) -> Iterator[Polls]:
    polls, until = Polls(address), threading.Event()
    threads = [threading.Thread(target=polls.run, args=(until, number)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield polls
    finally:
        until.set()
        for thread in threads:
            thread.join()


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def evload(self, name: str, *arguments: object) -> float:
        """Runs a command on the data folder of that name, and gives its seconds."""
        words: list[str | Path] = [EVLOAD, *map(str, arguments)]
        return run(words, {"EVLOAD_DATA_DIR": str(self.folder / name)}).seconds

    @contextmanager
    def server(self, name: str) -> Iterator[str]:
        with running_server(self.folder / name, print) as dsn:
            yield dsn


def answers(dsn: str) -> dict[str, bytes]:
    with serving(dsn) as address:
        return {path: _read(address + path) for path in PATHS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    users = max(1, parser.parse_args().rows // ROWS_PER_USER)
    with tempfile.TemporaryDirectory(prefix="evload-keeping-") as name:
        site = Site(Path(name))
        wrong = [*keep(site, users), *shrink(site)]
    for one in wrong:
        print("WRONG:", one)
    sys.exit(1 if wrong else 0)


def keep(site: Site, users: int) -> Iterator[str]:
    plan = SamplePlan(users=users, start=FIRST, days=DAYS, sessions_per_week=5)
    print(f"{write_sample(plan, site.folder / 'all.csv'):,} rows")
    next_day = SamplePlan(users=users, start=FIRST + timedelta(DAYS), days=7, sessions_per_week=5, seed=2)
    write_sample(next_day, site.folder / "week.csv")
    backup = site.folder / "evload.backup"
    seconds = {"load": site.evload("main", "load", site.folder / "all.csv")}
    with site.server("main") as dsn:
        right = {1: answers(dsn)}
        with serving(dsn, EVLOAD_CACHE_MEGABYTES="0") as address, polled(address) as polls:
            loading = threading.Thread(target=lambda: site.evload("main", "load", site.folder / "week.csv"))
            loading.start()
            seconds["backup, beside polls and a load"] = site.evload("main", "backup", backup)
            loading.join()
        right[2] = answers(dsn)
        size = fetch(dsn, "SELECT pg_database_size(current_database())")[0][0]
    seconds["restore"] = site.evload("restored", "restore", backup)
    with site.server("restored") as dsn:
        version = fetch(dsn, "SELECT data_version FROM site")[0][0]
        if answers(dsn) != right[version]:
            yield f"the restored database answers otherwise than data version {version} did"
    yield from polls.errors[:5]
    print(table(["what", "seconds"], [(what, f"{taken:.1f}") for what, taken in seconds.items()]))
    print(f"database {size / 1e6:,.0f} MB, backup {backup.stat().st_size / 1e6:,.0f} MB; {_told(polls)}")


def shrink(site: Site) -> Iterator[str]:
    day = FIRST + timedelta(DAYS // 2)
    with (site.folder / "all.csv").open() as rows, (site.folder / "rest.csv").open("w") as rest:
        rest.write(next(rows))
        rest.writelines(row for row in rows if row[6:10] + row[3:5] + row[:2] >= f"{day:%Y%m%d}")
    with site.server("restored") as dsn, serving(dsn, EVLOAD_CACHE_MEGABYTES="0") as address, polled(address) as polls:
        seconds = site.evload("restored", "drop", "--before", day, "--yes")
        shrunk = fetch(dsn, "SELECT pg_database_size(current_database())")[0][0]
    site.evload("fresh", "load", site.folder / "rest.csv")
    with site.server("fresh") as dsn:
        fresh = fetch(dsn, "SELECT pg_database_size(current_database())")[0][0]
    yield from polls.errors[:5]
    if shrunk > MOST_DISK * fresh:
        yield f"after the drop {shrunk:,} bytes, of a fresh load {fresh:,}"
    print(
        f"drop of half: {seconds:.1f} s; {shrunk / 1e6:,.0f} MB, {shrunk / fresh:.2f} of a fresh load; {_told(polls)}"
    )


def _told(polls: Polls) -> str:
    return f"{polls.count:,} polls, {len(polls.errors)} errors, the slowest {polls.slowest_seconds:.2f} s"


if __name__ == "__main__":
    main()
