"""The embedded server after crashes. Nothing is simulated: processes are killed."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from evload.embedded import running_server, waiting
from evload.errors import EvloadError
from tests.integration.embedded.using import (
    home,
    kill_user,
    pid_file,
    process_state,
    refuse,
    run_sql,
    runs,
    server_account,
    server_pid,
    socket_folder,
    user_process,
    wait_ready,
    wait_until,
)


def test_killed_user_leaves_a_server_that_the_next_adopts_and_stops(data_dir: Path) -> None:
    with user_process(data_dir) as user:
        pid, dsn = wait_ready(user)
        kill_user(user)
    assert runs(pid)
    with running_server(data_dir, refuse) as adopted:
        assert (server_pid(data_dir), adopted) == (pid, dsn)
    wait_until(lambda: not runs(pid))
    assert not pid_file(data_dir).exists()
    assert not socket_folder(dsn).exists()


def test_killed_postmaster_recovers_for_those_who_still_use_it(data_dir: Path) -> None:
    with running_server(data_dir, refuse) as dsn:
        run_sql(dsn, "CREATE TABLE written AS SELECT generate_series(1, 1000) AS n")
        killed = server_pid(data_dir)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not runs(killed))
        with running_server(data_dir, lambda _: None) as again:
            assert again == dsn
            assert server_pid(data_dir) != killed
            assert run_sql(dsn, "SELECT count(*) FROM written") == 1000
        assert run_sql(dsn, "SELECT answer FROM kept") == 42


def test_killed_postmaster_and_user_recover(data_dir: Path) -> None:
    with user_process(data_dir) as user:
        pid, dsn = wait_ready(user)
        run_sql(dsn, "CREATE TABLE written AS SELECT generate_series(1, 1000) AS n")
        kill_user(user)
    os.kill(pid, signal.SIGKILL)
    with running_server(data_dir, lambda _: None) as dsn:
        assert run_sql(dsn, "SELECT count(*) FROM written") == 1000


def test_waits_for_the_last_processes_of_a_killed_server(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its other processes may still write; a second server beside them would destroy the data."""
    monkeypatch.setattr(waiting, "FIRST_WORD_SECONDS", 0.3)
    with user_process(data_dir) as user:
        pid, dsn = wait_ready(user)
        straggler = run_sql(dsn, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        kill_user(user)
    os.kill(straggler, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    told: list[str] = []

    def release(text: str) -> None:
        told.append(text)
        os.kill(straggler, signal.SIGCONT)

    with running_server(data_dir, release) as dsn:
        assert run_sql(dsn, "SELECT answer FROM kept") == 42
    assert "still waiting" in told[0]


@pytest.mark.parametrize("content", ["", "\0\0\0\0\0\0", "0\n"])
def test_garbled_pid_file(data_dir: Path, content: str) -> None:
    pid_file(data_dir).write_text(content)
    with running_server(data_dir, refuse) as dsn:
        assert run_sql(dsn, "SELECT answer FROM kept") == 42


def write_stale_pid_file(data_dir: Path, pid: int) -> None:
    path = pid_file(data_dir)
    path.write_text(f"{pid}\n{path.parent}\n1795345187\n5432\n/tmp/evload-gone\n\n  16065529         9\nready   \n")
    pgdata = path.parent.stat()
    os.chown(path, pgdata.st_uid, pgdata.st_gid)


def test_reused_pid_in_pid_file(data_dir: Path) -> None:
    owner = server_account(data_dir)
    with subprocess.Popen(["sleep", "60"], user=owner.uid, cwd="/") as sleeper:
        write_stale_pid_file(data_dir, sleeper.pid)
        with running_server(data_dir, refuse) as dsn:
            assert run_sql(dsn, "SELECT answer FROM kept") == 42
        assert sleeper.poll() is None
        sleeper.kill()


def test_zombie_in_pid_file(data_dir: Path) -> None:
    owner = server_account(data_dir)
    with subprocess.Popen(["true"], user=owner.uid, cwd="/") as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        write_stale_pid_file(data_dir, zombie.pid)
        with running_server(data_dir, refuse) as dsn:
            assert run_sql(dsn, "SELECT answer FROM kept") == 42


def test_no_zombie_of_a_killed_server_stays(data_dir: Path) -> None:
    with running_server(data_dir, refuse):
        pid = server_pid(data_dir)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not process_state(pid))


def test_vanished_socket_folder_is_told_plainly(data_dir: Path) -> None:
    with user_process(data_dir) as user:
        pid, dsn = wait_ready(user)
        kill_user(user)
    shutil.rmtree(socket_folder(dsn))
    with (
        pytest.raises(EvloadError, match=f"socket folder is gone: end process {pid}"),
        running_server(data_dir, refuse),
    ):
        pass
    os.kill(pid, signal.SIGINT)
    wait_until(lambda: not runs(pid))
    with running_server(data_dir, refuse) as dsn:
        assert run_sql(dsn, "SELECT answer FROM kept") == 42


def test_killed_in_the_middle_of_initdb(tmp_path: Path) -> None:
    data_dir = tmp_path / "new"
    with user_process(data_dir) as user:
        wait_until((home(data_dir) / "pgdata.new" / "base").exists)
        kill_user(user)
    assert not (home(data_dir) / "pgdata").exists()
    with running_server(data_dir, lambda _: None) as dsn:
        assert run_sql(dsn, "SELECT 1") == 1
    assert not (home(data_dir) / "pgdata.new").exists()


def test_left_over_half_made_folder(tmp_path: Path) -> None:
    half_made = home(tmp_path) / "pgdata.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")
    with running_server(tmp_path, lambda _: None) as dsn:
        assert run_sql(dsn, "SELECT 1") == 1
    assert not half_made.exists()
