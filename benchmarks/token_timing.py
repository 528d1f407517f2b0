"""Whether the time that a wrong token takes tells how much of it is right.

uv run python benchmarks/token_timing.py [--requests 20000]

Wrong tokens of four kinds are asked with in turns: of other characters, and with the first quarter, half or all but
the last character of a true one. Exit code 1: the median of one kind differs from that of the first by more than the
medians of odd and even requests of a kind do, and by more than a microsecond.
"""

import secrets
import sys
import time
from statistics import median

import click

from common import evload, fresh_server, serving, table
from fuzz_connection import Connection, address_of

LEAST_SECONDS = 1e-6


def kinds_of(token: str) -> dict[str, str]:
    other = secrets.token_urlsafe(len(token))[: len(token)]
    last = "a" if token[-1] != "a" else "b"
    quarter, half = len(token) // 4, len(token) // 2
    return {
        "nothing": other,
        "the first quarter": token[:quarter] + other[quarter:],
        "the first half": token[:half] + other[half:],
        "all but the last character": token[:-1] + last,
    }


def seconds_of(connection: Connection, token: str) -> float:
    asked = f"GET /kpi/total-energy HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    began = time.perf_counter()
    connection.send(asked)
    answer = connection.read_answer(has_body=True)
    seconds = time.perf_counter() - began
    assert answer.status == 401, answer
    return seconds


@click.command()
@click.option("--requests", default=20_000, show_default=True, help="How many of each kind.")
def main(requests: int) -> None:
    with fresh_server() as server:
        dsn = server.database("timing")
        token = evload(dsn, "token", "create", "true", "--role", "reader").stdout.strip()
        kinds = kinds_of(token)
        taken: dict[str, list[float]] = {kind: [] for kind in kinds}
        with (
            (server.folder / "log").open("wb") as log,
            serving(dsn, log=log) as address,
            Connection(address_of(address)) as connection,
        ):
            for _ in range(requests):
                for kind, wrong in kinds.items():
                    taken[kind].append(seconds_of(connection, wrong))
    medians = {kind: median(seconds) for kind, seconds in taken.items()}
    of_itself = {kind: abs(median(seconds[::2]) - median(seconds[1::2])) for kind, seconds in taken.items()}
    rows = [(kind, f"{medians[kind] * 1e6:.2f}", f"{of_itself[kind] * 1e6:.2f}") for kind in kinds]
    print(table(["what of it is right", "median, us", "its odd beside its even ones, us"], rows))
    bound = max(LEAST_SECONDS, *of_itself.values())
    if max(abs(one - medians["nothing"]) for one in medians.values()) > bound:
        sys.exit("The time tells how much of a token is right.")


if __name__ == "__main__":
    main()
