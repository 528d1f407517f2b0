"""Answers what is known without a look at routing, validation or Postgres; the application does the rest.

Every microsecond here is paid by every poll: hence a dictionary look-up in the place of each decision.
"""

from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from evload.api.cache import Cache, Headers
from evload.api.metrics import Metrics
from evload.api.representation import Representations, messages

# Requests with a body, or that ask the server for more than an answer, take the long way.
UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})


class HotPath:
    """An ASGI application before another one, and `at_once` for a server that need not ask it."""

    def __init__(self, app: ASGIApp, cache: Cache[Any], representations: Representations, metrics: Metrics) -> None:
        self._app = app
        self._aliases = cache.aliases
        self._make_variant = representations.hot
        self._count = metrics.hit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answer = self._aliases.get((scope["path"], scope["query_string"]))
        if answer is None or scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        began = perf_counter()
        answer.used = True
        accepted, origin, condition, _ = _wishes(scope["headers"])
        variant = answer.variants.get((accepted, origin))
        if variant is None:
            variant = await self._make_variant(answer, accepted, origin)
        start, body = messages(variant, condition)
        await send(start)
        await send(body)
        return self._count(answer.route, start["status"], perf_counter() - began)

    def at_once(self, url: bytes, headers: Headers) -> tuple[int, bytes, bytes] | None:
        """Status, header lines and body of the answer to a GET, if it was sent to somebody who asked alike before."""
        path, _, query_string = url.partition(b"?")
        answer = self._aliases.get((path.decode("latin-1"), query_string))
        if answer is None or b"%" in path or not path.isascii():  # those mean another path
            return None
        began = perf_counter()
        accepted, origin, condition, is_usual = _wishes(headers)
        variant = answer.variants.get((accepted, origin))
        if variant is None or not is_usual:
            return None
        answer.used = True
        start, body = messages(variant, condition)
        status = start["status"]
        self._count(answer.route, status, perf_counter() - began)
        return status, start["evload.lines"], body["body"]


def _wishes(headers: Headers) -> tuple[bytes, bytes, bytes, bool]:
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
