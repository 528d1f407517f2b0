"""Servers of one test: a primary and its standbys, by the programs of the wheel, on ports of their own."""

import asyncio
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from evload.embedded.account import Account, account_for
from evload.embedded.binaries import usable_bin, wheel_folder
from tests.asking import fetchval

USER = "evload"
START_WITHIN_SECONDS = 60
# A test that pulls the plug asks what clients see, not whether the disk of the test machine keeps its word.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "wal_level": "replica",
    "max_wal_senders": "10",
    "max_connections": "40",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "jit": "off",
    "hot_standby_feedback": "off",
    "wal_retrieve_retry_interval": "100ms",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Programs:
    account: Account
    folder: Path

    def run(self, name: str, *arguments: str | Path) -> None:
        done = self.account.run([self.folder / name, *arguments])
        assert done.returncode == 0, done.stdout

    def answers(self, port: int) -> bool:
        asks: list[str | Path] = [self.folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        return self.account.run(asks).returncode == 0


@dataclass
class PostgresServer:
    programs: Programs
    folder: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def dsn(self) -> str:
        return f"postgresql://{USER}@{self.address}/postgres"

    def start(self, **settings: str) -> "PostgresServer":
        options = [f"--{name}={value}" for name, value in (SETTINGS | {"port": str(self.port)} | settings).items()]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            command: list[str | Path] = [self.programs.folder / "postgres", "-D", self.folder, *options]
            self._process = self.programs.account.spawn(command, log, (), {})
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_WITHIN_SECONDS
        while time.monotonic() < until:
            if self.programs.answers(self.port):
                return
            time.sleep(0.05)
        raise AssertionError((self.folder.parent / f"{self.folder.name}.log").read_text())

    def end(self, how: int = signal.SIGQUIT) -> None:
        """By default without a last word to its standbys or clients, as a machine that loses its power."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(30)

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def fetchval(self, statement: str) -> object:
        return await fetchval(self.dsn, statement)

    async def promote(self) -> None:
        await self.execute("SELECT pg_promote()")

    async def follow(self, other: "PostgresServer") -> None:
        await self.execute(f"ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port={other.port} user={USER}'")
        await self.execute("SELECT pg_reload_conf()")

    async def cut_off(self) -> None:
        await self.execute("ALTER SYSTEM SET primary_conninfo = ''")
        await self.execute("SELECT pg_reload_conf()")
        async with asyncio.timeout(START_WITHIN_SECONDS):
            while await self.fetchval("SELECT count(*) FROM pg_stat_wal_receiver"):
                await asyncio.sleep(0.02)


@contextmanager
def servers() -> Iterator["Servers"]:
    with ExitStack() as until_done:
        folder = Path(tempfile.mkdtemp(prefix="evload-servers-"))
        until_done.callback(shutil.rmtree, folder, ignore_errors=True)
        account = account_for(folder / "none")
        account.give(folder)
        made = Servers(Programs(account, usable_bin(wheel_folder(), account)), folder)
        until_done.callback(made.end)
        yield made


@dataclass
class Servers:
    programs: Programs
    folder: Path
    all: list[PostgresServer] = field(default_factory=list)

    def primary(self) -> PostgresServer:
        server = PostgresServer(self.programs, self.folder / "primary")
        server.folder.mkdir(mode=0o700)
        self.programs.account.give(server.folder)
        self.programs.run("initdb", "-D", server.folder, "-U", USER, "-A", "trust", "-N", "--no-instructions")
        self.all.append(server)
        return server.start()

    def copy(self, stopped: Path, name: str, follows: PostgresServer | None = None) -> PostgresServer:
        """Starts a server on a copy of the folder of one that has ended well: a primary, or a standby that follows."""
        server = PostgresServer(self.programs, self.folder / name)
        shutil.copytree(stopped, server.folder)
        if follows is not None:
            (server.folder / "standby.signal").touch()
            with (server.folder / "postgresql.auto.conf").open("a") as configuration:
                configuration.write(f"primary_conninfo = 'host=127.0.0.1 port={follows.port} user={USER}'\n")
        for path in (server.folder, *server.folder.rglob("*")):
            self.programs.account.give(path)
        self.all.append(server)
        return server.start()

    def standby(self, name: str, follows: PostgresServer, port: int | None = None) -> PostgresServer:
        """Starts a standby on a fresh copy of a server that runs."""
        server = PostgresServer(self.programs, self.folder / name, port or free_port())
        server.folder.mkdir(mode=0o700)
        self.programs.account.give(server.folder)
        address = f"host=127.0.0.1 port={follows.port} user={USER}"
        self.programs.run(
            "pg_basebackup",
            "-D",
            server.folder,
            "-d",
            address,
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        )
        self.all.append(server)
        return server.start()

    def end(self) -> None:
        for server in self.all:
            with suppress(ProcessLookupError):
                server.end()


def dsn_of_all(*members: PostgresServer, target: str = "any") -> str:
    hosts = ",".join(server.address for server in members)
    return f"postgresql://{USER}@{hosts}/postgres?target_session_attrs={target}"
