"""Which other origins may read answers: the settings of the CORS middleware, and its headers for cached answers."""

from typing import Any

from evload.api.answers.cache import Headers

EXPOSED = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Link",
    "Retry-After",
    "Server-Timing",
    "X-Data-Version",
)
ANY_ORIGIN = "*"
ANOTHER_ORIGIN = b"another"


class Cors:
    """Lets origins read answers. Any origin may be one of a stranger's page, so then credentials are not let in."""

    def __init__(self, allowed_origins: tuple[str, ...]) -> None:
        self._allows_any = ANY_ORIGIN in allowed_origins
        self.middleware_options: dict[str, Any] = {
            "allow_origins": allowed_origins,
            "allow_methods": ["*"],
            "allow_headers": ["*"],
            "allow_credentials": not self._allows_any,
            "allow_private_network": True,
            "expose_headers": EXPOSED,
        }
        self._named = frozenset(origin.encode("latin-1") for origin in allowed_origins)
        # The order is the middleware's own.
        self._of_every_origin = [
            (b"access-control-allow-origin", b"*")
            if self._allows_any
            else (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
        ]

    def kind_of(self, origin: bytes | None) -> bytes | None:
        """Maps all origins that get the same headers to one value."""
        return origin if origin is None or self._is_named(origin) else ANOTHER_ORIGIN

    def added_to(self, headers: Headers, origin: bytes | None) -> Headers:
        """Returns the headers with those that the CORS middleware would add to an answer for this origin."""
        found = list(headers)
        if origin is not None:
            found += self._of_every_origin
            if self._is_named(origin):
                found.append((b"access-control-allow-origin", origin))
        if not any(name == b"vary" for name, _ in headers):
            return [*found, (b"vary", b"Origin")]
        return [(name, value + b", Origin" if name == b"vary" else value) for name, value in found]

    def _is_named(self, origin: bytes) -> bool:
        """Whether the origin is told that it is let in itself, and not as one of all."""
        return origin in self._named and not self._allows_any
