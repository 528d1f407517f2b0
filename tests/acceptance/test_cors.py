"""Which front ends of other origins a browser lets in."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.acceptance.processes import Api, Shell

LOCAL = ("http://localhost:3000", "http://127.0.0.1:3000")
STRANGERS = ("http://localhost:3001", "https://localhost:3000", "http://example.org", "null")
OURS = "https://dash.example.org"


@pytest.fixture(scope="module")
def other_api(served_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    shell = Shell(tmp_path_factory.mktemp("cors")).on(served_dsn)
    with shell.with_(EVLOAD_CORS_ORIGINS=f"{OURS}, http://10.0.0.7:8080").serving("serve") as serving:
        yield serving


def preflight(api: Api, origin: str, method: str = "GET") -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, x-cache-buster",
    }
    return api.client.options("/kpi/total-energy", headers=headers)


def assert_let_in(api: Api, origin: str) -> None:
    for path, status in (("/users", 200), ("/kpi/total-energy?start_date=x", 422), ("/nope", 404)):
        answer = api.get(path, headers={"Origin": origin})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert "Origin" in answer.headers["Vary"]
    for method in ("GET", "HEAD", "POST", "DELETE"):
        answer = preflight(api, origin, method)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert method in answer.headers["Access-Control-Allow-Methods"]
        assert "x-cache-buster" in answer.headers["Access-Control-Allow-Headers"]


def assert_kept_out(api: Api, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in api.get("/users", headers={"Origin": origin}).headers
    assert "Access-Control-Allow-Origin" not in preflight(api, origin).headers


@pytest.mark.parametrize("origin", LOCAL)
def test_cors_allows_local_front_ends_by_default(api: Api, origin: str) -> None:
    assert_let_in(api, origin)


@pytest.mark.parametrize("origin", STRANGERS)
def test_cors_refuses_other_origins(api: Api, origin: str) -> None:
    assert_kept_out(api, origin)


@pytest.mark.parametrize("origin", [OURS, "http://10.0.0.7:8080"])
def test_cors_origins_setting_allows_origins(other_api: Api, origin: str) -> None:
    assert_let_in(other_api, origin)


@pytest.mark.parametrize("origin", LOCAL)
def test_cors_origins_setting_replaces_the_default(other_api: Api, origin: str) -> None:
    assert_kept_out(other_api, origin)


def test_cors_exposes_link_and_retry_after(api: Api) -> None:
    exposed = api.get("/hourly_loads?limit=1", headers={"Origin": LOCAL[0]}).headers["Access-Control-Expose-Headers"]
    assert {"Link", "Retry-After"} <= {name.strip() for name in exposed.split(",")}
