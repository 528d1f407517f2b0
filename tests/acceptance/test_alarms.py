"""The alarms in `docs/prometheus-rules.yml` and the board in `docs/grafana-operators.json`, on what evload tells."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.acceptance.processes import Api, Shell, wait_until
from tests.acceptance.test_troubles import set_open
from tests.alarms import ALARMS, RULES, firing, metrics_in, scraped
from tests.files import BROKEN, FIRST, write

BOARD = json.loads(RULES.with_name("grafana-operators.json").read_text(encoding="utf-8"))
ASKED = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
EVERY = ("--every", "0.1")
QUIET: set[str] = set()


@pytest.fixture
async def site(shell: Shell, dsn: str, tmp_path: Path) -> Shell:
    """A site with an hour of today, where nothing is wrong."""
    here, hour = shell.on(dsn), datetime.now(ZoneInfo("Europe/Oslo")).replace(tzinfo=None)
    first, last = (f"{one:%d.%m.%Y %H}:00" for one in (hour - timedelta(hours=2), hour - timedelta(hours=1)))
    here.succeed("load", write(tmp_path / "today.csv", f"{first};{last};A-1;1;0,3;0,3;NA;0,06"))
    (tmp_path / "drop").mkdir()
    return here


@contextmanager
def served_and_watched(site: Shell) -> Iterator[Api]:
    """While a quiet watcher looks at a folder in which nothing happens."""
    with site.serving("serve") as api:
        watcher = site.start("watch", site.folder / "drop", *EVERY)
        try:
            wait_until(lambda: "evload_watch_last_look_timestamp_seconds" in scraped(api.address))
            yield api
            watcher.send(signal.SIGKILL)
        finally:
            watcher.make_sure_it_ended()


def test_files_that_fail_and_rows_that_are_rejected(site: Shell) -> None:
    with served_and_watched(site) as api:
        quiet = scraped(api.address)
        assert firing(quiet, quiet, time.time()) == QUIET
        (site.folder / "drop" / "broken.csv").write_text("nonsense\n")
        wait_until(lambda: firing(quiet, scraped(api.address), time.time()) == {"EvloadLoadFailed"})
        failed = scraped(api.address)
        write(site.folder / "drop" / "mixed.csv", FIRST, BROKEN)
        wait_until(lambda: firing(failed, scraped(api.address), time.time()) == {"EvloadRowsRejected"})
        rejected = scraped(api.address)
        assert firing(rejected, rejected, time.time()) == QUIET  # an hour later
    failures = [one["failure"] for one in json.loads(site.succeed("batches", "--json"))]
    assert (rejected["evload_loads_total"], rejected["evload_failed_loads_total"]) == (2, 1)
    assert len([one for one in failures if one]) == 1


def test_a_day_that_is_missing_and_a_watcher_that_died(site: Shell) -> None:
    with served_and_watched(site) as api:
        last = scraped(api.address)
    now = time.time()
    assert firing(last, last, now + 200) == QUIET
    assert firing(last, last, now + 400) == {"EvloadWatcherDead"}
    assert firing(last, last, now + 2 * 86_400) == {"EvloadWatcherDead", "EvloadNoNewData"}
    with site.serving("serve") as api:
        assert firing(last, scraped(api.address), now + 400) == {"EvloadWatcherDead"}
        site.succeed("watch", site.folder / "drop", "--forget")
        wait_until(lambda: firing(last, scraped(api.address), now + 400) == QUIET)
    assert "No folder is known as" in site.fail("watch", site.folder / "drop", "--forget")


def test_files_that_wait(site: Shell) -> None:
    write(site.folder / "drop" / "young.csv", FIRST)
    with site.serving("serve") as api:
        watcher = site.start("watch", site.folder / "drop", *EVERY, "--min-age", "3600", "--name", "north")
        try:
            quiet = scraped(api.address)
            wait_until(lambda: firing(quiet, scraped(api.address), time.time()) == {"EvloadFilesWait"})
            (site.folder / "drop" / "young.csv").unlink()
            wait_until(lambda: firing(quiet, scraped(api.address), time.time()) == QUIET)
        finally:
            watcher.make_sure_it_ended()
    assert "north, last looked at" in site.succeed("status")


async def test_evload_and_its_database_that_are_away(site: Shell, dsn: str, server_dsn: str) -> None:
    with site.serving("serve") as api:
        quiet = scraped(api.address)
        await set_open(server_dsn, dsn, False)
        wait_until(lambda: firing(quiet, scraped(api.address), time.time()) == {"EvloadNotReady"})
        await set_open(server_dsn, dsn, True)
        wait_until(lambda: firing(quiet, scraped(api.address), time.time()) == QUIET)
        address = api.address
    assert firing(quiet, scraped(address), time.time()) == {"EvloadDown"}


async def test_sizes(site: Shell, connection: asyncpg.Connection) -> None:
    """A database of fifty gigabytes is more than a test may make, so the last step is arithmetic."""
    with site.serving("serve") as api:
        quiet = scraped(api.address)
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    wal = await connection.fetchval("SELECT sum(size) FROM pg_ls_waldir()")
    assert quiet["evload_database_size_bytes"] == pytest.approx(size, rel=0.1)
    assert quiet["evload_wal_size_bytes"] == pytest.approx(float(wal), rel=0.5)
    large = {**quiet, "evload_database_size_bytes": 51e9}
    assert firing(quiet, large, time.time()) == {"EvloadDatabaseLarge"}
    assert firing(quiet, {**quiet, "evload_wal_size_bytes": 9e9}, time.time()) == {"EvloadWalLarge"}


def test_every_metric_that_is_named_is_told_with_its_kind(site: Shell) -> None:
    with served_and_watched(site) as api:
        assert api.get("/kpi/total-energy").status_code == 200
        wait_until(lambda: "evload_request_seconds_bucket" in api.get("/metrics").text)
        text = api.get("/metrics").text
    told = set(re.findall(r"^(evload_\w+)", text, re.MULTILINE))
    for expression in (*ALARMS.values(), *ASKED):
        named = metrics_in(expression)
        assert named <= told, expression
        counters = {name for name in named if name.endswith("_total")}
        assert not counters or re.search(r"\b(increase|rate)\(", expression), expression
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        assert (kind == "counter") == name.endswith("_total"), name
        assert f"# HELP {name} " in text


def test_prometheus_accepts_the_rules_and_what_the_board_asks(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool is on the PATH; Debian's package prometheus has it")
    board = tmp_path / "board.yml"
    asked = [{"record": f"board:{number}", "expr": expression} for number, expression in enumerate(ASKED)]
    board.write_text(json.dumps({"groups": [{"name": "board", "rules": asked}]}))
    for rules, count in ((RULES, len(ALARMS)), (board, len(ASKED))):
        checked = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        assert f"SUCCESS: {count} rules found" in checked.stdout


def test_panels_of_the_board_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in BOARD["panels"]):
        rows, columns = (range(place[at], place[at] + place[size]) for at, size in (("y", "h"), ("x", "w")))
        cells = {(x, y) for x in columns for y in rows}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
