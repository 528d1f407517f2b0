"""evload under PYTHONOPTIMIZE=2, which takes away docstrings and assertions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evload.cli import main
from tests.acceptance.processes import Api, Shell
from tests.endpoints import EVERY_PATH, EXPORTED

OPTIMIZED = {"PYTHONOPTIMIZE": "2"}
PATHS = (
    "/", "/openapi.json", "/readyz", "/nope", "/load/nobody/hourly", "/load/%00/hourly", *EVERY_PATH, *EXPORTED,
    *(f"{path}?start_date=2019-01-02&end_date=2019-01-01" for path in EVERY_PATH),
    *(f"{path}?start_date=2030&measure=metered_kwh&limit=x&user=x" for path in EVERY_PATH),
    "/load/daily?start_date=2030", "/load/daily?start_date=x",
    "/load/daily?measure=metered_kwh", "/hourly_loads?limit=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def optimized_api(served_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with (
        Shell(tmp_path_factory.mktemp("optimized"), OPTIMIZED).on(served_dsn).serving("serve", "--workers", "2") as api
    ):
        yield api


def test_statuses_and_bodies_are_the_same(api: Api, optimized_api: Api) -> None:
    statuses = set()
    for path in PATHS:
        wanted, found = api.get(path), optimized_api.get(path)
        assert (found.status_code, found.content) == (wanted.status_code, wanted.content), path
        statuses.add(found.status_code)
    assert {200, 400, 404, 422} <= statuses
    assert api.client.post("/users").content == optimized_api.client.post("/users").content


@pytest.mark.parametrize("command", ["", *sorted(main.commands)])
def test_help_is_the_same(shell: Shell, command: str) -> None:
    arguments = (*command.split(), "--help")
    plain = shell.succeed(*arguments)
    assert shell.with_(**OPTIMIZED).succeed(*arguments) == plain
    assert len(plain.split("\n\n")[1]) > 10


def test_commands_work_and_fail_with_the_same_words(here: Shell, shell: Shell, small_file: Path) -> None:
    optimized = here.with_(**OPTIMIZED)
    (shell.folder / "bad.csv").write_text("a;b\n1;2\n")
    assert optimized.fail("load", "bad.csv") == here.fail("load", "bad.csv")
    optimized.succeed("load", small_file)
