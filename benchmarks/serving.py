"""How fast evload answers, side by side with other designs and with the limit. benchmarks/README.md says what is what.

uv run python benchmarks/serving.py [--quick] [--seconds 2] [--rounds 5] [--only TEXT] [--rows TEXT] [--keep FOLDER]
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from common import fetch, machine, table, write_results
from evload.queries import served
from open_loop import open_loop
from serving_common import (
    KPI,
    PLANS,
    Measurement,
    Missing,
    Server,
    allow_many_connections,
    database,
    evload_server,
    fastapi_server,
    limit_server,
    months,
    pgbench,
    whole_histories,
    wrk,
)
from serving_targets import targets

USERS = """
SELECT user_id, count(*) AS stored_rows FROM hourly_load WHERE user_id <> ''
GROUP BY user_id ORDER BY abs(count(*) - 1000) LIMIT 40
"""
BUSY = "SELECT count(*) AS busy FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
POLLERS, READERS, OF_THE_SEED, MANY = 64, 16, 8, 1000
COLUMNS = ("rows", "workers", "what", "who", "connections", "requests/s", "p50 ms", "p99 ms", "errors")
NOTE = (
    "The load generator, the servers and Postgres share this machine's {cores} cores. (a) gets {seed} connections: "
    "with 64 its 40 threads wait for the 15 connections of its pool, and it stands still."
)


@dataclass(frozen=True)
class Case:
    size: str
    workers: int
    name: str
    who: str
    connections: int
    measure: Callable[[float], Measurement]


@dataclass
class Results:
    found: dict[tuple[str, int, str, str], list[Measurement]]
    connections: dict[str, int]
    machine: dict[str, Any]
    megabytes: float = 0.0

    def median(self, *key: Any) -> Measurement | None:
        runs = self.found.get(key)
        if not runs:
            return None
        return Measurement(
            median(run.per_second for run in runs),
            median(run.p50_ms for run in runs),
            median(run.p99_ms for run in runs),
            sum(run.errors for run in runs),
        )


class Bench:
    """The servers of one size and one number of workers, and what is asked of them."""

    def __init__(self, size: str, dsn: str, workers: int, folder: Path) -> None:
        self._size, self._dsn, self._workers, self._folder = size, dsn, workers, folder
        self._users = [f"/load/{row['user_id']}/hourly" for row in fetch(dsn, USERS)]
        self._servers: dict[str, Server] = {}

    def start(self, stack: ExitStack) -> None:
        enter = stack.enter_context
        self._servers["evload"] = hot = enter(evload_server(self._dsn, self._workers))
        self._servers["cold"] = enter(evload_server(self._dsn, self._workers, cache_megabytes=0))
        for _ in range(20):  # until every worker knows it
            answer = hot.get(KPI)
        self._etag = {"If-None-Match": answer[1]["etag"]}
        self._servers["(c)"] = enter(limit_server(answer, self._workers, self._folder))
        self._servers["(c) 304"] = enter(limit_server(hot.get(KPI, self._etag), self._workers, self._folder))
        for name, module, needs in (("(b)", "fastapi_asyncpg", ()), ("(a)", "seed_serving", ("psycopg2-binary",))):
            try:
                self._servers[name] = enter(fastapi_server(module, self._dsn, self._workers, *needs))
            except Missing as missing:
                print(f"Peer {name} is left out: {missing}", file=sys.stderr)
        self._check()

    def _check(self) -> None:
        """Nobody is measured on another answer than evload's."""
        for path in (KPI, months()[100], self._users[0]):
            expected = json.loads(self._servers["evload"].get(path)[2])
            for name in self._servers.keys() & {"cold", "(a)", "(b)"}:
                assert json.loads(self._servers[name].get(path)[2]) == expected, (name, path)
        assert self._servers["evload"].get(KPI, self._etag)[0] == self._servers["(c) 304"].get(KPI)[0] == 304

    def cases(self) -> Iterator[Case]:
        yield from self._closed("hot KPI", [KPI], evload="evload", a="(a)", b="(b)", c="(c)")
        yield from self._closed("304", [KPI], headers=self._etag, evload="evload", c="(c) 304")
        yield from self._closed("cold KPI, a month", months(), evload="cold", b="(b)")
        yield from self._closed("cold KPI, a month, alone", months(), connections=1, evload="cold", b="(b)")
        yield from self._closed("cold KPI, all days", whole_histories(), evload="cold", b="(b)")
        yield from self._closed("cold KPI, all days, alone", whole_histories(), connections=1, evload="cold", b="(b)")
        yield from self._closed("a user, hot", self._users, connections=READERS, evload="evload")
        yield from self._closed("a user, cold", self._users, connections=READERS, evload="cold", a="(a)", b="(b)")
        yield from self._open("hot KPI, 1000/s", [KPI], 1000, evload="evload", b="(b)", c="(c)")
        yield from self._open("cold KPI, 300/s", months(), 300, evload="cold", b="(b)")
        yield from self._closed("1,000 connections", [KPI], connections=MANY, evload="evload")
        if self._workers == 1:
            yield from self._postgres_alone()

    def _case(self, name: str, who: str, connections: int, measure: Callable[[float], Measurement]) -> Case:
        return Case(self._size, self._workers, name, who, connections, measure)

    def _closed(
        self, name: str, paths: Sequence[str], *, connections: int = POLLERS, headers: Any = None, **peers: str
    ) -> Iterator[Case]:
        for who, server_name in peers.items():
            if server_name in self._servers:
                at_once = OF_THE_SEED if who == "a" else connections

                def measure(seconds: float, server: Server = self._servers[server_name], at_once: int = at_once) -> Any:
                    found = wrk(server, paths, connections=at_once, seconds=seconds, headers=headers or {})
                    self._wait_until_idle()
                    return found

                yield self._case(name, who, at_once, measure)

    def _wait_until_idle(self) -> None:
        """What (a) was asked last goes on in Postgres for seconds; whoever comes next is not to pay for it."""
        while fetch(self._dsn, BUSY)[0]["busy"]:
            time.sleep(0.1)

    def _open(self, name: str, paths: Sequence[str], per_second: float, **peers: str) -> Iterator[Case]:
        for who, server_name in peers.items():
            if server_name in self._servers:

                def measure(seconds: float, port: int = self._servers[server_name].port) -> Measurement:
                    return open_loop(port, paths, per_second=per_second, connections=POLLERS, seconds=seconds)

                yield self._case(name, who, POLLERS, measure)

    def _postgres_alone(self) -> Iterator[Case]:
        sql = served("kpi/total_energy", "one")
        ranges = {
            "a month": ("2024-01-05 03:00", "2024-02-05 03:00"),
            "all days": ("2000-01-01 00:00", "2100-01-01 00:00"),
        }
        for name, (start, end) in ranges.items():
            values = {"measure": "synthetic_3_6_kwh", "start_date": start, "end_date": end}
            for clients, alone in ((8, ""), (1, ", alone")):

                def measure(seconds: float, values: dict[str, str] = values, clients: int = clients) -> Measurement:
                    return pgbench(self._dsn, sql, values, clients=clients, seconds=seconds)

                yield self._case(f"cold KPI, {name}{alone}", "d", clients, measure)

    def megabytes_per_worker(self) -> float:
        return self._servers["evload"].megabytes_per_process()


def seconds_of(case: Case, usual: float) -> float:
    return 3 * usual if case.who == "a" and case.size == "5 million" else usual  # one request takes about a second


def run(sizes: Sequence[str], folder: Path, rounds: int, seconds: float, only: str) -> Results:
    with ExitStack() as databases:
        dsns = {size: databases.enter_context(database(folder / size.replace(" ", "-"), PLANS[size])) for size in sizes}
        results = Results(defaultdict(list), {}, machine(dsns[sizes[0]]))
        for workers in (1, 2):
            with ExitStack() as stack:
                benches = [Bench(size, dsn, workers, folder) for size, dsn in dsns.items()]
                for bench in benches:
                    bench.start(stack)
                cases = [case for bench in benches for case in bench.cases() if only in case.name]
                for number in range(rounds):
                    print(f"{workers} workers, round {number + 1} of {rounds}", file=sys.stderr)
                    for case in cases if number % 2 == 0 else reversed(cases):
                        found = case.measure(seconds_of(case, seconds))
                        results.found[case.size, case.workers, case.name, case.who].append(found)
                        results.connections[f"{case.name}/{case.who}"] = case.connections
                results.megabytes = max(results.megabytes, *(bench.megabytes_per_worker() for bench in benches))
    return results


def show(results: Results, rounds: int) -> dict[str, Any]:
    """Prints the tables, and gives what is kept of them."""
    print(f"\nMedians of {rounds} alternations. {NOTE.format(cores=os.cpu_count(), seed=OF_THE_SEED)}\n")
    rows = []
    for size, workers, name, who in results.found:
        one = results.median(size, workers, name, who)
        assert one is not None
        figures = (f"{one.per_second:,.1f}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}", one.errors)
        peer = who if who == "evload" else f"({who})"
        rows.append((size, workers, name, peer, results.connections[f"{name}/{who}"], *figures))
    print(table(COLUMNS, rows))
    print(f"\nLargest process of evload: {results.megabytes:.0f} MB.\n")
    reached = [*targets(results.median, results.megabytes)]
    print(table(("wanted", "rows", "workers", "reached", "is met"), reached))
    return {"machine": results.machine, "columns": COLUMNS, "rows": rows, "targets": reached}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="88 thousand rows and one short round")
    parser.add_argument("--seconds", type=float, default=2, help="for each measurement (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="alternations to take medians of (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="what holds this in its name")
    parser.add_argument("--rows", choices=list(PLANS), action="append", help="only this many rows")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the data there for the next run")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("The load comes from wrk: install it (Debian and Ubuntu: apt install wrk; macOS: brew install wrk).")
    allow_many_connections()
    sizes, rounds = (["88 thousand"], 1) if chosen.quick else (chosen.rows or list(PLANS), chosen.rounds)
    with tempfile.TemporaryDirectory(prefix="evload-serving-") as fresh:
        results = run(sizes, (chosen.keep or Path(fresh)).absolute(), rounds, chosen.seconds, chosen.only)
    shown = show(results, rounds)
    if not chosen.quick:
        write_results("serving", shown)


if __name__ == "__main__":
    main()
