"""Bounds the memory of the answers that are on their way to clients, who may read slowly."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Send

from evload.api.answers.cache import Answer
from evload.database.errors import TooBusy

MAX_BYTES = 128_000_000
SMALL_BYTES = 65_536  # smaller answers are not counted
PIECE_BYTES = 262_144


class InFlight:
    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._readers: dict[Answer, int] = {}

    @contextmanager
    def held(self, answer: Answer) -> Iterator[None]:
        """Counts the answer while it goes out, once for all its readers. Raises TooBusy if there is no room for it."""
        size_bytes = len(answer.body)
        if size_bytes < SMALL_BYTES:
            yield
            return
        readers = self._readers.get(answer, 0)
        if not readers and self._bytes + size_bytes > self._max_bytes:
            raise TooBusy("Too many large answers are on their way. Try again in a moment.")
        self._bytes += 0 if readers else size_bytes
        self._readers[answer] = readers + 1
        try:
            yield
        finally:
            self._readers[answer] -= 1
            if not self._readers[answer]:
                del self._readers[answer]
                self._bytes -= size_bytes


async def send_body(send: Send, body: bytes) -> None:
    """Sends a body in pieces, as a server takes the next one only when the client has read most of those before."""
    for at in range(0, len(body) or 1, PIECE_BYTES):
        piece, is_last = body[at : at + PIECE_BYTES], at + PIECE_BYTES >= len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": not is_last})
