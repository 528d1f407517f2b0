"""The fast path: answers from memory without routing, validation or Postgres.

`FastPath` does so for any ASGI server. `FastPathProtocol` is uvicorn's connection and does so before a task or an ASGI
message is made. It relies on the inside of uvicorn, so `protocol_class` uses it with tested versions alone. Each poll
pays for every microsecond here, so each decision is a dictionary look-up.
"""

import logging
from time import perf_counter
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from evload.api.answers.cache import Cache, Headers
from evload.api.answers.representation import Representations, messages
from evload.api.operations.metrics import Metrics
from evload.api.root_path import RootPath
from evload.api.server.access import credential
from evload.api.server.connection import STATUS_LINES, BoundedConnection
from evload.api.server.guard import Guard, Refusal
from evload.api.server.parsed_requests import ParsedRequest, ParsedRequests

TESTED_UVICORN = ("0.54",)
# A request that has a body, or asks for something else than an answer, goes to the application.
UNUSUAL = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"range"})
COPIED_BYTES = 16_384  # up to this size one copy is cheaper than a gathering write

log = logging.getLogger(__name__)


class FastPath:
    """Answers cached requests that the guard admits, and passes all others on to the application."""

    def __init__(
        self,
        app: ASGIApp,
        cache: Cache[Any],
        representations: Representations,
        metrics: Metrics,
        guard: Guard,
        root_path: RootPath,
    ) -> None:
        self._app = app
        self._root_path = root_path
        self._aliases = cache.aliases
        self._variant_for = representations.variant_for
        self._count = metrics.hit
        self._guard = guard
        self._access = guard.access
        self.parsed_requests = ParsedRequests()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope = self._root_path.scope_inside(scope)
        if scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        digest = credential(scope["headers"])
        seen = self._access.scope_for(digest)
        answer = self._aliases.get((scope["path"], scope["query_string"], seen)) if seen else None
        is_part = any(name == b"range" for name, _ in scope["headers"])
        if answer is None or is_part or isinstance(self._guard.judge(scope), Refusal):
            return await self._app(scope, receive, send)
        began = perf_counter()
        answer.used = True
        accepted, origin, condition, _ = _read(scope["headers"])
        pair = accepted, origin, digest is not None
        variant = answer.by_headers.get(pair)
        if variant is None:
            variant = await self._variant_for(answer, pair)
        start, body = messages(variant, condition)
        await send(start)
        await send(body)
        return self._count(answer.route, start["status"], perf_counter() - began)

    def parse(self, url: bytes, headers: Headers) -> ParsedRequest | None:
        """Parses the head of a GET. Returns None if only the application may answer it."""
        path, _, query_string = url.partition(b"?")
        # An escaped path means another one; what follows a raw # belongs neither to the path nor to the query.
        if b"%" in path or b"#" in url or not path.isascii():
            return None
        accepted, origin, condition, is_usual = _read(headers)
        if not is_usual or not self._guard.hosts.serve(headers):
            return None
        digest = credential(headers)
        pair = accepted, origin, digest is not None
        return ParsedRequest(self._root_path.inside(path.decode()), query_string, digest, pair, condition, headers)

    def cached_response(self, parsed: ParsedRequest, client: tuple[str, int] | None) -> tuple[int, bytes, bytes] | None:
        """Returns status, header lines and body, if the variant for these headers is in memory and the guard admits it.

        Otherwise the application answers, or tells the refusal.
        """
        path, query_string, digest, pair, condition, _ = parsed
        seen = self._access.scope_for(digest)
        if seen is None or (answer := self._aliases.get((path, query_string, seen))) is None:
            return None
        began = perf_counter()
        variant = answer.by_headers.get(pair)
        if variant is None or (self._guard.checks and self._guard.refusal_of_checks(parsed.scope(client))):
            return None
        limit = self._access.limit
        if limit and not seen.is_open and limit.wait_seconds(digest):
            return None
        answer.used = True
        start, body = messages(variant, condition)
        status = start["status"]
        self._count(answer.route, status, perf_counter() - began)
        return status, start["evload.lines"], body["body"]


def _read(headers: Headers) -> tuple[bytes, bytes | None, bytes, bool]:
    """Returns `Accept-Encoding`, `Origin` and `If-None-Match`, and whether no header is unusual.

    Of several lines the last counts, as in `Handler`, but the first `Origin`, as in Starlette's CORS middleware.
    """
    accepted = condition = b""
    origin = None
    is_usual = True
    for name, value in headers:
        if name == b"accept-encoding":
            accepted = value
        elif name == b"if-none-match":
            condition = value
        elif name == b"origin":
            origin = value if origin is None else origin
        elif name in UNUSUAL:
            is_usual = False
    return accepted, origin, condition, is_usual


def protocol_class() -> type[BoundedConnection]:
    """Returns the connection class for the installed uvicorn: without the fast path if it was not tested with it."""
    if uvicorn.__version__.rpartition(".")[0] in TESTED_UVICORN:
        return FastPathProtocol
    log.warning(
        "evload's fast path for connections is off: it was tested with uvicorn %s, and this is %s.",
        ", ".join(TESTED_UVICORN),
        uvicorn.__version__,
    )
    return BoundedConnection


class FastPathProtocol(BoundedConnection):
    """A connection that answers from the memory of a `FastPath` as soon as the headers of a request are read.

    A polling client sends the same bytes again and again, so these are parsed once. Every other request, and every
    other application, is served as uvicorn does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fast_path = self.app if isinstance(self.app, FastPath) else None
        self._parsed_requests = self._fast_path.parsed_requests.known if self._fast_path else {}
        self._parsed: ParsedRequest | None = None
        self._is_answered = False
        self._answered_at = 0.0

    def data_received(self, data: bytes) -> None:
        starts_request = self._is_between_requests
        if starts_request and (parsed := self._parsed_requests.get(data)) and self._is_free() and self._answer(parsed):
            return
        self._parsed = None
        super().data_received(data)
        if self._fast_path and self._parsed and starts_request and self._requests_in_data == 1:
            self._fast_path.parsed_requests.add(data, self._parsed)

    def on_head_accepted(self) -> None:
        if self._fast_path and self._is_free() and self._is_plain():
            parsed = self._fast_path.parse(self.url, self.headers)
            if parsed and self._answer(parsed):
                self._parsed, self._is_answered = parsed, True
                return
        # The answer to an earlier request in the same data may have started the timer of an idle connection.
        self._unset_keepalive_if_required()
        super().on_head_accepted()

    def on_message_complete(self) -> None:
        if self._is_answered:
            self._is_between_requests, self._is_answered = True, False
        else:
            super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Closes an idle connection. Answers do not restart the timer, which would cost more than they do."""
        left_seconds = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left_seconds > 0:
            self._set_keepalive(left_seconds)
        else:
            super().timeout_keep_alive_handler()

    def _set_keepalive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _is_free(self) -> bool:
        """Whether no earlier request is unanswered and the connection takes more data."""
        cycle = self.cycle
        return (cycle is None or cycle.response_complete) and not self.flow.write_paused

    def _is_plain(self) -> bool:
        """Whether it is a GET on a connection that stays open."""
        parser = self.parser
        return parser.get_method() == b"GET" and parser.should_keep_alive() and parser.get_http_version() == "1.1"

    def _answer(self, parsed: ParsedRequest) -> bool:
        response = self._fast_path.cached_response(parsed, self.client) if self._fast_path else None
        if response is None:
            return False
        self._write(*response)
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._set_keepalive(self.timeout_keep_alive)
        return True

    def _write(self, status: int, lines: bytes, body: bytes) -> None:
        head = [STATUS_LINES[status]]
        for name, value in self.server_state.default_headers:
            head += (name, b": ", value, b"\r\n")
        if len(body) <= COPIED_BYTES:
            self.transport.write(b"".join((*head, lines, body)))
        else:
            self.transport.writelines((b"".join((*head, lines)), body))
