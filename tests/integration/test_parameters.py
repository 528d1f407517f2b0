"""Query strings with names of all kinds: the same answer from memory and from Postgres, and nothing foreign kept."""

import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.server.app import App
from evload.ingest.load import load_file
from evload.settings import Settings
from tests.endpoints import asked, with_query
from tests.files import FILLER, FIRST, SECOND, write
from tests.strategies import examples

VALUES = {"start_date": "2019-01-01", "end_date": "2019-02-01", "measure": "synthetic_7_2_kwh", "sort": "hours"}
NAMES = st.sampled_from([*VALUES, "limit", "_", "_ts", "user", "from", ""])
VARYING = ("server-timing", "date")


def comparable(answer: httpx2.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, [pair for pair in answer.headers.items() if pair[0] not in VARYING]


@pytest.fixture
async def filled_dsn(dsn: str, tmp_path: Path) -> str:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND, FILLER))
    return dsn


@examples(4)
@given(
    queries=st.lists(
        st.tuples(st.sampled_from(ENDPOINTS), st.lists(NAMES, max_size=4), st.sampled_from(["", "5"])),
        min_size=20,
        max_size=30,
    )
)
async def test_names_of_all_kinds_hot_and_cold(filled_dsn: str, queries: list[tuple[Endpoint, list[str], str]]) -> None:
    apps = []
    for cache_megabytes in (64, 0):
        with tempfile.NamedTemporaryFile() as metrics:
            settings = Settings(_env_file=None, database_url=filled_dsn, cache_megabytes=cache_megabytes)  # type: ignore[call-arg]
            apps.append(App(settings, Path(metrics.name)))
    clients = [
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app.asgi), base_url="http://localhost") for app in apps
    ]
    async with apps[0].lifespan(), apps[1].lifespan(), clients[0] as hot, clients[1] as cold:
        for endpoint, names, value in queries:
            query = urlencode([(name, value and VALUES.get(name, value)) for name in names])
            path = with_query(asked(endpoint), query) if query else asked(endpoint)
            first, again, unkept = [comparable(await client.get(path)) for client in (hot, hot, cold)]
            assert first == again == unkept, path
            counted = [name for name in names if not name.startswith("_")]
            is_refused = set(counted) - set(endpoint.query_parameters) or len(set(counted)) < len(counted)
            assert (first[0] == 422) == bool(is_refused), path
        for path, query_string, _ in apps[0]._cache.aliases:
            kept = [name for name, _ in parse_qsl(query_string.decode(), keep_blank_values=True)]
            known = next(one for one in ENDPOINTS if asked(one).partition("?")[0] == path).query_parameters
            assert set(kept) <= set(known)
            assert len(set(kept)) == len(kept)
