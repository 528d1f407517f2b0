"""The guard: the one place that every HTTP request passes before it is answered, from memory or not.

It lets a request in with the scope that its token gives; what that scope may ask, and how it narrows the question, says
`contract.scope`. To add a check, write a function and list it in CHECKS. The fast path asks the guard before it answers
from memory, requests whose bytes it remembers included; the ASGI application asks it for every other request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil
from typing import NamedTuple

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evload.api.answers.cors import Cors
from evload.api.answers.representation import made_private
from evload.api.contract import scope as scopes
from evload.api.errors import problem
from evload.api.server.access import Access, credential
from evload.api.server.audit import Audit
from evload.api.server.host_names import Hosts, is_loopback
from evload.database.errors import DatabaseUnavailable

NOBODY = "This needs a token. Send it in a header: Authorization: Bearer TOKEN."
UNKNOWN = "This token is not known here, was revoked, or has expired."
BAD_HOST = "evload is not served by this name. EVLOAD_ALLOWED_HOSTS lists the names that it is served by."
TOO_OFTEN = "This token asks too often."
SIGN_IN = "Sign in first."
FORWARDED = frozenset({b"forwarded", b"x-forwarded-for"})


class Needs(Enum):
    NOTHING = auto()
    TOKEN = auto()
    TOKEN_OR_LOOPBACK = auto()
    TOKEN_BY_PAGE = auto()
    """A page that people open, which leads those without a token to where they sign in."""


NEEDS: Mapping[str, Needs] = {
    "/livez": Needs.NOTHING,
    "/readyz": Needs.NOTHING,
    "/sign-in": Needs.NOTHING,
    "/sign-out": Needs.NOTHING,
    "/metrics": Needs.TOKEN_OR_LOOPBACK,
    "/dashboard": Needs.TOKEN_BY_PAGE,
    "/docs": Needs.TOKEN_BY_PAGE,
    "/redoc": Needs.TOKEN_BY_PAGE,
}
"""All other paths need a token."""
ASSETS = ("/dashboard/assets/", "/docs/assets/", "/docs/start.js")
"""Fixed files, which hold nothing of the site."""


class Refusal(NamedTuple):
    status: int
    detail: str
    headers: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Admission:
    """That a request was let in. Without a scope it may ask for nothing of the site."""

    access: Access
    scope: scopes.Scope | None
    digest: bytes | None

    @property
    def name(self) -> str | None:
        return self.access.name_of(self.digest)

    def holds(self) -> bool:
        return self.access.scope_for(self.digest) is not None

    async def until_ended(self) -> None:
        await self.access.until_ended(self.digest)


Check = Callable[[HTTPConnection], Refusal | None]
"""Judges a request by its head: method (`scope["method"]`), address, headers and client.

It is asked again for each request, so it may depend on the time; a refused request may be judged twice. A browser's
preflight (OPTIONS) carries no credentials: a check that wants them must let it pass.
"""

CHECKS: tuple[Check, ...] = ()


class Guard:
    def __init__(self, access: Access, hosts: Hosts, checks: tuple[Check, ...] = CHECKS) -> None:
        self.access = access
        self.hosts = hosts
        self.checks = checks

    def judge(self, scope: Scope) -> Refusal | Admission:
        if refusal := self.refusal_of_checks(scope):
            return refusal
        needs = needs_of(scope)
        digest = credential(scope["headers"])
        if needs is Needs.NOTHING:
            return Admission(self.access, None, digest)
        if not self.hosts.serve(scope["headers"]):
            return Refusal(421, BAD_HOST)
        return self._judge_token(scope, needs, digest)

    def refusal_of_checks(self, scope: Scope) -> Refusal | None:
        """Returns the refusal of the first check that refuses the request."""
        if not self.checks:
            return None
        connection = HTTPConnection(scope)
        return next((refusal for check in self.checks if (refusal := check(connection))), None)

    def _judge_token(self, scope: Scope, needs: Needs, digest: bytes | None) -> Refusal | Admission:
        seen = self.access.scope_for(digest)
        if seen is None:
            if needs is Needs.TOKEN_OR_LOOPBACK and _is_of_this_machine(scope):
                return Admission(self.access, None, None)
            if not self.access.is_informed:
                # Nothing of the site can be answered either, so that only says why.
                unknown = Admission(self.access, None, None)
                return unknown if self.access.may_open else Refusal(500, DatabaseUnavailable.message)
            return _not_let_in(scope, needs, digest)
        if self.access.limit and not seen.is_open and (wait_seconds := self.access.limit.wait_seconds(digest)):
            return Refusal(429, TOO_OFTEN, {"Retry-After": str(ceil(wait_seconds))})
        return Admission(self.access, seen, digest)


def needs_of(scope: Scope) -> Needs:
    path, method, headers = scope["path"], scope["method"], scope["headers"]
    if path.startswith(ASSETS) or (method == "OPTIONS" and _is_preflight({name for name, _ in headers})):
        return Needs.NOTHING
    if path == "/" and any(name == b"accept" and b"text/html" in value for name, value in headers):
        return Needs.NOTHING  # it only leads to the dashboard
    return NEEDS.get(path, Needs.TOKEN)


def _is_preflight(names: set[bytes]) -> bool:
    """Whether a browser asks what another origin may do, which it does without credentials."""
    return {b"origin", b"access-control-request-method"} <= names


def _is_of_this_machine(scope: Scope) -> bool:
    """Whether no other machine asks, not even through a proxy on this one."""
    client = scope.get("client")
    return client is not None and is_loopback(client[0]) and not any(name in FORWARDED for name, _ in scope["headers"])


def _not_let_in(scope: Scope, needs: Needs, digest: bytes | None) -> Refusal:
    if needs is Needs.TOKEN_BY_PAGE:
        return Refusal(303, SIGN_IN, {"Location": "sign-in"})  # relative: also below a proxy's prefix
    if digest is None:
        return Refusal(401, NOBODY, {"WWW-Authenticate": "Bearer"})
    return Refusal(401, UNKNOWN, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


class GuardedApp:
    """Answers refused requests itself, with the CORS headers that let a front end read why."""

    def __init__(self, app: ASGIApp, guard: Guard, cors: Cors) -> None:
        self._app = app
        self._guard = guard
        self._cors = cors
        self._audit = Audit()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        judged = self._guard.judge(scope)
        if isinstance(judged, Refusal):
            return await self._refuse(judged, scope, receive, send)
        scope["evload.admission"] = judged

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                if judged.scope and judged.digest:
                    message = {**message, "headers": made_private(message["headers"])}
                if message["status"] == 403:
                    self._audit.denied(scope, 403, judged.name)
            await send(message)

        return await self._app(scope, receive, send_on)

    async def _refuse(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        if 400 <= refusal.status < 500:
            self._audit.denied(scope, refusal.status, self._guard.access.name_of(credential(scope["headers"])))
        response = problem(refusal.status, refusal.detail, {"Cache-Control": "no-store", **refusal.headers})
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        response.raw_headers = self._cors.added_to(response.raw_headers, origin)
        await response(scope, receive, send)
