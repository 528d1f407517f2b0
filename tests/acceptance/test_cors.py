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


@pytest.fixture(scope="module")
def open_api(served_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    shell = Shell(tmp_path_factory.mktemp("cors")).on(served_dsn)
    with shell.with_(EVLOAD_CORS_ORIGINS="*").serving("serve") as serving:
        yield serving


def preflight(api: Api, origin: str, method: str = "GET", **more: str) -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, x-cache-buster",
        **more,
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


def test_cors_of_any_origin_has_no_credentials_and_never_another_ones_origin(open_api: Api) -> None:
    paths = ("/kpi/total-energy", "/load/hourly", "/kpi/total-energy?start_date=x", "/nope")
    for origin in ("https://a.example", "https://b.example", "https://c.example", "https://b.example", *LOCAL, "null"):
        answers = [open_api.get(path, headers={"Origin": origin}) for path in (*paths, *paths)]
        for answer in [*answers, preflight(open_api, origin)]:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert "Origin" in answer.headers["Vary"]
        assert preflight(open_api, origin).status_code == 200
    assert open_api.get("/kpi/total-energy").headers["Server-Timing"].startswith("cache")


PRIVATE_NETWORK = {"Access-Control-Request-Private-Network": "true"}


def test_cors_lets_allowed_origins_into_the_private_network(api: Api, other_api: Api, open_api: Api) -> None:
    for server, origin in ((api, LOCAL[0]), (other_api, OURS), (open_api, OURS)):
        answer = preflight(server, origin, **PRIVATE_NETWORK)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
        assert "Access-Control-Allow-Private-Network" not in preflight(server, origin).headers


@pytest.mark.parametrize("origin", STRANGERS)
def test_cors_keeps_other_origins_out_of_the_private_network(api: Api, origin: str) -> None:
    answer = preflight(api, origin, **PRIVATE_NETWORK)
    assert answer.status_code == 400
    assert "Access-Control-Allow-Origin" not in answer.headers
