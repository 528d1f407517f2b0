"""What the tests of the embedded server share: programs that use one, and looks at its files and processes."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from evload.embedded import account, binaries, running_server
from evload.errors import EvloadError

SOURCES = str(Path(binaries.__file__).parents[2])
PACKAGES = str(Path(asyncpg.__file__).parents[1])
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
    environment = {"PYTHONPATH": os.pathsep.join([SOURCES, PACKAGES])}
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


def copy_of(data_dir: Path, target: Path) -> Path:
    subprocess.run(["cp", "-a", str(data_dir), str(target)], check=True)
    return target


def server_account(data_dir: Path) -> account.Account:
    return account.account_for(home(data_dir) / "pgdata")


def assert_refused(data_dir: Path, match: str) -> None:
    with pytest.raises(EvloadError, match=match) as refused, running_server(data_dir, lambda _: None):
        pass
    assert "\n" not in str(refused.value)
