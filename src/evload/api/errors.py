"""Turns every error into `{"detail": ...}`, by one table from exception to status. Imports no other part of the API."""

import logging
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from evload.database.errors import DatabaseUnavailable, NoRoom, QueryFailed, TooBusy
from evload.errors import EvloadError

RETRY_AFTER_SECONDS = "1"

log = logging.getLogger(__name__)


class EmptyRange(EvloadError):
    message = "start_date must be before end_date"


class InvalidParameters(Exception):
    """The parameters of a request, each problem in the shape in which pydantic lists it."""

    def __init__(self, problems: list[Any]) -> None:
        super().__init__(problems)
        self.problems = problems


class Forbidden(EvloadError):
    """What is asked for is not for the token that the request came with."""


class ShuttingDown(EvloadError):
    message = "evload is about to end, and no longer waits for the database. Ask again once it runs."


STATUSES: dict[type[EvloadError], int] = {
    EmptyRange: 400,
    Forbidden: 403,
    QueryFailed: 500,
    DatabaseUnavailable: 500,
    NoRoom: 503,
    TooBusy: 503,
    ShuttingDown: 503,
}


def problem(status: int, detail: Any, headers: dict[str, str] | None = None) -> Response:
    """Builds the response. Errors are JSON, whatever the media type of the answer would have been."""
    return Response(orjson.dumps({"detail": detail}), status, headers, "application/json")


async def _ours(request: Request, error: Exception) -> Response:
    status = STATUSES[type(error)]  # type: ignore[index]
    if status == 503:
        log.warning("Requests are refused: %s", error, extra={"event": "refused"})
    elif isinstance(error, QueryFailed):
        log.warning("A request failed: %s%s", error, _reason(error.__cause__), extra={"event": "request_failed"})
    return problem(status, str(error), {"Retry-After": RETRY_AFTER_SECONDS} if status == 503 else None)


def _reason(cause: BaseException | None) -> str:
    """What Postgres said, for the log alone."""
    return f" ({type(cause).__name__}: {str(cause).partition(chr(10))[0]})" if cause else ""


async def _bad_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidParameters)
    return problem(422, [{**one, "loc": ["query", *one["loc"]]} for one in error.problems])


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if "Allow" in headers:  # Starlette joins a set, whose order differs from worker to worker
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    return problem(error.status_code, error.detail, headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    return problem(500, "Something went wrong inside evload. The server's log has the details.")


HANDLERS: dict[Any, ExceptionHandler] = {
    **dict.fromkeys(STATUSES, _ours),
    InvalidParameters: _bad_parameters,
    HTTPException: _http,
    Exception: _unforeseen,
}
