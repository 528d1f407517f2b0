"""ASGI middleware: counts requests that the fast path does not answer, and writes the access log if it is enabled."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from evload.api.operations.metrics import Metrics
from evload.streams import LineWriter

STREAMS = ("/events",)  # not counted: open for hours, they would distort the histogram of durations


class RequestMetrics:
    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in STREAMS:
            return await self._app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._metrics.count(scope.get("evload.route", scope["path"]), status, time.perf_counter() - began)


def with_access_log(app: ASGIApp, trusted: Sequence[str]) -> Any:
    """Logs each request, with the client that the proxies at these addresses name in `X-Forwarded-For`."""
    logging: Any = AccessLog(app)
    return ProxyHeadersMiddleware(logging, list(trusted))


class AccessLog:
    """Writes one JSON object per request to standard output."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lines = LineWriter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, seen = time.perf_counter(), {"status": 500, "bytes": 0}

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            else:
                seen["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._lines.write(_line(scope, seen, time.perf_counter() - began))


def _line(scope: Scope, seen: dict[str, int], seconds: float) -> bytes:
    entry = {
        "time": datetime.now(UTC),
        "client": scope["client"][0] if scope.get("client") else None,
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        **seen,
        "milliseconds": round(seconds * 1000, 3),
    }
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
