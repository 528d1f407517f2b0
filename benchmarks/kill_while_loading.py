"""kill -9 of the loader, and of Postgres, at random moments of a load: all of the file or none of it, every time.

uv run python benchmarks/kill_while_loading.py [--quick] [--kills 50]
"""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from common import EVLOAD, environment, fetch, machine, run, table, write_results
from evload.embedded import running_server
from evload.embedded.cluster import Cluster
from loading_files import History, write_days, write_sessions
from views import check_views

State = tuple[int, ...]
"""Rows, rows that the records of loads say were inserted, sessions, and the Wh of these."""
NOTHING: State = (0, 0, 0, 0)
Kill = Callable[["subprocess.Popen[bytes]"], None]
BEFORE_THE_WORK_SECONDS = 0.3  # until then Python is still loading


@dataclass
class Step:
    """A load that is killed, then done: from what there is before to what there is after it."""

    arguments: list[str | Path]
    before: State = NOTHING
    after: State = NOTHING
    seconds: float = 0.0


class Torn(Exception):
    """A killed load left something that is neither all of its file nor nothing."""


@dataclass
class Site:
    """A data folder whose Postgres is only there while somebody uses it."""

    folder: Path

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def server(self) -> AbstractContextManager[str]:
        return running_server(self.data_dir, _nothing)

    def evload(self, *arguments: str | Path) -> str:
        return run([EVLOAD, *arguments, "--data-dir", self.data_dir]).stdout

    def load(self, step: Step) -> None:
        """How long it takes changes with what else the machine does, so the latest time is kept."""
        began = time.monotonic()
        report = json.loads(self.evload("load", "--json", *step.arguments))
        if not report["already_loaded_as"]:
            step.seconds = time.monotonic() - began

    def state(self) -> State:
        """Raises if rows, views and sessions do not agree."""
        with self.server() as dsn:
            _until_alone(dsn)
            rows = check_views(dsn)
            *found, counted_sessions = fetch(dsn, STATE)[0]
        if found[1] != counted_sessions:
            raise Torn(f"{found[1]} sessions, but {counted_sessions} counted")
        return (rows, *found)

    def load_and_kill(self, arguments: list[str | Path], seconds: float, kill: Kill) -> str:
        """Says how the load ended. The server runs before it, and whoever is left of it is gone afterwards."""
        with self.server():
            command: list[str | Path] = [EVLOAD, "load", *arguments, "--data-dir", self.data_dir]
            env = environment({})
            with subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder, env=env
            ) as loader:
                time.sleep(seconds)
                kill(loader)
                stderr, hung = _await_end(loader)
        if b"Traceback" in stderr:
            raise Torn(stderr.decode())
        if hung:
            return HUNG
        return {0: "done", -signal.SIGKILL: "killed"}.get(loader.returncode, "failed with a message")

    def kill_loader(self, loader: "subprocess.Popen[bytes]") -> None:
        loader.kill()

    def kill_postmaster(self, loader: "subprocess.Popen[bytes]") -> None:
        pid = Cluster(self.data_dir.absolute()).postmaster_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


HUNG_AFTER_SECONDS = 30
HUNG = f"HUNG, ended by this benchmark after {HUNG_AFTER_SECONDS} s"
TOO_LATE = "done, all of the file there"
STATE = """
SELECT
    (SELECT coalesce(sum(inserted), 0)::int8 FROM load_batch WHERE unloaded_at IS NULL) AS inserted,
    count(charging_session.index) AS sessions,
    coalesce(sum(charging_session.energy_wh), 0)::int8 AS energy_wh,
    min(site.stored_sessions) AS counted_sessions
FROM site
LEFT JOIN charging_session ON true
"""


def _nothing(text: str) -> None:
    pass


def _await_end(loader: "subprocess.Popen[bytes]") -> tuple[bytes, bool]:
    """Gives the loader's standard error, and whether it had to be ended."""
    try:
        return loader.communicate(timeout=HUNG_AFTER_SECONDS)[1], False
    except subprocess.TimeoutExpired:
        loader.kill()
        return loader.communicate()[1], True


def _until_alone(dsn: str) -> None:
    """What a killed loader sent last may still be at work."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    while fetch(dsn, others)[0][0]:
        time.sleep(0.02)


def hours(folder: Path, users: int) -> list[Step]:
    """A first load, which goes straight into the empty table, and one that is merged into what is there."""
    history = History(users, 55).write(folder / "history.csv")
    return [Step([history]), Step([write_days(history, folder, 1)[0]])]


def sessions(folder: Path, users: int) -> list[Step]:
    """A first load, and one that brings each session again, shorter, so that rows are withdrawn."""
    files = ((folder / f"{minutes}.csv", minutes) for minutes in (240, 60))
    return [Step(write_sessions(path, 100 * users, minutes)) for path, minutes in files]


def measure(site: Site, steps: list[Step]) -> list[Step]:
    state = NOTHING
    with site.server():
        site.evload("migrate")
        for step in steps:
            step.before = state
            site.load(step)
            step.after = state = site.state()
        empty(site)
    return steps


def empty(site: Site) -> None:
    for batch in batches(site):
        site.evload("unload", "--yes", str(batch))
    assert site.state() == NOTHING


def batches(site: Site) -> list[int]:
    with site.server() as dsn:
        return [row[0] for row in fetch(dsn, "SELECT batch_id FROM load_batch WHERE unloaded_at IS NULL")]


def kill_many(site: Site, steps: list[Step], kills: int, kill: Kill) -> Counter[str]:
    """After each kill, the same load must work without help. Kills that came too late do not count."""
    found: Counter[str] = Counter()
    for step in cycle(steps):
        if found.total() - found[TOO_LATE] >= kills and step is steps[0]:
            break
        moment = random.uniform(BEFORE_THE_WORK_SECONDS, step.seconds)
        ended = site.load_and_kill(step.arguments, moment, kill)
        with site.server():
            state = site.state()
            if state not in (step.before, step.after) or (ended == "done" and state != step.after):
                raise Torn(f"{state} after {moment:.3f} s, {ended}; expected {step.before} or {step.after}")
            site.load(step)
            if site.state() != step.after:
                raise Torn(f"the next load has not brought {step.after}")
            if step is steps[-1]:
                empty(site)
        found[f"{ended}, {'all' if state == step.after else 'nothing'} of the file there"] += 1
    return found


@click.command()
@click.option("--quick", is_flag=True, help="4 kills of each, of loads of a fifth of the rows.")
@click.option("--kills", default=50, show_default=True, help="Of each, in the middle of a load.")
def main(quick: bool, kills: int) -> None:
    results: dict[str, Any] = {}
    hung = 0
    for (whom, name), steps_of in product((("the loader", "loader"), ("Postgres", "postmaster")), (hours, sessions)):
        with TemporaryDirectory(prefix="evload-benchmark-") as folder:
            site = Site(Path(folder))
            steps = measure(site, steps_of(site.folder, 40 if quick else 200))
            seconds = ", ".join(f"{step.after[0]:,} rows in {step.seconds:.1f} s" for step in steps)
            print(f"kill -9 of {whom} during loads of {steps_of.__name__} that leave {seconds}")
            with site.server() if name == "loader" else nullcontext():
                found = kill_many(site, steps, 4 if quick else kills, getattr(site, f"kill_{name}"))
            print(table(["what came of it", "times"], sorted(found.items())))
            print("All or nothing, views right, and the next load worked, every time.\n")
            hung += sum(times for what, times in found.items() if what.startswith(HUNG))
            results[f"{name}, {steps_of.__name__}"] = found
            if not quick:
                with site.server() as dsn:
                    results["machine"] = machine(dsn)
    if not quick:
        write_results("kill_while_loading", results)
    if hung:
        raise click.ClickException(f"{hung} loads did not notice that their database was gone.")


if __name__ == "__main__":
    main()
