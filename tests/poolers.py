"""PgBouncer before a server of the test's own."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.clusters import START_WITHIN_SECONDS, USER, PostgresServer, free_port

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(
    PGBOUNCER is None, reason="there is no pgbouncer, of Debian's package of that name"
)


@contextmanager
def pgbouncer(server: PostgresServer, mode: str, **settings: str) -> Iterator[str]:
    """Gives the pooler's address. In transaction mode it has few connections to the server, which clients share."""
    port, folder = free_port(), server.folder.parent / f"pooler-{mode}"
    folder.mkdir()
    lines = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": folder / "users.txt",
        "pool_mode": mode,
        "default_pool_size": 4 if mode == "transaction" else 30,
        "logfile": folder / "log",
        **settings,
    }
    (folder / "users.txt").write_text(f'"{USER}" ""\n')
    configuration = "\n".join(f"{name} = {value}" for name, value in lines.items())
    databases = f"[databases]\npostgres = host=127.0.0.1 port={server.port} dbname=postgres"
    (folder / "pgbouncer.ini").write_text(f"{databases}\n[pgbouncer]\n{configuration}\n")
    for path in (folder, *folder.iterdir()):
        server.programs.account.give(path)
    command: list[str | Path] = [str(PGBOUNCER), folder / "pgbouncer.ini"]
    with (folder / "output").open("ab") as output:
        process = server.programs.account.spawn(command, output, (), {})
    try:
        _wait(server, port, folder)
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)


def _wait(server: PostgresServer, port: int, folder: Path) -> None:
    until = time.monotonic() + START_WITHIN_SECONDS
    while not server.programs.answers(port):
        assert time.monotonic() < until, (folder / "output").read_text()
        time.sleep(0.05)
