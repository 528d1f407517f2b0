"""How an answer goes out: headers, encoding, and whether the client has it already."""

import asyncio
import re
from typing import Any

from starlette.datastructures import Headers as StarletteHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Receive, Scope, Send

from evload.api.answers.cache import Answer, Cache, Headers, Variant

HIT = (b"server-timing", b'cache;desc="hit"')
IN_A_THREAD_FROM_BYTES = 50_000
NO_Q = re.compile(rb";\s*q=0(\.0*)?\s*$")
ENCODINGS = (b"zstd", b"gzip")  # the better one first
MOST_REMEMBERED = 200
MOST_HEADER_PAIRS = 32
ANOTHER_ORIGIN = b"another"
NOTHING: Message = {"type": "http.response.body", "body": b""}


class Negotiation:
    """`Accept-Encoding` to the encoding we answer with. Clients send few different ones, so they are remembered."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {b"": b""}

    def encoding(self, accepted: bytes) -> bytes:
        chosen = self._known.get(accepted)
        if chosen is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            chosen = self._known[accepted] = _choose(accepted)
        return chosen


def _choose(accepted: bytes) -> bytes:
    offers = [offer.strip() for offer in accepted.lower().split(b",")]
    wanted = {offer.partition(b";")[0].strip() for offer in offers if not NO_Q.search(offer)}
    return next((encoding for encoding in ENCODINGS if encoding in wanted), b"")


def is_held(condition: bytes, etag: bytes) -> bool:
    """Whether `If-None-Match` names the etag: compared weakly, as RFC 9110 has it for GET."""
    if condition == etag:
        return True
    return condition.strip() == b"*" or etag in [tag.strip().removeprefix(b"W/") for tag in condition.split(b",")]


def messages(variant: Variant, condition: bytes) -> tuple[Message, Message]:
    """What goes out to a client that sent this `If-None-Match`, or none."""
    if condition and variant.start["status"] == 200 and is_held(condition, variant.etag):
        return variant.not_modified, NOTHING
    return variant.start, variant.body


async def _never(scope: Scope, receive: Receive, send: Send) -> None:
    """The CORS middleware wants an application; only its headers are used here."""
    raise NotImplementedError


class Representations:
    """Makes variants of answers; what they cost is paid once for each."""

    def __init__(
        self, cache: Cache[Any], allowed_origins: tuple[str, ...], cors: dict[str, Any], max_age_seconds: int
    ) -> None:
        self._cache = cache
        self._cors = CORSMiddleware(_never, **cors)
        self._negotiation = Negotiation()
        self._allowed = frozenset(origin.encode("latin-1") for origin in allowed_origins)
        fresh = f"max-age={max_age_seconds}" if max_age_seconds else "no-cache"
        self._cache_control = (b"cache-control", fresh.encode())

    def headers(self, answer: Answer, encoding: bytes, body: bytes) -> Headers:
        found = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"etag", answer.etag(encoding)),
            self._cache_control,
            (b"vary", b"Accept-Encoding"),
            (b"x-data-version", str(answer.data_version).encode()),
        ]
        if encoding:
            found.append((b"content-encoding", encoding))
        if answer.link:
            found.append((b"link", answer.link))
        return found

    def encoding(self, answer: Answer, accepted: bytes) -> bytes:
        return self._negotiation.encoding(accepted) if answer.is_compressible else b""

    async def body(self, answer: Answer, encoding: bytes) -> bytes:
        if encoding and len(answer.body) >= IN_A_THREAD_FROM_BYTES:
            body = await asyncio.to_thread(answer.encoded, encoding)
        else:
            body = answer.encoded(encoding)
        self._cache.reweigh(answer)
        return body

    async def hot(self, answer: Answer, accepted: bytes, origin: bytes) -> Variant:
        """The variant for hits, found again under the client's own words."""
        encoding = self.encoding(answer, accepted)
        known_origin = origin if not origin or origin in self._allowed else ANOTHER_ORIGIN
        variant = answer.by_encoding.get((encoding, known_origin))
        if variant is None:
            variant = answer.by_encoding[encoding, known_origin] = await self._made(answer, encoding, origin)
            self._cache.reweigh(answer)
        if len(answer.by_headers) >= MOST_HEADER_PAIRS:
            answer.by_headers.clear()
        answer.by_headers[accepted, origin] = variant
        return variant

    async def _made(self, answer: Answer, encoding: bytes, origin: bytes) -> Variant:
        """Hits never pass the CORS middleware, so its headers are taken from there once."""
        body = await self.body(answer, encoding)
        headers = await self._with_cors([*self.headers(answer, encoding, body), HIT], origin)
        return Variant(answer.status, headers, body, answer.etag(encoding))

    async def _with_cors(self, headers: Headers, origin: bytes) -> Headers:
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        request_headers = StarletteHeaders(raw=[(b"origin", origin)] if origin else [])
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await self._cors.send(start, send=keep, request_headers=request_headers)
        found: Headers = sent[0]["headers"]
        return found
