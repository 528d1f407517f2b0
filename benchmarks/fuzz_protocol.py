"""Compares evload's answers from memory, byte for byte, with those of its slower ways, for random requests.

uv run python benchmarks/fuzz_protocol.py [--requests 20000] [--seed 1] [--threads 4]

Two `evload serve` run on one database, one with its cache and one without. Small files are loaded and taken out
meanwhile. Exit code 1: an answer differed, which is printed with its request, or a server had a traceback.
"""

import random
import sys
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import click

from common import evload, fresh_server, serving
from fuzz_connection import Answer, address_of
from fuzz_requests import USERS, Request, random_request
from fuzz_ways import Observer, Seen, difference
from loading_files import HEADER

SAMPLE = Path(__file__).parents[1] / "data" / "sample_hourly_loads.csv"
CHANGE_PAUSE_SECONDS = 2.0
SHOWN_OF_EACH = 6
KNOWN_ETAGS = 30


@dataclass
class Findings:
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[str, Request, str, Seen]] = field(default_factory=list)
    tracebacks: int = 0

    def note(self, request: Request, seen: Seen) -> None:
        cold = seen["cold"]
        self.counts["requests"] += 1
        self.counts["answers"] += len(seen)
        self.counts["answers from memory"] += sum(isinstance(one, Answer) and one.is_hit for one in seen.values())
        self.counts[f"status {cold.status}" if isinstance(cold, Answer) else cold] += 1
        if found := difference(seen):
            self.differences.append((found[0], request, found[1], seen))

    def show(self) -> None:
        for what, number in sorted(self.counts.items()):
            print(f"{number:11,}  {what}")
        kinds = Counter(kind for kind, *_ in self.differences)
        for kind, number in kinds.items():
            print(f"\nDIFFERENT in {kind}: {number}")
            shown = [one for one in self.differences if one[0] == kind][:SHOWN_OF_EACH]
            for _, request, way, seen in shown:
                print(f"  {request.data!r}\n    cold: {seen['cold']}\n    {way}: {seen[way]}")
        print(f"\n{len(self.differences)} differences, {self.tracebacks} tracebacks.")


def fuzz(observer: Observer, seed: str, requests: int) -> Findings:
    draw, findings, etags = random.Random(seed), Findings(), [""]
    for number in range(requests):
        request = random_request(draw, etags)
        if request.method in ("GET", "HEAD") and draw.random() < 0.25:
            request = observer.with_its_etag(request, draw)
        seen = observer.observe_settled(request, f"{seed}/{number}")
        findings.note(request, seen)
        if isinstance(cold := seen["cold"], Answer) and cold.etag:
            etags = [*etags, cold.etag][-KNOWN_ETAGS:]
    return findings


def change_until(over: Event, dsn: str, folder: Path) -> int:
    """Loads a small file with other energies each time; every third change takes all of it out. Returns the changes."""
    changes = 0
    while not over.wait(CHANGE_PAUSE_SECONDS):
        changes += 1
        if changes % 3:
            evload(dsn, "load", write_users(folder / "users.csv", changes % 7))
        else:
            evload(dsn, "drop", "--before", "2025-01-01", "--yes")
    return changes


def write_users(path: Path, energy: int, year: int = 2024) -> Path:
    """Three hours of every user whose id is odd in an address."""
    rows = (
        f'02.11.{year} {hour:02}:00;02.11.{year} {hour + 1:02}:00;"{user}";{number};{energy},5;NA;NA;0,25\r\n'
        for number, user in enumerate(USERS, 1)
        for hour in (7, 8, 9)
    )
    path.write_text(HEADER + "".join(rows), encoding="utf-8", newline="")
    return path


def run(dsn: str, folder: Path, requests: int, seed: int, threads: int) -> Findings:
    findings, over = Findings(), Event()
    with (
        (folder / "servers.log").open("w+b") as log,
        serving(dsn, log=log) as hot,
        serving(dsn, log=log, EVLOAD_CACHE_MEGABYTES="0") as cold,
        ThreadPoolExecutor() as pool,
    ):
        observer = Observer(address_of(hot), address_of(cold))
        try:
            changing: Future[int] = pool.submit(change_until, over, dsn, folder)
            parts = [pool.submit(fuzz, observer, f"{seed}/{number}", requests // threads) for number in range(threads)]
            for part in parts:
                findings.counts += part.result().counts
                findings.differences += part.result().differences
        finally:
            over.set()
        findings.counts["loads and drops meanwhile"] = changing.result()
    findings.tracebacks = (folder / "servers.log").read_bytes().count(b"Traceback")
    return findings


@click.command()
@click.option("--requests", default=20_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=4, show_default=True, help="Clients at a time.")
def main(requests: int, seed: int, threads: int) -> None:
    with fresh_server() as server:
        dsn = server.database("fuzzed")
        evload(dsn, "load", SAMPLE, write_users(server.folder / "odd_users.csv", 1, 2025))
        findings = run(dsn, server.folder, requests, seed, threads)
    findings.show()
    sys.exit(1 if findings.differences or findings.tracebacks else 0)


if __name__ == "__main__":
    main()
