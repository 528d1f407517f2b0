import threading
import time
from collections.abc import Iterator

import pytest

from evload.ingest.storing.prefetch import aprefetch, prefetch


def counted(made: list[int], until: int) -> Iterator[int]:
    for number in range(until):
        made.append(number)
        yield number
    raise ValueError("the end is bad")


def test_prefetch_makes_one_item_ahead_and_no_more() -> None:
    made: list[int] = []
    second_is_made = threading.Event()

    def items() -> Iterator[int]:
        for number in counted(made, 9):
            if number:
                second_is_made.set()
            yield number

    ahead = prefetch(items())
    assert next(ahead) == 0
    assert second_is_made.wait(10)
    time.sleep(0.05)
    assert made == [0, 1]


def test_prefetch_raises_an_error_after_the_items_before_it() -> None:
    ahead = prefetch(counted([], 2))
    assert [next(ahead), next(ahead)] == [0, 1]
    with pytest.raises(ValueError, match="the end is bad"):
        next(ahead)


def test_prefetch_keeps_the_order() -> None:
    assert list(prefetch(iter(range(5)))) == [0, 1, 2, 3, 4]


async def test_aprefetch_keeps_the_order() -> None:
    assert [item async for item in aprefetch(iter(range(5)))] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="the end is bad"):
        [item async for item in aprefetch(counted([], 2))]
