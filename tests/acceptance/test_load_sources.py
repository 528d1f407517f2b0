"""What `evload load` can be given: files, folders, patterns, standard input; and what it shows meanwhile."""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.acceptance.processes import Shell, reports
from tests.files import BROKEN, FIRST, SECOND, SMALL_FILE, write
from tests.views import row_count

PROGRESS = re.compile(r"small\.csv: \d+ rows, \d+ MB, [\d,]+ rows/s, \d+%, \d+ s left")
WIPED = "\r\x1b[K"


def row(user: str) -> str:
    return FIRST.replace("A-1", user)


@pytest.fixture
def folder(shell: Shell) -> Path:
    """Two files to load, and others that a folder's load leaves alone."""
    made = shell.folder / "loads"
    (made / "below").mkdir(parents=True)
    packed = write(made / "a.csv", row("A"))
    (made / "a.csv.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    for name, user in (("b.csv", "B"), (".hidden.csv", "H"), ("b.csv.rejects.csv", "R"), ("below/c.csv", "C")):
        write(made / name, row(user))
    return made


@pytest.mark.parametrize(
    ("named", "files"),
    [
        (["loads"], ["a.csv.gz", "b.csv"]),
        (["loads/*.csv"], ["b.csv"]),
        (["loads/[ab].csv*"], ["a.csv.gz", "b.csv"]),
        (["loads/**/*.csv"], ["b.csv", "c.csv"]),
        (["loads/below/*", "loads"], ["c.csv", "a.csv.gz", "b.csv"]),
    ],
)
async def test_folders_and_patterns(here: Shell, dsn: str, folder: Path, named: list[str], files: list[str]) -> None:
    found = reports(here.succeed("load", "--json", *named))
    assert [(report["file"], report["inserted"]) for report in found] == [(file, 1) for file in files]
    assert await row_count(dsn) == len(files)


async def test_an_absolute_pattern(here: Shell, dsn: str, folder: Path) -> None:
    here.succeed("load", folder / "*.csv*")
    assert await row_count(dsn) == 2


async def test_a_file_name_with_brackets_is_no_pattern(here: Shell, dsn: str) -> None:
    write(here.folder / "year[2018].csv", FIRST)
    here.succeed("load", "year[2018].csv")
    assert await row_count(dsn) == 1


@pytest.mark.parametrize(("named", "problem"), [("empty", "holds no files"), ("loads/*.parquet", "matches no files")])
def test_nothing_to_load(here: Shell, folder: Path, named: str, problem: str) -> None:
    (here.folder / "empty").mkdir()
    said = here.fail("load", named)
    assert named in said
    assert problem in said


@pytest.mark.parametrize("content", [SMALL_FILE.encode(), gzip.compress(SMALL_FILE.encode())], ids=["text", "gzip"])
async def test_standard_input(here: Shell, dsn: str, content: bytes) -> None:
    (first,) = reports(here.succeed("load", "--json", "-", given=content))
    assert (first["file"], first["rows_read"], first["inserted"]) == ("stdin", 5, 5)
    (again,) = reports(here.succeed("load", "--json", "-", given=content))
    assert (again["inserted"], again["updated"], again["rejected"]) == (0, 0, 0)
    assert await row_count(dsn) == 5


def test_empty_standard_input(here: Shell) -> None:
    assert "stdin" in here.fail("load", "-")


def _held(shell: Shell) -> tuple[dict[str, object], str]:
    """All but sizes on disk, which Postgres changes by itself."""
    status = json.loads(shell.succeed("status", "--json"))
    return {name: value for name, value in status.items() if not name.endswith("_bytes")}, shell.succeed("batches")


async def test_dry_run_reports_and_changes_nothing(here: Shell, dsn: str) -> None:
    here.succeed("load", write(here.folder / "a.csv", FIRST))
    before = _held(here)
    write(here.folder / "b.csv", FIRST.replace("0,06", "1"), SECOND, BROKEN)
    (report,) = reports(here.succeed("load", "--dry-run", "--json", "b.csv", code=3))
    found = {name: report[name] for name in ("dry_run", "rows_read", "inserted", "updated", "rejected")}
    assert found == {"dry_run": True, "rows_read": 3, "inserted": 1, "updated": 1, "rejected": 1}
    assert "dry run: nothing was changed" in here.succeed("load", "--dry-run", "b.csv", code=3)
    assert _held(here) == before
    assert await row_count(dsn) == 1


def test_progress_is_shown_on_a_terminal_and_wiped(here: Shell, small_file: Path) -> None:
    seen = here.seen_on_a_terminal("load", small_file)
    assert PROGRESS.fullmatch(seen.split(WIPED)[1])
    assert seen.endswith(WIPED)


def test_no_progress_where_standard_error_is_no_terminal(here: Shell, small_file: Path) -> None:
    assert here.run("load", small_file).stderr == ""


@pytest.mark.parametrize("name", ["\x1b[31mred\x1b]0;pwned\x07.csv", "two\n    9  lines.csv", "bad\udcff.csv"])
def test_a_file_name_does_not_command_the_terminal(here: Shell, name: str) -> None:
    path = write(here.folder / name, FIRST)
    said = here.seen_on_a_terminal("load", path) + here.succeed("batches")
    said += here.run("load", here.folder / f"absent{name}").stderr
    lines = said.replace(WIPED, "").splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any(line.strip().startswith("9 ") for line in lines)
