"""Launches Postgres on a data folder, with the settings that an embedded server needs."""

import os
import subprocess
from pathlib import Path

from evload.embedded.account import Account
from evload.embedded.cluster import Cluster
from evload.embedded.greeting import DURABLE

PORT = "5432"
# On the command line they win over postgresql.conf and ALTER SYSTEM.
_SETTINGS = {
    **dict.fromkeys(DURABLE, "on"),
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    "huge_pages": "off",  # where a container forbids them, trying them kills the server
    "jit": "off",  # makes refreshing the views ten times slower
    # Processes that help with a big query cannot be told to give way to polls, so one core is left to those.
    "max_parallel_workers_per_gather": str(min(2, max(0, (os.cpu_count() or 1) - 2))),
    "max_wal_size": "2GB",
    "io_method": "sync",  # what is read is in memory: other processes need longer to say so than to read it
    "shared_buffers": "256MB",
}
_ALONE = {
    "wal_level": "minimal",  # a first load is written once, not twice
    "max_wal_senders": "0",
}
_REPLICATED = {
    "wal_level": "replica",
    "max_wal_senders": "10",
    "wal_keep_size": "1GB",  # so far a standby may fall behind while it does not run
    "wal_retrieve_retry_interval": "500ms",
}


def spawn(
    cluster: Cluster, account: Account, postgres: Path, socket_folder: Path, claim: int
) -> subprocess.Popen[bytes]:
    if cluster.log.exists():
        cluster.log.replace(cluster.log.with_suffix(".log.old"))
    settings = _SETTINGS | (_REPLICATED if cluster.is_replicated else _ALONE)
    settings |= {"unix_socket_directories": str(socket_folder)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    # A pid in the file that another process has by now would keep Postgres from starting. As nobody holds the lock,
    # it is not the server; told so, Postgres still looks whether anything uses the old server's shared memory.
    stale = {"PG_GRANDPARENT_PID": str(cluster.postmaster_pid() or 0)}
    with account.reaching(cluster.pgdata) as (path, files), cluster.log.open("ab") as log:
        return account.spawn([postgres, "-D", path, *options], log, (claim, *files), stale)
