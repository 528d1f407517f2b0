"""Who loads or exports can wait, who polls cannot: on one machine, what works for the former comes last."""

import os
from contextlib import suppress

import asyncpg

from evload.embedded import is_embedded

NICENESS = 10  # a tenth of the processor where others want all of it, and all where nobody does
LAST = 19  # a hundredth, for what comes many times at once


def lower_priority() -> None:
    """For this process, from now on. A server that it started before keeps its priority."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def lower_backend_priority(dsn: str, connection: asyncpg.Connection, niceness: int = NICENESS) -> None:
    """For the connection's process in the embedded server; on others it is not ours, and may be far away."""
    if is_embedded(dsn):
        with suppress(OSError):
            backend = connection.get_server_pid()
            os.setpriority(os.PRIO_PROCESS, backend, os.getpriority(os.PRIO_PROCESS, backend) + niceness)
