"""Serves `/events`: the data version as server-sent events, so that a dashboard fetches only when data changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from evload.api.operations.metrics import Metrics
from evload.watch import DataVersion, Watch

KEEP_ALIVE_SECONDS = 15.0
RETRY_MILLISECONDS = 2000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Events:
    def __init__(self, watch: Watch, metrics: Metrics, closing: asyncio.Event) -> None:
        self._watch = watch
        self._metrics = metrics
        self._closing = closing

    async def stream(self, request: Request) -> Response:
        self._watch.state  # noqa: B018 - raises an error that must become the status, before the stream starts
        last = request.headers.get("last-event-id", "")
        until_ended = request.scope["evload.admission"].until_ended
        events = () if request.method == "HEAD" else self._events(last, until_ended)
        return StreamingResponse(events, headers=HEADERS, media_type="text/event-stream")

    async def _events(self, last: str, until_ended: Callable[[], Awaitable[None]]) -> AsyncIterator[bytes]:
        """Ends when evload does, or the token of the request."""
        self._metrics.add("event_streams", 1)
        ended = asyncio.ensure_future(until_ended())
        try:
            yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
            known = self._watch.data_version
            told = known if known is not None and _event_id(known) == last else None
            while not self._closing.is_set() and not ended.done():
                version = self._watch.data_version
                if version is not None and version != told:
                    told = version
                    yield _event(version)
                elif not await self._changes(told, ended):
                    yield b": still here\n\n"
        finally:
            ended.cancel()
            self._metrics.add("event_streams", -1)

    async def _changes(self, told: DataVersion | None, ended: "asyncio.Future[None]") -> bool:
        """Waits for another data version or an end. Returns False if neither came in KEEP_ALIVE_SECONDS."""
        waits: set[asyncio.Future[Any]] = {
            asyncio.create_task(self._watch.next_after(told)),
            asyncio.create_task(self._closing.wait()),
        }
        try:
            done, _ = await asyncio.wait(
                {*waits, ended}, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            return bool(done)
        finally:
            for wait in waits:
                wait.cancel()


def _event_id(version: DataVersion) -> str:
    return f"{version.number}-{version.id}"


def _event(version: DataVersion) -> bytes:
    data = orjson.dumps({"data_version": version.number}).decode()
    return f"id: {_event_id(version)}\nevent: data_version\ndata: {data}\n\n".encode()
