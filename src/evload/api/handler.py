"""The one handler behind every endpoint: what is not known yet is asked of Postgres, once, and kept."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from evload.api.cache import Answer, Cache
from evload.api.endpoints import NO_SUCH_USER, NOTHING_IN_RANGE, Endpoint
from evload.api.errors import EmptyRange
from evload.api.flights import Flights, unless_gone
from evload.api.metrics import Metrics
from evload.api.params import Page, Params, Range, UserRange, values_for
from evload.api.representation import Representations, is_held
from evload.database import Database
from evload.queries import query, served
from evload.watch import SiteState, Watch

Handler = Callable[[Request], Awaitable[Response]]
Question = tuple[Endpoint, Params]
CLIENT_GONE = 499


class Answers:
    """Finds or makes the answer to a canonical request."""

    def __init__(self, database: Database, watch: Watch, cache: Cache[Question], metrics: Metrics) -> None:
        self._database = database
        self._watch = watch
        self._cache = cache
        self._metrics = metrics
        self._flights: Flights[Answer] = Flights()

    async def of(self, question: Question, state: SiteState) -> Answer:
        known = self._cache.get(question)
        if known is not None:
            return known
        self._metrics.miss()
        return await self.fresh(question, state)

    async def fresh(self, question: Question, state: SiteState) -> Answer:
        # Whoever has seen a newer version must not join a flight that began before it.
        return await self._flights.join((state.data_version, question), lambda: self._make(question, state))

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
            user = await self._database.fetch_row(query("user_exists").text, [params.user_id])
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


class Handlers:
    def __init__(
        self, answers: Answers, watch: Watch, cache: Cache[Question], representations: Representations
    ) -> None:
        self._answers = answers
        self._watch = watch
        self._cache = cache
        self._representations = representations

    def of(self, endpoint: Endpoint) -> Handler:
        async def handle(request: Request) -> Response:
            request.scope["evload.route"] = endpoint.path
            began = perf_counter()
            state = self._watch.state
            params = _read_params(endpoint, request, state)
            answer = await unless_gone(self._answers.of((endpoint, params), state), _gone(request))
            if answer is None:
                return Response(status_code=CLIENT_GONE)
            if request.query_params.keys() <= endpoint.params.model_fields.keys():
                self._cache.name((request.scope["path"], request.scope["query_string"]), answer)
            return await self._response(answer, request, perf_counter() - began)

        return handle

    async def _response(self, answer: Answer, request: Request, seconds: float) -> Response:
        encoding = self._representations.encoding(answer, request.headers.get("accept-encoding", "").encode("latin-1"))
        body = await self._representations.body(answer, encoding)
        headers = self._representations.headers(answer, encoding, body)
        headers.append((b"server-timing", f"db;dur={seconds * 1000:.1f}".encode()))
        condition = request.headers.get("if-none-match", "").encode("latin-1")
        response = Response(body, answer.status)
        if condition and answer.status == 200 and is_held(condition, answer.etag(encoding)):
            response = Response(status_code=304)
            headers = [header for header in headers if header[0] not in (b"content-type", b"content-length")]
        response.raw_headers = headers
        return response


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _read_params(endpoint: Endpoint, request: Request, state: SiteState) -> Params:
    given = {**request.query_params, **request.path_params}
    params = endpoint.params.model_validate(given, context={"zone": state.zone})
    if isinstance(params, Range) and params.start_date and params.end_date and params.start_date > params.end_date:
        raise EmptyRange
    return params
