import asyncio
from typing import Any
from uuid import UUID

from evload.api.answers.cache import Answer, Cache
from evload.api.answers.renewal import Renewal
from evload.database.errors import DatabaseUnavailable
from evload.watch import DataVersion
from tests.unit.api.test_cache import answer, answer_of


class SomeAnswers:
    """Answers to questions that are the answers themselves, or what goes wrong instead."""

    async def fresh(self, question: Any, state: Any) -> Answer:
        if isinstance(question, Answer):
            return question
        raise question


class State:
    data_version = DataVersion(2, UUID(int=2))


async def test_only_answers_of_the_new_version_are_kept_and_errors_do_not_stop_the_others() -> None:
    good, late = answer(version=2), answer(version=3)
    questions = (good, late, DatabaseUnavailable(), asyncio.CancelledError())
    cache: Cache[Any] = Cache(100_000)
    for question in questions:
        cache.put(question, answer())
        answer_of(cache, question)  # type: ignore[arg-type]
    await Renewal(SomeAnswers(), cache).replace_answers(State())  # type: ignore[arg-type]
    assert [cache.get(question) for question in questions] == [good, None, None, None]
