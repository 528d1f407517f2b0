"""The guard: the one place that every HTTP request passes before it is answered, from memory or not.

To add a check, write a function and list it in CHECKS. The fast path asks the guard before it answers from memory,
requests whose bytes it remembers included; the ASGI application asks it for every other request.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from evload.api.answers.cors import Cors
from evload.api.errors import problem


class Refusal(NamedTuple):
    status: int
    detail: str
    headers: Mapping[str, str] = {}


Check = Callable[[HTTPConnection], Refusal | None]
"""Judges a request by its head: method (`scope["method"]`), address, headers and client.

It is asked again for each request, so it may depend on the time; a refused request may be judged twice. A browser's
preflight (OPTIONS) carries no credentials: a check that wants them must let it pass.
"""

CHECKS: tuple[Check, ...] = ()


class Guard:
    def __init__(self, checks: tuple[Check, ...] = CHECKS) -> None:
        self.checks = checks

    def refusal(self, scope: Scope) -> Refusal | None:
        """Returns the refusal of the first check that refuses the request."""
        connection = HTTPConnection(scope)
        return next((refusal for check in self.checks if (refusal := check(connection))), None)


class GuardedApp:
    """Answers refused requests itself, with the CORS headers that let a front end read why."""

    def __init__(self, app: ASGIApp, guard: Guard, cors: Cors) -> None:
        self._app = app
        self._guard = guard
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._guard.refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            return await self._app(scope, receive, send)
        response = problem(refusal.status, refusal.detail, dict(refusal.headers))
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        response.raw_headers = self._cors.added_to(response.raw_headers, origin)
        return await response(scope, receive, send)
