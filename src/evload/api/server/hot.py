"""Answers what is known without a look at routing, validation or Postgres; the application does the rest.

Every microsecond here is paid by every poll: hence a dictionary look-up in the place of each decision.
"""

from time import perf_counter
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from evload.api.answers.cache import Alias, Cache, Headers, Representation
from evload.api.answers.representation import Representations, messages
from evload.api.operations.metrics import Metrics

# Requests with a body, or that ask the server for more than an answer, take the long way.
UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})

MOST_WISHES = 1024
LONGEST_WISH_BYTES = 4096


class Wish(NamedTuple):
    """What a GET asks for, as `at_once` finds it."""

    alias: Alias
    representation: Representation
    condition: bytes


class Wishes:
    """What requests ask for, by all their bytes. All are forgotten when too many are different."""

    def __init__(self) -> None:
        self.known: dict[bytes, Wish] = {}

    def learn(self, request: bytes, wish: Wish) -> None:
        if len(request) <= LONGEST_WISH_BYTES:
            if len(self.known) >= MOST_WISHES:
                self.known.clear()
            self.known[request] = wish


class HotPath:
    """An ASGI application before another one, and `wish` and `at_once` for a server that need not ask it."""

    def __init__(self, app: ASGIApp, cache: Cache[Any], representations: Representations, metrics: Metrics) -> None:
        self._app = app
        self._aliases = cache.aliases
        self._make_variant = representations.hot
        self._count = metrics.hit
        self.wishes = Wishes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answer = self._aliases.get((scope["path"], scope["query_string"]))
        if answer is None or scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        began = perf_counter()
        answer.used = True
        accepted, origin, condition, _ = _asked_for(scope["headers"])
        variant = answer.by_headers.get((accepted, origin))
        if variant is None:
            variant = await self._make_variant(answer, accepted, origin)
        start, body = messages(variant, condition)
        await send(start)
        await send(body)
        return self._count(answer.route, start["status"], perf_counter() - began)

    def wish(self, url: bytes, headers: Headers) -> Wish | None:
        """Of a GET; None if it is not usual, and so for the application to answer."""
        path, _, query_string = url.partition(b"?")
        if b"%" in path or not path.isascii():  # those mean another path
            return None
        accepted, origin, condition, is_usual = _asked_for(headers)
        return Wish((path.decode(), query_string), (accepted, origin), condition) if is_usual else None

    def at_once(self, wish: Wish) -> tuple[int, bytes, bytes] | None:
        """Status, header lines and body of the answer, if it was sent to somebody who asked alike before."""
        alias, representation, condition = wish
        answer = self._aliases.get(alias)
        if answer is None:
            return None
        began = perf_counter()
        variant = answer.by_headers.get(representation)
        if variant is None:
            return None
        answer.used = True
        start, body = messages(variant, condition)
        status = start["status"]
        self._count(answer.route, status, perf_counter() - began)
        return status, start["evload.lines"], body["body"]


def _asked_for(headers: Headers) -> tuple[bytes, bytes, bytes, bool]:
    """`Accept-Encoding`, `Origin` and `If-None-Match`, and whether an answer is all that is asked for."""
    accepted = origin = condition = b""
    is_usual = True
    for name, value in headers:
        if name == b"accept-encoding":
            accepted = value
        elif name == b"if-none-match":
            condition = value
        elif name == b"origin":
            origin = value
        elif name in UNUSUAL:
            is_usual = False
    return accepted, origin, condition, is_usual
