"""Who is let in: with which token, for how long, how often, by which name, and what stays open to all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

import asyncpg
import httpx2
import pytest

from evload import tokens
from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.exports import EXPORTS
from evload.api.server.access import BURST_SECONDS
from evload.api.server.audit import LINES
from evload.api.server.guard import NEEDS, Needs
from evload.ingest.load import load_file
from evload.tokens import Role
from tests.conftest import Databases, api_client
from tests.files import FIRST, SECOND, write
from tests.integration.test_guard import Answered, ask, read_answer, request, serving
from tests.scopes import bearer

TOTAL = "/kpi/total-energy"
HOLDS_SECONDS = 1.0
PATIENCE_SECONDS = 10
EVERYWHERE = "0.0.0.0"
WITHOUT = ((), ("Authorization: Bearer x",), ("Cookie: evload_token=x",), ("Authorization: Basic eDp5",))
"""Headers that let nobody in."""
OPEN = {"/livez", "/readyz", "/sign-in", "/sign-out"}


@pytest.fixture(scope="module")
async def loaded(databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """For copies alone."""
    dsn = await databases.create(template)
    await load_file(dsn, write(tmp_path_factory.mktemp("access") / "a.csv", FIRST, SECOND))
    yield dsn
    await databases.drop(dsn)


@pytest.fixture
async def site(databases: Databases, loaded: str) -> AsyncIterator[str]:
    dsn = await databases.create(loaded)
    yield dsn
    await databases.drop(dsn)


async def token_of(dsn: str, name: str = "one", role: Role = Role.READER) -> str:
    return (await tokens.create(dsn, name, role, (), (), None)).token


async def execute(dsn: str, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def until(client: httpx2.AsyncClient, status: int, **headers: str) -> float:
    """How long it takes until the client gets this status."""
    began = monotonic()
    while (await client.get(TOTAL, headers=headers)).status_code != status:
        assert monotonic() - began < PATIENCE_SECONDS
        await asyncio.sleep(0.01)
    return monotonic() - began


async def test_the_first_token_closes_and_its_end_opens_nothing(site: str) -> None:
    async with api_client(site) as client:
        assert (await client.get(TOTAL)).status_code == 200
        token = await token_of(site)
        assert await until(client, 401) < HOLDS_SECONDS
        assert (await client.get(TOTAL, headers=bearer(token))).status_code == 200
        await tokens.revoke(site, "one")
        assert await until(client, 401, **bearer(token)) < HOLDS_SECONDS
        assert (await client.get(TOTAL)).status_code == 401
        await execute(site, "DELETE FROM token")
        await asyncio.sleep(2 * HOLDS_SECONDS)
        assert (await client.get(TOTAL)).status_code == 401
    async with api_client(site) as anew:
        assert (await anew.get(TOTAL)).status_code == 200


async def test_open_asks_nobody_and_elsewhere_nobody_is_let_in_without_a_token(site: str) -> None:
    async with serving(site, bound_to=EVERYWHERE) as served:
        assert [one.status for one in await ask(served.port, request(TOTAL) * 2, 2)] == [401, 401]
    await token_of(site)
    async with serving(site, bound_to=EVERYWHERE, open=True) as served:
        assert [one.status for one in await ask(served.port, request(TOTAL) * 3, 3)] == [200, 200, 200]


@pytest.mark.parametrize("access_log", [False, True])
async def test_remembered_requests_end_with_their_token(site: str, access_log: bool) -> None:
    """On connections that stay open: by revoking, by the clock, and by hand where nobody is told."""
    endings: dict[str, Callable[[], Awaitable[None]]] = {
        "revoked": lambda: tokens.revoke(site, "revoked"),
        "expired": lambda: execute(
            site, "UPDATE token SET expires_at = $1 WHERE name = 'expired'", datetime.now(UTC) + timedelta(seconds=1.5)
        ),
        "deleted": lambda: execute(site, "DELETE FROM token WHERE name = 'deleted'"),
    }
    made = {name: await token_of(site, name) for name in endings}
    async with serving(site, access_log=access_log) as served:
        for name, end in endings.items():
            data = request(TOTAL, f"Authorization: Bearer {made[name]}")
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            async with asyncio.timeout(PATIENCE_SECONDS):
                for _ in range(5):
                    writer.write(data)
                    assert (await read_answer(reader)).status == 200
                await end()
                ended = monotonic() + (1.5 if name == "expired" else 0)
                answered = Answered(200, b"", b"")
                while answered.status == 200:
                    await asyncio.sleep(0.01)
                    writer.write(data)
                    answered = await read_answer(reader)
            assert answered.status == 401
            assert monotonic() - ended < HOLDS_SECONDS + 0.2
            writer.close()


async def test_expiry_holds_while_the_database_is_away_and_known_tokens_go_on(databases: Databases, site: str) -> None:
    short, long = await token_of(site, "short"), await token_of(site, "long")
    async with api_client(site) as client:
        for token in (short, long):
            assert (await client.get(TOTAL, headers=bearer(token))).status_code == 200
        await execute(site, "UPDATE token SET expires_at = now() + interval '4 seconds' WHERE name = 'short'")
        await asyncio.sleep(2 * HOLDS_SECONDS)  # nobody is told of it
        await databases.drop(site)
        await until(client, 401, **bearer(short))
        assert (await client.get(TOTAL, headers=bearer(long))).status_code == 200
        assert (await client.get(TOTAL)).status_code == 401


async def test_a_standby_that_lags_brings_no_revoked_token_back(site: str) -> None:
    token = await token_of(site)
    async with api_client(site) as client:
        await tokens.revoke(site, "one")
        await until(client, 401, **bearer(token))
        await execute(site, "UPDATE token SET revoked_at = NULL")
        await asyncio.sleep(2 * HOLDS_SECONDS)
        assert (await client.get(TOTAL, headers=bearer(token))).status_code == 401


async def test_a_stream_of_events_ends_with_its_token(site: str) -> None:
    token = await token_of(site)
    async with serving(site) as served, asyncio.timeout(PATIENCE_SECONDS):
        (refused,) = await ask(served.port, request("/events"))
        assert refused.status == 401
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/events", f"Cookie: a=b; evload_token={token}"))
        await reader.readuntil(b"event: data_version")
        began = monotonic()
        await tokens.revoke(site, "one")
        await reader.readuntil(b"\r\n0\r\n\r\n")
        assert monotonic() - began < HOLDS_SECONDS
        writer.close()


async def test_what_is_open_and_every_other_path_needs_a_token(site: str) -> None:
    await token_of(site)
    async with serving(site, bound_to=EVERYWHERE) as served:
        paths = {*served.paths, "/nowhere", "/docs/assets/../../users"}
        assert {*(one.path for one in (*ENDPOINTS, *EXPORTS) if "{" not in one.path), "/events", *NEEDS} <= paths
        for path in paths:
            for headers in WITHOUT:
                (answer,) = await ask(served.port, request(path, *headers))
                if path in OPEN or "/assets/" in path or path == "/docs/start.js":
                    assert answer.status not in (401, 403), path
                elif NEEDS.get(path) is Needs.TOKEN_BY_PAGE:
                    assert answer.status == 303, path
                    assert b"location: sign-in\r\n" in answer.head
                elif path != "/metrics":
                    assert answer.status == 401, (path, headers)
                    assert b"www-authenticate: Bearer" in answer.head


async def test_metrics_are_for_this_machine_or_a_token(site: str) -> None:
    token = await token_of(site, role=Role.PUBLIC)
    async with serving(site) as served:
        for headers, status in (
            ((), 200),
            (("X-Forwarded-For: 192.0.2.1",), 401),
            (("Forwarded: for=192.0.2.1",), 401),
            (("X-Forwarded-For: 192.0.2.1", f"Authorization: Bearer {token}"), 200),
        ):
            (answer,) = await ask(served.port, request("/metrics", *headers))
            assert answer.status == status, headers


async def test_a_preflight_passes_and_nothing_else_that_only_looks_like_one(site: str) -> None:
    token = await token_of(site)
    origin = "Origin: http://localhost:3000"
    async with serving(site) as served:
        wanted = ("Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization")
        (preflight,) = await ask(served.port, request(TOTAL, origin, *wanted, method="OPTIONS"))
        assert preflight.status == 200
        assert b"authorization" in preflight.head
        for marked in (request(TOTAL, origin, method="OPTIONS"), request(TOTAL, origin, *wanted)):
            (answer,) = await ask(served.port, marked)
            assert answer.status == 401
        (answer,) = await ask(served.port, request(TOTAL, origin, f"Authorization: Bearer {token}"))
        assert answer.status == 200
        assert b"access-control-allow-origin: http://localhost:3000" in answer.head


@pytest.mark.parametrize(
    ("bound_to", "allowed", "host", "is_served"),
    [
        ("127.0.0.1", (), "localhost", True),
        ("127.0.0.1", (), "LocalHost.:8000", True),
        ("127.0.0.1", (), "127.0.0.1:8000", True),
        ("127.0.0.1", (), "127.8.8.8", True),
        ("::1", (), "[::1]:8000", True),
        ("127.0.0.1", (), "evil.example", False),
        ("127.0.0.1", (), "localhost.evil.example", False),
        ("127.0.0.1", (), "127.0.0.1.evil.example:8000", False),
        ("127.0.0.1", (), "192.0.2.1", False),
        ("127.0.0.1", (), "", False),
        ("127.0.0.1", ("Evload.example",), "evload.EXAMPLE:443", True),
        ("127.0.0.1", ("evload.example",), "other.example", False),
        (EVERYWHERE, (), "any.example", True),
        (EVERYWHERE, ("evload.example",), "any.example", False),
        (EVERYWHERE, ("evload.example",), "192.0.2.1:8000", True),
    ],
)
async def test_by_which_name_evload_is_called(
    site: str, bound_to: str, allowed: tuple[str, ...], host: str, is_served: bool
) -> None:
    data = f"GET {TOTAL} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    async with serving(site, bound_to=bound_to, allowed_hosts=allowed, open=True) as served:
        await ask(served.port, request(TOTAL) * 2, 2)  # now it is in memory
        for answer in await ask(served.port, data * 2, 2):
            assert (answer.status == 200) == is_served
            assert is_served or answer.status == 421
        (alive,) = await ask(served.port, data.replace(TOTAL.encode(), b"/livez"))
        assert alive.status == 200


async def test_a_token_that_asks_too_often_is_told_when_to_come_back(site: str) -> None:
    often, other = await token_of(site, "often"), await token_of(site, "other")
    async with serving(site, requests_per_second=2) as served:
        data = request(TOTAL, f"Authorization: Bearer {often}")
        found = await ask(served.port, data * 40, 40)
        admitted = [one for one in found if one.status == 200]
        refused = [one for one in found if one.status == 429]
        assert len(admitted) + len(refused) == 40
        assert 2 * BURST_SECONDS <= len(admitted) < 30
        assert b"retry-after: 1\r\n" in refused[0].head
        (answer,) = await ask(served.port, request(TOTAL, f"Authorization: Bearer {other}"))
        assert answer.status == 200


async def test_denied_requests_leave_a_bounded_number_of_lines_without_tokens(
    site: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = await token_of(site, "wall", Role.PUBLIC)
    async with api_client(site) as client:
        await client.get("/users", headers=bearer(token))
        for number in range(2 * LINES):
            await client.get(f"/kpi/peak-daily?token={token}&n={number}", headers=bearer(f"{token}x"))
        await client.get(TOTAL, headers=bearer(token))
    lines = [record.getMessage() for record in caplog.records if record.name == "evload.api.server.audit"]
    assert "Denied with 403: GET /users from 127.0.0.1, token wall." in lines[0]
    assert "Denied with 401: GET /kpi/peak-daily from 127.0.0.1, no token that holds." in lines[1]
    assert len(lines) == LINES
    assert token not in "".join(lines)


async def test_two_different_tokens_in_one_request_are_none(site: str) -> None:
    one, two = [f"Authorization: Bearer {await token_of(site, name)}" for name in ("one", "two")]
    async with serving(site) as served:
        lower = one.replace("Bearer", "bearer")
        for headers, status in (((one,), 200), ((one, one), 200), ((one, two), 401), ((lower,), 200)):
            assert {each.status for each in await ask(served.port, request(TOTAL, *headers) * 2, 2)} == {status}


UNREACHABLE = "postgresql://nobody@127.0.0.1:1/nothing"


async def test_a_worker_that_does_not_know_the_tokens_yet_answers_nothing_of_the_site() -> None:
    async with serving(UNREACHABLE) as local, serving(UNREACHABLE, bound_to=EVERYWHERE) as elsewhere:
        for served in (local, elsewhere):
            for path in (TOTAL, "/users", "/events", "/users.csv"):
                (answer,) = await ask(served.port, request(path))
                assert answer.status == 500, path


def test_every_route_beside_the_endpoints_has_its_need() -> None:
    """A new one needs a token unless this list says otherwise."""
    assert {path for path, needs in NEEDS.items() if needs is Needs.NOTHING} == OPEN
    assert {path for path, needs in NEEDS.items() if needs is Needs.TOKEN_OR_LOOPBACK} == {"/metrics"}
    assert not {one.path for one in (*ENDPOINTS, *EXPORTS)} & NEEDS.keys()


async def sign_in(client: httpx2.AsyncClient, token: str, **headers: str) -> httpx2.Response:
    return await client.post("/sign-in", data={"token": token}, headers=headers)


async def test_signing_in_trades_a_token_for_a_cookie_and_out_takes_it_away(site: str) -> None:
    token = await token_of(site, role=Role.PUBLIC)
    async with api_client(site) as client:
        assert (await client.get("/dashboard")).headers["location"] == "sign-in"
        page = await client.get("/sign-in")
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        for wrong in ("", "x", f"{token}x", "\u20ac", "x" * 10_000, "a\r\nb"):
            refused = await sign_in(client, wrong)
            assert refused.status_code == 401
            assert "set-cookie" not in refused.headers
        entered = await sign_in(client, f" {token} ")
        assert (entered.status_code, entered.headers["location"]) == (303, "dashboard")
        cookie = entered.headers["set-cookie"]
        assert cookie == f"evload_token={token}; HttpOnly; Path=/; SameSite=strict"
        assert token not in entered.text
        assert (await client.get("/dashboard")).status_code == 200
        seen = (await client.get("/access")).json()
        assert seen == {"token": "one", "sees_users": False, "user_id": None, "location_id": None}
        assert [(await client.get(path)).status_code for path in (TOTAL, TOTAL, "/users")] == [200, 200, 403]
        left = await client.post("/sign-out")
        assert (left.status_code, left.headers["location"]) == (303, "sign-in")
        assert (await client.get(TOTAL)).status_code == 401


async def test_the_cookie_is_for_https_alone_where_the_page_came_by_it(site: str) -> None:
    token = await token_of(site)
    async with api_client(site) as client:
        entered = await sign_in(client, token, Origin="https://evload.example")
        assert entered.headers["set-cookie"].endswith("; Secure")


async def test_a_form_on_the_page_of_another_site_signs_nobody_in_or_out(site: str) -> None:
    token = await token_of(site)
    async with api_client(site) as client:
        for foreign in ("cross-site", "same-site"):
            headers = {"Sec-Fetch-Site": foreign}
            assert (await sign_in(client, token, **headers)).status_code == 403
            assert (await client.post("/sign-out", headers=headers)).status_code == 403
        assert (await sign_in(client, token, **{"Sec-Fetch-Site": "same-origin"})).status_code == 303
