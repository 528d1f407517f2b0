"""Requests that a connection has parsed, by their bytes: a client that polls sends the same again and again."""

from typing import NamedTuple

from starlette.types import Scope

from evload.api.answers.cache import HeaderPair, Headers

MAX_PARSED_REQUEST_BYTES = 4096
MAX_PARSED_BYTES = 8_000_000
PARSED_BYTES = 1000  # of a parsed request's objects, and of a header's, without the texts in them
HEADER_BYTES = 200


class ParsedRequest(NamedTuple):
    """What a GET asks for, by the keys under which `cached_response` looks it up, and its headers for the guard."""

    path: str
    query_string: bytes
    digest: bytes | None
    """Of its token. What that may see is looked up each time, as it may be revoked or expire."""
    pair: HeaderPair
    condition: bytes
    headers: Headers

    def scope(self, client: tuple[str, int] | None) -> Scope:
        head = {"type": "http", "method": "GET", "path": self.path, "query_string": self.query_string}
        return {**head, "client": client, "headers": self.headers}


class ParsedRequests:
    """Parsed requests by all their bytes. All are dropped when they take too much memory."""

    def __init__(self) -> None:
        self.known: dict[bytes, ParsedRequest] = {}
        self._bytes = 0

    def add(self, request: bytes, parsed: ParsedRequest) -> None:
        if len(request) > MAX_PARSED_REQUEST_BYTES or request in self.known:
            return
        size_bytes = 2 * len(request) + len(parsed.headers) * HEADER_BYTES + PARSED_BYTES
        if self._bytes + size_bytes > MAX_PARSED_BYTES:
            self.known.clear()
            self._bytes = 0
        self._bytes += size_bytes
        self.known[request] = parsed
