"""The ASGI application of one endpoint: reads the parameters, finds or makes the answer, sends it."""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from evload.api.answers.cache import Answer, Cache, Header, Variant
from evload.api.answers.finding import Answers, Question
from evload.api.answers.in_flight import InFlight, send_body
from evload.api.answers.representation import Representations, messages
from evload.api.answers.single_flight import result_or_disconnect
from evload.api.contract.endpoints import Endpoint
from evload.api.contract.names import is_ignored
from evload.api.contract.scope import Shows
from evload.api.errors import ShuttingDown
from evload.api.operations.metrics import Metrics
from evload.database.errors import DatabaseUnavailable
from evload.watch import SiteState, Watch

CLIENT_GONE = 499


class Handler:
    """Plain ASGI, as Starlette's requests and responses would cost more than the rest of a cache miss."""

    def __init__(
        self,
        endpoint: Endpoint,
        answers: Answers,
        watch: Watch,
        cache: Cache[Question],
        representations: Representations,
        metrics: Metrics,
        in_flight: InFlight,
    ) -> None:
        self._endpoint = endpoint
        self._answers = answers
        self._watch = watch
        self._cache = cache
        self._representations = representations
        self._metrics = metrics
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoint
        scope["evload.route"] = endpoint.path
        began = perf_counter()
        state = self._watch.state
        seen = scope["evload.admission"].scope
        if seen is None:
            raise DatabaseUnavailable
        seen.check(endpoint.shows)
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        asked = endpoint.read_params(pairs, scope["path_params"], state.zone, state.measures)
        params = seen.narrowed(asked, endpoint.shows)
        is_limited = self._answers.threshold.is_set and not seen.sees_users and endpoint.shows is Shows.SUMS
        answer = await self._answer(Question(endpoint, params, is_limited), state, scope, receive, send)
        if answer is None:
            return
        if answer.status != 403 and not any(is_ignored(name) for name, _ in pairs):
            self._cache.add_alias((scope["path"], scope["query_string"], seen), answer)
        with self._in_flight.held(answer):
            await self._respond(answer, scope, send, perf_counter() - began)

    async def _answer(
        self, question: Question, state: SiteState, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """Returns None if nothing is left to send."""
        known = self._cache.get(question)
        if known is not None:
            return known
        self._metrics.miss()
        return await self._make(question, state, scope, receive, send)

    async def _make(
        self, question: Question, state: SiteState, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        with self._answers.making(question, state) as making:
            try:
                answer = await result_or_disconnect(making, lambda: disconnect(receive))
            except asyncio.CancelledError:
                raise ShuttingDown from None
        if answer is None:
            await Response(status_code=CLIENT_GONE)(scope, receive, send)
        return answer

    async def _respond(self, answer: Answer, scope: Scope, send: Send, seconds: float) -> None:
        given = dict(scope["headers"])
        encoding = self._representations.encoding(answer, given.get(b"accept-encoding", b""))
        body = await self._representations.body(answer, encoding)
        headers = self._representations.headers(answer, encoding, body)
        headers.append(timing(seconds))
        variant = Variant(answer.status, headers, body, answer.etag(encoding))
        start, message = self._messages(variant, given)
        await send(start)
        await send_body(send, message["body"])

    def _messages(self, variant: Variant, given: Mapping[bytes, bytes]) -> tuple[Message, Message]:
        return messages(variant, given.get(b"if-none-match", b""))


def timing(seconds: float) -> Header:
    return b"server-timing", f"db;dur={seconds * 1000:.1f}".encode()


async def disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
