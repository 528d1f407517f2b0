"""The commands as an operator types them: exit codes, what is said, and what the database holds afterwards."""

import gzip
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from evload.cli import main
from tests.acceptance.conftest import copied
from tests.acceptance.processes import Shell, reports
from tests.conftest import Databases, template_name
from tests.files import SMALL_FILE, write
from tests.views import row_count

GOOD = "02.01.2019 09:00;02.01.2019 10:00;A-1;4;1;2;3;4"
COERCED = "02.01.2019 10:00;02.01.2019 11:00;A-1;4;much;2;3;4"
REJECTED = "02.01.2019 09:00;02.01.2019 12:00;A-1;4;1;2;3;4"
REPORT = {
    "file", "dry_run", "already_loaded_as", "batch_id", "rows_read", "inserted", "updated", "unchanged", "rejected",
    "coerced", "duplicates", "days_touched", "first_day", "last_day", "data_version", "rejects_file", "seconds",
    "unused_columns", "sample_rows_removed", "hours_without_rows", "hours_filled", "warnings", "conversion",
    "sessions", "sessions_inserted", "sessions_updated", "rows_withdrawn", "rejected_by_reason", "forgotten",
}  # fmt: skip
FAILURE = {"file", "error", "rejected", "rejected_by_reason", "rejects_file"}
SETTINGS = {
    "EVLOAD_POOL_SIZE": "abc",
    "EVLOAD_MAX_WAITING_REQUESTS": "-1",
    "EVLOAD_STATEMENT_TIMEOUT_SECONDS": "inf",
    "EVLOAD_DATABASE_URL": "mysql://joe:hush@127.0.0.1/evload",
}
USAGE = (
    ["bogus"], ["load"], ["up", "--port", "abc"], ["up", "--port", "70000"], ["serve", "--workers", "0"],
    ["load", "--bogus", "x.csv"], ["sample"], ["sample", "--users", "0", "x.csv"], ["status", "more"],
    ["load", "--location-pattern", "(", "x.csv"], ["load", "--location-pattern", "A", "x.csv"],
    ["load", "--location-pattern", "(?=A)(.+)", "x.csv"],
    ["unload"], ["unload", "x"], ["unload", "0"], ["drop"], ["drop", "--before", "soon"], ["batches", "more"],
)  # fmt: skip


# --- usage and settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_usage_exits_with_2(shell: Shell, arguments: list[str]) -> None:
    ended = shell.run(*arguments)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("command", main.commands)
def test_help(shell: Shell, command: str) -> None:
    assert shell.succeed(command, "--help").startswith(f"Usage: evload {command}")
    assert f"  {command} " in shell.succeed("--help")


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_is_named(here: Shell, name: str) -> None:
    ended = here.with_(**{name: SETTINGS[name]}).run("serve", "--port", "0")
    assert (ended.code, ended.stdout) == (2, "")
    assert name in ended.stderr
    assert "hush" not in ended.stderr


def test_an_unknown_time_zone(here: Shell) -> None:
    assert "EVLOAD_TIMEZONE" in here.with_(EVLOAD_TIMEZONE="Europe/Trondheim").fail("status")


def test_another_time_zone_than_that_of_the_rows(shell: Shell, served_dsn: str) -> None:
    said = shell.on(served_dsn).with_(EVLOAD_TIMEZONE="America/New_York").fail("status")
    assert "Europe/Oslo" in said


def test_settings_come_from_a_file_as_well(shell: Shell, served_dsn: str) -> None:
    (shell.folder / ".env").write_text(f"EVLOAD_DATABASE_URL={served_dsn}\n")
    assert "small.csv" in shell.succeed("status")


# --- databases that cannot be used -----------------------------------------------------------------------------------


@pytest.fixture
def silent_port() -> Any:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("command", [["up"], ["load", "x.csv"], ["refresh"], ["migrate"], ["serve"], ["status"]])
def test_an_unreachable_server(shell: Shell, silent_port: int, command: list[str]) -> None:
    port = ["--port", "0"] if command[0] in ("up", "serve") else []
    said = shell.on(f"postgresql://joe:hush@127.0.0.1:{silent_port}/evload").fail(*command, *port)
    assert "cannot be reached" in said
    assert "hush" not in said


@pytest.mark.parametrize("address", ["127.0.0.1:abc", "127.0.0.1:99999", "[::1", "no-such-host.invalid", "%zz:1"])
def test_an_address_that_cannot_be_right(shell: Shell, address: str) -> None:
    ended = shell.on(f"postgresql://joe:hush@{address}/evload").run("status")
    assert ended.code in (1, 2)
    assert ended.stderr.splitlines()[-1].startswith("Error: ")
    assert "hush" not in ended.stderr


def test_a_database_that_does_not_exist(shell: Shell, dsn: str) -> None:
    assert shell.on(dsn.replace(template_name(dsn), "no_such_database")).fail("status")


@pytest.fixture
async def bare_dsn(databases: Databases) -> AsyncIterator[str]:
    async with copied(databases, "template1") as made:
        yield made


@pytest.mark.parametrize("command", [["load", "small.csv"], ["refresh"], ["serve", "--port", "0"], ["status"]])
def test_tables_that_are_missing(shell: Shell, bare_dsn: str, small_file: Path, command: list[str]) -> None:
    assert "evload migrate" in shell.on(bare_dsn).fail(*command)


async def test_migrate_twice(shell: Shell, bare_dsn: str) -> None:
    here = shell.on(bare_dsn)
    first = here.succeed("migrate")
    assert "revision" in first
    assert here.succeed("migrate") == first
    assert await row_count(bare_dsn) == 0


async def test_migrate_where_nothing_may_be_changed(shell: Shell, bare_dsn: str) -> None:
    """As on a standby, or for a user without the right to create tables."""
    connection = await asyncpg.connect(bare_dsn)
    await connection.execute(f'ALTER DATABASE "{template_name(bare_dsn)}" SET default_transaction_read_only = on')
    await connection.close()
    assert shell.on(bare_dsn).fail("migrate")


# --- loading ---------------------------------------------------------------------------------------------------------


async def test_load_reports_for_people_and_for_programs(here: Shell, dsn: str, small_file: Path) -> None:
    text = here.succeed("load", small_file)
    assert "5 rows read" in text
    assert "5 inserted, 0 updated, 0 unchanged, 0 rejected" in text
    assert "3 from 2018-12-21 to 2019-01-01" in text
    (known,) = reports(here.succeed("load", "--json", small_file))
    assert (known["already_loaded_as"], known["inserted"], known["updated"], known["rejected"]) == (1, 0, 0, 0)
    (again,) = reports(here.succeed("load", "--json", "--again", small_file))
    assert set(known) == set(again) == REPORT
    assert (again["file"], again["rows_read"], again["unchanged"]) == ("small.csv", 5, 5)
    assert (again["inserted"], again["updated"], again["rejected"], again["days_touched"]) == (0, 0, 0, 0)
    assert all(seconds >= 0 for seconds in again["seconds"].values())
    assert await row_count(dsn) == 5


def test_load_counts_what_it_found(here: Shell) -> None:
    write(here.folder / "mixed.csv", GOOD, GOOD, COERCED, REJECTED)
    (report,) = reports(here.succeed("load", "--json", "mixed.csv", code=3))
    found = {name: report[name] for name in ("rows_read", "inserted", "rejected", "coerced", "duplicates")}
    assert found == {"rows_read": 4, "inserted": 3, "rejected": 1, "coerced": 1, "duplicates": 1}
    assert report["rejects_file"] == "mixed.csv.rejects.csv"
    assert (here.folder / "mixed.csv.rejects.csv").read_text().splitlines()[1].startswith("5,")


async def test_broken_files_do_not_keep_others_from_loading(here: Shell, dsn: str, small_file: Path) -> None:
    (here.folder / "cut.csv.gz").write_bytes(gzip.compress(SMALL_FILE.encode())[:-20])
    (here.folder / "latin.csv").write_bytes(SMALL_FILE.encode("latin-1"))
    (here.folder / "columns.csv").write_text(SMALL_FILE.replace("session_ID", "place"))
    write(here.folder / "more.csv", GOOD)
    broken = ["cut.csv.gz", "latin.csv", "columns.csv", "absent.csv"]
    ended = here.run("load", broken[0], small_file, *broken[1:], "more.csv")
    assert ended.code == 1
    assert re.findall(r"^(\S+): \d+ rows read", ended.stdout, re.MULTILINE) == ["small.csv", "more.csv"]
    said = ended.stderr.splitlines()
    assert [line.removeprefix("Error: ").partition(":")[0].partition(",")[0] for line in said] == broken
    assert "line 6" in said[1]
    assert "session_ID" in said[2]
    assert await row_count(dsn) == 6


def test_programs_are_told_of_failures_where_they_are_told_of_loads(here: Shell, small_file: Path) -> None:
    write(here.folder / "mixed.csv", GOOD, REJECTED, REJECTED)
    ended = here.run("load", "--json", "absent.csv", small_file, "--max-rejects", "1", "mixed.csv")
    assert (ended.code, ended.stderr) == (1, "")
    absent, small, mixed = reports(ended.stdout)
    assert [set(absent), set(mixed)] == [FAILURE, FAILURE]
    assert (absent["file"], absent["rejected"], absent["rejects_file"]) == ("absent.csv", 0, None)
    assert absent["error"].startswith("absent.csv: ")
    assert (small["file"], small["inserted"]) == ("small.csv", 5)
    assert "more than 1 of its rows were rejected" in mixed["error"]
    assert (mixed["rejected"], mixed["rejects_file"]) == (2, "mixed.csv.rejects.csv")
    assert list(mixed["rejected_by_reason"].values()) == [2]


async def test_strict_refuses_the_whole_file(here: Shell, dsn: str) -> None:
    write(here.folder / "mixed.csv", GOOD, REJECTED)
    assert "mixed.csv.rejects.csv" in here.fail("load", "--strict", "mixed.csv")
    assert await row_count(dsn) == 0
    here.succeed("load", "mixed.csv", code=3)
    assert await row_count(dsn) == 1


async def test_rejected_rows_exit_with_3_and_a_failed_file_with_1(here: Shell, dsn: str, small_file: Path) -> None:
    mixed = write(here.folder / "mixed.csv", GOOD, REJECTED, REJECTED)
    assert here.run("load", "--max-rejects", "1", mixed, small_file).code == 1
    assert await row_count(dsn) == 5
    assert here.run("load", mixed, small_file, "absent.csv").code == 1
    assert here.run("load", mixed, small_file).code == 0  # both were loaded before
    assert here.run("load", "--again", mixed, small_file).code == 3


def test_up_serves_a_file_of_which_rows_were_rejected(here: Shell) -> None:
    with here.serving("up", write(here.folder / "more.csv", GOOD, REJECTED)) as api:
        assert "1 rejected" in api.running.out.read_text()
        assert "more.csv.rejects.csv" in api.running.out.read_text()
        assert api.json("/users") == ["A-1"]


def test_rejects_go_where_they_are_asked_to(here: Shell) -> None:
    write(here.folder / "mixed.csv", GOOD, REJECTED)
    (here.folder / "rejects").mkdir()
    (report,) = reports(here.succeed("load", "--json", "--rejects-dir", "rejects", "mixed.csv", code=3))
    assert report["rejects_file"] == "rejects/mixed.csv.rejects.csv"
    assert (here.folder / "rejects" / "mixed.csv.rejects.csv").exists()
    assert not (here.folder / "mixed.csv.rejects.csv").exists()
    assert "--rejects-dir" in here.fail("load", "--again", "--rejects-dir", "absent", "mixed.csv")


async def test_refresh_follows_changes_by_hand(here: Shell, dsn: str, small_file: Path) -> None:
    here.succeed("load", small_file)
    connection = await asyncpg.connect(dsn)
    await connection.execute("DELETE FROM hourly_load WHERE user_id = 'A-1'")
    await connection.close()
    assert here.succeed("refresh") == "All views are up to date. Data version 2.\n"
    assert await row_count(dsn) == 3


def test_status_says_what_is_there(here: Shell, small_file: Path) -> None:
    before = status(here)
    assert (before["stored rows"], before["last file"], before["first hour"]) == ("0", "none", "none")
    here.succeed("load", small_file)
    after = status(here)
    assert (after["stored rows"], after["users"], after["data version"]) == ("5", "3", "1")
    assert (after["first hour"], after["last hour"]) == ("2018-12-21 10:00:00", "2019-01-01 09:00:00")
    assert (after["timezone"], after["last file"]) == ("Europe/Oslo", "small.csv")


def status(shell: Shell) -> dict[str, str]:
    lines = (line.partition(":") for line in shell.succeed("status").splitlines())
    return {name: value.strip() for name, _, value in lines}


# --- sample ----------------------------------------------------------------------------------------------------------


async def test_a_sample_loads_as_it_is(here: Shell, dsn: str) -> None:
    said = here.succeed("sample", "made.csv", "--users", "3", "--days", "10", "--seed", "7")
    rows = len((here.folder / "made.csv").read_text().splitlines()) - 1
    assert said == f"made.csv: {rows:,} rows\n"
    (report,) = reports(here.succeed("load", "--strict", "--json", "made.csv"))
    assert (report["rows_read"], report["inserted"], report["coerced"]) == (rows, rows, 0)
    assert await row_count(dsn) == rows


def test_the_same_seed_gives_the_same_sample(shell: Shell) -> None:
    for name, seed in (("a.csv", "7"), ("b.csv", "7"), ("c.csv", "8")):
        shell.succeed("sample", name, "--users", "3", "--days", "10", "--seed", seed)
    first, second, other = ((shell.folder / name).read_bytes() for name in ("a.csv", "b.csv", "c.csv"))
    assert first == second != other


@pytest.mark.parametrize("wrong", [["absent/x.csv"], ["x.csv", "--timezone", "Nowhere"], ["x.csv", "--seed", "-1"]])
def test_a_sample_that_cannot_be_made(shell: Shell, wrong: list[str]) -> None:
    assert shell.fail("sample", *wrong)


def test_two_databases_are_not_chosen_from(here: Shell, tmp_path: Path) -> None:
    """`drop --data-dir COPY` must not reach what DATABASE_URL names."""
    for command in (["status"], ["drop", "--yes", "--before", "2030-01-01"], ["restore", "--replace", "a.backup"]):
        (here.folder / "a.backup").write_text("")
        said = here.fail(*command, "--data-dir", tmp_path / "copy")
        assert "--data-dir means the embedded Postgres, and DATABASE_URL" in said
    assert not (tmp_path / "copy").exists()
