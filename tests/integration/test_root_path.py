"""Below a proxy's path: what is answered stays below it, whether the proxy keeps the path or strips it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from evload.ingest.load import load_file
from tests.conftest import api_client
from tests.endpoints import EVERY_PATH
from tests.files import SMALL_FILE

ROOT = "/ev"
FOREIGN = "evil.example"
HEADERS = {"Host": FOREIGN, "X-Forwarded-Host": FOREIGN, "X-Forwarded-Prefix": f"//{FOREIGN}", "Forwarded": FOREIGN}
OTHER_PATHS = ("/", "/dashboard", "/docs", "/redoc", "/openapi.json", "/livez", "/readyz", "/nowhere")
BROWSER = {"Accept": "text/html"}


@pytest.fixture
async def loaded(dsn: str, tmp_path: Path) -> str:
    path = tmp_path / "small.csv"
    path.write_text(SMALL_FILE, encoding="utf-8")
    await load_file(dsn, path)
    return dsn


@pytest.fixture
async def below(loaded: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with api_client(loaded, root_path=ROOT) as client:
        yield client


def without_time(answer: httpx2.Response) -> tuple[int, dict[str, str], bytes]:
    headers = dict(answer.headers)
    headers.pop("server-timing", None)
    return answer.status_code, headers, answer.content


async def test_proxies_that_keep_the_path_and_those_that_strip_it_get_the_same(below: httpx2.AsyncClient) -> None:
    for path in (*EVERY_PATH, *OTHER_PATHS):
        for _ in range(2):  # from Postgres, and from memory
            kept, stripped = await below.get(ROOT + path, headers=HEADERS), await below.get(path, headers=HEADERS)
            assert without_time(kept) == without_time(stripped), path
            assert FOREIGN not in str(kept.headers) + kept.text


async def test_both_find_what_the_other_left_in_memory(below: httpx2.AsyncClient) -> None:
    await below.get("/kpi/peak-hourly")
    for path in ("/kpi/peak-hourly", f"{ROOT}/kpi/peak-hourly"):
        assert 'desc="hit"' in (await below.get(path)).headers["server-timing"]


async def test_the_next_page_lies_below(below: httpx2.AsyncClient) -> None:
    for root in (ROOT, ""):
        answer = await below.get(f"{root}/hourly_loads?limit=2")
        link = re.fullmatch(r'<(/ev/hourly_loads\?[^>]+)>; rel="next"', answer.headers["link"])
        assert link
        second = await below.get(link[1])
        assert [row["index"] for row in answer.json() + second.json()] == [1, 2, 3, 4]


async def test_browsers_are_sent_below(below: httpx2.AsyncClient) -> None:
    for path in (ROOT, f"{ROOT}/", "/"):
        answer = await below.get(path, headers={**HEADERS, **BROWSER})
        assert (answer.status_code, answer.headers["location"]) == (307, "/ev/dashboard")


async def test_pages_name_nothing_above(below: httpx2.AsyncClient) -> None:
    for page in ("/dashboard", "/docs", "/redoc", "/docs/start.js"):
        text = (await below.get(ROOT + page)).text
        named = re.findall(r"""(?:href|src|url|spec-url)\s*[=:]\s*["']([^"']+)["']""", text)
        assert named
        for address in named:
            assert address.startswith("data:") or re.match(r"[a-z#]", address), address
    assert (await below.get(f"{ROOT}/openapi.json")).json()["servers"] == [{"url": ROOT}]


async def test_without_a_root_path_the_path_means_nothing(loaded: str) -> None:
    async with api_client(loaded) as client:
        assert (await client.get("/ev/kpi/summary")).status_code == 404
        assert (await client.get("/", headers=BROWSER)).headers["location"] == "dashboard"
