"""What the tests of `evload up` on the embedded server share."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from tests.acceptance.processes import (
    Api,
    Ended,
    Shell,
    has_ended,
    postgres_pids,
    wait_until,
)

SAMPLE_ROWS = 14_144
STARTS_AGAIN_WITHIN_SECONDS = 10  # 3 are promised; the rest is for busy machines
STOPS_WITHIN_SECONDS = 10
ANSWERS_WITHIN_SECONDS = 12  # 5 to connect, and the statement's own time
PATHS = ("/users", "/hourly_loads?limit=3&after=14100", "/load/daily", "/kpi/total-energy", "/kpi/daily-average")


def numbers(api: Api) -> dict[str, Any]:
    return {path: api.json(path) for path in PATHS}


@dataclass(frozen=True)
class FirstRun:
    data_dir: Path
    told: Ended
    numbers: dict[str, Any]


@contextmanager
def no_server_left(data_dir: Path) -> Iterator[None]:
    """A failed test leaves no server behind either."""
    try:
        yield
    finally:
        for pid in postgres_pids(data_dir):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)


def stored(shell: Shell) -> tuple[str, str]:
    lines = dict(line.split(":", 1) for line in shell.succeed("status").splitlines())
    return lines["stored rows"].strip(), lines["data version"].strip()


def workers_among(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if not has_ended(process) and "spawn_main" in str(process.cmdline())]


@contextmanager
def writing(pipe: Path, text: str) -> Iterator[None]:
    """Hands `text` to whoever reads the pipe, who then waits for more until the end."""
    descriptors: list[int] = []

    def opened() -> bool:
        with suppress(OSError):  # nobody reads yet
            descriptors.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(descriptors)

    wait_until(opened)
    try:
        os.write(descriptors[0], text.encode())
        yield
    finally:
        os.close(descriptors[0])
