"""Polls KPIs while files are loaded, views refreshed and batches taken out: no error, no wait, nothing in between.

uv run python benchmarks/polling_while_loading.py [--quick] [--seconds 60] [--clients 32] [--pause 0.1]
"""

import asyncio
import multiprocessing
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click
import uvloop

from common import evload, execute, fresh_server, machine, serving, table, write_results
from loading_files import History, write_correction, write_days
from polling_checks import PATHS, Versions, change_until, wrong_answers
from views import check_views


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
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    first, *lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).lower().split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines if line)
    body = await reader.readexactly(int(headers[b"content-length"]))
    return first.split()[1], int(headers.get(b"x-data-version", b"-1")), body


def measure(dsn: str, files: list[Path], seconds: float, clients: int, pause: float) -> tuple[Polled, Versions]:
    """Half of the quiet time comes before the changes, half after them."""
    spawn = multiprocessing.get_context("spawn")
    begin, end, found = spawn.Event(), spawn.Event(), spawn.Queue()
    changer = spawn.Process(target=change_until, args=(dsn, files, begin, end, found))
    changer.start()
    versions: Versions = found.get()

    async def plan(polled: Polled) -> None:
        await asyncio.sleep(1)
        polled.phase = "quiet"
        await asyncio.sleep(seconds / 2)
        polled.phase = "loading"
        begin.set()
        await asyncio.sleep(seconds)
        end.set()
        while changer.is_alive():
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
    changer.join()
    assert changer.exitcode == 0, "a change failed; its error stands above"
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
        wrong = wrong_answers(polled.bodies, versions)
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
