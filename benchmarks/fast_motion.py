"""Operation in fast motion: files dropped into a watched folder, some broken, and kill -9 of watch, serve and Postgres.

uv run python benchmarks/fast_motion.py [--quick] [--files 200] [--seed 1]
"""

import json
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from common import EVLOAD, environment, execute, fetch, machine, run, table, write_results
from evload.embedded import running_server
from evload.embedded.cluster import Cluster
from fast_motion_alarms import Prometheus
from fast_motion_files import Dropped, drop_files, hash_of
from views import check_views

VICTIMS = ("watch", "Postgres", "serve")
ALWAYS_KILLED = ("watch", "Postgres")
PATIENCE_SECONDS = 600
GROWTH_BYTES = {"evload_database_size_bytes": 500_000, "evload_wal_size_bytes": 60_000_000}
"""What is so much for a site of some thousand rows that an alarm must ring."""
WAL_FILES = 8


class WentWrong(Exception):
    """What is there is not what was dropped."""


@dataclass
class Program:
    """A command that is started again whenever it ends, as a supervisor would."""

    arguments: list[str | Path]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    is_paused: bool = False

    def keep_alive(self) -> None:
        if self.is_paused:
            return
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                command = [EVLOAD, *self.arguments]
                self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment({}))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Killed, and not started again meanwhile."""
        self.is_paused = True
        self.kill()
        try:
            yield
        finally:
            self.is_paused = False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE_SECONDS)


@dataclass
class Site:
    folder: Path
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.data_dir, self.drop = self.folder / "data", self.folder / "drop"
        self.drop.mkdir()
        data: list[str | Path] = ["--data-dir", self.data_dir]
        self.watch = Program(["watch", self.drop, "--every", "0.2", *data], self.folder / "watch.log")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.serve = Program(["serve", "--port", port, *data], self.folder / "serve.log")

    def kill(self, whom: str) -> None:
        if whom == "Postgres":
            pid = Cluster(self.data_dir.absolute()).postmaster_pid()
            if pid is None:
                return
            with suppress(ProcessLookupError):
                subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)
        else:
            (self.watch if whom == "watch" else self.serve).kill()
        self.kills[whom] += 1

    def waiting(self) -> list[Path]:
        return [path for path in self.drop.iterdir() if path.is_file()]

    def metrics(self) -> dict[str, float]:
        """Raises OSError while evload does not answer."""
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=10) as answer:
            found = re.findall(r"^(\w+) (\S+)$", answer.read().decode(), re.MULTILINE)
        return {name: float(value) for name, value in found}


@contextmanager
def supervised(site: Site, kill_every_seconds: float) -> Iterator[threading.Event]:
    """Both programs run meanwhile. While what is given is set, they are killed at random moments, as is Postgres."""
    ended, chaos, moments = threading.Event(), threading.Event(), random.Random(random.random())
    chaos.set()

    def keep() -> None:
        kill_at = float("inf")
        while not ended.wait(0.05):
            site.watch.keep_alive()
            site.serve.keep_alive()
            if time.monotonic() > kill_at and chaos.is_set():
                spared = [whom for whom in ALWAYS_KILLED if whom not in site.kills]
                site.kill(spared[0] if spared else moments.choices(VICTIMS, [6, 3, 1])[0])
                kill_at = float("inf")
            if kill_at == float("inf") and (site.drop / "done").exists():
                kill_at = time.monotonic() + moments.expovariate(1 / kill_every_seconds)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield chaos
    finally:
        ended.set()
        thread.join()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise WentWrong(f"after {PATIENCE_SECONDS} s {what}")
        time.sleep(0.1)


def provoke(site: Site, dropped: Dropped, prometheus: Prometheus) -> None:
    """Gives a reason to each alarm that files and kills gave none, one after the other, and ends it."""

    def rings(alarm: str) -> None:
        until(lambda: prometheus.is_firing(alarm), f"{alarm} does not ring")

    def is_quiet(alarm: str) -> None:
        until(lambda: not prometheus.is_firing(alarm), f"{alarm} rings on")

    for alarm, program in (("EvloadWatcherDead", site.watch), ("EvloadDown", site.serve)):
        with program.paused():
            rings(alarm)
        is_quiet(alarm)
    with running_server(site.data_dir, print) as dsn:
        with closed(dsn):
            rings("EvloadNotReady")
        is_quiet("EvloadNotReady")
        execute(dsn, *["SELECT pg_logical_emit_message(false, 'wal', 'full'), pg_switch_wal()"] * WAL_FILES)
        rings("EvloadWalLarge")
    rings("EvloadDatabaseLarge")
    rings("EvloadNoNewData")
    file = site.drop / "recent.csv"
    file.write_bytes(dropped.recent_file())
    while not prometheus.is_firing("EvloadFilesWait"):  # it looks as if it were still written
        file.touch()
        time.sleep(0.05)
    for alarm in ("EvloadFilesWait", "EvloadNoNewData"):
        is_quiet(alarm)


@contextmanager
def closed(dsn: str) -> Iterator[None]:
    """Nobody gets into the database meanwhile."""
    name = dsn.partition("?")[0].rpartition("/")[2]
    maintenance = dsn.replace(f"/{name}?", "/postgres?")
    execute(maintenance, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    fetch(maintenance, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    try:
        yield
    finally:
        execute(maintenance, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@contextmanager
def alarms_watched(site: Site) -> Iterator[Prometheus | None]:
    """By Prometheus, if it is on the PATH."""
    if not shutil.which("prometheus"):
        yield None
        return
    until(lambda: _is_at_rest(site), "evload does not answer")
    now = site.metrics()
    limits = {name: now[name] + more for name, more in GROWTH_BYTES.items()}
    with Prometheus.scraping(site.address, site.folder / "prometheus", limits) as prometheus:
        yield prometheus


def check(site: Site, dropped: Dropped) -> None:
    """Every file is where it belongs, with what belongs beside it, and database, metrics and history agree."""
    loaded = _files_in(site.drop / "done", dropped)
    failed = _files_in(site.drop / "failed", dropped)
    _expect("files in done/", loaded, dropped.good)
    _expect("files in failed/", failed, dropped.broken)
    until(lambda: _is_at_rest(site), "evload does not answer, or waits for files")
    metrics = site.metrics()
    rejected = sum(dropped.rejects.values())
    history = json.loads(run([EVLOAD, "batches", "--json", "--data-dir", site.data_dir]).stdout)
    kinds = Counter("failed" if one["failure"] else "loaded" for one in history)
    for name, value in (
        ("evload_loads_total", len(dropped.good)),
        ("evload_failed_loads_total", dropped.broken.total()),
        ("evload_rejected_rows_total", rejected),
        ("evload_stored_rows", dropped.rows),
    ):
        _expect(name, metrics[name], value)
    _expect("history", dict(kinds), {"loaded": len(dropped.good), "failed": dropped.broken.total()})
    _expect("rejects by reason", sum(sum(one["rejected_by_reason"].values()) for one in history), rejected)
    with running_server(site.data_dir, print) as dsn:
        _expect("rows", check_views(dsn), dropped.rows)
        stored = fetch(dsn, "SELECT sum(synthetic_3_6_kwh) FROM hourly_load")[0][0]
        _expect("energy", stored, dropped.energy_kwh)


def _is_at_rest(site: Site) -> bool:
    try:
        metrics = site.metrics()
        return metrics["evload_ready"] == 1 and metrics["evload_watch_waiting_files"] == 0
    except (OSError, KeyError):
        return False


def _files_in(folder: Path, dropped: Dropped) -> Counter[str]:
    """By the hash of their bytes. Each has a report beside it, and its rejected rows."""
    found: Counter[str] = Counter()
    explained: dict[str, int] = {}
    hidden = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    _expect(f"hidden files in {folder.name}/", hidden, [])
    beside = (".report.json", ".rejects.csv")
    for path in (path for path in folder.iterdir() if not path.name.endswith(beside)):
        key = hash_of(path.read_bytes())
        found[key] += 1
        report = json.loads(path.with_name(f"{path.name}.report.json").read_text())
        _expect(f"where the report says that {path.name} is", report["moved_to"], str(path))
        rejects = path.with_name(f"{path.name}.rejects.csv")
        if rejects.exists():
            explained[key] = len(rejects.read_text().splitlines()) - 1
    _expect("rejected rows", explained, {key: dropped.rejects[key] for key in found if dropped.rejects[key]})
    return found


def _expect(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        if isinstance(found, dict):
            found, expected = dict(found.items() - expected.items()), dict(expected.items() - found.items())
        raise WentWrong(f"{what}: {found}, but {expected} was expected")


@click.command()
@click.option("--quick", is_flag=True, help="20 files, and no alarms.")
@click.option("--files", default=200, show_default=True, help="How many are dropped.")
@click.option("--seed", type=int, help="Draws the same files and kills again.")
def main(quick: bool, files: int, seed: int | None) -> None:
    seed = random.randrange(2**32) if seed is None else seed
    random.seed(seed)
    files = 20 if quick else files
    with TemporaryDirectory(prefix="evload-benchmark-") as folder, ExitStack() as stack:
        site, began = Site(Path(folder)), time.monotonic()
        stack.callback(site.serve.stop)
        stack.callback(site.watch.stop)
        with supervised(site, 4 if quick else 5) as chaos:
            until(lambda: (site.drop / "done").exists(), "the watcher has not begun")
            with nullcontext() if quick else alarms_watched(site) as prometheus:
                dropped = drop_files(site.drop, files)
                until(lambda: not site.waiting() and site.kills.keys() >= {*ALWAYS_KILLED}, "files wait")
                seconds = time.monotonic() - began
                chaos.clear()
                if prometheus:
                    provoke(site, dropped, prometheus)
                    fired = prometheus.times_fired()
                    _expect("how often alarms rang", fired, dict.fromkeys(fired, 1))
        for program in (site.watch, site.serve):
            program.keep_alive()
            if "Traceback" in program.log.read_text():
                raise WentWrong(program.log.read_text())
        check(site, dropped)
        facts: dict[str, Any] = {
            "seed": seed,
            "files": files,
            "broken": dropped.broken.total(),
            "rejected rows": sum(dropped.rejects.values()),
            "rows": dropped.rows,
            "energy kWh": dropped.energy_kwh,
            "seconds": round(seconds, 1),
            **{f"kills of {whom}": times for whom, times in sorted(site.kills.items())},
            "alarms that rang once each": len(prometheus.alarms) if prometheus else "not watched: no prometheus",
        }
        print(table(["what", "how many"], list(facts.items())))
        print("Every file is in done/ or failed/ with its report and rejects; sums, views, metrics and history agree.")
        if not quick:
            with running_server(site.data_dir, print) as dsn:
                write_results("fast_motion", {**facts, "machine": machine(dsn)})


if __name__ == "__main__":
    main()
