"""Loads in and beside a running `evload up`, and the signals that end them."""

import os
import signal
import socket
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from evload.priority import NICENESS
from tests.acceptance.processes import (
    SIGNALS,
    Shell,
    postgres_pids,
    wait_until,
)
from tests.acceptance.up.running import (
    SAMPLE_ROWS,
    STOPS_WITHIN_SECONDS,
    no_server_left,
    stored,
    writing,
)
from tests.files import SMALL_FILE


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


def test_a_load_beside_up_replaces_the_sample_and_is_served_at_once(here: Shell, small_file: Path) -> None:
    with here.serving("up", "--workers", "2") as api:
        assert api.json("/site")["is_sample"] is True
        assert f"the sample made way: {SAMPLE_ROWS:,} rows" in here.succeed("load", small_file)
        for _ in range(10):  # whichever worker answers
            assert api.json("/site")["is_sample"] is False
            assert api.json("/kpi/total-energy") == {"total_energy_kwh": 5.65}
            assert "Ø b/2" in api.json("/users")
        assert stored(here) == ("5", "2")
        assert "Data version 3" in here.succeed("refresh")
        here.succeed("migrate")
        assert api.json("/kpi/total-energy?end_date=2019-12-31") == {"total_energy_kwh": 5.65}


def test_commands_start_the_server_and_stop_it_again(here: Shell, data_dir: Path, small_file: Path) -> None:
    assert "5 inserted" in here.succeed("load", small_file)
    assert postgres_pids(data_dir) == []
    assert stored(here) == ("5", "2")
    assert postgres_pids(data_dir) == []


def test_the_measures_of_the_sample_go_with_it(here: Shell, tmp_path: Path) -> None:
    metered = tmp_path / "metered.csv"
    row = "21.12.2018 10:00;21.12.2018 11:00;A-1;1;1,5"
    metered.write_text(f"date_from;date_to;User_ID;session_ID;metered_kwh\n{row}\n")
    here.succeed("load", metered)
    with here.serving("serve") as api:
        assert api.json("/kpi/total-energy") == {"total_energy_kwh": 1.5}
        for path in ("/kpi/total-energy", "/load/hourly"):
            assert api.get(f"{path}?measure=flex_3_6_kwh").status_code == 404


def test_the_sample_never_comes_back(here: Shell, small_file: Path) -> None:
    here.succeed("load", small_file)
    here.succeed("unload", "--yes", "2")
    with here.serving("up") as api:
        assert api.json("/users") == []
    (sample, small) = here.succeed("batches").splitlines()[1:]
    assert "(sample)" in sample
    assert "taken out" in sample
    assert "taken out" in small


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
