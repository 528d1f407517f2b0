"""The folder `postgres-18`: all that the server keeps, made by us, and nothing outside it is changed."""

import os
import re
import secrets
import shutil
from pathlib import Path

from evload.embedded import OWNER
from evload.embedded.account import Account, account_name
from evload.errors import EvloadError

MAJOR = "18"


class Cluster:
    """Knows where everything is; the major version in the name keeps a newer Postgres away from older data."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / f"postgres-{MAJOR}"
        self.pgdata = self.folder / "pgdata"
        self.password_file = self.folder / "password"
        self.log = self.folder / "postgres.log"
        self.socket_link = self.folder / "socket"
        self.start_lock = self.folder / "start.lock"
        self.users_lock = self.folder / "users.lock"
        self.server_lock = self.folder / "server.lock"
        self.replicated_mark = self.folder / "replicated"
        self.primary_file = self.folder / "primary"

    def open(self, *, create: bool) -> None:
        """Make the folder, or see that what is there is ours to use."""
        if not self.folder.exists():
            self._refuse_older_data()
        if not create and not self.pgdata.exists():
            raise EvloadError(
                f"There is no database in {self.folder.parent}: name its folder with --data-dir, or load files first."
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = self.folder.stat().st_uid
        if owner != os.geteuid():
            raise EvloadError(f"{self.folder} belongs to {account_name(owner)}: choose another folder with --data-dir.")
        if self.pgdata.exists():
            self._check_pgdata()

    def _refuse_older_data(self) -> None:
        for other in sorted(self.folder.parent.glob("postgres-[0-9]*")):
            if other != self.folder:  # which another evload may have made just now
                raise EvloadError(_other_major(f"{other} is from another major version of Postgres"))

    def _check_pgdata(self) -> None:
        major = (self.pgdata / "PG_VERSION").read_text().strip()
        if major != MAJOR:
            raise EvloadError(_other_major(f"{self.pgdata} is of Postgres {major}"))
        if not self.password_file.exists():
            raise EvloadError(
                f"{self.password_file} is missing, without which nobody can use {self.pgdata}: restore it."
            )

    def password(self) -> str:
        return self.password_file.read_text()

    @property
    def is_replicated(self) -> bool:
        """Whether the server has standbys or is one."""
        return self.replicated_mark.exists()

    @property
    def is_standby(self) -> bool:
        """Postgres removes the file when the standby is promoted."""
        return (self.pgdata / "standby.signal").exists()

    def postmaster_pid(self) -> int | None:
        """Give what the file says; whether that is still the server is for others to know."""
        try:
            first_line = (self.pgdata / "postmaster.pid").read_text(errors="replace").partition("\n")[0].strip()
        except FileNotFoundError:
            return None
        return abs(int(first_line)) or None if re.fullmatch(r"-?[0-9]+", first_line) else None

    def remove_garbled_pid_file(self) -> None:
        """Postgres refuses to start with a pid file that the disk lost the content of. A sound one is left to it."""
        if self.postmaster_pid() is None:
            (self.pgdata / "postmaster.pid").unlink(missing_ok=True)

    def create(self, account: Account, initdb: Path, private_folder: Path, claim: int) -> None:
        """Run `initdb` beside the final place, so that a killed one leaves nothing half made."""
        new = self.new_pgdata(account)
        password = secrets.token_urlsafe(24)
        write_secret(self.password_file, password)
        password_for_initdb = private_folder / "password"
        write_secret(password_for_initdb, password)
        account.give(password_for_initdb)
        try:
            with account.reaching(new) as (path, files):
                done = account.run([initdb, *_initdb_options(path, password_for_initdb)], keep=(claim, *files))
        finally:
            password_for_initdb.unlink()
        if done.returncode != 0:
            raise EvloadError(f"Postgres could not make its data folder {self.pgdata}: {failure_reason(done.stdout)}")
        self.settle(new)

    def new_pgdata(self, account: Account) -> Path:
        new = self.folder / "pgdata.new"
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(0o700)
        account.give(new)
        return new

    def settle(self, new: Path) -> None:
        new.rename(self.pgdata)
        sync(self.folder)


def _other_major(found: str) -> str:
    return (
        f"{found} and this evload has {MAJOR}: write it to a file with `evload backup` of the evload that made it, and"
        " bring that back with `evload restore` of this one and another --data-dir."
    )


def _initdb_options(path: str, password_file: Path) -> list[str]:
    return [
        f"--pgdata={path}",
        f"--username={OWNER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]


def write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Waits until a file, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def failure_reason(output: str) -> str:
    """Pick from what Postgres wrote the lines that say why it gave up."""
    lines = [re.sub(r"^\S+ \S+ \S+ \[\d+\] ", "", line).strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|error:|HINT", line)]
    return " ".join((telling or lines)[-2:]) or "it did not say why"
