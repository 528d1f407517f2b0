"""Operation in fast motion: files dropped into a watched folder, some broken, and kill -9 of watch, serve and Postgres.

uv run python benchmarks/fast_motion.py [--quick] [--files 200] [--seed 1]
"""

import gzip
import hashlib
import json
import random
import re
import signal
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from common import EVLOAD, environment, fetch, machine, run, table, write_results
from evload.embedded import running_server
from evload.embedded.cluster import Cluster
from views import check_views

HEADER = "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW"
FIRST_DAY = date(2025, 1, 1)
USERS = 5
HOURS = range(4, 23)  # those that no change of the clock skips
VICTIMS = ("watch", "Postgres", "serve")
ALWAYS_KILLED = ("watch", "Postgres")
BROKEN_EVERY, REJECTS_EVERY, AGAIN_EVERY = 10, 7, 9
PATIENCE_SECONDS = 600


class WentWrong(Exception):
    """What is there is not what was dropped."""


@dataclass
class Dropped:
    """What was dropped, and what must come of it."""

    good: Counter[str] = field(default_factory=Counter)
    """By the hash of the bytes, as are the broken ones."""
    broken: Counter[str] = field(default_factory=Counter)
    rejects: dict[str, int] = field(default_factory=dict)
    energy_kwh: Decimal = Decimal(0)
    rows: int = 0

    def good_file(self, number: int) -> bytes:
        """A day of all users. Some have rows that cannot be right."""
        day = FIRST_DAY + timedelta(days=number)
        lines = [HEADER]
        for user in range(USERS):
            for hour in HOURS:
                energy = Decimal(random.randint(0, 3600)) / 1000
                lines.append(_row(day, hour, 1, f"u{user}", energy))
                self.energy_kwh += energy
                self.rows += 1
        wrong = number % REJECTS_EVERY if number % 2 else 0
        lines += [_row(day, HOURS[hour], 3, "u0", Decimal(1)) for hour in range(wrong)]
        content = ("\n".join(lines) + "\n").encode()
        self.good[_hash(content)] += 1
        self.rejects[_hash(content)] = wrong
        return content

    def broken_file(self, number: int) -> tuple[str, bytes]:
        """Its ending, and what it holds."""
        whole = ("\n".join([HEADER, _row(FIRST_DAY, 1, 1, "broken", Decimal(1))]) + "\n").encode()
        kinds = [
            (".csv", f"nonsense {number}\n".encode()),
            (".csv", whole.replace(b"session_ID", f"place_{number}".encode())),
            (".csv.gz", gzip.compress(whole + bytes(str(number), "ascii"), mtime=number)[:-9]),
            (".csv", "\n".join([HEADER, _row(FIRST_DAY, 1, 3, f"b{number}", Decimal(1))]).encode()),
        ]
        ending, content = kinds[number // BROKEN_EVERY % len(kinds)]
        self.broken[_hash(content)] += 1
        self.rejects[_hash(content)] = int(content == kinds[3][1])
        return ending, content


def _row(day: date, hour: int, hours: int, user: str, energy: Decimal) -> str:
    begin = datetime(day.year, day.month, day.day, hour)
    end = begin + timedelta(hours=hours)
    return f"{begin:%d.%m.%Y %H}:00;{end:%d.%m.%Y %H}:00;{user};{day.toordinal()};{energy}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Program:
    """A command that is started again whenever it ends, as a supervisor would."""

    arguments: list[str | Path]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0

    def keep_alive(self) -> None:
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                command = [EVLOAD, *self.arguments]
                self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment({}))
            self.starts += 1

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

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
        self.serve = Program(["serve", "--port", "0", *data], self.folder / "serve.log")

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
        addresses = re.findall(r"^evload serves on (\S+)$", self.serve.log.read_text(), re.MULTILINE)
        if not addresses:
            raise OSError
        with urllib.request.urlopen(f"{addresses[-1]}/metrics", timeout=10) as answer:
            found = re.findall(r"^(\w+) (\S+)$", answer.read().decode(), re.MULTILINE)
        return {name: float(value) for name, value in found}


@contextmanager
def supervised(site: Site, kill_every_seconds: float) -> Iterator[None]:
    """Both programs run meanwhile, and are killed at random moments, as is Postgres."""
    ended, moments = threading.Event(), random.Random(random.random())

    def keep() -> None:
        kill_at = float("inf")
        while not ended.wait(0.05):
            site.watch.keep_alive()
            site.serve.keep_alive()
            if time.monotonic() > kill_at:
                spared = [whom for whom in ALWAYS_KILLED if whom not in site.kills]
                site.kill(spared[0] if spared else moments.choices(VICTIMS, [6, 3, 1])[0])
                kill_at = float("inf")
            if kill_at == float("inf") and (site.drop / "done").exists():
                kill_at = time.monotonic() + moments.expovariate(1 / kill_every_seconds)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def drop_files(site: Site, files: int) -> Dropped:
    """Whole, in two parts, or under another name first; sometimes the same name or the same bytes again."""
    dropped = Dropped()
    content = b""
    for number in range(files):
        ending = ".csv"
        if number % BROKEN_EVERY == BROKEN_EVERY - 1:
            ending, content = dropped.broken_file(number)
        elif number % AGAIN_EVERY == AGAIN_EVERY - 1 and _hash(content) in dropped.good:
            dropped.good[_hash(content)] += 1
        else:
            content = dropped.good_file(number)
        name = f"{number % max(files // 2, 1):04}{ending}"
        while (site.drop / name).exists():
            time.sleep(0.05)
        _put(site.drop / name, content, number % 3)
        time.sleep(random.uniform(0, 0.3))
    return dropped


def _put(path: Path, content: bytes, way: int) -> None:
    if way == 0:
        path.write_bytes(content)
    elif way == 1:
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(content)
        part.rename(path)
    else:
        with path.open("wb", buffering=0) as file:
            file.write(content[: len(content) // 2])
            time.sleep(0.1)
            file.write(content[len(content) // 2 :])


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise WentWrong(f"after {PATIENCE_SECONDS} s {what}")
        time.sleep(0.1)


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
        key = _hash(path.read_bytes())
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
@click.option("--quick", is_flag=True, help="20 files.")
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
        with supervised(site, 4 if quick else 5):
            until(lambda: (site.drop / "done").exists(), "the watcher has not begun")
            dropped = drop_files(site, files)
            until(lambda: not site.waiting() and site.kills.keys() >= {*ALWAYS_KILLED}, "files wait")
        seconds = time.monotonic() - began
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
        }
        print(table(["what", "how many"], list(facts.items())))
        print("Every file is in done/ or failed/ with its report and rejects; sums, views, metrics and history agree.")
        if not quick:
            with running_server(site.data_dir, print) as dsn:
                write_results("fast_motion", {**facts, "machine": machine(dsn)})


if __name__ == "__main__":
    main()
