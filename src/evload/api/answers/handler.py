"""What is behind every endpoint: an answer that is not known yet is asked of Postgres, once, and kept."""

import asyncio
from contextlib import AbstractContextManager
from time import perf_counter
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from evload.api.answers.cache import Answer, Cache, Variant
from evload.api.answers.representation import Representations, messages
from evload.api.answers.single_flight import SingleFlight, result_or_disconnect
from evload.api.contract.endpoints import NO_SUCH_USER, NOTHING_IN_RANGE, Endpoint
from evload.api.contract.params import Page, Params, Range, UserRange, values_for
from evload.api.errors import EmptyRange, ShuttingDown
from evload.api.operations.metrics import Metrics
from evload.database import Database
from evload.queries import query, served
from evload.watch import SiteState, Watch

Question = tuple[Endpoint, Params]
CLIENT_GONE = 499


class Answers:
    """Finds or makes the answer to a canonical request."""

    def __init__(self, database: Database, watch: Watch, cache: Cache[Question], metrics: Metrics) -> None:
        self._database = database
        self._watch = watch
        self._cache = cache
        self._metrics = metrics
        self._flights: SingleFlight[Answer] = SingleFlight()

    def known(self, question: Question) -> Answer | None:
        answer = self._cache.get(question)
        if answer is None:
            self._metrics.miss()
        return answer

    def making(self, question: Question, state: SiteState) -> "AbstractContextManager[asyncio.Task[Answer]]":
        # Whoever has seen a newer version must not join a flight that began before it.
        return self._flights.join((state.data_version, question), lambda: self._make(question, state))

    async def fresh(self, question: Question, state: SiteState) -> Answer:
        with self.making(question, state) as making:
            await asyncio.wait({making})
            return making.result()

    async def _make(self, question: Question, state: SiteState) -> Answer:
        answer = _nothing(*question, state) if state.is_empty else await self._ask(*question, state)
        # The query tells the version of its own snapshot. A newer one is news to the watch, which turns the cache over
        # before anybody sees it, so that no client goes back in time. An older one comes from a standby that lags.
        if answer.data_version > state.data_version:
            await self._watch.catch_up(state.data_version)
        if answer.data_version == self._watch.data_version:
            self._cache.put(question, answer)
        return answer

    async def _ask(self, endpoint: Endpoint, params: Params, state: SiteState) -> Answer:
        values = values_for(query(endpoint.query).param_names, params)
        if isinstance(params, UserRange) and (not params.user_id or "\x00" in params.user_id):
            return _not_found(endpoint, state.data_version, NO_SUCH_USER)  # fillers are nobody's; no text has a NUL
        while True:
            row = await self._database.fetch_row(served(endpoint.query, endpoint.envelope), values)
            version, body = row["data_version"], row["body"]
            if body is not None:
                return Answer(endpoint.path, version, 200, body.encode(), _link(params, row.get("next_after")))
            if endpoint.may_be_empty:
                return Answer(endpoint.path, version, 200, b"[]")
            if not isinstance(params, UserRange):
                return _not_found(endpoint, version, NOTHING_IN_RANGE)
            user = await self._database.fetch_row(query("users/exists").text, [params.user_id])
            if user["data_version"] == version:
                return _not_found(endpoint, version, NOTHING_IN_RANGE if user["user_exists"] else NO_SUCH_USER)


def _nothing(endpoint: Endpoint, params: Params, state: SiteState) -> Answer:
    if endpoint.may_be_empty:
        return Answer(endpoint.path, state.data_version, 200, b"[]")
    return _not_found(endpoint, state.data_version, NO_SUCH_USER if isinstance(params, UserRange) else NOTHING_IN_RANGE)


def _not_found(endpoint: Endpoint, data_version: int, detail: str) -> Answer:
    return Answer(endpoint.path, data_version, 404, orjson.dumps({"detail": detail}))


def _link(params: Params, next_after: int | None) -> bytes | None:
    if not isinstance(params, Page) or next_after is None:
        return None
    return f'</hourly_loads?{urlencode({"limit": params.limit, "after": next_after})}>; rel="next"'.encode()


class Handler:
    """An endpoint as plain ASGI: a miss passes no more of the framework than it needs."""

    def __init__(
        self,
        endpoint: Endpoint,
        answers: Answers,
        watch: Watch,
        cache: Cache[Question],
        representations: Representations,
    ) -> None:
        self._endpoint = endpoint
        self._answers = answers
        self._watch = watch
        self._cache = cache
        self._representations = representations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoint
        scope["evload.route"] = endpoint.path
        began = perf_counter()
        state = self._watch.state
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        params = _read_params(endpoint, {**given, **scope["path_params"]}, state)
        answer = await self._answer((endpoint, params), state, receive)
        if answer is None:
            await Response(status_code=CLIENT_GONE)(scope, receive, send)
            return
        if given.keys() <= endpoint.params.model_fields.keys():
            self._cache.add_alias((scope["path"], scope["query_string"]), answer)
        await self._respond(answer, scope, send, perf_counter() - began)

    async def _answer(self, question: Question, state: SiteState, receive: Receive) -> Answer | None:
        known = self._answers.known(question)
        if known is not None:
            return known
        with self._answers.making(question, state) as making:
            try:
                return await result_or_disconnect(making, lambda: _gone(receive))
            except asyncio.CancelledError:
                raise ShuttingDown from None

    async def _respond(self, answer: Answer, scope: Scope, send: Send, seconds: float) -> None:
        given = dict(scope["headers"])
        encoding = self._representations.encoding(answer, given.get(b"accept-encoding", b""))
        body = await self._representations.body(answer, encoding)
        headers = self._representations.headers(answer, encoding, body)
        headers.append((b"server-timing", f"db;dur={seconds * 1000:.1f}".encode()))
        variant = Variant(answer.status, headers, body, answer.etag(encoding))
        for message in messages(variant, given.get(b"if-none-match", b"")):
            await send(message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _read_params(endpoint: Endpoint, given: dict[str, str], state: SiteState) -> Params:
    params = endpoint.params.model_validate(given, context={"zone": state.zone})
    if isinstance(params, Range) and params.start_date and params.end_date and params.start_date > params.end_date:
        raise EmptyRange
    return params
