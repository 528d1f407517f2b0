import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from evload.api.answers.single_flight import CHECK_DISCONNECT_AFTER_SECONDS, SingleFlight, result_or_disconnect


class Work:
    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.done = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.done.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.begun


async def wait_for(flights: SingleFlight[int], work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    with flights.join("key", work) as flight:
        await asyncio.wait({flight})
        return flight.result()


async def test_equal_questions_share_one_flight() -> None:
    flights, work = SingleFlight[int](), Work()
    waiting = [asyncio.create_task(wait_for(flights, work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.done.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert await wait_for(flights, work) == 2


async def test_an_error_reaches_all_who_wait() -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    flights = SingleFlight[int]()
    found = await asyncio.gather(*(wait_for(flights, fail) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in found] == ["no"] * 3


async def test_it_goes_on_for_those_who_still_wait() -> None:
    flights, work = SingleFlight[int](), Work()
    gone, stays = (asyncio.create_task(wait_for(flights, work)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    work.done.set()
    assert await stays == 1
    assert work.cancelled == 0


async def test_it_ends_when_nobody_waits() -> None:
    flights, work = SingleFlight[int](), Work()
    waiting = asyncio.create_task(wait_for(flights, work))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.01)
    assert work.cancelled == 1


async def test_nobody_joins_a_flight_that_is_about_to_end() -> None:
    """To cancel a query takes a round trip, in which the next client may ask the same."""
    flights, work = SingleFlight[int](), Work()
    with flights.join("key", work):
        await asyncio.sleep(0)
    with flights.join("key", work) as flight:
        work.done.set()
        assert await result_or_disconnect(flight, stay) == 2
    assert work.cancelled == 1
    work.done.clear()
    with flights.join("key", work) as flight, flights.join("key", work) as same:
        assert flight is same


async def hang_up() -> None:
    await asyncio.sleep(0)


async def stay() -> None:
    await asyncio.sleep(5)


async def test_a_client_that_hangs_up_ends_the_wait() -> None:
    flights, work = SingleFlight[int](), Work()
    with flights.join("key", work) as flight:
        assert await result_or_disconnect(flight, hang_up) is None
    await asyncio.sleep(0)
    assert work.cancelled == 1


async def test_a_client_that_stays_gets_the_result_however_long_it_takes() -> None:
    flights, work = SingleFlight[int](), Work()
    with flights.join("key", work) as flight:
        asyncio.get_running_loop().call_later(2 * CHECK_DISCONNECT_AFTER_SECONDS, work.done.set)
        assert await result_or_disconnect(flight, stay) == 1
    with flights.join("key", work) as flight:
        assert await result_or_disconnect(flight, stay) == 2
