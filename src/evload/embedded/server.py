"""Starting, adopting and stopping the server.

Three locks, all of which the kernel frees when their holders die, however they die:
- `start.lock` is held while somebody decides about starting or stopping.
- `users.lock` is held, shared, by everybody who uses the server; who can have it alone is the last.
- `server.lock` is inherited by Postgres and all its processes: it is free exactly when none of them is left. That is
  why no process id is ever taken for a running server, and why no second one is started beside a dying first.
"""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

import asyncpg

from evload.embedded import OWNER
from evload.embedded.account import account_for
from evload.embedded.binaries import usable_bin
from evload.embedded.cluster import Cluster, failure_reason
from evload.embedded.greeting import greet, run
from evload.embedded.launching import PORT, spawn
from evload.embedded.sockets import linked_folder, new_socket_folder
from evload.embedded.standby import find_primary
from evload.embedded.waiting import PatientWait, exclusive, lock_file, share_lock, try_lock
from evload.errors import EvloadError

_NOT_YET = (
    OSError,
    asyncpg.OperatorInterventionError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.TooManyConnectionsError,
)
_LOOK_EVERY_SECONDS = 0.25
_TRY_AGAIN_SECONDS = 5.0
Say = Callable[[str], None]


@contextmanager
def server_in_use(data_dir: Path, wheel: Path, say: Say, *, create: bool, revive: bool) -> Iterator[str]:
    with os_errors_as_sentence(data_dir):
        cluster = Cluster(data_dir)
        cluster.open(create=create)
    turn = partial(exclusive, say=say, what="Another evload is starting or stopping this Postgres")
    with lock_file(cluster.start_lock) as start, lock_file(cluster.users_lock) as users:
        with os_errors_as_sentence(data_dir), turn(start):
            share_lock(users)
            server = _Server(cluster, wheel, say)
            try:
                dsn = server.ensure_running()
            except BaseException:
                _leave(server, users)
                raise
        try:
            with _Keeper(server, turn, say) if revive else nullcontext():
                yield dsn
        finally:
            with os_errors_as_sentence(data_dir), turn(start):
                _leave(server, users)


def _leave(server: "_Server", users: int) -> None:
    if try_lock(users):
        server.stop()


class _Keeper:
    """Starts the server again when it dies, for those who need it for long."""

    def __init__(self, server: "_Server", turn: Callable[[int], AbstractContextManager[None]], say: Say) -> None:
        self._server = server
        self._turn = turn
        self._say = say
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._enough.wait(_LOOK_EVERY_SECONDS):
            try:
                if not self._server.is_alive():
                    self._revive()
                else:
                    self._server.follow_primary()
            # Whatever it is (no file descriptor left, say): without this thread nobody looks after Postgres.
            except Exception as error:
                self._say(f"Postgres could not be looked after, which is tried again: {error}")
                self._enough.wait(_TRY_AGAIN_SECONDS)

    def _revive(self) -> None:
        self._say("Postgres ended; it is started again.")
        with lock_file(self._server.start_lock) as start, self._turn(start):
            self._server.revive()


@contextmanager
def os_errors_as_sentence(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise EvloadError(f"Postgres cannot keep its data in {data_dir}: {error.strerror}{where}.") from error


class _Server:
    """One user's view of the server; all of it happens under `start.lock`."""

    def __init__(self, cluster: Cluster, wheel: Path, say: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._wheel = wheel
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None

    @property
    def start_lock(self) -> Path:
        return self._cluster.start_lock

    def revive(self) -> None:
        self._process = None
        self.ensure_running()

    def follow_primary(self) -> None:
        cluster = self._cluster
        if find_primary(cluster, account_for(cluster.pgdata)) and (pid := cluster.postmaster_pid()):
            os.kill(pid, signal.SIGHUP)

    def ensure_running(self) -> str:
        """There is no deadline: recovery after a crash takes as long as it takes."""
        patience = PatientWait(
            self._say, "Postgres does not answer yet (after a crash it first recovers, or its last processes still end)"
        )
        while True:
            if self._launched_if_none_is_alive():
                continue
            if dsn := self._dsn_if_it_answers():
                return dsn
            if not self._cluster.socket_link.exists():
                raise EvloadError(
                    f"Postgres runs in {self._cluster.pgdata}, but its socket folder is gone:"
                    f" end process {self._cluster.postmaster_pid()} with SIGINT and try again."
                )
            patience.pause()

    def _launched_if_none_is_alive(self) -> bool:
        with lock_file(self._cluster.server_lock) as claim:
            if not try_lock(claim):
                return False
            if self._process:
                words = failure_reason(self._cluster.log.read_text(errors="replace"))
                raise EvloadError(f"Postgres stopped right after its start: {words} (more in {self._cluster.log})")
            self._launch(claim)
            return True

    def _launch(self, claim: int) -> None:
        cluster, account = self._cluster, account_for(self._cluster.pgdata)
        programs = usable_bin(self._wheel, account)
        self._socket_folder = new_socket_folder(cluster.socket_link, account)
        if not cluster.pgdata.exists():
            self._say(f"Making a Postgres data folder in {cluster.folder}.")
            cluster.create(account, programs / "initdb", self._socket_folder, claim)
        cluster.remove_garbled_pid_file()
        find_primary(cluster, account)
        self._process = spawn(cluster, account, programs / "postgres", self._socket_folder, claim)
        # Waits for the child at once when it ends, so that none is left behind as a zombie.
        threading.Thread(target=self._process.wait, daemon=True).start()

    def _dsn_if_it_answers(self) -> str | None:
        """A connection with our password through the private socket is the proof that the server is the right one."""
        folder = linked_folder(self._cluster.socket_link)
        dsn = f"postgresql://{OWNER}:{self._cluster.password()}@/{OWNER}?host={folder}&port={PORT}"
        try:
            run(greet(dsn))
        except _NOT_YET:
            return None
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise EvloadError(f"Postgres does not accept the password in {self._cluster.password_file}.") from error
        except asyncpg.PostgresError as error:
            raise EvloadError(f"Postgres runs in {self._cluster.pgdata}, but cannot be used: {error}.") from error
        self._socket_folder = folder
        return dsn

    def stop(self) -> None:
        if self._socket_folder and self._has_ended():
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._cluster.socket_link.unlink(missing_ok=True)

    def _has_ended(self) -> bool:
        """A server that neither is our child nor answers is left alone; the next start finds out what became of it."""
        patience = PatientWait(self._say, "Postgres writes its last changes to disk before it ends")
        told = False
        while self.is_alive():
            if not told and not (told := self._tell_to_end()):
                return False
            patience.pause()
        return True

    def is_alive(self) -> bool:
        if self._process and self._process.poll() is None:
            return True
        try:
            with lock_file(self._cluster.server_lock) as claim:
                return not try_lock(claim)
        except FileNotFoundError:  # somebody removed the data; without it Postgres ends by itself
            return False

    def _tell_to_end(self) -> bool:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            return True
        pid = self._cluster.postmaster_pid() if self._dsn_if_it_answers() else None
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        return True
