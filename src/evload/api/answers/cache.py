"""Keeps the finished answers of one data version in memory, bounded in bytes, and their encoded variants."""

import gzip
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

from starlette.types import Message

from evload.api.contract.media_types import JSON, MediaType
from evload.api.contract.scope import Scope
from evload.watch import DataVersion

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Header = tuple[bytes, bytes]
Headers = list[Header]
Alias = tuple[str, bytes, Scope]
"""Path and query string, as a client wrote them, and what it may see."""
HeaderPair = tuple[bytes, bytes | None, bool]
"""`Accept-Encoding`, `Origin` if it was sent, and whether a token was."""
Key = TypeVar("Key", bound=Hashable)

WORTH_COMPRESSING_BYTES = 1000
# Of an answer's objects, a variant's, and an alias' or a header pair's, without the texts in them; measured.
OVERHEAD_BYTES = 1500
VARIANT_BYTES = 2500
NAME_BYTES = 250
MAX_ALIASES_OF_AN_ANSWER = 16
MAX_NAME_BYTES = 2048  # longer aliases and header pairs are not remembered: no usual client sends any
GZIP_LEVEL = 6
ZSTD_LEVEL = 3


def name_bytes(name: Iterable[object]) -> int:
    """Measures an alias or a header pair. Clients choose its length, so whatever remembers it must count it."""
    return NAME_BYTES + sum(map(sys.getsizeof, name))


def compressed(body: bytes, encoding: bytes) -> bytes:
    if encoding == b"zstd":
        return zstd.compress(body, level=ZSTD_LEVEL)
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


class Variant:
    """The ASGI messages that send an answer in one encoding to one kind of origin, or tell 304 instead."""

    __slots__ = ("body", "etag", "not_modified", "start")

    def __init__(self, status: int, headers: Headers, body: bytes, etag: bytes) -> None:
        self.etag = etag
        self.start = _start(status, headers)
        self.body: Message = {"type": "http.response.body", "body": body}
        kept = [header for header in headers if header[0] not in (b"content-type", b"content-length")]
        self.not_modified = _start(304, kept)


def _start(status: int, headers: Headers) -> Message:
    """Builds the first ASGI message. `evload.lines` holds the same headers as HTTP/1.1 lines, for the fast path."""
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n"
    return {"type": "http.response.start", "status": status, "headers": headers, "evload.lines": lines}


class Answer:
    """The status and body of one question at one data version."""

    __slots__ = (
        "_bodies",
        "body",
        "by_encoding",
        "by_headers",
        "data_version",
        "digest",
        "headers",
        "key",
        "media_type",
        "route",
        "status",
        "used",
    )

    def __init__(
        self,
        route: str,
        data_version: DataVersion,
        status: int,
        body: bytes,
        media_type: MediaType = JSON,
        headers: Sequence[Header] = (),
    ) -> None:
        self.route = route
        self.data_version = data_version
        self.status = status
        self.body = body
        self.media_type = media_type
        self.headers = tuple(headers)
        """Those that belong to this answer alone."""
        self.digest = blake2b(body + b"".join(value for _, value in headers), digest_size=8).hexdigest()
        self.key: Hashable = None
        self.used = False
        """Whether it was asked for again since it was made."""
        self.by_encoding: dict[HeaderPair, Variant] = {}
        """Variants by the chosen encoding and the kind of origin."""
        self.by_headers: dict[HeaderPair, Variant] = {}
        """The same variants by the values of `Accept-Encoding` and `Origin` that clients sent."""
        self._bodies: dict[bytes, bytes] = {b"": body}

    def etag(self, encoding: bytes) -> bytes:
        suffix = f"-{encoding.decode()}" if encoding else ""
        return f'"{self.data_version.number}-{self.digest}{suffix}"'.encode()

    @property
    def is_compressible(self) -> bool:
        return len(self.body) >= WORTH_COMPRESSING_BYTES and not self.media_type.is_packed

    def encoded(self, encoding: bytes) -> bytes:
        """Returns the body in an encoding; each is compressed once."""
        if encoding not in self._bodies:
            self._bodies[encoding] = compressed(self.body, encoding)
        return self._bodies[encoding]

    def size_bytes(self) -> int:
        bodies = sum(len(body) for body in self._bodies.values())
        variants = len(self.by_encoding) * VARIANT_BYTES
        return OVERHEAD_BYTES + bodies + variants + sum(map(name_bytes, self.by_headers))


class Cache(Generic[Key]):
    """Answers by their question, and by the exact path and query string of requests with known parameters alone.

    All of them belong to the current data version. When the cache is full, answers that were asked for once go first.
    """

    def __init__(self, max_bytes: int, key_bytes: Callable[[Key], int] = sys.getsizeof) -> None:
        self._max_bytes = max_bytes
        self._key_bytes = key_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self.aliases: dict[Alias, Answer] = {}

    def get(self, key: Key) -> Answer | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        kept.answer.used = True
        return kept.answer

    def put(self, key: Key, answer: Answer) -> None:
        if key in self._kept:
            self._drop(self._kept.pop(key))
        key_bytes = self._key_bytes(key)
        if answer.size_bytes() + key_bytes <= self._max_bytes:
            self._kept[key] = _Kept(answer, key_bytes)
            answer.key = key
            self.reweigh(answer)

    def reweigh(self, answer: Answer) -> None:
        """Counts an answer's bytes again, after it got another variant or name."""
        kept = self._kept.get(answer.key)  # type: ignore[arg-type]
        if kept is None or kept.answer is not answer:
            return
        size_bytes = answer.size_bytes() + kept.names_bytes
        self._bytes += size_bytes - kept.size_bytes
        kept.size_bytes = size_bytes
        while self._bytes > self._max_bytes:
            self._evict()

    def add_alias(self, alias: Alias, answer: Answer) -> None:
        kept = self._kept.get(answer.key)  # type: ignore[arg-type]
        if kept is None or kept.answer is not answer or len(kept.aliases) >= MAX_ALIASES_OF_AN_ANSWER:
            return
        alias_bytes = name_bytes(alias)
        if alias not in self.aliases and alias_bytes <= MAX_NAME_BYTES:
            kept.aliases.append(alias)
            kept.names_bytes += alias_bytes
            self.aliases[alias] = answer
            self.reweigh(answer)

    def polled_keys(self) -> list[Key]:
        """Lists the questions that were asked more than once at this data version; exports are too large for that."""
        return [key for key, kept in self._kept.items() if kept.answer.used and not kept.answer.media_type.is_export]

    def replace_all(self, renewed: Mapping[Key, Answer]) -> None:
        """Drops all answers but takes in new ones, under the aliases of the old ones."""
        aliases = {key: kept.aliases for key, kept in self._kept.items()}
        self.clear()
        for key, answer in renewed.items():
            self.put(key, answer)
            for alias in aliases.get(key, ()):
                self.add_alias(alias, answer)

    def clear(self) -> None:
        self._kept.clear()
        self.aliases.clear()
        self._bytes = 0

    def _evict(self) -> None:
        key, kept = self._kept.popitem(last=False)
        if kept.answer.used and self._kept:
            kept.answer.used = False
            self._kept[key] = kept
            return
        self._drop(kept)

    def _drop(self, kept: "_Kept") -> None:
        self._bytes -= kept.size_bytes
        for alias in kept.aliases:
            self.aliases.pop(alias, None)


class _Kept:
    __slots__ = ("aliases", "answer", "names_bytes", "size_bytes")

    def __init__(self, answer: Answer, key_bytes: int) -> None:
        self.answer = answer
        self.names_bytes = key_bytes
        self.size_bytes = 0
        self.aliases: list[Alias] = []
