"""The server's private socket folder: outside the data folder, as the path of a socket may have 103 bytes at most."""

import errno
import os
import re
import shutil
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from evload.embedded import SOCKET_FOLDER_PREFIX
from evload.embedded.account import Account
from evload.errors import EvloadError

SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_PATH_BYTES = 103


def linked_folder(link: Path) -> Path | None:
    return link.readlink() if link.is_symlink() else None


def new_socket_folder(link: Path, account: Account) -> Path:
    """Give an empty folder of the account alone, and let the link point to it.

    After a crash it has the path it had before, so that programs which still use the server find it again.
    """
    folder = linked_folder(link)
    if folder is None or not _renew(folder, account):
        parent = _parent(account)
        _remove_left_over(parent, account)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=SOCKET_FOLDER_PREFIX))
    account.give(folder)
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    return folder


def _renew(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
        if not _private(found, account) or _somebody_listens(folder):
            return False  # somebody else's by now, or our data folder is a copy of one in use
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    try:
        folder.mkdir(0o700)
    except OSError:
        return False
    return True


def _remove_left_over(parent: Path, account: Account) -> None:
    """Removes folders of servers that were killed, of which no data folder may know any more."""
    for folder in parent.glob(f"{SOCKET_FOLDER_PREFIX}*"):
        with suppress(OSError, ValueError):
            if _private(folder.lstat(), account) and _is_left_over(folder):
                shutil.rmtree(folder)


def _is_left_over(folder: Path) -> bool:
    """Postgres' lock file says whose the socket is. One that refuses connections may be about to listen."""
    pid = int((folder / f"{SOCKET_NAME}.lock").read_text().partition("\n")[0])
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        if client.connect_ex(str(folder / SOCKET_NAME)) != errno.ECONNREFUSED:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _private(found: os.stat_result, account: Account) -> bool:
    owner = os.geteuid() if account.uid is None else account.uid
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077


def _somebody_listens(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(folder / SOCKET_NAME)) == 0


def _parent(account: Account) -> Path:
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - mkdtemp makes a private folder in it
        path = parent / f"{SOCKET_FOLDER_PREFIX}12345678" / SOCKET_NAME
        # A comma separates folders and hosts, a percent sign and the like mean something in a DSN.
        plain = re.fullmatch(r"[A-Za-z0-9_./-]+", str(path))
        if plain and len(str(path)) <= _LONGEST_PATH_BYTES and account.can_run("/bin/sh", "-c", f"test -x {parent}"):
            return parent
    raise EvloadError(
        f"The account {account.name}, which runs Postgres, cannot enter /tmp: set TMPDIR to a short path."
    )
