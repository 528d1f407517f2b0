"""Tokens as their users meet them: the commands, and a server that is asked from elsewhere."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx2

from tests.acceptance.processes import Shell, wait_until

TOTAL = "/kpi/total-energy"
HOLDS_SECONDS = 1.2  # a second, and the way of an answer
CLOSED = "there is no token to ask them for: make one with `evload token create NAME --role reader`, or let everybody"


def test_elsewhere_evload_starts_with_a_token_or_open_alone(loaded_dsn: str, shell: Shell) -> None:
    here = shell.on(loaded_dsn)
    for command in ("serve", "up"):
        said = here.fail(command, "--host", "0.0.0.0", "--port", "0")
        assert CLOSED in said
        assert "with --open." in said
    with here.serving("serve", "--host", "0.0.0.0", "--open") as api:
        assert httpx2.get(f"http://127.0.0.1:{api.port}{TOTAL}").status_code == 200
    token = here.succeed("token", "create", "one", "--role", "reader").strip()
    with here.serving("serve", "--host", "0.0.0.0") as api:
        address = f"http://127.0.0.1:{api.port}{TOTAL}"
        assert httpx2.get(address).status_code == 401
        assert httpx2.get(address, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    here.succeed("token", "revoke", "one")
    assert CLOSED in here.fail("serve", "--host", "0.0.0.0", "--port", "0")
    with here.with_(EVLOAD_OPEN="1").serving("serve", "--host", "0.0.0.0") as api:
        assert httpx2.get(f"http://127.0.0.1:{api.port}{TOTAL}").status_code == 200


def test_revoking_holds_within_a_second_in_all_workers(loaded_dsn: str, shell: Shell) -> None:
    here = shell.on(loaded_dsn)
    token = here.succeed("token", "create", "one", "--role", "reader").strip()
    with here.serving("serve", "--workers", "3") as api:
        headers = {"Authorization": f"Bearer {token}"}
        clients = [httpx2.Client(base_url=api.address, headers=headers, trust_env=False) for _ in range(24)]
        for _ in range(3):
            assert {client.get(TOTAL).status_code for client in clients} == {200}
        here.succeed("token", "revoke", "one")
        revoked = datetime.now(UTC)
        while {client.get(TOTAL).status_code for client in clients} != {401}:
            assert datetime.now(UTC) - revoked < timedelta(seconds=HOLDS_SECONDS)
        for client in clients:
            client.close()
        lines = api.running.err.read_text()
        assert "Denied with 401: GET /kpi/total-energy from 127.0.0.1, token one." in lines or "no token" in lines
        assert token not in lines
        assert token not in api.running.out.read_text()


def test_the_commands_make_list_and_revoke(loaded_dsn: str, shell: Shell) -> None:
    here = shell.on(loaded_dsn)
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    ended = here.run("token", "create", "wall", "--role", "public", "--location", "a", "--location", "b",
                     "--expires", tomorrow)  # fmt: skip
    assert re.fullmatch(r"[\w-]{43}\n", ended.stdout)
    assert "is shown once" in ended.stderr
    assert "There is a token wall already." in here.fail("token", "create", "wall", "--role", "reader")
    here.succeed("token", "create", "alice", "--role", "reader", "--user", "A-1")
    assert re.search(rf"public  until {tomorrow} .*  wall  \(locations a, b\)\n.*reader  holds .*alice  \(users A-1\)",
                     here.succeed("token", "list"))  # fmt: skip
    here.succeed("token", "revoke", "wall")
    assert "There is no token wall that holds." in here.fail("token", "revoke", "wall")
    wall, alice = json.loads(here.succeed("token", "list", "--json"))
    assert (wall["name"], wall["location_id"], wall["role"], bool(wall["revoked_at"])) == (
        "wall",
        ["a", "b"],
        "public",
        True,
    )
    assert (alice["user_id"], alice["revoked_at"], "sha256" in alice) == (["A-1"], None, False)
    here.succeed("token", "create", "wall", "--role", "reader")


def test_what_is_called_wrongly_makes_no_token(loaded_dsn: str, shell: Shell) -> None:
    here = shell.on(loaded_dsn)
    for wrong in (("a",), ("a", "--role", "king"), ("a", "--role", "public", "--expires", "2020-01-01"),
                  ("a\nb", "--role", "public"), ("", "--role", "public"), ("a" * 101, "--role", "public")):  # fmt: skip
        assert here.run("token", "create", *wrong).code == 2, wrong
    assert json.loads(here.succeed("token", "list", "--json")) == []


def test_the_embedded_database_keeps_tokens(shell: Shell) -> None:
    token = shell.succeed("token", "create", "first", "--role", "reader", "--data-dir", "data").strip()
    with shell.serving("up", "--data-dir", "data") as api:
        assert api.get(TOTAL).status_code == 401
        assert api.get(TOTAL, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        shell.succeed("token", "revoke", "first", "--data-dir", "data")
        wait_until(lambda: api.get(TOTAL, headers={"Authorization": f"Bearer {token}"}).status_code == 401)
