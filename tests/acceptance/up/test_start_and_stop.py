"""`evload up` with nothing but Python: the embedded server and the bundled sample, from the first start to the kill."""

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.acceptance.processes import (
    FORGETFUL,
    SIGNALS,
    Shell,
    assert_plain_500,
    has_ended,
    helpers_of,
    is_free,
    postgres_pids,
    postmaster_pid,
    wait_until,
)
from tests.acceptance.up.running import (
    ANSWERS_WITHIN_SECONDS,
    SAMPLE_ROWS,
    STARTS_AGAIN_WITHIN_SECONDS,
    STOPS_WITHIN_SECONDS,
    FirstRun,
    numbers,
    stored,
    workers_among,
)


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
        assert (ended.code, ended.troubles) == (0, [])
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
        assert (ended.code, ended.troubles) == (0, [])
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


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_busy_port_is_told_before_anything_is_started(shell: Shell, tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        said = shell.fail(command, "--data-dir", tmp_path / "new", "--port", port)
    assert port in said
    assert "--port" in said
    assert not (tmp_path / "new").exists()


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
