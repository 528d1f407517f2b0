"""The embedded Postgres: a server of our own, for those who have Python and nothing else."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from evload.embedded.binaries import BIN, EmbeddedUnavailable, wheel_folder

__all__ = [
    "SOCKET_FOLDER_PREFIX",
    "EmbeddedUnavailable",
    "default_data_dir",
    "dsn_of_reader",
    "is_embedded",
    "make_replica",
    "programs_folder",
    "running_server",
]

OWNER = "evload"
READER = "evload_reader"
SOCKET_FOLDER_PREFIX = "evload-"


@contextmanager
def running_server(
    data_dir: Path, say: Callable[[str], None], *, create: bool = True, revive: bool = False
) -> Iterator[str]:
    """Give the DSN of the server that keeps its data below `data_dir`.

    It is started if nobody has, adopted if it runs, and stopped by the last one to leave. `say` is told, in sentences
    for people, what takes longer than a moment. Without `create` a folder that holds no data is refused. With `revive`
    the server is started again whenever it dies.
    """
    wheel = wheel_folder()
    from evload.embedded.server import server_in_use  # needs what only those platforms have that have the wheel

    with server_in_use(data_dir.absolute(), wheel, say, create=create, revive=revive) as dsn:
        yield dsn


def programs_folder() -> Path | None:
    """Where the programs of Postgres are, its clients among them, if the wheel is there."""
    try:
        return wheel_folder() / BIN
    except EmbeddedUnavailable:
        return None


def make_replica(data_dir: Path, target: Path, say: Callable[[str], None]) -> None:
    """Make `target` the data folder of a standby of the server in `data_dir`, which whoever uses it keeps following.

    Raises EvloadError where `target` holds another database, and where the server runs without replication: it has
    that from its next start on.
    """
    wheel = wheel_folder()
    from evload.embedded.replica import replicate

    replicate(data_dir.absolute(), target.absolute(), wheel, say)


def dsn_of_reader(dsn: str) -> str:
    """Give the address for those who only read, and whom Postgres lets do no more."""
    return dsn.replace(f"//{OWNER}:", f"//{READER}:", 1)


def is_embedded(dsn: str) -> bool:
    """Whether it is the address of such a server: its socket lies in a folder of evload's own."""
    hosts = map(Path, parse_qs(urlsplit(dsn).query).get("host", []))
    return any(host.is_absolute() and host.name.startswith(SOCKET_FOLDER_PREFIX) for host in hosts)


def default_data_dir(environ: Mapping[str, str]) -> Path:
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "evload"
    configured = Path(environ.get("XDG_DATA_HOME", ""))
    return (configured if configured.is_absolute() else home / ".local" / "share") / "evload"
