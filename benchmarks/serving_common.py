"""What the serving benchmark and the soak stand on: data, servers in processes of their own, and load generators."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from common import EVLOAD, environment, evload, execute
from evload.embedded import running_server
from evload.embedded.binaries import wheel_folder
from evload.sample import SamplePlan, write_sample

HERE = Path(__file__).parent
START_SECONDS = 60.0
KPI = "/kpi/total-energy"
NO_HEADERS: Mapping[str, str] = {}

PLANS = {
    "88 thousand": SamplePlan(users=97, start=date(2023, 6, 1), days=400, sessions_per_week=1.82),
    "5 million": SamplePlan(users=500, start=date(2023, 1, 1), days=1096, sessions_per_week=7.4),
}

SEED_TABLE = (
    """
CREATE TABLE hrly_ev_load AS
SELECT
    index::integer, date_from AT TIME ZONE 'Europe/Oslo' AS date_from, date_to AT TIME ZONE 'Europe/Oslo' AS date_to,
    nullif(user_id, '')::varchar AS user_id, session_id,
    synthetic_3_6_kwh, synthetic_7_2_kwh, flex_3_6_kwh, flex_7_2_kwh
FROM hourly_load
""",
    "ALTER TABLE hrly_ev_load ADD PRIMARY KEY (index)",
    "CREATE INDEX ix_hrly_ev_load_date_from ON hrly_ev_load (date_from)",
)


def months() -> list[str]:
    """Ranges of a month that cut their first and last day, each another question."""
    return [
        f"{KPI}?start_date=2024-01-{day:02}T{hour:02}:00:00&end_date=2024-02-{day:02}T{hour:02}:00:00"
        for day in range(1, 29)
        for hour in range(24)
    ]


def whole_histories() -> list[str]:
    """Everything there is, asked in many ways: equal questions in flight would share one query."""
    return [f"{KPI}?start_date=2000-01-01T00:{second // 60:02}:{second % 60:02}" for second in range(600)]


@dataclass(frozen=True)
class Measurement:
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


class Missing(Exception):
    """A peer that cannot be had on this machine; the text says why."""


@contextmanager
def database(folder: Path, plan: SamplePlan) -> Iterator[str]:
    """The address of an embedded server with a plan's rows; they are loaded if the folder is fresh."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_server(folder / "postgres", print) as dsn:
        if not (folder / "filled").exists():
            write_sample(plan, folder / "loads.csv")
            evload(dsn, "migrate")
            evload(dsn, "load", folder / "loads.csv")
            execute(dsn, *SEED_TABLE, "VACUUM ANALYZE")
            (folder / "filled").touch()
        yield dsn


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> tuple[int, dict[str, str], bytes]:
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url(path), headers=dict(headers))) as answer:
                return answer.status, dict(answer.getheaders()), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def megabytes_per_process(self) -> float:
        """Of the largest process of the server."""
        return max(resident_megabytes(pid) for pid in tree(self.process.pid))


@contextmanager
def server(command: Sequence[object], port: int, environ: Mapping[str, str]) -> Iterator[Server]:
    """A server in a process group of its own, answering when it is given, and ended afterwards."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            env=dict(environ),
            cwd=tempfile.gettempdir(),  # away from any `.env`
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_listening(process, port, log)
            yield Server(port, process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(START_SECONDS)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(b"GET /docs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if probe.recv(1):
                return
        time.sleep(0.05)
    log.seek(0)
    words = log.read().decode(errors="replace").strip().splitlines()
    raise Missing(words[-1] if words else "the server did not start")


def evload_server(dsn: str, workers: int, *, cache_megabytes: int = 64) -> Any:
    port = free_port()
    environ = environment({"DATABASE_URL": dsn, "EVLOAD_CACHE_MEGABYTES": str(cache_megabytes)})
    return server([EVLOAD, "serve", "--port", port, "--workers", workers], port, environ)


def fastapi_server(module: str, dsn: str, workers: int, *needs: str) -> Any:
    """FastAPI and what else a peer needs come from uv for this run; evload does not depend on them."""
    uv = shutil.which("uv")
    if uv is None:
        raise Missing("uv is not installed")
    port, wanted = free_port(), [word for name in ("fastapi", *needs) for word in ("--with", name)]
    run_with = [uv, "run", "--project", HERE.parent, "--frozen", "--no-sync", *wanted]
    return server(
        [*run_with, "uvicorn", f"{module}:app", "--app-dir", HERE / "peers", "--port", port,
         "--workers", workers, "--log-level", "warning"],
        port,
        {**os.environ, "DATABASE_URL": dsn},
    )  # fmt: skip


def limit_server(answer: tuple[int, dict[str, str], bytes], workers: int, folder: Path) -> Any:
    status, headers, body = answer
    # uvicorn adds its own date; `connection: close` is only for the one who fetched the answer.
    ours = [(name, value) for name, value in headers.items() if name.lower() not in ("date", "connection")]
    port = free_port()
    file = folder / f"limit-{port}.json"
    file.write_text(json.dumps({"status": status, "headers": ours, "body": body.decode()}))
    return server([sys.executable, HERE / "peers" / "limit.py", file, port, workers], port, environment({}))


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
    parents = [(int(child), int(parent)) for child, parent in (line.split() for line in listed.splitlines())]
    found = [pid]
    for one in found:
        found += [child for child, parent in parents if parent == one]
    return found


def resident_megabytes(pid: int) -> float:
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout
    return int(shown or 0) * 1024 / 1e6


def allow_many_connections() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16_384), most))


def wrk(
    server: Server, paths: Sequence[str], *, connections: int, seconds: float, headers: Mapping[str, str] = NO_HEADERS
) -> Measurement:
    """As fast as the server answers; one thread of load."""
    named = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(paths))
        file.flush()
        shown = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "60s",
             "-s", HERE / "serving.lua", *named, server.url(paths[0])],
            env={**os.environ, **({"PATHS": file.name} if len(paths) > 1 else {})},
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    found = json.loads(shown.splitlines()[-1])
    return Measurement(
        found["requests"] / found["microseconds"] * 1e6,
        found["p50_us"] / 1000,
        found["p99_us"] / 1000,
        found["errors"],
    )


def pgbench(dsn: str, sql: str, values: Mapping[str, str], *, clients: int, seconds: float) -> Measurement:
    """One prepared statement again and again, without any web server."""
    for number, name in enumerate(values, 1):
        sql = sql.replace(f"${number}", f":{name}")
    given = [word for name, value in values.items() for word in ("-D", f"{name}={value}")]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "query.sql")
        lines = (line for line in sql.splitlines() if not line.startswith("--"))
        script.write_text(" ".join(lines) + ";\n")
        shown = subprocess.run(
            [wheel_folder() / "pginstall" / "bin" / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-T",
             str(max(1, round(seconds))), "-f", script, "--log", "--log-prefix", Path(folder, "log"), *given, dsn],
            env={**os.environ, "PGOPTIONS": "-c jit=off -c plan_cache_mode=force_generic_plan -c TimeZone=Europe/Oslo"},
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        logged = [line for log in Path(folder).glob("log.*") for line in log.read_text().splitlines()]
    took = sorted(int(line.split()[2]) / 1000 for line in logged)
    per_second = next(float(line.split()[2]) for line in shown.splitlines() if line.startswith("tps ="))
    return Measurement(per_second, took[len(took) // 2], took[len(took) * 99 // 100], 0)
