"""How fast large exports leave, what they cost a worker, and whether those who poll notice them.

uv run python benchmarks/exports.py [--quick] [--rows 5000000] [--rounds 3] [--keep FOLDER]
"""

import http.client
import multiprocessing
import os
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import click

from common import fetch, machine, run, table, write_results
from evload.api.answers import export_columns
from evload.api.contract.endpoints import Endpoint
from evload.api.contract.exports import EXPORTS
from evload.embedded.binaries import wheel_folder
from open_loop import open_loop
from serving_common import KPI, PLANS, Measurement, Server, database, evload_server, resident_megabytes

AT_ONCE = 10
POLLS_PER_SECOND = 300
POLLERS = 8
SETTINGS = "-c TimeZone=Europe/Oslo -c jit=off -c random_page_cost=1.1"
PIECE_BYTES = 1 << 20


def csv_of_rows() -> Endpoint:
    return next(export for export in EXPORTS if export.path == "/hourly_loads.csv")


def psql_seconds(dsn: str, rows: int, file: Path) -> float:
    """The peer: `\\copy` of the very query, to a file."""
    export = csv_of_rows()
    text = export_columns.text(export, export.params())
    for number, value in enumerate(("0", str(rows), "NULL", "NULL"), 1):
        text = text.replace(f"${number}", value)
    script = file.with_suffix(".sql")
    script.write_text(f"\\copy ({' '.join(text.split())}) TO '{file}' CSV\n")
    psql = wheel_folder() / "pginstall" / "bin" / "psql"
    command: list[str | Path] = [psql, dsn, "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-f", script]
    return run(command, {"PGOPTIONS": SETTINGS}).seconds


def fetch_to(port: int, path: str, file: str) -> tuple[float, int]:
    """Returns the seconds it took, and the CRC of the body. Raises if the answer breaks off."""
    began, crc = time.perf_counter(), 0
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    with Path(file).open("wb") as target:
        while piece := answer.read(PIECE_BYTES):
            target.write(piece)
            crc = zlib.crc32(piece, crc)
    connection.close()
    return time.perf_counter() - began, crc


@contextmanager
def peak_megabytes(pid: int) -> Iterator[list[float]]:
    """The resident memory of a process, looked at all the time: the first value is that before."""
    seen, over = [resident_megabytes(pid)], threading.Event()

    def look() -> None:
        while not over.wait(0.5):  # each look starts a process
            seen.append(resident_megabytes(pid))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def one_by_one(server: Server, dsn: str, rows: int, rounds: int, folder: Path) -> Iterator[tuple[str, float, float]]:
    """In turns: what was measured, its seconds, and by how many megabytes it made the worker grow."""
    for number in range(rounds):
        yield "psql", psql_seconds(dsn, rows, folder / "psql.csv"), 0.0
        for suffix in ("csv", "arrow", "parquet"):
            file = folder / f"evload.{suffix}"
            with peak_megabytes(server.process.pid) as seen:
                seconds, _ = fetch_to(server.port, f"/hourly_loads.{suffix}?limit={rows}&_={number}", str(file))
            yield suffix, seconds, max(seen) - seen[0]
        ours, theirs = (folder / name for name in ("evload.csv", "psql.csv"))
        assert ours.read_bytes().partition(b"\n")[2] == theirs.read_bytes(), "the two are not the same rows"


def polled(server: Server, seconds: float) -> Measurement:
    server.get(KPI)
    return open_loop(server.port, [KPI], per_second=POLLS_PER_SECOND, connections=POLLERS, seconds=seconds)


def ten_at_once(server: Server, rows: int, seconds: float) -> tuple[Measurement, Measurement, list[float]]:
    """Polls without exports, and while ten of them leave; then the seconds of each export.

    Their readers run at the lowest priority, as on machines of their own they would take no time from the server.
    """
    before = polled(server, seconds)
    paths = [(server.port, f"/hourly_loads.csv?limit={rows}&_={one}", os.devnull) for one in range(AT_ONCE)]
    with multiprocessing.get_context("spawn").Pool(AT_ONCE, os.nice, (19,)) as readers:
        readers.starmap(time.sleep, [(0.5,)] * AT_ONCE)  # all of them are there
        exports = readers.starmap_async(fetch_to, paths, chunksize=1)
        while_ten = polled(server, seconds)
        assert not exports.ready(), "the exports ended before the polls: take more rows, or fewer seconds"
        took = exports.get()
    assert len({crc for _, crc in took}) == 1, "not all got the same"
    after = polled(server, seconds)
    return (before if before.p99_ms < after.p99_ms else after), while_ten, [each for each, _ in took]


def report(found: Sequence[tuple[str, float, float]], polls: tuple[Measurement, Measurement, list[float]]) -> None:
    seconds = {
        name: median(one for kind, one, _ in found if kind == name) for name in ("psql", "csv", "arrow", "parquet")
    }
    grown = {name: max(one for kind, _, one in found if kind == name) for name in seconds}
    rows = [
        (name, f"{seconds[name]:.1f}", f"{seconds['psql'] / seconds[name]:.2f}", f"{grown[name]:.0f}")
        for name in seconds
    ]
    click.echo(table(("export", "seconds", "rate of psql's", "worker MB more"), rows))
    without, while_ten, took = polls
    lines = [("without", without), (f"while {AT_ONCE} exports leave", while_ten)]
    click.echo(
        table(
            ("hot polls", "p50 ms", "p99 ms", "errors"),
            [(name, f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", one.errors) for name, one in lines],
        )
    )
    click.echo(f"{AT_ONCE} at once took {min(took):.0f} to {max(took):.0f} s each.")


@click.command()
@click.option("--quick", is_flag=True, help="Small, to see that it works.")
@click.option("--rows", default=5_000_000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--seconds", default=15.0, show_default=True, help="Of polls, each time.")
@click.option("--keep", type=click.Path(path_type=Path), help="A folder for the data, kept for the next run.")
def main(quick: bool, rows: int, rounds: int, seconds: float, keep: Path | None) -> None:
    size = "88 thousand" if quick else "5 million"
    rows, rounds, seconds = (80_000, 1, 1.0) if quick else (rows, rounds, seconds)
    with (
        tempfile.TemporaryDirectory() as made,
        database((keep or Path(made)) / size.replace(" ", "-"), PLANS[size]) as dsn,
    ):
        folder = Path(made)
        with evload_server(dsn, 1) as server:
            found = list(one_by_one(server, dsn, rows, rounds, folder))
            with peak_megabytes(server.process.pid) as seen:
                polls = ten_at_once(server, rows, seconds)
        report(found, polls)
        click.echo(f"The worker grew by {max(seen) - seen[0]:.0f} MB meanwhile, from {seen[0]:.0f}.")
        stored = fetch(dsn, "SELECT count(*) FROM hourly_load")[0][0]
        results = {"machine": machine(dsn), "rows": min(rows, stored), "exports": found, "polls": polls}
        write_results("exports", results)


if __name__ == "__main__":
    main()
