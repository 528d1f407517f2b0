"""Polls three evloads over a primary and two standbys while files are loaded and servers fail; every answer is checked.

uv run python benchmarks/failover_soak.py [--minutes 5]

As in soak.py, what is right for a data version is computed from the rows themselves. Besides, no connection may be told
an older version than it was told before. A commit counts once a standby has it, so that no failover loses one. Exit
code 0: nothing was wrong.
"""

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from common import EVLOAD, environment
from evload.load_commands import SAMPLE
from serving_common import free_port, server
from soak import Changes, Fault, Soak
from soak_checks import Verdict
from soak_clients import Poller
from tests.clusters import PostgresServer, Servers, dsn_of_all, servers

HEAL_WITHIN_SECONDS = 10.0
SYNCHRONOUS = {"synchronous_standby_names": "ANY 1 (*)", "hot_standby": "on", "wal_keep_size": "512MB"}
PAUSE_SECONDS = 3.0
RECEIVED_BYTES = "SELECT pg_last_wal_receive_lsn() - '0/0'"


class Site:
    """Three servers, one of which is the primary."""

    def __init__(self, made: Servers) -> None:
        self._made = made
        self._number = 2
        self.primary = made.primary()
        self.primary.end(signal.SIGINT)
        self.primary.start(**SYNCHRONOUS)
        self.standbys = [made.standby(f"standby-{number}", self.primary) for number in (1, 2)]

    @property
    def all(self) -> list[PostgresServer]:
        return [self.primary, *self.standbys]

    async def fail_over(self) -> None:
        """Kills the primary. The standby that has received most takes over, and the other one follows it."""
        dead = self.primary
        await asyncio.to_thread(dead.end)
        first, second = [int(str(await one.fetchval(RECEIVED_BYTES))) for one in self.standbys]
        self.primary, follower = self.standbys if first >= second else reversed(self.standbys)
        await self.primary.promote()
        await follower.follow(self.primary)
        self.standbys = [follower]

    async def make_whole(self) -> None:
        """A new standby on the port of the server that was lost, if one was."""
        if len(self.standbys) > 1:
            return
        lost = next(one for one in self._made.all if one not in self.all)
        self._number += 1
        new = await asyncio.to_thread(self._made.standby, f"standby-{self._number}", self.primary, lost.port)
        self._made.all.remove(lost)
        self.standbys.append(new)


async def primary_killed(site: Site) -> None:
    await site.fail_over()


async def standby_killed(site: Site) -> None:
    one = random.choice(site.standbys)
    await asyncio.to_thread(one.end)
    await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.to_thread(one.start, **SYNCHRONOUS)


async def standby_lags(site: Site) -> None:
    one = random.choice(site.standbys)
    await one.execute("SELECT pg_wal_replay_pause()")
    await asyncio.sleep(PAUSE_SECONDS)
    await one.execute("SELECT pg_wal_replay_resume()")


async def standby_cut_off(site: Site) -> None:
    one = random.choice(site.standbys)
    await one.cut_off()
    await asyncio.sleep(PAUSE_SECONDS)
    await one.follow(site.primary)


FAULTS: tuple[Callable[[Site], Awaitable[None]], ...] = (standby_lags, primary_killed, standby_cut_off, standby_killed)


class Onwards(Poller):
    """A poller that notes each connection that was told an older version than before."""

    async def _poll(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._latest = 0
        await super()._poll(reader, writer)

    def _note(self, path: str, status: int, headers: Mapping[str, str], *more: Any) -> None:
        version = int(headers.get("x-data-version") or self._latest)
        if version < self._latest:
            self._polls.wrong.append(f"back in time from {self._latest} to {version}: {path}")
        self._latest = version
        super()._note(path, status, headers, *more)


class ChangesOnPrimary(Changes):
    async def _evload(self, *arguments: str, **variables: str) -> bytes:
        return await super()._evload(*arguments, **{"EVLOAD_DATABASE_URL": self._dsn, **variables})


async def soak(site: Site, folder: Path, ports: list[int], seconds: float) -> Verdict:
    dsn = dsn_of_all(*site.all, target="primary")
    run = Soak(dsn, ports, 2, HEAL_WITHIN_SECONDS)
    changes = ChangesOnPrimary(dsn, folder, run.verdict, run.polls)
    faults: dict[str, Fault] = {fault.__name__: partial(fault, site) for fault in FAULTS}
    return await run.run(changes, faults, seconds, poller=Onwards, mend=site.make_whole)


@contextmanager
def serving(dsn: str, port: int, *options: str, cache: int = 64) -> Iterator[None]:
    words = [EVLOAD, "serve", "--port", port, *options]
    environ = environment({"EVLOAD_DATABASE_URL": dsn, "EVLOAD_CACHE_MEGABYTES": str(cache)})
    with server(words, port, environ):
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    minutes = parser.parse_args().minutes
    ports = [free_port() for _ in range(3)]
    with ExitStack() as until_done:
        made = until_done.enter_context(servers())
        site = Site(made)
        primary = dsn_of_all(*site.all, target="primary")
        asyncio.run(prepared(primary))
        standbys = dsn_of_all(*site.standbys, site.primary, target="prefer-standby")
        until_done.enter_context(serving(primary, ports[0]))
        until_done.enter_context(serving(standbys, ports[1], "--workers", "2"))
        until_done.enter_context(serving(dsn_of_all(*site.standbys, site.primary), ports[2], cache=0))
        verdict = asyncio.run(soak(site, made.folder, ports, minutes * 60))
    verdict.show()
    sys.exit(1 if verdict.wrong else 0)


async def prepared(dsn: str) -> None:
    for command in (["migrate"], ["load", str(SAMPLE)]):
        process = await asyncio.create_subprocess_exec(EVLOAD, *command, env=environment({"EVLOAD_DATABASE_URL": dsn}))
        assert await process.wait() == 0


if __name__ == "__main__":
    main()
