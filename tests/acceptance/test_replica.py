"""A primary and its standby on the embedded Postgres, as an operator runs them."""

import json
from pathlib import Path

from tests.acceptance.processes import Shell, wait_until
from tests.files import write

MORE = "05.01.2019 09:00;05.01.2019 10:00;A-1;9;3,6;7,2;0;0"
TOTAL = "/kpi/total-energy"


def test_a_standby_serves_follows_and_takes_over(shell: Shell, small_file: Path) -> None:
    primary, standby = (shell.with_(EVLOAD_DATA_DIR=str(shell.folder / name)) for name in ("primary", "standby"))
    primary.succeed("load", small_file)
    assert primary.succeed("replica", "standby").endswith("Serve it by: evload serve --data-dir standby\n")
    with standby.serving("serve") as api:
        before = api.json(TOTAL)["total_energy_kwh"]
        primary.succeed("load", write(shell.folder / "more.csv", MORE))
        with primary.serving("serve") as other:
            expected = other.json(TOTAL)
            assert expected["total_energy_kwh"] > before
            wait_until(lambda: api.json(TOTAL) == expected)
        assert "read-only standby" in standby.fail("load", small_file, "--again")
        assert standby.succeed("promote") == "It is a primary now. Do not start the old one again.\n"
        standby.succeed("load", write(shell.folder / "last.csv", MORE.replace("05.01", "06.01")))
        wait_until(lambda: api.json(TOTAL)["total_energy_kwh"] > expected["total_energy_kwh"])
    assert "a primary already" in standby.fail("promote")
    assert json.loads(primary.succeed("status", "--json"))["last_file"] == "more.csv"


def test_only_the_embedded_server_can_be_copied(here: Shell) -> None:
    assert "Only the embedded Postgres can be copied, and DATABASE_URL names a server" in here.fail("replica", "copy")
    assert not (here.folder / "copy").exists()


def test_rows_are_distributed_by_citus_alone(here: Shell) -> None:
    assert "no Citus extension: run CREATE EXTENSION citus there first" in here.fail("distribute")
