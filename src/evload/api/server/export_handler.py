"""The ASGI application of one export: sends what is kept as other answers are, and what is larger while it is made."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from evload.api.answers.cache import Answer, Headers, Variant
from evload.api.answers.export import Exports
from evload.api.answers.finding import Question
from evload.api.answers.ranges import part
from evload.api.answers.representation import EMPTY_BODY
from evload.api.contract.endpoints import Endpoint
from evload.api.errors import ShuttingDown
from evload.api.server.handler import CLIENT_GONE, Handler, disconnect, timing
from evload.errors import EvloadError
from evload.snapshots import Take
from evload.watch import DataVersion, SiteState

END_WITHIN_SECONDS = 5.0  # once evload is about to end

log = logging.getLogger(__name__)


class BrokenOff(Exception):
    """Ends the connection, so that the client notices that the rest is missing."""


class _HeadAnswered(Exception):
    """Ends the making of an export of which only the head was asked for."""


class _Sending:
    """The response of an export that turned out to be too large to be kept."""

    def __init__(self, send: Send, holds: Callable[[], bool], *, is_head: bool) -> None:
        self._send = send
        self._holds = holds
        self._is_head = is_head
        self.has_begun = False

    async def begin(self, headers: Headers) -> Take:
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        if self._is_head:
            await self.end()
            raise _HeadAnswered
        return self._pass_on

    async def end(self) -> None:
        await self._send(EMPTY_BODY)

    async def _pass_on(self, piece: bytes) -> None:
        if not self._holds():  # its token was revoked, or has expired
            raise BrokenOff
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})


class ExportHandler(Handler):
    def __init__(self, endpoint: Endpoint, exports: Exports, closing: asyncio.Event, *parts: Any) -> None:
        super().__init__(endpoint, *parts)
        self._exports = exports
        self._closing = closing

    async def _make(
        self, question: Question, state: SiteState, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        began = perf_counter()
        sending = _Sending(send, scope["evload.admission"].holds, is_head=scope["method"] == "HEAD")

        async def begin(version: DataVersion, headers: Headers) -> Take:
            found = self._representations.headers_of_stream(self._endpoint.media_type, version)
            return await sending.begin([*found, *headers, timing(perf_counter() - began)])

        making = asyncio.create_task(self._exports.make(question, state, begin))
        leaving, ending = asyncio.create_task(disconnect(receive)), asyncio.create_task(self._end())
        try:
            await asyncio.wait({making, leaving, ending}, return_when=asyncio.FIRST_COMPLETED)
            if making.done():
                return await self._made(making, sending)
            if leaving.done() and not sending.has_begun:
                await Response(status_code=CLIENT_GONE)(scope, receive, send)
            if leaving.done():
                return None
            raise BrokenOff if sending.has_begun else ShuttingDown
        finally:
            for task in (making, leaving, ending):
                task.cancel()
            await asyncio.gather(making, leaving, ending, return_exceptions=True)

    async def _made(self, making: "asyncio.Task[Answer | None]", sending: _Sending) -> Answer | None:
        try:
            answer = making.result()
        except _HeadAnswered:
            return None
        except EvloadError as error:
            if not sending.has_begun:
                raise
            log.warning("An export of %s broke off: %s", self._endpoint.path, error)
            raise BrokenOff from error
        if answer is None:
            await sending.end()
        return answer

    async def _end(self) -> None:
        await self._closing.wait()
        await asyncio.sleep(END_WITHIN_SECONDS)

    def _messages(self, variant: Variant, given: Mapping[bytes, bytes]) -> tuple[Message, Message]:
        start, message = super()._messages(variant, given)
        if start["status"] != 200:
            return start, message
        asked = given.get(b"range", b"")
        found = part(variant, asked, given.get(b"if-range", b"")) if asked else None
        return found or (start, message)
