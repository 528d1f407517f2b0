"""Makes the answers that are asked for again and again anew before the data version moves: nobody waits for them."""

import asyncio

from evload.api.answers.cache import Answer, Cache
from evload.api.answers.handler import Answers, Question
from evload.api.answers.representation import Representations
from evload.watch import SiteState

WITHIN_SECONDS = 0.05  # a load is to be seen within 0.1 s
MOST = 64
AT_ONCE = 2  # leaves connections, and most of the time, for those who ask


class Renewal:
    def __init__(self, answers: Answers, cache: Cache[Question], representations: Representations) -> None:
        self._answers = answers
        self._cache = cache
        self._representations = representations
        self._unfinished: set[asyncio.Task[Answer]] = set()

    async def turn(self, state: SiteState) -> None:
        """Empties the cache but for what was renewed in time. The rest goes on, and whoever asks for it joins in."""
        self._give_up()
        at_once = asyncio.Semaphore(AT_ONCE)
        renewing = {
            asyncio.create_task(self._renew(question, state, at_once)): question
            for question in self._cache.hot_keys()[:MOST]
        }
        if renewing:
            _, self._unfinished = await asyncio.wait(renewing, timeout=WITHIN_SECONDS)
        for task in self._unfinished:
            task.add_done_callback(_seen)
        self._cache.replace_all(
            {question: task.result() for task, question in renewing.items() if _is_good(task, state.data_version)}
        )

    async def close(self) -> None:
        self._give_up()
        await asyncio.gather(*self._unfinished, return_exceptions=True)

    async def _renew(self, question: Question, state: SiteState, at_once: asyncio.Semaphore) -> Answer:
        """And all that goes out of it: the first polls of a version come in a crowd, and would wait for each other."""
        async with at_once:
            answer = await self._answers.fresh(question, state)
            for wording in self._cache.header_pairs(question):
                await self._representations.hot(answer, *wording)
            return answer

    def _give_up(self) -> None:
        for task in self._unfinished:
            task.cancel()


def _is_good(task: "asyncio.Task[Answer]", data_version: int) -> bool:
    if not task.done() or task.cancelled() or task.exception() is not None:
        return False
    return task.result().data_version == data_version


def _seen(task: "asyncio.Task[Answer]") -> None:
    """Whoever asks again is told what went wrong; here nobody waits for it."""
    if not task.cancelled():
        task.exception()
