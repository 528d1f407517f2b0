"""The embedded server from its first start to the last user who leaves it."""

import os
import stat
import tempfile
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest

from evload.embedded import running_server, waiting
from evload.errors import EvloadError
from tests.integration.embedded.using import (
    copy_of,
    home,
    pid_file,
    refuse,
    run_sql,
    runs,
    server_pid,
    socket_folder,
    user_process,
    wait_ready,
)


def test_fresh_folder_serves_durably_and_privately(tmp_path: Path) -> None:
    data_dir = tmp_path / ("a rather long name " * 8) / 'it\'s "quoted" and Größe%41,$HOME'
    told: list[str] = []
    before = tmp_path.stat()
    with running_server(data_dir, told.append) as dsn:
        assert dsn.startswith("postgresql://evload:")
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert run_sql(dsn, f"SHOW {setting}") == "on"
        assert run_sql(dsn, "SHOW listen_addresses") == ""
        locale = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
        assert run_sql(dsn, locale) == "bC.UTF-8"
        assert run_sql(dsn, "SELECT rolpassword FROM pg_authid WHERE rolname = 'evload'").startswith("SCRAM-SHA-256$")
        assert run_sql(dsn, "SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules")
        folder = socket_folder(dsn)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(os.fsencode(folder / ".s.PGSQL.5432")) < 104
        assert os.getsid(server_pid(data_dir)) == server_pid(data_dir)
    assert stat.S_IMODE((home(data_dir) / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(home(data_dir).stat().st_mode) == 0o700
    after = tmp_path.stat()
    assert (before.st_mode, before.st_uid) == (after.st_mode, after.st_uid)
    assert not folder.exists()
    assert len([one for one in told if "still waiting" not in one]) == 1  # on a busy machine


def test_wrong_password_is_refused(data_dir: Path) -> None:
    with running_server(data_dir, refuse) as dsn:
        password = (home(data_dir) / "password").read_text()
        with pytest.raises(asyncpg.InvalidPasswordError):
            run_sql(dsn.replace(password, "guess"), "SELECT 1")


def test_another_password_file_is_told_plainly(data_dir: Path) -> None:
    (home(data_dir) / "password").write_text("another")
    with pytest.raises(EvloadError, match="does not accept the password in"), running_server(data_dir, refuse):
        pass
    assert not pid_file(data_dir).exists()


def test_last_user_to_leave_stops_it(data_dir: Path) -> None:
    with user_process(data_dir) as other:
        with running_server(data_dir, refuse) as dsn:
            assert wait_ready(other) == (server_pid(data_dir), dsn)
        pid = server_pid(data_dir)
        assert runs(pid)
        assert run_sql(dsn, "SELECT answer FROM kept") == 42
        other.communicate()
        assert other.returncode == 0
    assert not runs(pid)
    assert not socket_folder(dsn).exists()


def test_it_stops_when_its_user_raises(data_dir: Path) -> None:
    def fail() -> None:
        raise OSError("of the caller")

    with pytest.raises(OSError, match="of the caller"), running_server(data_dir, refuse):
        fail()
    assert not pid_file(data_dir).exists()


def test_two_at_once_on_an_empty_folder(tmp_path: Path) -> None:
    with user_process(tmp_path / "new") as one, user_process(tmp_path / "new") as two:
        assert wait_ready(one) == wait_ready(two)
        one.communicate()
        pid = server_pid(tmp_path / "new")
        assert runs(pid)
        two.communicate()
        assert (one.returncode, two.returncode) == (0, 0)
    assert not runs(pid)


def test_a_start_waits_for_the_lock_of_another_start(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_WORD_SECONDS", 0.2)
    told: list[str] = []
    with ExitStack() as turn:
        assert waiting.try_lock(turn.enter_context(waiting.lock_file(home(data_dir) / "start.lock")))

        def release(text: str) -> None:
            told.append(text)
            turn.close()

        with running_server(data_dir, release) as dsn:
            assert run_sql(dsn, "SELECT answer FROM kept") == 42
    assert told[0] == "Another evload is starting or stopping this Postgres; still waiting."


def test_copy_of_a_folder_in_use_gets_a_server_of_its_own(data_dir: Path, tmp_path: Path) -> None:
    with running_server(data_dir, refuse) as dsn:
        copy = copy_of(data_dir, tmp_path / "copy")
        with running_server(copy, lambda _: None) as other:
            assert socket_folder(other) != socket_folder(dsn)
            assert server_pid(copy) != server_pid(data_dir)
        assert run_sql(dsn, "SELECT answer FROM kept") == 42


def test_folder_of_the_socket_stays_short(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for temporary in (tmp_path / ("long" * 30), tmp_path / "a,b"):
        temporary.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        with running_server(data_dir, refuse) as dsn:
            assert socket_folder(dsn).parent == Path("/tmp")
