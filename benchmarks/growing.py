"""What standbys and poolers cost: first loads with and without replication, requests over each way to Postgres.

uv run python benchmarks/growing.py [--rounds 3] [--quick]

Needs wrk, and PgBouncer for its two rows. All ways are measured in turns, so that the machine's moods meet them alike.
"""

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from common import evload, table
from evload.embedded import running_server
from evload.embedded.cluster import Cluster
from evload.sample import SamplePlan, write_sample
from serving_common import KPI, Measurement, evload_server, months, wrk
from tests.clusters import servers
from tests.poolers import PGBOUNCER, pgbouncer

CONNECTIONS = 8
SECONDS = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evload-growing-") as folder:
        file = Path(folder) / "loads.csv"
        start, days = (date(2023, 12, 1), 110) if asked.quick else (date(2022, 1, 1), 1096)
        rows = write_sample(SamplePlan(users=200, start=start, days=days, sessions_per_week=5), file)
        print(f"{rows:,} rows")
        loads(file, asked.rounds)
        requests(file, asked.rounds)


def loads(file: Path, rounds: int) -> None:
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name in ("alone", "with replication"):
            with empty_server(replicated=name != "alone") as dsn:
                seconds[name].append(evload(dsn, "load", file).seconds)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    print(table(["first load", "seconds", "ratio"], [(name, f"{taken:.1f}", f"{taken / medians['alone']:.2f}")
                                                     for name, taken in medians.items()]))  # fmt: skip


@contextmanager
def empty_server(*, replicated: bool) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="evload-growing-") as folder:
        if replicated:
            with running_server(Path(folder), print):
                pass
            Cluster(Path(folder)).replicated_mark.touch()
        with running_server(Path(folder), print) as dsn:
            evload(dsn, "migrate")
            yield dsn


def requests(file: Path, rounds: int) -> None:
    with ExitStack() as until_done:
        made = until_done.enter_context(servers())
        primary = made.primary()
        evload(primary.dsn, "migrate")
        evload(primary.dsn, "load", file)
        ways = {"Postgres itself": primary.dsn, "a standby": made.standby("standby", primary).dsn}
        if PGBOUNCER:
            for mode in ("session", "transaction"):
                ways[f"PgBouncer, {mode} mode"] = until_done.enter_context(pgbouncer(primary, mode))
        measured: dict[str, list[tuple[Measurement, Measurement]]] = defaultdict(list)
        for _ in range(rounds):
            for name, dsn in ways.items():
                measured[name].append((cold(dsn), hot(dsn)))
    print(table(["way", "cold requests/s", "cold p50", "hot requests/s", "hot p50"], map(_row, measured.items())))


def cold(dsn: str) -> Measurement:
    with evload_server(dsn, 1, cache_megabytes=0) as server:
        return wrk(server, months(), connections=CONNECTIONS, seconds=SECONDS)


def hot(dsn: str) -> Measurement:
    with evload_server(dsn, 1) as server:
        return wrk(server, [KPI], connections=CONNECTIONS, seconds=SECONDS)


def _row(way: tuple[str, list[tuple[Measurement, Measurement]]]) -> tuple[str, ...]:
    name, rounds = way
    assert not any(one.errors for both in rounds for one in both), name
    cells = [name]
    for which in (0, 1):
        cells.append(f"{statistics.median(both[which].per_second for both in rounds):,.0f}")
        cells.append(f"{statistics.median(both[which].p50_ms for both in rounds):.2f} ms")
    return tuple(cells)


if __name__ == "__main__":
    main()
