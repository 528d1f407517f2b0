"""What a killed evload leaves in the temporary folder, which the next start removes, and what it leaves alone."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.processes import Shell, postgres_pids, wait_until
from tests.acceptance.up.running import FirstRun, numbers


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder like /tmp, which the account that runs Postgres for root can enter."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("evload-*")}


def make_old(folder: Path) -> None:
    for path in folder.glob("evload-metrics-*"):
        os.utime(path, (0, 0))


def test_the_next_start_removes_what_a_killed_one_left(
    shell: Shell, data_dir: Path, first_run: FirstRun, tmp_path: Path, temporary: Path
) -> None:
    here = shell.with_(TMPDIR=str(temporary))
    lost, kept, other = (tmp_path / name for name in ("lost", "kept", "other"))
    for folder in (lost, kept, other):
        subprocess.run(["cp", "-a", str(data_dir), str(folder)], check=True)
    with here.serving("up", "--data-dir", lost) as killed:
        of_killed = left(temporary)
        assert len(of_killed) == 2
        killed.running.stop(signal.SIGKILL)
        pids = postgres_pids(lost)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not postgres_pids(lost))
    shutil.rmtree(lost)
    assert left(temporary) == of_killed
    with here.serving("up", "--data-dir", kept, "--workers", "2") as living:
        of_living = left(temporary) - of_killed
        assert len(of_living) == 2
        make_old(temporary)
        with here.serving("up", "--data-dir", other) as another:
            assert not left(temporary) & of_killed
            assert left(temporary) > of_living
            assert numbers(living) == numbers(another) == first_run.numbers
            assert another.running.stop().code == 0
        assert living.running.stop().code == 0
    assert not left(temporary)
