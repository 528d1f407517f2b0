"""Cache warming: recomputes polled answers before a worker switches to a new data version.

Without it the p99 of polls while files are loaded is three to eight times as long
(`benchmarks/polling_while_loading.py`).
"""

import asyncio
from contextlib import suppress

from evload.api.answers.cache import Answer, Cache
from evload.api.answers.finding import Answers, Question
from evload.errors import EvloadError
from evload.watch import SiteState

WITHIN_SECONDS = 0.05  # the new version waits so long at most: clients shall see a load within 0.1 s
MAX_ANSWERS = 64
MAX_CONCURRENT = 2  # leaves connections of the pool to requests


class Renewal:
    def __init__(self, answers: Answers, cache: Cache[Question]) -> None:
        self._answers = answers
        self._cache = cache
        self._tasks: list[asyncio.Task[None]] = []

    async def replace_answers(self, state: SiteState) -> None:
        """Empties the cache but for the polled answers, of which those that are recomputed in time are replaced.

        Later ones are computed to their end, and requests that ask for one meanwhile wait for the same query.
        """
        self.cancel()
        renewed: dict[Question, Answer] = {}
        limit = asyncio.Semaphore(MAX_CONCURRENT)
        questions = self._cache.polled_keys()[:MAX_ANSWERS]
        self._tasks = [asyncio.create_task(self._renew(one, state, limit, renewed)) for one in questions]
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=WITHIN_SECONDS)
        self._cache.replace_all(renewed)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _renew(
        self, question: Question, state: SiteState, limit: asyncio.Semaphore, renewed: dict[Question, Answer]
    ) -> None:
        async with limit:
            with suppress(EvloadError):  # the next request for it gets the error
                answer = await self._answers.fresh(question, state)
                if answer.data_version == state.data_version:
                    renewed[question] = answer
