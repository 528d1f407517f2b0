"""Makes a standby of the embedded server while that runs, or of one that it starts for it."""

from collections.abc import Callable
from pathlib import Path

import asyncpg

from evload.embedded.account import account_for
from evload.embedded.binaries import usable_bin
from evload.embedded.cluster import Cluster
from evload.embedded.greeting import CONNECT_SECONDS, run
from evload.embedded.server import os_errors_as_sentence, server_in_use
from evload.embedded.standby import make_standby
from evload.embedded.waiting import exclusive, lock_file
from evload.errors import EvloadError


def replicate(data_dir: Path, target: Path, wheel: Path, say: Callable[[str], None]) -> None:
    primary, standby = Cluster(data_dir), Cluster(target)
    with os_errors_as_sentence(data_dir):
        primary.open(create=False)
    with os_errors_as_sentence(target):
        standby.open(create=True)
        with lock_file(standby.start_lock) as lock, exclusive(lock, say, "Another evload uses this folder"):
            if not _follows(standby, primary):
                _copy(primary, standby, wheel, say)


def _follows(standby: Cluster, primary: Cluster) -> bool:
    if not standby.pgdata.exists():
        return False
    if standby.is_standby and standby.primary_file.exists():
        followed = Path(standby.primary_file.read_text())
        if followed == primary.folder.parent:
            return True
        raise EvloadError(f"{standby.folder.parent} holds a standby of {followed}: choose an empty folder.")
    raise EvloadError(f"{standby.folder.parent} holds a database already: choose an empty folder.")


def _copy(primary: Cluster, standby: Cluster, wheel: Path, say: Callable[[str], None]) -> None:
    primary.replicated_mark.touch()  # read at the next start, which may be the one below
    with server_in_use(primary.folder.parent, wheel, say, create=False, revive=False) as dsn:
        run(_refuse_without_replication(dsn, primary.folder.parent))
        say(f"Copying {primary.folder.parent} to {standby.folder.parent}.")
        account = account_for(primary.pgdata)
        make_standby(primary, standby, account, usable_bin(wheel, account))


async def _refuse_without_replication(dsn: str, data_dir: Path) -> None:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        if await connection.fetchval("SHOW wal_level") == "minimal":
            raise EvloadError(
                f"The Postgres in {data_dir} was started without replication, and has it from its next start on: "
                "end the evload that uses it, and run this again."
            )
    finally:
        await connection.close()
