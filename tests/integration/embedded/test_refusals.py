"""What the embedded server refuses, and the one sentence in which it says why."""

import shutil
from pathlib import Path

from evload.embedded import running_server
from tests.integration.embedded.using import (
    assert_refused,
    home,
    pid_file,
    refuse,
    run_sql,
    runs,
    server_pid,
    socket_folder,
    user_process,
)


def test_other_major_version_is_refused(data_dir: Path, tmp_path: Path) -> None:
    (home(data_dir) / "pgdata" / "PG_VERSION").write_text("17\n")
    assert_refused(data_dir, "is of Postgres 17 and this evload has 18: write it to a file with `evload backup`")
    (tmp_path / "older" / "postgres-17").mkdir(parents=True)
    assert_refused(tmp_path / "older", "postgres-17 is from another major version")
    assert not home(tmp_path / "older").exists()


def test_missing_password_is_refused(data_dir: Path) -> None:
    (home(data_dir) / "password").unlink()
    assert_refused(data_dir, "password is missing")


def test_reason_for_not_starting_is_told(data_dir: Path) -> None:
    with (home(data_dir) / "pgdata" / "postgresql.conf").open("a") as config:
        config.write("no_such_setting = 1\n")
    assert_refused(data_dir, r"stopped right after its start: .*FATAL: .*postgres\.log")


def test_lost_durability_is_told(data_dir: Path) -> None:
    with running_server(data_dir, refuse) as dsn:
        run_sql(dsn, "ALTER SYSTEM SET fsync = off")
    with running_server(data_dir, refuse) as dsn:
        assert run_sql(dsn, "SHOW fsync") == "on"
        run_sql(dsn, "ALTER DATABASE evload SET synchronous_commit = off")
    assert_refused(data_dir, "settings are off: synchronous_commit")
    assert not pid_file(data_dir).exists()


def test_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_refused(tmp_path / "file", "cannot keep its data in .*file: Not a directory")


def test_folder_removed_while_in_use(data_dir: Path) -> None:
    with running_server(data_dir, refuse) as dsn:
        pid = server_pid(data_dir)
        shutil.rmtree(data_dir)
    assert not runs(pid)
    assert not socket_folder(dsn).exists()


def test_full_disk_is_told(tmp_path: Path) -> None:
    def limit_file_size() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    with user_process(tmp_path / "new", preexec_fn=limit_file_size) as user:
        _, errors = user.communicate()
        assert user.returncode == 1
    assert errors.startswith("refused: Postgres could not make its data folder")
    assert errors.count("\n") == 1
    assert not (home(tmp_path / "new") / "pgdata").exists()
