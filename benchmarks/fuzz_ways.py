"""All ways in which the protocol fuzzer sends one request, and the comparison of their answers."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fuzz_connection import Address, Answer, Closed, Connection
from fuzz_requests import Request, spelled_etag

PIECE_PAUSE_SECONDS = 0.0005
TRIES = 8  # the data version may move between two answers
NEIGHBOUR = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"

Seen = dict[str, Answer | str]
"""What each way of asking gave: an answer, or how it failed."""


def difference(seen: Seen) -> tuple[str, str] | None:
    """The kind of the first difference from the server without a cache, and the way of asking that showed it."""
    cold = seen["cold"]
    for way, one in seen.items():
        if isinstance(one, str) or isinstance(cold, str):
            if one != cold:
                return "framing", way
        elif kind := cold.difference(one):
            return kind, way
    return None


@dataclass(frozen=True)
class Observer:
    hot: Address
    cold: Address

    def with_its_etag(self, request: Request, draw: random.Random) -> Request:
        """Adds the etag of the right answer, in some spelling."""
        try:
            etag = ask_once(self.cold, request).etag
        except (Closed, OSError):
            return request
        return request.with_header("If-None-Match", spelled_etag(draw, etag)) if etag else request

    def observe_settled(self, request: Request, seed: str) -> Seen:
        """Asks again while a difference may come from a data version that moved meanwhile."""
        for attempt in range(TRIES):
            seen = self._observe(request, random.Random(seed))
            versions = {one.version for one in seen.values() if isinstance(one, Answer)}
            is_settled = len(versions) <= 1 and attempt > 0 and "closed" not in seen.values()
            if is_settled or not difference(seen):
                break
            time.sleep(0.05)
        return seen

    def _observe(self, request: Request, draw: random.Random) -> Seen:
        seen: Seen = {}
        with noting_failures(seen, "cold"):
            seen["cold"] = ask_once(self.cold, request)
        closing = request.with_header("Connection", "close") if request.version == "1.1" else request
        with noting_failures(seen, "connection: close"):
            seen["connection: close"] = ask_once(self.hot, closing)
        if request.version == "1.1":
            with noting_failures(seen, "kept connection"), Connection(self.hot) as connection:
                _observe_kept(connection, request, draw, seen)
        return seen


@contextmanager
def noting_failures(seen: Seen, way: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        seen[way] = "timeout"
    except (Closed, ConnectionError):
        seen[way] = "closed"


def ask_once(address: Address, request: Request) -> Answer:
    with Connection(address) as connection:
        connection.send(request.data)
        return connection.read_answer(has_body=request.method != "HEAD")


def _observe_kept(connection: Connection, request: Request, draw: random.Random, seen: Seen) -> None:
    for way, answer in ways_of_asking(connection, request, draw):
        seen[way] = answer
        if answer.closes:
            return
    if connection.unread:
        seen["afterwards"] = f"bytes that nobody asked for: {connection.unread[:80]!r}"


def ways_of_asking(connection: Connection, request: Request, draw: random.Random) -> Iterator[tuple[str, Answer]]:
    """Asks on one connection, again and again, with the bytes cut and mixed in ways that must not matter."""
    data, has_body = request.data, request.method != "HEAD"
    for way in ("first", "second", "third"):
        yield way, _send_pieces(connection, [data], has_body)
    yield "in two pieces", _send_pieces(connection, _cut(draw, data), has_body)
    connection.send(data * 3)
    for number in (1, 2, 3):
        yield f"pipelined, {number}", connection.read_answer(has_body=has_body)
    yield from _beside_a_neighbour(connection, data, draw, has_body)
    yield "after an empty line", _send_pieces(connection, [b"\r\n" + data], has_body)
    if draw.random() < 0.03:
        yield "byte by byte", _send_pieces(connection, [data[at : at + 1] for at in range(len(data))], has_body)


def _beside_a_neighbour(
    connection: Connection, data: bytes, draw: random.Random, has_body: bool
) -> Iterator[tuple[str, Answer]]:
    """Another request begins in the piece in which this one ends, and the other way round."""
    begin, end = _cut(draw, NEIGHBOUR)
    yield "followed by half a request", _send_pieces(connection, [data + begin], has_body)
    connection.send(end)
    connection.read_answer(has_body=True)
    connection.send(begin)
    time.sleep(PIECE_PAUSE_SECONDS)
    connection.send(end + data)
    connection.read_answer(has_body=True)
    yield "after half a request", connection.read_answer(has_body=has_body)


def _cut(draw: random.Random, data: bytes) -> list[bytes]:
    at = draw.randrange(1, len(data))
    return [data[:at], data[at:]]


def _send_pieces(connection: Connection, pieces: list[bytes], has_body: bool) -> Answer:
    for number, piece in enumerate(pieces):
        if number == 1:
            time.sleep(PIECE_PAUSE_SECONDS)
        connection.send(piece)
    return connection.read_answer(has_body=has_body)
