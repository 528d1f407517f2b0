"""Represents an answer over HTTP: its headers, its encoding, and 304 to a client that has it already."""

import asyncio
import re
from typing import Any

from starlette.types import Message

from evload.api.answers.cache import MAX_NAME_BYTES, Answer, Cache, HeaderPair, Headers, Variant, name_bytes
from evload.api.answers.cors import Cors
from evload.api.contract.media_types import MediaType
from evload.watch import DataVersion

HIT = (b"server-timing", b'cache;desc="hit"')
IN_A_THREAD_FROM_BYTES = 50_000
THREADS = 2  # more would take the processor from the answers that wait for none
NO_Q = re.compile(rb";\s*q=0(\.0*)?\s*$")
ENCODINGS = (b"zstd", b"gzip")  # the better one first
MAX_ACCEPT_ENCODINGS = 200
MAX_ACCEPT_ENCODING_BYTES = 256
MAX_HEADER_PAIRS = 32
VARIES = b"Authorization, Cookie"
EMPTY_BODY: Message = {"type": "http.response.body", "body": b""}


class Negotiation:
    """Chooses the encoding for a value of `Accept-Encoding`, and remembers it: clients send few different values."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {b"": b""}

    def encoding(self, accepted: bytes) -> bytes:
        chosen = self._known.get(accepted)
        if chosen is not None:
            return chosen
        if len(self._known) >= MAX_ACCEPT_ENCODINGS:
            self._known.clear()
        chosen = _choose(accepted)
        if len(accepted) <= MAX_ACCEPT_ENCODING_BYTES:
            self._known[accepted] = chosen
        return chosen


def _choose(accepted: bytes) -> bytes:
    offers = [offer.strip() for offer in accepted.lower().split(b",")]
    wanted = {offer.partition(b";")[0].strip() for offer in offers if not NO_Q.search(offer)}
    return next((encoding for encoding in ENCODINGS if encoding in wanted), b"")


def is_held(condition: bytes, etag: bytes) -> bool:
    """Whether `If-None-Match` names the etag, by the weak comparison that RFC 9110 wants for GET."""
    if condition == etag:
        return True
    return condition.strip() == b"*" or etag in [tag.strip().removeprefix(b"W/") for tag in condition.split(b",")]


def messages(variant: Variant, condition: bytes) -> tuple[Message, Message]:
    """Returns the ASGI messages for a client that sent this `If-None-Match`; empty if it sent none."""
    if condition and variant.start["status"] == 200 and is_held(condition, variant.etag):
        return variant.not_modified, EMPTY_BODY
    return variant.start, variant.body


def made_private(headers: Headers) -> Headers:
    """Returns the headers of an answer to a client with a token, which no cache may give to another client."""
    given = dict(headers)
    control, vary = given.get(b"cache-control"), given.get(b"vary")
    changed = {
        b"cache-control": _private(control),
        b"vary": VARIES if vary is None else vary + b", " + VARIES,
    }
    return [*((name, value) for name, value in headers if name not in changed), *changed.items()]


def _private(control: bytes | None) -> bytes:
    if control is None:
        return b"private"
    return control if b"no-store" in control else b"private, " + control


class Representations:
    """Makes the variants of answers, each once."""

    def __init__(self, cache: Cache[Any], cors: Cors, max_age_seconds: int) -> None:
        self._cache = cache
        self._cors = cors
        self._negotiation = Negotiation()
        self._threads = asyncio.Semaphore(THREADS)
        lifetime = f"max-age={max_age_seconds}" if max_age_seconds else "no-cache"
        self._cache_control = (b"cache-control", lifetime.encode())

    def headers(self, answer: Answer, encoding: bytes, body: bytes) -> Headers:
        kind, *others = self.headers_of_stream(answer.media_type, answer.data_version)
        length, etag = (b"content-length", str(len(body)).encode()), (b"etag", answer.etag(encoding))
        found = [kind, length, etag, *others]
        if encoding:
            found.append((b"content-encoding", encoding))
        return [*found, *answer.headers]

    def headers_of_stream(self, media_type: MediaType, version: DataVersion) -> Headers:
        """Those of an answer whose length and digest are not known yet."""
        return [
            (b"content-type", media_type.content_type.encode()),
            self._cache_control,
            (b"vary", b"Accept-Encoding"),
            (b"x-data-version", str(version.number).encode()),
        ]

    def encoding(self, answer: Answer, accepted: bytes) -> bytes:
        return self._negotiation.encoding(accepted) if answer.is_compressible else b""

    async def body(self, answer: Answer, encoding: bytes) -> bytes:
        if encoding and len(answer.body) >= IN_A_THREAD_FROM_BYTES:
            async with self._threads:
                body = await asyncio.to_thread(answer.encoded, encoding)
        else:
            body = answer.encoded(encoding)
        self._cache.reweigh(answer)
        return body

    async def variant_for(self, answer: Answer, given: HeaderPair) -> Variant:
        """Returns the variant for a cached answer, and remembers it under the header values that the client sent."""
        accepted, origin, is_private = given
        pair = self.encoding(answer, accepted), self._cors.kind_of(origin), is_private
        variant = answer.by_encoding.get(pair) or await self._make(answer, pair[0], origin, is_private)
        if name_bytes(given) <= MAX_NAME_BYTES:
            _remember(answer.by_encoding, pair, variant)
            _remember(answer.by_headers, given, variant)
            self._cache.reweigh(answer)
        return variant

    async def _make(self, answer: Answer, encoding: bytes, origin: bytes | None, is_private: bool) -> Variant:
        """Adds the headers itself that middleware and guard would add, as cached answers do not pass these."""
        body = await self.body(answer, encoding)
        headers = self._cors.added_to([*self.headers(answer, encoding, body), HIT], origin)
        if is_private:
            headers = made_private(headers)
        return Variant(answer.status, headers, body, answer.etag(encoding))


def _remember(variants: dict[HeaderPair, Variant], pair: HeaderPair, variant: Variant) -> None:
    if pair not in variants and len(variants) >= MAX_HEADER_PAIRS:
        variants.clear()
    variants[pair] = variant
