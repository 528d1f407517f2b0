"""A standby of the embedded server: how it is made, how it finds its primary again, what is refused."""

from functools import partial
from pathlib import Path

import pytest

from evload.embedded import make_replica, running_server
from evload.errors import EvloadError
from tests.integration.embedded.using import home, refuse, run_sql, socket_folder, user_process, wait_ready, wait_until

LATEST = "SELECT max(answer) FROM kept"


def holds(dsn: str, answer: int) -> bool:
    return bool(run_sql(dsn, LATEST) == answer)


def test_standby_follows_its_primary_through_restarts(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "standby folder"
    make_replica(data_dir, target, lambda _: None)
    sockets = set()
    with running_server(target, refuse, create=False, revive=True) as standby:
        assert run_sql(standby, "SELECT pg_is_in_recovery()")
        for answer in (43, 44, 45):
            with running_server(data_dir, refuse) as primary:
                sockets.add(socket_folder(primary))
                run_sql(primary, f"INSERT INTO kept VALUES ({answer})")
                wait_until(partial(holds, standby, answer))
    assert len(sockets) == 3


def test_standby_that_was_stopped_catches_up(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "standby"
    make_replica(data_dir, target, lambda _: None)
    with running_server(data_dir, refuse) as primary:
        run_sql(primary, "INSERT INTO kept VALUES (43)")
        with running_server(target, refuse) as standby:
            wait_until(lambda: run_sql(standby, LATEST) == 43)


def test_standby_of_a_server_in_use_is_made_once_that_was_started_anew(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "standby"
    with user_process(data_dir) as process:
        wait_ready(process)
        with pytest.raises(EvloadError, match=r"started without replication.*end the evload that uses it"):
            make_replica(data_dir, target, lambda _: None)
    with user_process(data_dir) as process:
        wait_ready(process)
        (home(target) / "pgdata.new").mkdir()
        (home(target) / "pgdata.new" / "left").write_text("by a copy that was killed")
        make_replica(data_dir, target, lambda _: None)
        make_replica(data_dir, target, refuse)  # again: nothing to do
    with running_server(target, refuse) as standby:
        assert run_sql(standby, LATEST) == 42


def test_promoted_standby_is_a_server_of_its_own(data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "standby"
    make_replica(data_dir, target, lambda _: None)
    with running_server(target, refuse, revive=True) as standby:
        run_sql(standby, "SELECT pg_promote()")
        run_sql(standby, "INSERT INTO kept VALUES (43)")
    with running_server(target, refuse) as promoted, running_server(data_dir, refuse) as primary:
        assert (run_sql(promoted, LATEST), run_sql(primary, LATEST)) == (43, 42)
    with pytest.raises(EvloadError, match="holds a database already"):
        make_replica(data_dir, target, refuse)


def test_folders_that_cannot_become_a_standby_are_refused(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(EvloadError, match="There is no database in"):
        make_replica(tmp_path / "nothing", tmp_path / "standby", refuse)
    with pytest.raises(EvloadError, match="holds a database already: choose an empty folder"):
        make_replica(data_dir, data_dir, refuse)
    (tmp_path / "file").touch()
    with pytest.raises(EvloadError, match="cannot keep its data in"):
        make_replica(data_dir, tmp_path / "file", refuse)
    make_replica(data_dir, tmp_path / "standby", lambda _: None)
    with running_server(tmp_path / "another", lambda _: None):
        pass
    with pytest.raises(EvloadError, match=f"holds a standby of {data_dir}: choose an empty folder"):
        make_replica(tmp_path / "another", tmp_path / "standby", refuse)
