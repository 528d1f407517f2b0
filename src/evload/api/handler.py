"""The one handler behind every endpoint."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from asyncpg import Record
from starlette.requests import Request
from starlette.responses import Response

from evload.api.endpoints import NO_SUCH_USER, NOTHING_IN_RANGE, Endpoint
from evload.api.errors import EmptyRange, NotFound
from evload.api.params import Page, Params, Range, UserRange, values_for
from evload.database import Database
from evload.queries import query

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class SiteState:
    zone: ZoneInfo
    is_empty: bool


class Site:
    """The site's clock, which cannot change once there are rows, and whether there are any.

    An empty database is answered without a query: the first load into it keeps the rows' table to itself for as long
    as it takes, and nobody should wait for that.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state: SiteState | None = None

    async def state(self) -> SiteState:
        if self._state is None or self._state.is_empty:
            rows = await self._database.fetch(query("site"), [])
            self._state = SiteState(ZoneInfo(rows[0]["timezone"]), rows[0]["is_empty"])
        return self._state


def handler_for(endpoint: Endpoint, database: Database, site: Site) -> Handler:
    wanted = query(endpoint.query)

    async def handle(request: Request) -> Response:
        state = await site.state()
        params = _read_params(endpoint, request, state)
        values = values_for(wanted.param_names, params)
        if isinstance(params, Page):
            values = _one_more(wanted.param_names, values)
        rows = [] if state.is_empty else await database.fetch(wanted, values)
        if isinstance(params, Page):
            return _page(request, params, rows)
        if not rows and not endpoint.may_be_empty:
            raise NotFound(await _why_nothing(params, database))
        return _json(_answer(endpoint, rows))

    return handle


def _read_params(endpoint: Endpoint, request: Request, state: SiteState) -> Params:
    given = {**request.query_params, **request.path_params}
    params = endpoint.params.model_validate(given, context={"zone": state.zone})
    if isinstance(params, Range) and params.start_date and params.end_date and params.start_date > params.end_date:
        raise EmptyRange
    if isinstance(params, UserRange) and (not params.user_id or "\x00" in params.user_id):
        raise NotFound(NO_SUCH_USER)  # filler rows are nobody's, and Postgres has no text with NUL in it
    return params


async def _why_nothing(params: Params, database: Database) -> str:
    if isinstance(params, UserRange):
        found = await database.fetch(query("user_exists"), [params.user_id])
        if not found[0]["user_exists"]:
            return NO_SUCH_USER
    return NOTHING_IN_RANGE


def _answer(endpoint: Endpoint, rows: Sequence[Record]) -> Any:
    if endpoint.answer is str:
        return [row[0] for row in rows]
    return [dict(row) for row in rows] if endpoint.many else dict(rows[0])


def _one_more(names: Sequence[str], values: list[Any]) -> list[Any]:
    """One row more than asked for tells whether there is a next page."""
    return [value + 1 if name == "limit" else value for name, value in zip(names, values, strict=True)]


def _page(request: Request, page: Page, rows: list[Record]) -> Response:
    shown = rows[: page.limit]
    response = _json([dict(row) for row in shown])
    if len(rows) > page.limit:
        following = urlencode({"limit": page.limit, "after": shown[-1]["index"]})
        response.headers["Link"] = f'<{request.url.path}?{following}>; rel="next"'
    return response


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
