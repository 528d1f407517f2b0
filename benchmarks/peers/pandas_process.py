"""Runs `seed_loading.py` with pandas, SQLAlchemy and psycopg2, which come from uv for the run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import run

SEED_LOADING = Path(__file__).with_name("seed_loading.py")


def load_with_pandas(dsn: str, file: Path) -> Any:
    """Gives rows and seconds, or None where the packages cannot be had."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = ("--with", "pandas", "--with", "sqlalchemy", "--with", "psycopg2-binary")
    uv: list[str | Path] = ["uv", "run", "--no-project", "--quiet", "--python", python, *packages]
    try:
        ran = run([*uv, SEED_LOADING, dsn, file], os.environ)
    except (OSError, subprocess.CalledProcessError):
        return None
    print(f"  pandas: {ran.stdout.strip()}")
    return json.loads(ran.stdout)
