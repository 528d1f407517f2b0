"""What a worker remembers of requests takes the memory that it counts, however long clients make their words."""

import gc
import random
import tracemalloc
from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from evload.api.answers.cache import Answer, Cache
from evload.api.answers.cors import Cors
from evload.api.answers.finding import Question
from evload.api.answers.representation import Representations
from evload.api.contract import params
from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.scope import EVERYTHING
from evload.api.server.parsed_requests import MAX_PARSED_BYTES, ParsedRequest, ParsedRequests
from evload.ingest.cleaning import clean
from evload.measures import NAMES
from evload.watch import DataVersion

BOUND_BYTES = 1_200_000
MORE_PERCENT = 15  # of the bound: dictionaries grow in steps
FIXED_BYTES = 300_000  # what is not counted: negotiated encodings, and the dictionaries themselves
ROUNDS = 900
VERSION = DataVersion(1, UUID(int=1))
USER, TOTAL = (
    next(endpoint for endpoint in ENDPOINTS if endpoint.path == path)
    for path in ("/load/{user_id}/hourly", "/kpi/total-energy")
)
Text = Callable[[random.Random], str]
TEXTS: dict[str, Text] = {
    "short": lambda draw: f"{draw.random()}",
    "long": lambda draw: "n" * draw.choice((100, 900, 7000)),
    "astral": lambda draw: "\U0001f600" + "n" * draw.choice((10, 900, 7000)),
    "all astral": lambda draw: "\U0001f600" * draw.choice((10, 240, 7000)),
}


class Remembered:
    """The cache of a worker, filled like a request does that misses, and then like one that hits."""

    def __init__(self) -> None:
        self.cache: Cache[Question] = Cache(BOUND_BYTES, Question.size_bytes)
        self._representations = Representations(self.cache, Cors(("http://localhost:3000",)), 0)

    async def ask(self, number: int, text: str, aliases: int, headers: int) -> None:
        endpoint = USER if number % 2 else TOTAL
        pairs = [] if number % 2 else [("start_date", f"2025-08-01T00:00:00.{number:06d}")]
        in_path = {"user_id": f"{text}{number}"} if number % 2 else {}
        question = Question(endpoint, endpoint.read_params(pairs, in_path, ZoneInfo("Europe/Oslo"), NAMES))
        answer = Answer(endpoint.path, VERSION, 404, b'{"detail": "%d"}' % number)
        if question.params.can_match:
            self.cache.put(question, answer)
        for one in range(aliases):
            self.cache.add_alias((f"/load/{text}{number}/hourly", b"%d" % one + text.encode(), EVERYTHING), answer)
        for one in range(headers):
            given = b"%d, gzip" % one + text.encode(), text.encode()[:one], True
            await self._representations.variant_for(answer, given)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(("aliases", "headers"), [(1, 1), (17, 1), (1, 33)])
async def test_the_cache_takes_no_more_than_its_bound(text: Text, aliases: int, headers: int) -> None:
    draw, remembered = random.Random(1), Remembered()
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(ROUNDS // max(aliases, headers // 4, 1)):
            await remembered.ask(number, text(draw), aliases, headers)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= BOUND_BYTES * (100 + MORE_PERCENT) / 100 + FIXED_BYTES


@pytest.mark.parametrize("header", [(b"a", b""), (b"x-long", b"n" * 3000)])
def test_parsed_requests_take_no_more_than_their_bound(header: tuple[bytes, bytes]) -> None:
    requests = ParsedRequests()
    line_bytes = len(header[0]) + len(header[1]) + 3
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(80 if line_bytes < 10 else 1200):
            headers = [(bytes(bytearray(header[0])), bytes(bytearray(header[1]))) for _ in range(4000 // line_bytes)]
            name = f"/{number:0500d}"
            requests.add(
                name.encode() + b"\r\n".join(b": ".join(pair) for pair in headers),
                ParsedRequest(name, b"", bytes(32), (b"gzip", None, True), b"", headers),
            )
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= MAX_PARSED_BYTES * (100 + MORE_PERCENT) / 100 + FIXED_BYTES


def test_the_longest_user_id_that_is_asked_for_is_the_longest_that_is_loaded() -> None:
    assert params.MAX_USER_BYTES == clean.USER_BYTES
