"""How much memory a worker takes when clients make all that it could remember long and different each time.

uv run python benchmarks/memory_growth.py [--quick] [--bytes 7000]

Exit code 1: a case left the worker with more than its cache's bound and 100 MB above what it had when it began.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from common import evload, fresh_server, table
from fuzz_connection import Connection
from serving_common import evload_server, resident_megabytes

SAMPLE = Path(__file__).parents[1] / "data" / "sample_hourly_loads.csv"
CACHE_MEGABYTES = 64
MORE_MEGABYTES = 100
TOTAL = "/kpi/total-energy"
IN_TURN = 8  # requests that are sent together
TIMES_SHOWN = 5
Ask = Callable[[int, int], Iterator[bytes]]
"""Gives the requests of one round, which has a number, with so many bytes of what is long."""


@dataclass(frozen=True)
class Case:
    name: str
    rounds: int
    ask: Ask


def request(address: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {address} HTTP/1.1", "Host: localhost", *headers, "", "")).encode()


def range_(number: int) -> str:
    return f"start_date=2025-08-01T00:00:00.{number:06d}"


def unknown_users(number: int, length: int) -> Iterator[bytes]:
    yield request(f"/load/{'n' * length}{number}/hourly")


def longest_users(number: int, _: int) -> Iterator[bytes]:
    """As long as an id may be, with one character that makes Python take four bytes for each."""
    yield request(f"/load/%F0%9F%98%80{'n' * 980}{number}/hourly")


def astral_users(number: int, length: int) -> Iterator[bytes]:
    yield request(f"/load/%F0%9F%98%80{'n' * length}{number}/hourly")


def aliases(number: int, length: int) -> Iterator[bytes]:
    for one in range(16):
        yield request(f"{TOTAL}?{'&' * (length + one)}{range_(number)}")


def short_aliases(number: int, _: int) -> Iterator[bytes]:
    for one in range(16):
        yield request(f"{TOTAL}?{'&' * (900 + one)}{range_(number)}")


def encodings(number: int, length: int) -> Iterator[bytes]:
    yield request(f"{TOTAL}?{range_(number)}")
    for one in range(32):
        yield request(f"{TOTAL}?{range_(number)}", f"Accept-Encoding: {'a' * length}{number}-{one}")


def short_encodings(number: int, _: int) -> Iterator[bytes]:
    yield from encodings(number, 900)


def origins(number: int, length: int) -> Iterator[bytes]:
    yield request(f"{TOTAL}?{range_(number)}")
    for one in range(32):
        yield request(f"{TOTAL}?{range_(number)}", f"Origin: https://{'a' * length}{number}-{one}.example")


def many_headers(number: int, _: int) -> Iterator[bytes]:
    yield request(TOTAL, *(f"{name % 10}: {number}" for name in range(400)))


def etags(number: int, length: int) -> Iterator[bytes]:
    yield request(TOTAL, f"If-None-Match: {'a,' * (length // 2)}{number}")


CASES = (
    Case("unknown users", 20_000, unknown_users),
    Case("users as long as an id may be", 20_000, longest_users),
    Case("unknown users, 4 bytes a character", 8_000, astral_users),
    Case("16 long addresses for each of many ranges", 1_500, aliases),
    Case("16 addresses of 900 bytes for each", 3_000, short_aliases),
    Case("32 long Accept-Encoding for each", 1_500, encodings),
    Case("32 Accept-Encoding of 900 bytes for each", 1_500, short_encodings),
    Case("32 long Origin for each", 1_500, origins),
    Case("400 headers, others each time", 8_000, many_headers),
    Case("long If-None-Match", 8_000, etags),
)


def measure(case: Case, port: int, pid: int, rounds: int, length: int) -> float:
    """Asks, and gives the most memory that was seen."""
    most, sent = 0.0, 0
    with Connection(("127.0.0.1", port)) as connection:
        for number in range(rounds):
            for data in case.ask(number, length):
                connection.send(data)
                sent += 1
                if sent == IN_TURN:
                    sent = _read(connection, sent)
            if number % max(1, rounds // TIMES_SHOWN) == 0:
                most = max(most, resident_megabytes(pid))
        _read(connection, sent)
    return max(most, resident_megabytes(pid))


def _read(connection: Connection, count: int) -> int:
    for _ in range(count):
        connection.read_answer(has_body=True)
    return 0


@click.command()
@click.option("--quick", is_flag=True)
@click.option("--bytes", "length", default=7000, show_default=True, help="Of what is long.")
def main(*, quick: bool, length: int) -> None:
    rows, failed = [], False
    with fresh_server() as postgres:
        dsn = postgres.database("asked")
        evload(dsn, "load", SAMPLE)
        for case in CASES:
            with evload_server(dsn, 1, cache_megabytes=CACHE_MEGABYTES) as server:
                pid = server.process.pid
                before = resident_megabytes(pid)
                rounds = case.rounds // 50 if quick else case.rounds
                most = measure(case, server.port, pid, rounds, length)
                failed |= most - before > CACHE_MEGABYTES + MORE_MEGABYTES
                rows.append((case.name, f"{rounds:,}", f"{before:.0f}", f"{most:.0f}"))
    print(table(("case", "rounds", "MB before", "MB at most"), rows))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
