"""The thread that starts the server again whenever it dies survives what goes wrong around it."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evload.embedded import running_server, server
from tests.integration.embedded.using import (
    PACKAGES,
    SOURCES,
    kill_user,
    pid_file,
    run_sql,
    server_pid,
    user_process,
    wait_ready,
    wait_until,
)

ERRORS = (OSError(24, "Too many open files"), RuntimeError("can't start new thread"), MemoryError("no room"))


def is_ready_again(data_dir: Path, killed: int) -> bool:
    """There is no pid file between the two servers, and then half a one."""
    text = pid_file(data_dir).read_text() if pid_file(data_dir).exists() else ""
    return "ready" in text and not text.startswith(f"{killed}\n")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["is_alive", "revive"])
def test_the_keeper_survives_errors(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception
) -> None:
    told: list[str] = []
    monkeypatch.setattr(server, "_TRY_AGAIN_SECONDS", 0.05)
    with running_server(data_dir, told.append, revive=True) as dsn:

        def fail(_: object) -> bool:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(server._Server, method, fail)
            killed = server_pid(data_dir)
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: any(str(error) in text for text in told))
        wait_until(lambda: is_ready_again(data_dir, killed))
        assert run_sql(dsn, "SELECT answer FROM kept") == 42


# Adopts a server, runs out of file descriptors, says so, has them again once its standard input says so.
PROGRAM = """
import os, resource, sys
from pathlib import Path
from evload.embedded import running_server, server
server._TRY_AGAIN_SECONDS = 0.1
say = lambda text: os.write(1, f"{text}\\n".encode())
with running_server(Path(sys.argv[1]), say, revive=True) as dsn:
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        say("none left")
    sys.stdin.readline()
    for descriptor in taken:
        os.close(descriptor)
    say("some again")
    sys.stdin.readline()
"""


def test_the_keeper_survives_the_lack_of_file_descriptors(data_dir: Path) -> None:
    """Of a server that it adopted: then it opens a file to see whether the server lives."""
    with user_process(data_dir) as first:
        pid, _ = wait_ready(first)
        kill_user(first)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data_dir)],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join([SOURCES, PACKAGES])},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    ) as keeping:
        try:
            assert keeping.stdin
            assert keeping.stdout
            told = iter(keeping.stdout.readline, "")
            assert any("none left" in line for line in told)
            assert any("Too many open files" in line for line in told)
            keeping.stdin.write("\n")
            keeping.stdin.flush()
            assert any("some again" in line for line in told)
            os.kill(pid, signal.SIGKILL)
            assert any("it is started again" in line for line in told)
            wait_until(lambda: is_ready_again(data_dir, pid))
            _, errors = keeping.communicate("\n", timeout=20)
            assert (keeping.returncode, errors) == (0, "")
        finally:
            keeping.kill()
