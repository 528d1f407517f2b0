"""What each token gets of each endpoint: nothing, or exactly what its filters give to those who may see everything."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx2
import pytest

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.exports import EXPORTS
from evload.api.contract.scope import NO_USERS, Shows, scope_of
from evload.api.errors import Forbidden
from tests.conftest import Databases, api_client
from tests.endpoints import USER, asked, with_query
from tests.scopes import HERE, HOLDERS, OTHER, THERE, bearer, load_two_locations, make_tokens

EVERY = (*ENDPOINTS, *EXPORTS)
LOOKED_AT = ("content-type", "etag", "x-data-version", "link", "content-disposition")


class Asked(NamedTuple):
    closed: httpx2.AsyncClient
    open: httpx2.AsyncClient
    tokens: dict[str, str]

    async def by(self, holder: str, path: str) -> httpx2.Response:
        return await self.closed.get(path, headers=bearer(self.tokens[holder]))


@pytest.fixture(scope="module")
async def ask(databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asked]:
    dsn = await databases.create(template)
    await load_two_locations(dsn, tmp_path_factory.mktemp("scopes"))
    tokens = await make_tokens(dsn)
    async with api_client(dsn) as closed, api_client(dsn, open=True) as is_open:
        yield Asked(closed, is_open, tokens)
    await databases.drop(dsn)


def facts(answer: httpx2.Response) -> tuple[object, ...]:
    return answer.status_code, answer.content, *(answer.headers.get(name) for name in LOOKED_AT)


@pytest.mark.parametrize("endpoint", EVERY, ids=lambda endpoint: endpoint.path)
async def test_every_token_gets_what_its_filters_give_or_nothing(ask: Asked, endpoint: Endpoint) -> None:
    assert isinstance(endpoint.shows, Shows)
    path = asked(endpoint)
    found = await ask.open.get(path)
    assert found.status_code == 200, path
    for holder, one in HOLDERS.items():
        for _ in range(3):  # made, then out of memory, then out of memory as it was remembered
            answer = await ask.by(holder, path)
            if not one.may_ask(endpoint):
                assert (answer.status_code, answer.json()) == (403, {"detail": NO_USERS}), (holder, path)
                continue
            expected = await ask.open.get(one.narrowed(endpoint, path))
            assert facts(answer) == facts(expected), (holder, path)
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["vary"] == "Accept-Encoding, Origin, Authorization, Cookie"


@pytest.mark.parametrize("endpoint", EVERY, ids=lambda endpoint: endpoint.path)
async def test_no_token_asks_beyond_what_it_is_for(ask: Asked, endpoint: Endpoint) -> None:
    path = asked(endpoint)
    others = {"user_id": (OTHER, "nobody", f"{USER},{OTHER}"), "location_id": (THERE, "nowhere", f"{HERE},{THERE}")}
    for holder, one in HOLDERS.items():
        if not one.may_ask(endpoint):
            continue
        for name in others.keys() & set(endpoint.query_parameters):
            refused = [await ask.by(holder, with_query(path, f"{name}={ids}")) for ids in others[name]]
            if one.user_id and name == "user_id" and one.sees_users:
                assert {(each.status_code, each.text) for each in refused} == {
                    (403, '{"detail":"This token is not for that user_id."}')
                }, (holder, path)
            elif name == "user_id" and not one.sees_users:
                assert {(each.status_code, each.json()["detail"]) for each in refused} == {(403, NO_USERS)}
            elif one.location_id and name == "location_id":
                assert {each.status_code for each in refused} == {403}, (holder, path)
                assert len({each.text for each in refused}) == 1


async def test_no_answer_tells_whether_a_user_exists_elsewhere(ask: Asked) -> None:
    for endpoint in (one for one in EVERY if "user_id" in one.params.model_fields):
        pair = []
        for user in (OTHER, "nobody"):
            path = endpoint.path.format(user_id=user) if "{" in endpoint.path else asked(endpoint)
            if "user_id" in endpoint.query_parameters:
                path = with_query(path, f"user_id={user}")
            answer = await ask.by("reader at a location", path)
            pair.append((answer.status_code, answer.text.replace(user, "")))
            of_user = await ask.by("reader of a user", path)
            assert (of_user.status_code, of_user.text) == (403, '{"detail":"This token is not for that user_id."}')
            assert (await ask.by("public", path)).json() == {"detail": NO_USERS}
        assert pair[0] == pair[1], endpoint.path
        assert pair[0][0] == 404, endpoint.path


async def test_a_token_may_ask_for_less_than_it_is_for(ask: Asked) -> None:
    for path in ("/kpi/total-energy", "/users", "/sessions", "/users/summary", "/hourly_loads.csv"):
        narrow = with_query(path, f"user_id={USER}&location_id={HERE}")
        answer = await ask.by("reader of a user at a location", narrow)
        assert facts(answer) == facts(await ask.open.get(narrow)), path


async def test_split_by_user_is_for_those_who_see_users(ask: Asked) -> None:
    for suffix in ("", ".csv", ".parquet", ".arrow"):
        path = f"/series{suffix}?by=month&split=user"
        assert (await ask.by("public", path)).json() == {"detail": NO_USERS}
        assert (await ask.by("reader", path)).status_code == 200
        assert (await ask.by("public", path.replace("user", "location"))).status_code == 200


def test_a_token_whose_ids_were_all_taken_away_sees_nothing() -> None:
    nothing = scope_of(sees_users=True, user_id=(), location_id=None)
    total = next(one for one in ENDPOINTS if one.path == "/kpi/total-energy")
    with pytest.raises(Forbidden):
        nothing.narrowed(total.params.model_construct(user_id=None, location_id=None), total.shows)
