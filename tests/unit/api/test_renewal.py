import asyncio
from typing import Any

from evload.api.answers.cache import Answer, Cache
from evload.api.answers.renewal import Renewal
from evload.api.answers.representation import Representations
from evload.database import DatabaseUnavailable
from tests.unit.api.test_cache import answer, answer_of


class SomeAnswers:
    """Answers to questions that are the answers themselves, or what goes wrong instead."""

    async def fresh(self, question: Any, state: Any) -> Answer:
        if isinstance(question, Answer):
            return question
        raise question


class State:
    data_version = 2


def renewal(cache: Cache[Any]) -> Renewal:
    return Renewal(SomeAnswers(), cache, Representations(cache, (), {}, max_age_seconds=0))  # type: ignore[arg-type]


async def test_only_answers_of_the_new_version_are_kept_whatever_becomes_of_the_others() -> None:
    good, late = answer(version=2), answer(version=3)
    questions = (good, late, DatabaseUnavailable(), asyncio.CancelledError())
    cache: Cache[Any] = Cache(100_000)
    for question in questions:
        cache.put(question, answer())
        answer_of(cache, question)  # type: ignore[arg-type]
    await renewal(cache).turn(State())  # type: ignore[arg-type]
    assert [cache.get(question) for question in questions] == [good, None, None, None]


async def test_renewed_answers_are_ready_to_go_out_as_the_ones_before_did() -> None:
    before, renewed = answer(), answer(version=2)
    cache: Cache[Any] = Cache(100_000)
    cache.put(renewed, before)
    answer_of(cache, renewed)  # type: ignore[arg-type]
    header_pairs = [(b"", b""), (b"gzip, zstd", b"https://elsewhere.example")]
    representations = Representations(cache, (), {}, max_age_seconds=0)
    for wording in header_pairs:
        await representations.hot(before, *wording)
    await renewal(cache).turn(State())  # type: ignore[arg-type]
    assert cache.get(renewed) is renewed
    assert list(renewed.by_headers) == header_pairs
    assert all(variant.etag == renewed.etag(b"") for variant in renewed.by_headers.values())
