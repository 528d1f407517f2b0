"""Compares every figure of the API, after each of many random changes, with a computation of its own in plain Python.

uv run python benchmarks/integrity.py [--operations 500] [--seed 1] [--kill 0.25]

Files are loaded, corrected, loaded again, taken out and dropped, and some of these commands are killed. Exit code 1: a
figure, a report or an exit code was not what it must be.
"""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import urlopen

import click

from common import EVLOAD, environment, fetch, fresh_server, serving
from integrity_files import SPANS, USERS, File, random_file
from integrity_oracle import MEASURES, Expected, Store, on_site_clock

KILL_AFTER_SECONDS = (0.45, 1.3)
COMMAND_WITHIN_SECONDS = 120
WRONG_AT_MOST = 20
EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
NOTHING = 404, {"detail": "No data found between given datetime range"}
BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()
"""
NEWEST_BATCH = "SELECT coalesce(max(batch_id), 0) FROM load_batch"
VERSION = "SELECT data_version FROM site"
IS_UNLOADED = "SELECT unloaded_at IS NOT NULL FROM load_batch WHERE batch_id = $1"


@dataclass(frozen=True)
class Ended:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def is_done(self) -> bool:
        return self.exit_code in (0, 3)  # 3: done, but rows were rejected

    @property
    def is_killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL


@dataclass
class Site:
    """A database, the API over it, and what both must hold."""

    dsn: str
    url: str
    folder: Path
    draw: random.Random
    kill: float
    store: Store = field(default_factory=Store)
    batches: dict[int, bytes] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def same(self, what: str, got: object, expected: object) -> None:
        self.counts["comparisons"] += 1
        if got != expected:
            self.wrong.append(f"{what}\n  got      {str(got)[:600]}\n  expected {str(expected)[:600]}")
            print("WRONG", self.wrong[-1])

    def scalar(self, query: str, *values: object) -> Any:
        return fetch(self.dsn, query, *values)[0][0]

    def evload(self, *arguments: str) -> Ended:
        """Kills the command at times, and waits until Postgres has done with it and the API knows."""
        command = subprocess.Popen(
            [EVLOAD, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=environment({"DATABASE_URL": self.dsn}),
        )
        if self.draw.random() < self.kill:
            try:
                command.wait(self.draw.uniform(*KILL_AFTER_SECONDS))
            except subprocess.TimeoutExpired:
                command.kill()
        stdout, stderr = command.communicate(timeout=COMMAND_WITHIN_SECONDS)
        ended = Ended(command.returncode, stdout, stderr)
        self.counts[f"{arguments[0]}, {'killed' if ended.is_killed else f'exit code {ended.exit_code}'}"] += 1
        self._wait_until_settled()
        return ended

    def _wait_until_settled(self) -> None:
        while self.scalar(BUSY) or self.get("/readyz")[1].get("data_version") != self.scalar(VERSION):
            time.sleep(0.02)

    def get(self, path: str, **parameters: object) -> tuple[int, Any]:
        url = f"{self.url}{quote(path)}?{urlencode({n: v for n, v in parameters.items() if v is not None})}"
        try:
            with urlopen(url, timeout=20) as answer:
                return answer.status, json.loads(answer.read(), parse_float=Decimal)
        except HTTPError as error:
            return error.code, json.loads(error.read())


def load(site: Site) -> None:
    """A new file, one with corrections, or one that was loaded before, which is skipped unless `--again` is given."""
    draw, options = site.draw, ["--again"]
    if site.files and draw.random() < 0.15:
        file = draw.choice(site.files)
        options = draw.choice(([], ["--again"]))
    else:
        file = random_file(draw, sorted(site.store.rows) if draw.random() < 0.3 else [])
        options += ["--strict"] if draw.random() < 0.03 else []
    (site.folder / "file.csv").write_bytes(file.data)
    newest, version = site.scalar(NEWEST_BATCH), site.scalar(VERSION)
    ended = site.evload("load", "file.csv", "--json", *options)
    is_refused = not file.rows or ("--strict" in options and file.rejected > 0)
    if ended.is_done:
        _check_report(site, file, json.loads(ended.stdout), version, may_skip="--again" not in options)
    elif ended.is_killed and (batch := site.scalar(NEWEST_BATCH)) > newest:
        site.store.load(file.rows, batch)
        site.batches[batch] = file.data
    elif not ended.is_killed:
        site.same(f"load: {ended.stderr}", is_refused, True)


def _check_report(site: Site, file: File, report: dict[str, Any], version: int, *, may_skip: bool) -> None:
    is_skipped = report["already_loaded_as"] is not None
    site.same("load: skipped", is_skipped, may_skip and file.data in site.batches.values())
    if is_skipped:
        return
    changed = site.store.load(file.rows, report["batch_id"])
    site.batches[report["batch_id"]] = file.data
    site.files.append(file)
    counted = {"changed": changed, "rejected": file.rejected, "read": len(file.rows) + file.rejected}
    told = {"changed": report["inserted"] + report["updated"], "rejected": report["rejected"]}
    site.same("load: report", told | {"read": report["rows_read"]}, counted)
    site.same("load: data version", report["data_version"], version + (changed > 0))


def unload(site: Site) -> None:
    if not site.batches:
        return
    batch = site.draw.choice(sorted(site.batches))
    ended = site.evload("unload", str(batch), "--yes")
    if not ended.is_killed:
        site.same(f"unload: {ended.stderr}", ended.exit_code, 0)
    if site.scalar(IS_UNLOADED, batch):
        site.store.unload(batch)
        del site.batches[batch]


def drop(site: Site) -> None:
    start, days = site.draw.choice(SPANS)
    day = (start + timedelta(days=site.draw.randrange(days))).date() if site.draw.random() < 0.3 else date(2024, 10, 27)
    version = site.scalar(VERSION)
    ended = site.evload("drop", "--before", str(day), "--yes")
    if not ended.is_killed:
        site.same(f"drop: {ended.stderr}", ended.exit_code, 0)
    if ended.is_done or site.scalar(VERSION) != version:
        site.store.drop_before(day)


def refresh(site: Site) -> None:
    ended = site.evload("refresh")
    site.same(ended.stderr, ended.is_done or ended.is_killed, True)


OPERATIONS: dict[Callable[[Site], None], int] = {load: 80, unload: 15, drop: 3, refresh: 2}


def compare(site: Site, operation: int) -> None:
    """All answers of one random range and measure."""
    draw, start, end = site.draw, None, None
    if draw.random() > 0.15:
        base, days = draw.choice(SPANS)
        start = base + timedelta(hours=draw.randrange(-30, days * 24), minutes=draw.choice((0, 0, 0, 30, 1)))
        end = start + timedelta(hours=draw.choice((0, 1, 3, 30, 80, 2000, 9000)))
    start, end = draw.choice(((start, end), (start, end), (start, end), (None, end), (start, None)))
    first, last, measure = start or EVER[0], end or EVER[1], draw.randrange(len(MEASURES))
    expected = Expected(site.store, measure, lambda hour: first <= hour <= last)
    bounds = {"start_date": _spelled(start), "end_date": _spelled(end)}
    asked = bounds | {"measure": MEASURES[measure]}
    answers = expected.answers() if expected.hours else dict.fromkeys(("/kpi/total-energy", "/load/hourly"))
    answers["/users/summary"] = expected.users() or None
    for path, answer in answers.items():
        got = site.get(path, **asked, **({"limit": 1000} if path == "/users/summary" else {}))
        site.same(f"operation {operation}: {path} {asked}", got, (200, answer) if answer is not None else NOTHING)
    _compare_users(site, operation, expected, bounds)


def _compare_users(site: Site, operation: int, expected: Expected, bounds: dict[str, str | None]) -> None:
    known = sorted({key[0] for key in site.store.rows} - {""})
    site.same(f"operation {operation}: /users", sorted(site.get("/users")[1]), known)
    user = site.draw.choice(USERS)
    status, body = site.get(f"/load/{user}/hourly", **bounds)
    told = [(row["date_from"], row["session_id"], _watt_hours(row)) for row in body] if status == 200 else []
    rows = [
        (on_site_clock(hour), session, str(energies))
        for (owner, hour, session, _), (energies, _) in site.store.rows.items()
        if owner == user and hour in expected.hours
    ]
    site.same(f"operation {operation}: rows of {user} {bounds}", sorted(told), sorted(rows))


def _watt_hours(row: dict[str, Any]) -> str:
    return str(tuple(None if row[measure] is None else int(row[measure] * 1000) for measure in MEASURES))


def _spelled(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


@click.command()
@click.option("--operations", default=500, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--kill", default=0.25, show_default=True, help="The share of commands that are killed, or were to be.")
def main(operations: int, seed: int, kill: float) -> None:
    with fresh_server() as server:
        dsn = server.database("integrity")
        with serving(dsn) as url:
            site = Site(dsn, url, server.folder, random.Random(seed), kill)
            for operation in range(operations):
                site.draw.choices([*OPERATIONS], [*OPERATIONS.values()])[0](site)
                for _ in range(2):
                    compare(site, operation)
                if len(site.wrong) > WRONG_AT_MOST:
                    break
    for what, number in sorted(site.counts.items()):
        print(f"{number:9,}  {what}")
    print(f"{len(site.wrong)} differences.")
    sys.exit(1 if site.wrong else 0)


if __name__ == "__main__":
    main()
