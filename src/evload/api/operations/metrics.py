"""Metrics in memory that all workers share, so that each can report the sum over all, as Prometheus text."""

import asyncio
import fcntl
import mmap
import os
from array import array
from bisect import bisect_left
from pathlib import Path
from typing import NamedTuple

STATUSES = (200, 206, 304, 307, 400, 401, 403, 404, 405, 416, 422, 429, 499, 500, 503)
OTHER_STATUS = len(STATUSES)
BUCKETS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHORTEST = BUCKETS_SECONDS[0]
FIRST_BUCKET = OTHER_STATUS + 1
SUM = len(BUCKETS_SECONDS) + 1
SHARE_EVERY_SECONDS = 0.25
MAX_WORKERS = 64
OTHER_ROUTE = "other"


class Plain(NamedTuple):
    """A metric without labels."""

    name: str
    kind: str
    help: str

    def lines(self, value: object) -> list[str]:
        return [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}", f"{self.name} {value}"]


PLAIN = {
    "hits": Plain("evload_cache_hits_total", "counter", "Data requests answered from memory."),
    "misses": Plain("evload_cache_misses_total", "counter", "Data requests that needed Postgres."),
    "database_requests": Plain("evload_database_requests", "gauge", "Requests that use or wait for a connection."),
    "event_streams": Plain("evload_event_streams", "gauge", "Clients that listen to /events."),
}


class SharedCells:
    """A memory-mapped file of numbers with one row per worker, which only that worker writes.

    A metric is the sum over all rows. The next worker takes over the row of one that ended, so counters never decrease.
    """

    def __init__(self, path: Path, cells: int) -> None:
        self._file = path.open("r+b")
        self._cells = cells
        self._take_room(MAX_WORKERS * cells * 8)
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._all = memoryview(self._map).cast("d")
        row = self._take_row()
        self._mine = self._all[row * cells : (row + 1) * cells]

    def _take_room(self, size_bytes: int) -> None:
        """Takes the room on the disk now, as touching memory that has none there would end the process by SIGBUS."""
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file.fileno(), 0, size_bytes)
        else:  # macOS
            self._file.truncate(size_bytes)

    def _take_row(self) -> int:
        for row in range(MAX_WORKERS):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row)
            except OSError:
                continue
            return row
        raise RuntimeError(f"more than {MAX_WORKERS} workers")

    def read(self) -> list[float]:
        return [float(count) for count in self._mine]

    def write(self, counts: list[float]) -> None:
        self._mine[:] = array("d", counts)

    def total(self, cell: int) -> float:
        return sum(self._all[cell :: self._cells])

    def close(self) -> None:
        self._mine.release()
        self._all.release()
        self._map.close()
        self._file.close()


class Metrics:
    def __init__(self, path: Path, routes: tuple[str, ...]) -> None:
        self._routes = (*routes, OTHER_ROUTE)
        self._width = FIRST_BUCKET + SUM + 1
        self._first = {route: number * self._width for number, route in enumerate(self._routes)}
        self._plain = {name: len(self._routes) * self._width + number for number, name in enumerate(PLAIN)}
        self._status = {status: number for number, status in enumerate(STATUSES)}
        self._cells = SharedCells(path, len(self._routes) * self._width + len(PLAIN))
        self._counts = self._cells.read()
        self._hits = self._plain["hits"]
        for name, metric in PLAIN.items():
            if metric.kind == "gauge":  # an earlier worker of this row may have been killed while it was above 0
                self._counts[self._plain[name]] = 0.0

    def close(self) -> None:
        self._cells.write(self._counts)
        self._cells.close()

    def hit(self, route: str, status: int, seconds: float) -> None:
        """Counts an answer from memory: `count` written out again, as each poll pays for it."""
        counts = self._counts
        counts[self._hits] += 1
        first = self._first[route]
        counts[first + self._status.get(status, OTHER_STATUS)] += 1
        buckets = first + FIRST_BUCKET
        counts[buckets if seconds <= SHORTEST else buckets + bisect_left(BUCKETS_SECONDS, seconds)] += 1
        counts[buckets + SUM] += seconds

    def miss(self) -> None:
        self._counts[self._plain["misses"]] += 1

    def add(self, name: str, by: int) -> None:
        self._counts[self._plain[name]] += by

    def count(self, route: str, status: int, seconds: float) -> None:
        counts = self._counts
        first = self._first.get(route, self._first[OTHER_ROUTE])
        counts[first + self._status.get(status, OTHER_STATUS)] += 1
        counts[first + FIRST_BUCKET + bisect_left(BUCKETS_SECONDS, seconds)] += 1
        counts[first + FIRST_BUCKET + SUM] += seconds

    async def share(self) -> None:
        """Writes this worker's counts to the shared file at intervals, until it is cancelled."""
        while True:
            self._cells.write(self._counts)
            await asyncio.sleep(SHARE_EVERY_SECONDS)

    def lines(self) -> list[str]:
        self._cells.write(self._counts)
        lines = ["# HELP evload_requests_total Requests answered.", "# TYPE evload_requests_total counter"]
        for route, first in self._first.items():
            for number, status in enumerate((*STATUSES, "other")):
                if count := self._cells.total(first + number):
                    lines.append(f'evload_requests_total{{route="{route}",status="{status}"}} {count:.0f}')
        name = "evload_request_seconds"
        lines += [f"# HELP {name} Time from request to answer.", f"# TYPE {name} histogram"]
        for route, first in self._first.items():
            lines += self._histogram(name, route, first + FIRST_BUCKET)
        return lines + self._plain_lines()

    def _histogram(self, name: str, route: str, first: int) -> list[str]:
        lines, count = [], 0.0
        for number, bound in enumerate((*BUCKETS_SECONDS, "+Inf")):
            count += self._cells.total(first + number)
            lines.append(f'{name}_bucket{{route="{route}",le="{bound}"}} {count:.0f}')
        lines.append(f'{name}_sum{{route="{route}"}} {self._cells.total(first + SUM):.6f}')
        lines.append(f'{name}_count{{route="{route}"}} {count:.0f}')
        return lines if count else []

    def _plain_lines(self) -> list[str]:
        lines: list[str] = []
        for key, metric in PLAIN.items():
            lines += metric.lines(f"{self._cells.total(self._plain[key]):.0f}")
        return lines
