"""`evload batches`, `unload` and `drop`: what was loaded, and taking it out again."""

import json

import pytest

from tests.acceptance.processes import Shell, wait_until
from tests.files import BROKEN, FIRST, write
from tests.views import row_count

ANOTHER = FIRST.replace("21.12.2018", "05.01.2019").replace("A-1", "C-3")


@pytest.fixture
def loaded(shell: Shell, loaded_dsn: str) -> Shell:
    """A shell on a database with the small file, as batch 1, and another row, as batch 2."""
    here = shell.on(loaded_dsn)
    here.succeed("load", write(shell.folder / "another.csv", ANOTHER))
    return here


def listed(shell: Shell) -> dict[str, str]:
    """Batch -> the rest of its line."""
    _, *lines = shell.succeed("batches").splitlines()
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}


def test_batches_lists_every_load(loaded: Shell) -> None:
    found = listed(loaded)
    assert list(found) == ["1", "2"]
    for line, inserted, file in zip(found.values(), ("5", "1"), ("small.csv", "another.csv"), strict=True):
        _day, _time, *rest = line.split()
        assert rest == [inserted, "0", "0", file]


def test_batches_of_an_empty_database_are_a_header_alone(here: Shell) -> None:
    assert listed(here) == {}


def test_batches_lists_failures_and_the_reasons_of_rejects(loaded: Shell) -> None:
    write(loaded.folder / "mixed.csv", FIRST, BROKEN, BROKEN)
    loaded.succeed("load", "mixed.csv", code=3)
    write(loaded.folder / "strict.csv", FIRST, BROKEN)
    loaded.fail("load", "--strict", "--source", "north", "strict.csv")
    loaded.fail("load", "absent.csv")
    loaded.fail("load", "--dry-run", "absent.csv")  # which keeps nothing
    *_, mixed, strict, absent = json.loads(loaded.succeed("batches", "--json"))
    (reason,) = mixed["rejected_by_reason"]
    assert (mixed["batch_id"], mixed["rejected_by_reason"], mixed["failure"]) == (3, {reason: 2}, None)
    assert (strict["batch_id"], strict["file_name"], strict["source"]) == (None, "strict.csv", "north")
    assert (strict["rejected"], strict["rejected_by_reason"]) == (1, {reason: 1})
    assert "--strict is on" in strict["failure"]
    assert (absent["file_name"], absent["rejected_by_reason"]) == ("absent.csv", {})
    *_, mixed_line, why, strict_line, _, absent_line = loaded.succeed("batches").splitlines()
    assert mixed_line.startswith("    3  ")
    assert why == f"       2 rejected: {reason}"
    assert strict_line.startswith("    -  ")
    assert "strict.csv  (source north)  (failed: strict.csv: nothing loaded, as 1 of" in strict_line
    assert "(failed: absent.csv" in absent_line


async def test_unload_takes_a_batch_out(loaded: Shell, loaded_dsn: str) -> None:
    said = loaded.succeed("unload", "1", "--yes")
    assert said.startswith("5 rows")
    assert "Data version 3" in said
    assert await row_count(loaded_dsn) == 1
    first, second = listed(loaded).values()
    assert "taken out" in first
    assert "taken out" not in second
    assert "1 was taken out already" in loaded.fail("unload", "1", "--yes")


async def test_what_was_unloaded_can_be_loaded_again(loaded: Shell, loaded_dsn: str) -> None:
    before = loaded.succeed("status").splitlines()
    loaded.succeed("unload", "2", "--yes")
    assert "1 inserted" in loaded.succeed("load", "another.csv")
    assert await row_count(loaded_dsn) == 6
    after = loaded.succeed("status").splitlines()
    assert [line for line in before if line.startswith("stored")] == [
        line for line in after if line.startswith("stored")
    ]


def test_unload_of_an_unknown_batch(loaded: Shell) -> None:
    assert "There is no batch 7" in loaded.fail("unload", "7", "--yes")


@pytest.mark.parametrize(
    ("command", "rows", "left"), [(["unload", "1"], "5 rows", 1), (["drop", "--before", "2019-01-01"], "4 rows", 2)]
)
async def test_unload_and_drop_ask_first(
    loaded: Shell, loaded_dsn: str, command: list[str], rows: str, left: int
) -> None:
    for no in (b"n\n", b"\n"):
        refused = loaded.run(*command, given=no)
        assert (refused.code, refused.stdout) == (1, "")
        assert rows in refused.stderr
        assert "Nothing was changed" in refused.stderr
    assert loaded.run(*command).code == 1  # nobody answers
    assert await row_count(loaded_dsn) == 6
    assert loaded.succeed(*command, given=b"y\n").startswith(rows)
    assert await row_count(loaded_dsn) == left


async def test_drop_takes_out_every_row_before_a_day(loaded: Shell, loaded_dsn: str) -> None:
    said = loaded.succeed("drop", "--before", "2018-12-22", "--yes")
    assert said.startswith("3 rows")
    assert "Data version 3" in said
    assert await row_count(loaded_dsn) == 3
    again = loaded.succeed("drop", "--before", "2018-12-22", "--yes")
    assert again.startswith("0 rows")
    assert "Data version 3" in again
    assert "2130-01-01 is in the future" in loaded.fail("drop", "--before", "2130-01-01", "--yes")
    loaded.succeed("drop", "--before", "1 day", "--yes")
    assert await row_count(loaded_dsn) == 0


def test_unload_is_served_by_a_running_api(loaded: Shell) -> None:
    with loaded.serving("serve") as api:
        assert api.json("/users") == ["A-1", "B-2", "C-3", "Ø b/2"]
        loaded.succeed("unload", "1", "--yes")
        wait_until(lambda: api.json("/users") == ["C-3"])
        assert api.json("/kpi/total-energy") == {"total_energy_kwh": 0.3}
