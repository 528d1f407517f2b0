"""`evload forget` and `export-user` as an operator types them, beside those who poll, and killed on the way."""

import asyncio
import json
import random
import signal
import stat
import threading
import time
from pathlib import Path

import asyncpg
import pytest

from evload.resources import folder
from tests.acceptance.conftest import copied
from tests.acceptance.processes import Shell, wait_until
from tests.conftest import Databases
from tests.everything_kept import places_of
from tests.views import row_count

SAMPLE = folder("data") / "sample_hourly_loads.csv"
KEY = "0123456789abcdef0123456789abcdef"
KILLS = 4
AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'evload%'"


@pytest.fixture
def loaded(shell: Shell, loaded_dsn: str, small_file: Path) -> Shell:
    """A shell on a database with SMALL_FILE, which lies in its folder."""
    return shell.on(loaded_dsn)


async def rows_of(dsn: str, user: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM hourly_load WHERE user_id = $1", user)
        return found
    finally:
        await connection.close()


async def test_forget_asks_first_and_names_what_it_does_not_reach(loaded: Shell, loaded_dsn: str) -> None:
    refused = loaded.run("forget", "A-1", given=b"n\n")
    assert (refused.code, refused.stdout) == (1, "")
    assert "Forget user A-1 for good?" in refused.stderr
    assert await rows_of(loaded_dsn, "A-1") == 2
    done = loaded.run("forget", "A-1", given=b"y\n")
    assert done.code == 0
    assert done.stdout.startswith("A-1 is forgotten: 2 rows, 0 charging sessions and 0 overwritten ones are gone.")
    for told in ("files that were loaded", "rejects files", "backups"):
        assert told in done.stderr
    assert await rows_of(loaded_dsn, "A-1") == 0
    assert "A-1 was forgotten already" in loaded.succeed("forget", "A-1", "--yes")
    assert "Nothing is kept about a user A-2, so nothing was changed" in loaded.fail("forget", "A-2", "--yes")
    assert "2 rows of forgotten users were left out" in loaded.succeed("load", "--again", "small.csv")
    assert await row_count(loaded_dsn) == 3


def test_forget_names_the_rejects_files_of_earlier_loads(here: Shell) -> None:
    lines = ["20.12.2018 10:00;20.12.2018 13:00;B;1;1;1;1;1", "20.12.2018 10:00;20.12.2018 11:00;A;1;1;1;1;1"]
    header = "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW"
    (here.folder / "july.csv").write_text("\n".join([header, *lines]) + "\n")
    assert here.run("load", "july.csv").code == 3
    assert "july.csv.rejects*.csv, of batch 1" in here.run("forget", "A", "--yes").stderr


def test_export_user_writes_a_new_file_that_nobody_else_reads(loaded: Shell) -> None:
    assert "all that is kept about A-1" in loaded.succeed("export-user", "A-1", "a.json")
    file = loaded.folder / "a.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = json.loads(file.read_text())
    assert [row["synthetic_3_6_kwh"] for row in document["rows"]] == [0.3, 1.62]
    assert "a.json is there already" in loaded.fail("export-user", "A-1", "a.json")
    assert json.loads(file.read_text()) == document
    assert "Nothing is kept about a user A-2" in loaded.fail("export-user", "A-2", "b.json")
    assert "cannot be written" in loaded.fail("export-user", "A-1", "no/such/folder.json")
    assert [path.name for path in loaded.folder.glob("*.json")] == ["a.json"]


def test_the_key_of_pseudonyms_comes_from_the_environment(here: Shell, small_file: Path) -> None:
    keyed = here.with_(EVLOAD_PSEUDONYM_KEY=KEY)
    keyed.succeed("load", small_file)
    assert "set EVLOAD_PSEUDONYM_KEY to the key that made them" in here.fail("load", small_file)
    assert "A-1" not in here.succeed("load", "--help") + keyed.succeed("load", "--explain", small_file)
    keyed.succeed("export-user", "A-1", "a.json")
    assert "A-1" not in (here.folder / "a.json").read_text()
    assert "is forgotten: 2 rows" in keyed.succeed("forget", "A-1", "--yes")
    short = here.with_(EVLOAD_PSEUDONYM_KEY="short").run("batches")
    assert short.code == 2
    assert "EVLOAD_PSEUDONYM_KEY" in short.stderr
    assert "fewer than 32 characters" in short.stderr


def test_who_polls_sees_all_of_a_user_or_nothing(loaded: Shell) -> None:
    """Every answer of a data version is the same, while the user is forgotten."""
    seen: dict[str, set[str]] = {}
    with loaded.serving("serve") as api:
        is_over = threading.Event()

        def poll() -> None:
            while not is_over.is_set():
                for path in ("/users", "/kpi/total-energy", "/load/A-1/hourly", "/load/daily?user_id=B-2"):
                    answer = api.get(path)
                    seen.setdefault(f"{answer.headers.get('X-Data-Version')} {path}", set()).add(answer.text)

        poller = threading.Thread(target=poll)
        poller.start()
        wait_until(lambda: len(seen) >= 4)
        loaded.succeed("forget", "A-1", "--yes")
        wait_until(lambda: api.json("/users") == ["B-2", "Ø b/2"])
        is_over.set()
        poller.join()
        assert all(len(answers) == 1 for answers in seen.values()), seen
        assert api.get("/load/A-1/hourly").status_code == 404
        assert api.json("/kpi/total-energy") != json.loads(next(iter(seen["1 /kpi/total-energy"])))


async def test_killed_forgetting_takes_out_all_or_nothing(
    databases: Databases, template: str, shell: Shell, tmp_path: Path
) -> None:
    rng = random.Random(7)
    async with copied(databases, template) as loaded:
        shell.on(loaded).succeed("load", SAMPLE)
        connection = await asyncpg.connect(loaded)
        most = "SELECT user_id FROM hourly_load WHERE user_id <> '' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        user = await connection.fetchval(most)
        rows = await rows_of(loaded, user)
        await connection.close()
        async with copied(databases, loaded) as dsn:
            began = time.monotonic()
            shell.on(dsn).succeed("forget", user, "--yes")
            seconds = time.monotonic() - began
        killed = 0
        for _ in range(KILLS):
            async with copied(databases, loaded) as dsn:
                running = shell.on(dsn).start("forget", user, "--yes")
                await asyncio.sleep(rng.uniform(0.5, 1.0) * seconds)
                killed += running.stop(signal.SIGKILL).code != 0
                connection = await asyncpg.connect(dsn)
                while await connection.fetchval(AT_WORK):  # Postgres may still be about to notice
                    await asyncio.sleep(0.02)
                left = await rows_of(dsn, user)
                assert left in (0, rows)
                await row_count(dsn)
                noted = await connection.fetchval("SELECT count(*) FROM forgotten_user")
                found = await places_of(connection, user)
                await connection.close()
                assert (noted, found == []) == (int(left == 0), left == 0)
        assert killed
