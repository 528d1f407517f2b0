"""Which other origins may read answers: the settings of the CORS middleware, and its headers for cached answers."""

from typing import Any

from evload.api.answers.cache import Headers

EXPOSED = ("ETag", "Link", "Retry-After", "Server-Timing", "X-Data-Version")
ANY_ORIGIN = b"*"
ANOTHER_ORIGIN = b"another"
SIMPLE_HEADERS = [
    (b"access-control-allow-credentials", b"true"),
    (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
]


class Cors:
    def __init__(self, allowed_origins: tuple[str, ...]) -> None:
        self.middleware_options: dict[str, Any] = {
            "allow_origins": allowed_origins,
            "allow_methods": ["*"],
            "allow_headers": ["*"],
            "allow_credentials": True,
            "expose_headers": EXPOSED,
        }
        self._allowed = frozenset(origin.encode("latin-1") for origin in allowed_origins)

    def kind_of(self, origin: bytes | None) -> bytes | None:
        """Maps all origins that get the same headers to one value."""
        return origin if origin is None or self._is_allowed(origin) else ANOTHER_ORIGIN

    def added_to(self, headers: Headers, origin: bytes | None) -> Headers:
        """Returns the headers with those that the CORS middleware would add to an answer for this origin."""
        found = list(headers)
        if origin is not None:
            allow = [(b"access-control-allow-origin", origin)] if self._is_allowed(origin) else []
            # The order is the middleware's own.
            found += [*allow, *SIMPLE_HEADERS] if ANY_ORIGIN in self._allowed else [*SIMPLE_HEADERS, *allow]
        if not any(name == b"vary" for name, _ in headers):
            return [*found, (b"vary", b"Origin")]
        return [(name, value + b", Origin" if name == b"vary" else value) for name, value in found]

    def _is_allowed(self, origin: bytes) -> bool:
        return ANY_ORIGIN in self._allowed or origin in self._allowed
