"""A temporary folder without room: evload says so at the start, and goes on if it fills up later."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import fill
from tests.acceptance.processes import Shell


@pytest.mark.parametrize("workers", ["1", "2"])
def test_metrics_go_on_when_the_temporary_folder_is_full(
    loaded_dsn: str, shell: Shell, small_disk: Path, workers: str
) -> None:
    with shell.on(loaded_dsn).with_(TMPDIR=str(small_disk)).serving("serve", "--workers", workers) as api:
        fill(small_disk)
        for _ in range(3):
            assert api.get("/kpi/total-energy").status_code == 200
            assert "evload_requests_total" in api.get("/metrics").text
        assert api.running.stop().code == 0


@pytest.mark.parametrize("leaving_bytes", [4096, 65_536])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_full_temporary_folder_is_told_at_the_start(
    loaded_dsn: str, shell: Shell, small_disk: Path, workers: str, leaving_bytes: int
) -> None:
    fill(small_disk, leaving_bytes)
    at_full_disk = shell.on(loaded_dsn).with_(TMPDIR=str(small_disk))
    said = at_full_disk.fail("serve", "--port", "0", "--workers", workers)
    assert "No space left on device" in said
    assert "TMPDIR" in said
