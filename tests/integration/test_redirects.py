"""Nothing is redirected to where the client's `Host` says, and a slash too many makes another path."""

from itertools import product
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.routing import BaseRoute, Route

from evload.api.server.app import App
from tests.conftest import api_client
from tests.endpoints import USER

FOREIGN = "evil.example"
SPELLINGS = (
    "{}",
    "{}/",
    "{}//",
    "/{}",
    f"//{FOREIGN}{{}}",
    f"/{FOREIGN}/..{{}}",
    "{}/.",
    "{}/?x=1",
    "{}%2F",
    "{}/%2e%2e",
)
HEADERS = {"Host": FOREIGN, "X-Forwarded-Host": FOREIGN, "X-Forwarded-Proto": "https"}


@pytest.fixture
def paths(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Filled with the path of every route once an application is made."""
    found: set[str] = set()
    make = App._routes

    def routes(app: App) -> list[BaseRoute]:
        made = make(app)
        found.update(route.path.replace("{user_id:path}", USER) for route in made if isinstance(route, Route))
        assert len(found) == len(made)
        return made

    monkeypatch.setattr(App, "_routes", routes)
    return found


async def test_no_redirect_names_a_host(dsn: str, paths: set[str]) -> None:
    async with api_client(dsn, allowed_hosts=(FOREIGN,)) as client:
        for path, spelling, method in product(sorted(paths), SPELLINGS, ("HEAD", "GET")):
            url = httpx2.URL(f"http://localhost{spelling.format(path)}")
            if (method, url.path) != ("GET", "/events"):  # which does not end
                check(await client.request(method, url, headers={**HEADERS, "Accept": "text/html"}), path, spelling)


def check(answer: httpx2.Response, path: str, spelling: str) -> None:
    location = answer.headers.get("location")
    assert FOREIGN not in answer.headers.get("link", "")
    if location is None:
        assert not 300 <= answer.status_code < 400
    else:
        assert (path, location) == ("/", "dashboard"), (path, spelling, location)
        assert not urlsplit(location).netloc


async def test_a_slash_too_many_is_not_found(dsn: str, paths: set[str]) -> None:
    async with api_client(dsn, allowed_hosts=(FOREIGN,)) as client:
        for path in sorted(paths - {"/"}):
            answer = await client.get(f"{path}/", headers=HEADERS)
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"}), path
