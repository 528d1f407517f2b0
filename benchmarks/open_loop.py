"""An open-loop load: requests leave at a fixed rate, whether or not the ones before were answered.

Each of the connections takes the next moment of the schedule, waits for it, asks, and waits for the answer. The time of
a request counts from the moment it was due, so a server that stalls is charged for everything that queued up behind it.
The timers of the event loop are up to a millisecond late, which is part of what is measured, for all servers alike.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from statistics import quantiles
from time import perf_counter

import uvloop

from serving_common import Measurement

ANSWER_WITHIN_SECONDS = 10.0


class _Load:
    def __init__(self, port: int, paths: Sequence[str], per_second: float, seconds: float) -> None:
        self._port = port
        self._requests = [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() for path in paths]
        self._per_second = per_second
        self._planned = round(per_second * seconds)
        self._turns: Iterator[int] = count()
        self.took_ms: list[float] = []
        self.errors = 0

    async def run(self, connections: int) -> Measurement:
        self._began = perf_counter() + 0.1
        await asyncio.gather(*(self._one_connection() for _ in range(connections)))
        seconds = perf_counter() - self._began
        percentiles = quantiles(self.took_ms, n=100, method="inclusive")
        return Measurement(len(self.took_ms) / seconds, percentiles[49], percentiles[98], self.errors)

    async def _one_connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for turn in self._turns:
            if turn >= self._planned:
                break
            due = self._began + turn / self._per_second
            while (early := due - perf_counter()) > 0:
                await asyncio.sleep(max(early, 0.001))
            writer.write(self._requests[turn % len(self._requests)])
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                self.errors += not (await _answer(reader)).startswith(b"HTTP/1.1 200 ")
            self.took_ms.append((perf_counter() - due) * 1000)
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Reads one whole answer and gives its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head


def open_loop(port: int, paths: Sequence[str], *, per_second: float, connections: int, seconds: float) -> Measurement:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Load(port, paths, per_second, seconds).run(connections))
