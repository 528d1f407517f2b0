"""Many clients poll evload while files are loaded and taken out again and things break; every answer is checked.

uv run python benchmarks/soak.py [--minutes 5]

An answer carries the data version it belongs to. What is right for a version is computed from `hourly_load` itself,
right after the change that made it; after the soak each answer is compared with that. Exit code 0: nothing was wrong.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import cycle
from pathlib import Path
from time import perf_counter

import asyncpg

from common import EVLOAD, environment
from evload.embedded import running_server
from evload.load_commands import SAMPLE
from serving_common import free_port
from soak_checks import Polls, Verdict, answers_of_version
from soak_clients import Poller, is_healthy
from soak_faults import FAULTS, Site, copied_database, put_in_place

POLLERS = 40
FAULT_EVERY_SECONDS = 6.0
HEAL_WITHIN_SECONDS = 2.0
SEEN_WITHIN_SECONDS = 1.0
GIVEN_UP_AFTER_SECONDS = 60.0
Fault = Callable[[], Awaitable[None]]
HEADER = "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW\n"


class Changes:
    """Loads small files, some of them again with other energies, and takes batches out: one change after the other."""

    def __init__(self, dsn: str, data_dir: Path, verdict: Verdict, polls: Polls) -> None:
        self._dsn, self._data_dir, self._verdict, self._polls = dsn, data_dir, verdict, polls
        self._batches: list[int] = []
        self._turn = asyncio.Lock()
        self.done = self.refused = 0

    async def run(self) -> None:
        while True:
            async with self._turn:
                await self._change()

    async def swap(self, site: Site) -> None:
        """Puts a copy in the database's place that came to the same version number by another file."""
        async with self._turn:
            copy = await copied_database(site)
            await self._load("day-1", EVLOAD_DATABASE_URL=copy)
            await self._load("day-2")
            await self._note_version()
            await asyncio.sleep(SEEN_WITHIN_SECONDS)  # what it comes to is in memory now
            await asyncio.to_thread(put_in_place, site)
            self._polls.database += 1
            self._batches.clear()
            await self._note_version()

    async def _change(self) -> None:
        if self._batches and random.random() < 0.4:
            batch = self._batches.pop(random.randrange(len(self._batches)))
            await self._evload("unload", str(batch), "--yes")
        else:
            await self._load(f"day-{random.randint(1, 20)}")
        await self._note_version()

    async def _load(self, name: str, **variables: str) -> None:
        file = self._data_dir / f"{name}.csv"
        file.write_text(HEADER + "".join(_rows(int(name.partition("-")[2]))))
        shown = await self._evload("load", str(file), "--json", "--rejects-dir", str(self._data_dir), **variables)
        if shown and not variables:
            self._batches.append(json.loads(shown)["batch_id"])

    async def _evload(self, *arguments: str, **variables: str) -> bytes:
        process = await asyncio.create_subprocess_exec(
            EVLOAD,
            *arguments,
            env=environment({"EVLOAD_DATA_DIR": str(self._data_dir), **variables}),
            cwd=self._data_dir,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            shown, said = await process.communicate()
        except asyncio.CancelledError:  # the soak is over
            await process.communicate()
            raise
        self.done += process.returncode == 0
        self.refused += process.returncode == 1
        if process.returncode not in (0, 1) or b"Traceback" in said:
            self._verdict.wrong.append(f"evload {arguments[0]}, exit code {process.returncode}: {said.decode()}")
        return shown if process.returncode == 0 else b""

    async def _note_version(self) -> None:
        """Also after a change that failed: it may have been cut off after its commit."""
        while True:
            try:
                self._verdict.right.update(await answers_of_version(self._dsn, self._polls.database))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.1)
            else:
                return


def _rows(day: int) -> list[str]:
    return [
        f"{day:02}.09.2025 {hour:02}:00;{day:02}.09.2025 {hour + 1:02}:00;Soak-{random.randint(1, 3)};{day};"
        f"{random.randint(0, 3600) / 1000};{random.randint(0, 7200) / 1000};NA;NA\n"
        for hour in range(22)
    ]


class Soak:
    """Has clients poll while data change and things break, and judges what they were told."""

    def __init__(self, dsn: str, ports: Sequence[int], workers: int, heal_within_seconds: float) -> None:
        self._dsn, self._ports, self._workers = dsn, ports, workers
        self._heal_within_seconds = heal_within_seconds
        self.verdict, self.polls = Verdict(), Polls()

    async def run(
        self,
        changes: Changes,
        faults: Mapping[str, Fault],
        seconds: float,
        *,
        poller: type[Poller] = Poller,
        mend: Fault | None = None,
    ) -> Verdict:
        """`mend` follows each fault once all is well again."""
        verdict, polls, ports = self.verdict, self.polls, self._ports
        verdict.right.update(await answers_of_version(self._dsn, polls.database))
        tasks = [asyncio.create_task(changes.run())]
        tasks += [asyncio.create_task(poller(ports[n % len(ports)], polls, n).run()) for n in range(POLLERS)]
        end, names = perf_counter() + seconds, cycle(faults)
        while perf_counter() < end:
            await asyncio.sleep(FAULT_EVERY_SECONDS)
            name = next(names)
            await self._break(name, faults[name], mend)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        verdict.right.update(await answers_of_version(self._dsn, polls.database))
        verdict.judge(polls)
        verdict.counts.update(changes_made=changes.done, changes_refused=changes.refused)
        return verdict

    async def _break(self, name: str, fault: Fault, mend: Fault | None) -> None:
        print(f"{name} ...", end="", file=sys.stderr, flush=True)
        self.polls.fault_began(name)
        await fault()
        ended = perf_counter()
        while not await is_healthy(self._ports, self._workers) and perf_counter() < ended + GIVEN_UP_AFTER_SECONDS:
            await asyncio.sleep(0.05)
        took = perf_counter() - ended
        print(f" healed after {took:.2f} s", file=sys.stderr)
        self.verdict.healed.append((name, took))
        if took > self._heal_within_seconds:
            self.verdict.wrong.append(f"after {name} it took {took:.1f} s to heal")
        if mend:
            await mend()
        await asyncio.sleep(SEEN_WITHIN_SECONDS)
        self.polls.fault_ended()


async def soak(dsn: str, data_dir: Path, ports: Sequence[int], site: Site, seconds: float) -> Verdict:
    run = Soak(dsn, ports, site.workers, HEAL_WITHIN_SECONDS)
    changes = Changes(dsn, data_dir, run.verdict, run.polls)
    faults: dict[str, Fault] = {fault.__name__: partial(fault, site) for fault in FAULTS}
    return await run.run(changes, {**faults, "database_swapped": partial(changes.swap, site)}, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    minutes = parser.parse_args().minutes
    ports = [free_port(), free_port()]
    with tempfile.TemporaryDirectory(prefix="evload-soak-") as folder:
        data_dir = Path(folder)
        with running_server(data_dir, print) as dsn:
            site = Site(dsn, data_dir, workers=2)
            with site.serving(ports[0], "up", str(SAMPLE), "--workers", "2"), site.serving(ports[1], "serve", cache=0):
                verdict = asyncio.run(soak(dsn, data_dir, ports, site, minutes * 60))
    verdict.show()
    with suppress(BrokenPipeError):
        sys.exit(1 if verdict.wrong else 0)


if __name__ == "__main__":
    main()
