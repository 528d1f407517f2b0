"""Asks with four tokens, mixed in every way a connection can mix them, whether each gets what it may see and no more.

uv run python benchmarks/fuzz_scopes.py [--requests 20000] [--seed 1] [--threads 4] [--workers 2]

One `evload serve` asks for tokens, with a cache so small that answers come and go; another one is open and without a
cache, and says, by the filters, what belongs to whom. Requests come alone, several times the same, several tokens' in
one piece, and cut at any byte. A fifth token is revoked and made again meanwhile. Exit code 1: an answer went to whom
it does not belong, or a token was let in a second after it was revoked.
"""

import json
import random
import re
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple
from urllib.parse import parse_qsl

import click

from common import evload, fresh_server, serving
from fuzz_connection import Address, Answer, Connection, address_of

SAMPLE = Path(__file__).parents[1] / "data" / "sample_hourly_loads.csv"
USER, OTHER, HERE, THERE = "BjL1-2", "EkV1-1", "BjL1", "EkV1"
HOLDS_SECONDS = 1.5  # a second, and the way of an answer
RANGES = (
    "",
    "start_date=2025-09",
    "start_date=2025-08-03T10&end_date=2025-10-09",
    "start_date=2025-10-10&end_date=2025-10-10",
)
OF_SUMS = (
    "/load/hourly", "/load/daily", "/load/daily.csv", "/load/profile", "/load/duration-curve", "/kpi/summary",
    "/kpi/daily", "/kpi/total-energy", "/kpi/daily-average", "/kpi/peak-daily", "/kpi/peak-hourly",
    "/kpi/daily_utilization", "/series?by=month", "/series?by=week&split=location", "/grid/summary", "/grid/peaks",
    "/grid/headroom?limit_kw=50",
)  # fmt: skip
OF_USERS = (
    "/users", "/users/summary", "/hourly_loads", "/hourly_loads.csv", f"/load/{USER}/hourly", f"/load/{OTHER}/hourly",
    "/series?by=month&split=user",
)  # fmt: skip
OF_USER = re.compile(r"/load/([^/]+)/hourly")
NO_RANGE = ("/users", "/hourly_loads")
FILTERS = ("", f"user_id={USER}", f"user_id={OTHER}", "user_id=nobody", f"location_id={HERE}", f"location_id={THERE}")


class Holder(NamedTuple):
    sees_users: bool
    filters: tuple[tuple[str, str], ...] = ()


HOLDERS = {
    "public": Holder(False),
    "reader": Holder(True),
    "of a location": Holder(True, (("location_id", HERE),)),
    "of a user": Holder(True, (("user_id", USER),)),
}
GUEST = "guest"
HOLDERS_AND_GUEST = {**HOLDERS, GUEST: Holder(True)}


class Asked(NamedTuple):
    path: str
    is_of_users: bool
    by: str

    @property
    def address(self) -> str:
        """The address at which the open server gives what belongs to this token; empty: nothing does."""
        holder = HOLDERS_AND_GUEST[self.by]
        bare, _, query = self.path.partition("?")
        pairs = parse_qsl(query)
        if not holder.sees_users and (self.is_of_users or "user_id" in dict(pairs)):
            return ""
        for name, own in holder.filters:
            user = OF_USER.fullmatch(bare) if name == "user_id" else None
            if (given := user[1] if user else dict(pairs).get(name)) not in (None, own):
                return ""
            pairs += [(name, own)] if given is None else []
        return f"{bare}?{'&'.join('='.join(pair) for pair in pairs)}"


def draw_asked(draw: random.Random, by: str) -> Asked:
    is_of_users = draw.random() < 0.4
    path = draw.choice(OF_USERS if is_of_users else OF_SUMS)
    more = [draw.choice(RANGES)] if path not in NO_RANGE else []
    filtered = draw.choice(FILTERS)
    more += [filtered] if draw.random() < 0.4 and not (path.startswith("/load/") and "user_id" in filtered) else []
    query = "&".join(one for one in more if one)
    return Asked(f"{path}{'&' if '?' in path else '?'}{query}" if query else path, is_of_users, by)


class Tokens:
    """The tokens by their holders; the guest's changes."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.now = {name: self._make(name, one) for name, one in HOLDERS_AND_GUEST.items()}
        self.revoked: list[tuple[str, float]] = []

    def _make(self, name: str, holder: Holder) -> str:
        filters = [word for kind, id_ in holder.filters for word in (f"--{kind.removesuffix('_id')}", id_)]
        role = "reader" if holder.sees_users else "public"
        return evload(self._dsn, "token", "create", name, "--role", role, *filters).stdout.strip()

    def change_until(self, over: Event) -> int:
        changes = 0
        while not over.wait(3):
            evload(self._dsn, "token", "revoke", GUEST)
            self.revoked.append((self.now[GUEST], time.monotonic()))
            self.now[GUEST] = self._make(GUEST, HOLDERS_AND_GUEST[GUEST])
            changes += 1
        return changes


class Truth:
    """What the open server says, each address asked once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._known: dict[str, tuple[int, bytes]] = {}
        self._lock = Lock()

    def of(self, asked: Asked) -> tuple[int, bytes] | None:
        address = asked.address
        if not address:
            return None
        with self._lock:
            if address not in self._known:
                with Connection(self._address) as connection:
                    connection.send(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    answer = connection.read_answer(has_body=True)
                self._known[address] = answer.status, answer.body
            return self._known[address]


@dataclass
class Findings:
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, asked: Asked, truth: tuple[int, bytes] | None, answer: Answer, may_be_refused: bool) -> None:
        self.counts["requests"] += 1
        self.counts[f"status {answer.status}"] += 1
        self.counts["answers from memory"] += answer.is_hit
        is_right = answer.status == 403 if truth is None else (answer.status, answer.body) == truth
        is_private = b"private" in dict(answer.headers).get(b"cache-control", b"private")
        if not (is_right and is_private) and not (may_be_refused and answer.status == 401):
            self.wrong.append(f"{asked}: {answer}, and not {truth and (truth[0], truth[1][:120])}")


def request(asked: Asked, token: str, draw: random.Random) -> bytes:
    header = f"Authorization: Bearer {token}" if draw.random() < 0.8 else f"Cookie: evload_token={token}"
    return f"GET {asked.path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode()


def ask_some(connection: Connection, tokens: Tokens, truth: Truth, draw: random.Random, findings: Findings) -> None:
    several = [draw_asked(draw, draw.choice(list(HOLDERS_AND_GUEST))) for _ in range(draw.choice((1, 1, 2, 5)))]
    several *= draw.choice((1, 3))
    pieces = [request(asked, tokens.now[asked.by], draw) for asked in several]
    way = draw.choice(("one by one", "in one piece", "cut"))
    findings.counts[way] += len(several)
    if way == "in one piece":
        connection.send(b"".join(pieces))
    elif way == "cut":
        data = b"".join(pieces)
        cut = draw.randrange(1, len(data))
        connection.send(data[:cut])
        time.sleep(0.001)
        connection.send(data[cut:])
    for asked, piece in zip(several, pieces, strict=True):
        if way == "one by one":
            connection.send(piece)
        answer = connection.read_answer(has_body=True)
        findings.note(asked, truth.of(asked), answer, asked.by == GUEST)


def look_at_revoked(address: Address, tokens: Tokens, findings: Findings) -> None:
    for token, at in tokens.revoked[-3:]:
        if time.monotonic() - at > HOLDS_SECONDS:
            with Connection(address) as connection:
                asked = Asked("/kpi/total-energy", False, GUEST)
                connection.send(request(asked, token, random.Random(1)))
                answer = connection.read_answer(has_body=True)
            findings.counts["revoked tokens tried"] += 1
            if answer.status != 401:
                findings.wrong.append(f"A token that was revoked {time.monotonic() - at:.1f} s ago: {answer}")


def fuzz(address: Address, tokens: Tokens, truth: Truth, seed: str, requests: int) -> Findings:
    draw, findings = random.Random(seed), Findings()
    while findings.counts["requests"] < requests:
        with Connection(address) as connection:
            for _ in range(20):
                ask_some(connection, tokens, truth, draw, findings)
        look_at_revoked(address, tokens, findings)
    return findings


@click.command()
@click.option("--requests", default=20_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=4, show_default=True, help="Clients at a time.")
@click.option("--workers", default=2, show_default=True, help="Of the server that asks for tokens.")
def main(requests: int, seed: int, threads: int, workers: int) -> None:
    found, over = Findings(), Event()
    with fresh_server() as server, (server.folder / "servers.log").open("w+b") as log, ThreadPoolExecutor() as pool:
        dsn = server.database("scopes")
        evload(dsn, "load", "--location-pattern", "^([^-]+)", SAMPLE)
        tokens = Tokens(dsn)
        with (
            serving(dsn, "--workers", str(workers), log=log, EVLOAD_CACHE_MEGABYTES="1") as closed,
            serving(dsn, "--open", log=log, EVLOAD_CACHE_MEGABYTES="0") as is_open,
        ):
            truth, address = Truth(address_of(is_open)), address_of(closed)
            changing = pool.submit(tokens.change_until, over)
            each = requests // threads
            parts = [pool.submit(fuzz, address, tokens, truth, f"{seed}/{one}", each) for one in range(threads)]
            for part in parts:
                found.counts += part.result().counts
                found.wrong += part.result().wrong
            over.set()
            found.counts["tokens revoked meanwhile"] = changing.result()
    print(json.dumps(dict(sorted(found.counts.items())), indent=1))
    print("\n".join(found.wrong[:10]))
    print(f"{len(found.wrong)} answers to whom they do not belong.")
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
