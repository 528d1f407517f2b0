"""Who is let in: the tokens that a worker knows, the scope that each gives, and how often it may ask."""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto
from time import monotonic, time
from typing import NamedTuple

from evload.api.answers.cache import Headers
from evload.api.contract.scope import COOKIE, EVERYTHING, Scope, scope_of
from evload.tokens import Role, Token, digest

COOKIE_PREFIX = f"{COOKIE}=".encode()
BURST_SECONDS = 10.0
NEVER = float("inf")


class Opening(Enum):
    """Whether requests without a token are answered."""

    ALWAYS = auto()
    WHILE_NO_TOKEN = auto()
    """Until the first token was made, also if that is revoked since."""
    NEVER = auto()


class Known(NamedTuple):
    name: str
    scope: Scope
    expires_at: float


class Access:
    """Judges tokens by their SHA-256, which a look into a dictionary compares: its time tells nothing of a token."""

    def __init__(self, opening: Opening, requests_per_second: float = 0) -> None:
        self._opening = opening
        self._open_scope = EVERYTHING if opening is Opening.ALWAYS else None
        self._known: dict[bytes | None, Known] = {}
        self._scopes: dict[bytes | None, Scope] = {}
        """Of the tokens that hold: a timer takes out those that expire, so that no request asks for the time."""
        self._timer: asyncio.TimerHandle | None = None
        self._revoked: set[bytes] = set()
        self._news = asyncio.Event()
        self.limit = RateLimit(requests_per_second) if requests_per_second else None
        self.is_informed = opening is Opening.ALWAYS
        """Whether it was told yet which tokens there are."""

    @property
    def may_open(self) -> bool:
        return self._opening is not Opening.NEVER

    def take(self, tokens: Sequence[Token]) -> None:
        """Takes over what the database says. A standby that lags brings back no revoked token, and opens nothing."""
        self._revoked |= {one.digest for one in tokens if one.is_revoked}
        self._known = {one.digest: _known(one) for one in tokens if one.digest not in self._revoked}
        if self._opening is Opening.WHILE_NO_TOKEN and tokens:
            self._opening = Opening.NEVER
        if self._opening is Opening.WHILE_NO_TOKEN:
            self._open_scope = EVERYTHING
        elif self._opening is Opening.NEVER:
            self._open_scope = None
        self.is_informed = True
        self._let_expire()

    def _let_expire(self) -> None:
        """Looks at the clock again when the next token expires, and each second until then, as clocks are set."""
        now = time()
        holding = {digest: one for digest, one in self._known.items() if one.expires_at > now}
        self._scopes = {digest: one.scope for digest, one in holding.items()}
        if self._timer is not None:
            self._timer.cancel()
        left_seconds = min((one.expires_at for one in holding.values()), default=NEVER) - now
        if left_seconds < NEVER:
            self._timer = asyncio.get_running_loop().call_later(min(left_seconds, 1.0), self._let_expire)
        self._news.set()
        self._news = asyncio.Event()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def scope_for(self, digest: bytes | None) -> Scope | None:
        """Returns the scope of a request with this token, or None if it has none."""
        return self._scopes.get(digest) if self._open_scope is None else self._open_scope

    def name_of(self, digest: bytes | None) -> str | None:
        known = self._known.get(digest)
        return known and known.name

    async def until_ended(self, digest: bytes | None) -> None:
        """Waits until a request with this token would not be let in any more."""
        while self.scope_for(digest) is not None:
            await self._news.wait()


def _known(token: Token) -> Known:
    sees_users = token.role is Role.READER
    scope = scope_of(sees_users=sees_users, user_id=token.user_id, location_id=token.location_id)
    return Known(token.name, scope, token.expires_at)


class RateLimit:
    """Lets a token ask so often in each worker, in the mean; what it did not ask in ten seconds it may ask at once."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second * BURST_SECONDS)
        self._left: dict[bytes | None, tuple[float, float]] = {}
        """How many requests a token has left, and since when."""

    def wait_seconds(self, digest: bytes | None) -> float:
        """Takes one request of a token that is known. Returns 0, or when the next one may come."""
        now = monotonic()
        left, since = self._left.get(digest, (self._most, now))
        left = min(self._most, left + (now - since) * self._per_second)
        if left < 1:
            return (1 - left) / self._per_second
        self._left[digest] = left - 1, now
        return 0.0


def credential(headers: Headers) -> bytes | None:
    """Returns the SHA-256 of the token that a request carries, in `Authorization: Bearer` or in the cookie."""
    bearers = {value for name, value in headers if name == b"authorization" and value[:7].lower() == b"bearer "}
    if bearers:
        return digest(bearers.pop()[7:].strip()) if len(bearers) == 1 else digest(b"")
    cookies = [one.strip() for name, value in headers if name == b"cookie" for one in value.split(b";")]
    found = next((one for one in cookies if one.startswith(COOKIE_PREFIX)), None)
    return digest(found[len(COOKIE_PREFIX) :]) if found is not None else None
