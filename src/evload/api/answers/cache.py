"""Finished answers of one data version, bounded in bytes, and the ways they are sent."""

import gzip
import sys
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from hashlib import blake2b
from typing import Generic, TypeVar

from starlette.types import Message

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Headers = list[tuple[bytes, bytes]]
Alias = tuple[str, bytes]
Representation = tuple[bytes, bytes]
Key = TypeVar("Key", bound=Hashable)

WORTH_COMPRESSING_BYTES = 1000
OVERHEAD_BYTES = 1500  # of an answer's objects, measured; a variant has half of it
MOST_ALIASES_OF_AN_ANSWER = 16
GZIP_LEVEL = 6
ZSTD_LEVEL = 3
RENEWALS_UNUSED = 2  # a dashboard that polls less often than files are loaded still finds its answer in memory


def compressed(body: bytes, encoding: bytes) -> bytes:
    if encoding == b"zstd":
        return zstd.compress(body, level=ZSTD_LEVEL)
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


class Variant:
    """An answer as it goes out: one encoding, for one kind of origin."""

    __slots__ = ("body", "etag", "not_modified", "start")

    def __init__(self, status: int, headers: Headers, body: bytes, etag: bytes) -> None:
        self.etag = etag
        self.start = _start(status, headers)
        self.body: Message = {"type": "http.response.body", "body": body}
        kept = [header for header in headers if header[0] not in (b"content-type", b"content-length")]
        self.not_modified = _start(304, kept)


def _start(status: int, headers: Headers) -> Message:
    """With the headers as lines too, for a server that takes them."""
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n"
    return {"type": "http.response.start", "status": status, "headers": headers, "evload.lines": lines}


class Answer:
    """Status and JSON of one canonical request at one data version."""

    __slots__ = (
        "_bodies",
        "body",
        "by_encoding",
        "by_headers",
        "data_version",
        "digest",
        "key",
        "link",
        "renewals",
        "route",
        "status",
        "used",
    )

    def __init__(self, route: str, data_version: int, status: int, body: bytes, link: bytes | None = None) -> None:
        self.route = route
        self.data_version = data_version
        self.status = status
        self.body = body
        self.link = link
        self.digest = blake2b(body + (link or b""), digest_size=8).hexdigest()
        self.key: Hashable = None
        self.used = False
        self.renewals = 0
        """How many more times it is made anew though nobody asks for it."""
        self.by_encoding: dict[Representation, Variant] = {}
        """By encoding and kind of origin."""
        self.by_headers: dict[Representation, Variant] = {}
        """The same, by what clients wrote in `Accept-Encoding` and `Origin`."""
        self._bodies: dict[bytes, bytes] = {b"": body}

    def etag(self, encoding: bytes) -> bytes:
        suffix = f"-{encoding.decode()}" if encoding else ""
        return f'"{self.data_version}-{self.digest}{suffix}"'.encode()

    @property
    def is_compressible(self) -> bool:
        return len(self.body) >= WORTH_COMPRESSING_BYTES

    def encoded(self, encoding: bytes) -> bytes:
        """Compressed once, whoever asks how often."""
        if encoding not in self._bodies:
            self._bodies[encoding] = compressed(self.body, encoding)
        return self._bodies[encoding]

    def size_bytes(self) -> int:
        bodies = sum(len(body) for body in self._bodies.values())
        return bodies + OVERHEAD_BYTES + len(self.by_encoding) * OVERHEAD_BYTES // 2


class Cache(Generic[Key]):
    """By canonical key, and by the exact words of requests that hold no parameter but ours.

    Turned over when the data version moves. When it is full the answers that nobody asked for again go first.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
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
        if answer.size_bytes() <= self._max_bytes:
            self._kept[key] = _Kept(answer)
            answer.key = key
            self.reweigh(answer)

    def reweigh(self, answer: Answer) -> None:
        """Counts an answer's bytes anew: it grows when it is compressed."""
        kept = self._kept.get(answer.key)  # type: ignore[arg-type]
        if kept is None or kept.answer is not answer:
            return
        size_bytes = answer.size_bytes()
        self._bytes += size_bytes - kept.size_bytes
        kept.size_bytes = size_bytes
        while self._bytes > self._max_bytes:
            self._evict()

    def add_alias(self, alias: Alias, answer: Answer) -> None:
        kept = self._kept.get(answer.key)  # type: ignore[arg-type]
        if kept is None or kept.answer is not answer or len(kept.aliases) >= MOST_ALIASES_OF_AN_ANSWER:
            return
        if alias not in self.aliases:
            kept.aliases.append(alias)
        self.aliases[alias] = answer

    def hot_keys(self) -> list[Key]:
        """What was asked for more than once, and so will be again."""
        return [key for key, kept in self._kept.items() if kept.answer.used or kept.answer.renewals]

    def header_pairs(self, key: Key) -> list[Representation]:
        """What clients wrote in `Accept-Encoding` and `Origin` when they asked for it."""
        kept = self._kept.get(key)
        return [*kept.answer.by_headers] if kept else []

    def replace_all(self, renewed: Mapping[Key, Answer]) -> None:
        """Lets everything go but what was made anew, which is known by the same words as before."""
        before = self._kept.copy()
        self.clear()
        for key, answer in renewed.items():
            self.put(key, answer)
            if (old := before.get(key)) is not None:
                answer.renewals = RENEWALS_UNUSED if old.answer.used else old.answer.renewals - 1
                for alias in old.aliases:
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
        self._bytes -= kept.size_bytes
        for alias in kept.aliases:
            self.aliases.pop(alias, None)


class _Kept:
    __slots__ = ("aliases", "answer", "size_bytes")

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.size_bytes = 0
        self.aliases: list[Alias] = []
