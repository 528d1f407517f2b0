"""Who runs Postgres: we do, or, as it refuses to run as root, an existing account that may do little."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from evload.errors import EvloadError

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # nothing of the user's reaches the server


@dataclass(frozen=True)
class Account:
    """Whoever `uid` and `gid` name; None stands for ourselves."""

    uid: int | None = None
    gid: int | None = None

    @property
    def is_self(self) -> bool:
        return self.uid is None

    @property
    def name(self) -> str:
        return account_name(os.geteuid() if self.uid is None else self.uid)

    def give(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_run(self, *command: str | Path) -> bool:
        try:
            return self.run(command).returncode == 0
        except OSError:
            return False

    def run(self, command: Sequence[str | Path], keep: Sequence[int] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            **self._options(keep),
        )

    def spawn(
        self, command: Sequence[str | Path], output: IO[bytes], keep: Sequence[int], more_env: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        options = self._options(keep)
        options["env"] = _ENVIRONMENT | more_env
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)  # noqa: S603

    def _options(self, keep: Sequence[int]) -> dict[str, Any]:
        """Open files in `keep` alone go along; a session of its own keeps Ctrl-C at the terminal away."""
        options = {"stdin": subprocess.DEVNULL, "pass_fds": keep, "cwd": "/", "env": _ENVIRONMENT}
        if not self.is_self:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options | {"start_new_session": True}

    @contextmanager
    def reaching(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Give a path to the folder for this account, and the open files that the path needs.

        The folder may lie below others that the account cannot enter (/root, say) and that are not ours to open. On
        Linux `/proc/self/fd/N` leads to an open folder without walking its parents, also in all forked processes.
        """
        if self.is_self or sys.platform != "linux":
            yield str(folder), ()
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)


def account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def account_for(pgdata: Path) -> Account:
    if os.geteuid() != 0:
        return Account()
    if pgdata.exists():
        return _owner(pgdata)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EvloadError(
        "Postgres does not run as root, and no account postgres or nobody exists: start evload as a user."
    )


def _owner(pgdata: Path) -> Account:
    found = pgdata.stat()
    if found.st_uid == 0:
        raise EvloadError(
            f"Postgres does not run as root, but {pgdata} belongs to root: give it to the account postgres."
        )
    return Account(found.st_uid, found.st_gid)
