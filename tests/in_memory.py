"""Puts the temporary files of a run into memory, if it has room: there, a database is copied in a tenth of the time."""

import os
import re
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES = 12e9
AVAILABLE = re.compile(r"^MemAvailable:\s*(\d+) kB$", re.MULTILINE)


def put_temporary_files_there(environ: MutableMapping[str, str]) -> None:
    """Whoever names a TMPDIR means it."""
    if "TMPDIR" not in environ and _has_room():
        environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it is looked for again


def _has_room() -> bool:
    try:
        available = AVAILABLE.search(Path("/proc/meminfo").read_text(encoding="ascii"))
        room = min(shutil.disk_usage(MEMORY).free, int(available[1]) * 1024 if available else 0)
    except OSError:
        return False
    return room >= ROOM_BYTES and os.access(MEMORY, os.W_OK)
