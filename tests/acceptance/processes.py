"""evload as its users meet it: the installed command in processes of its own, and HTTP over a socket."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil  # type: ignore[import-untyped]

from tests.locks import PATIENCE_SECONDS

EVLOAD = Path(sys.executable).with_name("evload")
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PASSED_ON = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
FORGETFUL = {"EVLOAD_CACHE_MEGABYTES": "0"}
# Words of SQL, of drivers and of addresses. `evload migrate` may be named: it says what to do.
TELLING = re.compile(
    r"select|relation|column|syntax|statement|lock|asyncpg|postgres|sqlstate|errno|exception|127\.0\.0\.1|localhost"
    r"|socket|/tmp|daily_totals|user_id|connect\(|evload_test",
    re.IGNORECASE,
)


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str

    @property
    def troubles(self) -> list[str]:
        """What was said on standard error, but that it started and stopped."""
        return [line for line in self.stderr.splitlines() if " INFO " not in line]


@dataclass
class Running:
    """A command that was started. Its output goes to files, so that it never waits for a reader."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path
    began: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> Ended:
        code = self.process.wait(seconds)
        ended = Ended(code, self.out.read_text(), self.err.read_text())
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        self.send(number)
        return self.wait()

    def make_sure_it_ended(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.wait(20)
        self.process.kill()
        self.process.wait()


@dataclass
class Api:
    """A running `evload up` or `evload serve`, and a client for it."""

    running: Running
    address: str
    client: httpx2.Client
    seconds_to_serve: float

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2].partition("/")[0])

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.client.get(path, **options)

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()


@dataclass(frozen=True)
class Shell:
    """A folder to work in, and variables. Nothing of the caller's own settings gets through."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def with_(self, **variables: str) -> Self:
        return replace(self, variables={**self.variables, **variables})

    def on(self, dsn: str) -> Self:
        return self.with_(DATABASE_URL=dsn)

    def start(self, *arguments: str | Path, given: bytes = b"") -> Running:
        """`given` comes through a pipe as standard input."""
        number = len(list(self.folder.glob("*.stderr")))
        out, err = (self.folder / f"{number}.{name}" for name in ("stdout", "stderr"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = self._popen(arguments, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr)
        assert process.stdin
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(given)
        return Running(process, out, err)

    def _popen(self, arguments: Sequence[str | Path], **streams: Any) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment = {**kept, "HOME": str(self.folder), **self.variables}
        return subprocess.Popen([EVLOAD, *arguments], cwd=self.folder, env=environment, **streams)

    def seen_on_a_terminal(self, *arguments: str | Path) -> str:
        """What a command that succeeds writes to standard error when that is a terminal."""
        terminal, stderr = os.openpty()
        with self._popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr) as process:
            os.close(stderr)
            seen = b""
            with suppress(OSError), open(terminal, "rb", buffering=0) as file:  # noqa: PTH123 - the last end closes it
                while part := file.read(4096):
                    seen += part
        assert process.returncode == 0, seen
        return seen.decode()

    def run(self, *arguments: str | Path, given: bytes = b"") -> Ended:
        running = self.start(*arguments, given=given)
        try:
            return running.wait()
        finally:
            running.make_sure_it_ended()

    def succeed(self, *arguments: str | Path, given: bytes = b"", code: int = 0) -> str:
        ended = self.run(*arguments, given=given)
        assert ended.code == code, ended.stderr
        return ended.stdout

    def fail(self, *arguments: str | Path) -> str:
        """Gives the one clear line."""
        ended = self.run(*arguments)
        assert (ended.code, ended.stderr.count("\n")) == (1, 1), ended
        assert ended.stderr.startswith("Error: ")
        return ended.stderr

    @contextmanager
    def serving(self, *arguments: str | Path) -> Iterator[Api]:
        """Any free port, unless the arguments name one."""
        port = () if "--port" in arguments else ("--port", "0")
        running = self.start(*arguments, *port)
        try:
            address = _address_of(running)
            taken = time.monotonic() - running.began
            with httpx2.Client(base_url=address, timeout=PATIENCE_SECONDS, trust_env=False) as client:
                yield Api(running, address, client, taken)
        except BaseException as error:
            error.add_note(
                f"evload {arguments}: exit code {running.process.poll()}, it said {running.err.read_text()!r}"
            )
            raise
        finally:
            running.make_sure_it_ended()
        assert "Traceback" not in running.err.read_text(), running.err.read_text()


def _address_of(running: Running) -> str:
    wait_until(lambda: "Ctrl-C ends it." in running.out.read_text() or running.process.poll() is not None)
    found = re.search(r"^evload serves on (http://\S+)$", running.out.read_text(), re.MULTILINE)
    assert found, running.err.read_text()
    return found[1]


def reports(text: str) -> list[dict[str, Any]]:
    """What `evload load --json` says, a report for each file."""
    return [json.loads(line) for line in text.splitlines()]


def postgres_pids(data_dir: Path) -> list[int]:
    """Every process of a server that works in the folder."""
    below = f"{data_dir.resolve()}{os.sep}"
    return [process.pid for process in psutil.process_iter() if _folder_of(process).startswith(below)]


def _folder_of(process: psutil.Process) -> str:
    try:
        return f"{process.cwd()}" if process.name() == "postgres" else ""
    except psutil.Error:  # it has ended, or is another user's
        return ""


def postmaster_pid(data_dir: Path) -> int:
    (pid_file,) = data_dir.glob("postgres-*/pgdata/postmaster.pid")
    return int(pid_file.read_text().split()[0])


def helpers_of(api: Api) -> list[psutil.Process]:
    """Every process below `evload` but the database's."""
    below = psutil.Process(api.running.pid).children(recursive=True)
    return [process for process in below if not has_ended(process) and process.name() != "postgres"]


def has_ended(process: psutil.Process) -> bool:
    """A zombie has: it only waits for its parent to notice."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def assert_plain_500(answer: httpx2.Response) -> None:
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["detail"]
    assert body["detail"]
    assert not TELLING.search(answer.text), answer.text


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
        return True
