"""Backup and restore as an operator types them, on the embedded Postgres."""

import json
import signal
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.acceptance.processes import Shell, wait_until

SUMMARY = "/kpi/summary"


def test_a_backup_is_taken_beside_polls_and_served_from_elsewhere(shell: Shell, small_file: Path) -> None:
    here, there = (shell.with_(EVLOAD_DATA_DIR=str(shell.folder / name)) for name in ("here", "there"))
    here.succeed("load", small_file)
    with here.serving("serve") as api:
        expected = api.get(SUMMARY)
        assert expected.status_code == 200
        assert here.succeed("backup", "evload.backup").endswith("read again and found complete\n")
        assert api.get(SUMMARY).text == expected.text
    assert "is there already: name another file" in here.fail("backup", "evload.backup")
    restored = json.loads(there.succeed("restore", "evload.backup", "--json"))
    assert (restored["stored_rows"], restored["data_version"]) == (5, 1)
    assert "The database holds 5 rows: restore into an empty one, or say --replace." in there.fail(
        "restore", "evload.backup"
    )
    with there.serving("serve") as api:
        answer = api.get(SUMMARY)
        assert (answer.text, answer.headers["etag"]) == (expected.text, expected.headers["etag"])


def test_a_restore_that_is_killed_changes_nothing(shell: Shell, small_file: Path) -> None:
    here = shell.with_(EVLOAD_DATA_DIR=str(shell.folder / "here"))
    here.succeed("sample", "large.csv", "--users", "60")
    here.succeed("load", "large.csv")
    here.succeed("backup", "large.backup")
    there = shell.with_(EVLOAD_DATA_DIR=str(shell.folder / "there"))
    there.succeed("load", small_file)
    with there.serving("serve") as api:
        before = api.get(SUMMARY)
        running = there.start("restore", "large.backup", "--replace")
        wait_until(lambda: "psql" in {child.name() for child in psutil.Process(running.pid).children()})
        running.send(signal.SIGKILL)
        running.process.wait()
        assert api.get(SUMMARY).text == before.text
    assert json.loads(there.succeed("status", "--json"))["stored_rows"] == 5
