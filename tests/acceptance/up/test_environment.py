"""Variables that mean the user's own Postgres servers (`PGSSLMODE`, `PGHOST`, ...) do not reach the embedded one."""

import re
from pathlib import Path

import pytest
from asyncpg import connect_utils

from evload.embedded.binaries import wheel_folder
from tests.acceptance.processes import Shell
from tests.acceptance.up.running import FirstRun, numbers
from tests.files import SMALL_FILE

# What a server or its programs know besides the client library's own variables.
OF_SERVERS = {"PGDATA", "PGCTLTIMEOUT", "PG_COLOR", "PG_OOM_ADJUST_FILE", "PG_OOM_ADJUST_VALUE", "PG_GRANDPARENT_PID"}
# Values that are right, but of another server.
OF_ANOTHER = {
    "PGHOST": "127.0.0.1",
    "PGPORT": "1",
    "PGUSER": "somebody",
    "PGDATABASE": "elsewhere",
    "PGSSLMODE": "verify-full",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGTZ": "Asia/Tokyo",
}


def names() -> set[str]:
    """All that the installed asyncpg and libpq know."""
    found = set(re.findall(r"\bPG[A-Z]+\b", Path(connect_utils.__file__).read_text()))
    for library in wheel_folder().rglob("libpq.so*"):
        found |= {name.decode() for name in re.findall(rb"(?<=\0)PG[A-Z]+(?=\0)", library.read_bytes())}
    return found | OF_SERVERS | set(OF_ANOTHER)


@pytest.mark.parametrize("value", ["nonsense", "/nowhere", None], ids=["nonsense", "a path", "of another server"])
def test_variables_of_other_servers_are_ignored(
    here: Shell, data_dir: Path, first_run: FirstRun, value: str | None
) -> None:
    variables = dict.fromkeys(names(), value) if value else OF_ANOTHER
    assert set(variables) >= {"PGSSLMODE", "PGTARGETSESSIONATTRS"}
    nasty = here.with_(**{name: text for name, text in variables.items() if text})
    with nasty.serving("up", "--workers", "2") as api:
        assert numbers(api) == first_run.numbers
        assert "stored rows" in nasty.succeed("status")
        (here.folder / "small.csv").write_text(SMALL_FILE, encoding="utf-8")
        nasty.succeed("load", "small.csv")
        assert api.running.stop().code == 0


def test_a_first_start_ignores_them(shell: Shell, tmp_path: Path) -> None:
    nasty = shell.with_(**dict.fromkeys(names(), "nonsense"))
    assert "0001" in nasty.succeed("migrate", "--data-dir", tmp_path / "new")


def test_the_users_own_server_is_found_by_them(shell: Shell, dsn: str) -> None:
    assert "cannot be" in shell.on(dsn).with_(PGTARGETSESSIONATTRS="standby").fail("status")
