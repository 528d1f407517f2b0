"""How many bytes a row takes, and how many polls a core answers: what `docs/deploy.md` says about sizing.

    uv run python benchmarks/sizing.py [--users 200] [--days 500] [--seconds 5]

Polls are counted by the processor time that they take, of evload and of Postgres, so that the figures hold on a machine
that does other things as well. Needs wrk.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import psutil  # type: ignore[import-untyped]

from common import Server, evload, fetch, fresh_server, serving, table
from evload.sample import SamplePlan, write_sample
from serving_common import KPI, months, wrk
from serving_common import Server as Target

CONNECTIONS = 32
WAYS: dict[str, tuple[Sequence[str], dict[str, str]]] = {
    "a KPI from memory": ([KPI], {}),
    "the same with the access log": ([KPI], {"EVLOAD_ACCESS_LOG": "1"}),
    "a KPI from Postgres, another range each time": (months(), {"EVLOAD_CACHE_MEGABYTES": "0"}),
}


@dataclass(frozen=True)
class Polls:
    evload_us: float
    postgres_us: float
    memory_mb: float

    @property
    def per_core_second(self) -> float:
        return 1e6 / (self.evload_us + self.postgres_us)


def processor_seconds(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def postgres_processes(server: Server) -> list[psutil.Process]:
    below = f"{server.folder.resolve()}/"
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended, or is another user's
            if one.name() == "postgres" and f"{one.cwd()}/".startswith(below):
                found.append(one)
    return found


@contextmanager
def served(server: Server, variables: dict[str, str]) -> Iterator[Target]:
    with Path("/dev/null").open("wb") as log, serving(server.dsn, log=log, **variables) as address:
        (process,) = [one for one in psutil.Process().children(recursive=True) if "serve" in one.cmdline()]
        port = int(address.rpartition(":")[2])
        yield Target(port, process)


def measured(server: Server, paths: Sequence[str], variables: dict[str, str], seconds: float) -> Polls:
    with served(server, variables) as target:
        evload_process = psutil.Process(target.process.pid)
        wrk(target, paths, connections=CONNECTIONS, seconds=1)  # connections begin, plans are made
        before = answered(target), processor_seconds([evload_process]), processor_seconds(postgres_processes(server))
        wrk(target, paths, connections=CONNECTIONS, seconds=seconds)
        after = answered(target), processor_seconds([evload_process]), processor_seconds(postgres_processes(server))
        polls, of_evload, of_postgres = (now - then for now, then in zip(after, before, strict=True))
        return Polls(of_evload / polls * 1e6, of_postgres / polls * 1e6, evload_process.memory_info().rss / 1e6)


def answered(target: Target) -> float:
    text = urlopen(target.url("/metrics")).read().decode()
    name = f'evload_requests_total{{route="{KPI}",status="200"}} '
    return float(next((line.removeprefix(name) for line in text.splitlines() if line.startswith(name)), "0"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--days", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    with fresh_server() as server:
        file = server.folder / "loads.csv"
        rows = write_sample(SamplePlan(users=given.users, start=date(2023, 1, 1), days=given.days), file)
        evload(server.dsn, "migrate")
        loading = evload(server.dsn, "load", file)
        (size,) = fetch(server.dsn, "SELECT pg_database_size(current_database()) AS bytes")
        print(f"{rows:,} rows: {file.stat().st_size / rows:.0f} bytes a row in the file,", end=" ")
        print(f"{size['bytes'] / rows:.0f} in Postgres; the loader took {loading.peak_mb:.0f} MB\n")
        found = {way: measured(server, *how, given.seconds) for way, how in WAYS.items()}
        headers = ("polls", "evload, µs", "Postgres, µs", "polls a second and core", "memory of evload, MB")
        lines = [
            (way, f"{p.evload_us:.1f}", f"{p.postgres_us:.1f}", f"{p.per_core_second:,.0f}", f"{p.memory_mb:.0f}")
            for way, p in found.items()
        ]
        print(table(headers, lines))


if __name__ == "__main__":
    main()
