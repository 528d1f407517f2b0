"""Sums of few users are for those alone who may see users."""

from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal

import httpx2
import pytest

from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.exports import EXPORTS
from evload.api.contract.scope import Shows
from tests.conftest import Databases, api_client
from tests.endpoints import asked, with_query
from tests.scopes import HERE, SESSIONS, THERE, bearer, load_two_locations, make_tokens

OF_SUMS = tuple(asked(one) for one in (*ENDPOINTS, *EXPORTS) if one.shows is Shows.SUMS)
PLACES = {"": (HERE, THERE), HERE: (HERE,), THERE: (THERE,)}
ONE_DAY = "start_date=2024-03-28&end_date=2024-03-28"


@pytest.fixture(scope="module")
async def site(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, dict[str, str]]]:
    dsn = await databases.create(template)
    await load_two_locations(dsn, tmp_path_factory.mktemp("thresholds"))
    yield dsn, await make_tokens(dsn)
    await databases.drop(dsn)


def energies(place: str) -> dict[str, Decimal]:
    """Of each user who charges there."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for session in SESSIONS:
        if session.site in PLACES[place]:
            found[session.user] += session.kwh
    return found


def largest_share(place: str) -> Decimal:
    return max(energies(place).values()) / sum(energies(place).values())


async def answered(client: httpx2.AsyncClient, token: str, path: str, place: str = "") -> httpx2.Response:
    address = with_query(path, f"location_id={place}") if place else path
    answers = [await client.get(address, headers=bearer(token)) for _ in range(3)]
    assert len({answer.status_code for answer in answers}) == 1, address
    return answers[0]


async def test_fewer_users_than_the_threshold_are_refused_everywhere(site: tuple[str, dict[str, str]]) -> None:
    dsn, tokens = site
    least = len(energies(HERE))
    assert len(energies("")) > least > len(energies(THERE))
    async with api_client(dsn, min_users=least) as client:
        for path in OF_SUMS:
            assert (await answered(client, tokens["reader"], path, THERE)).status_code == 200, path
            for place in PLACES:
                answer = await answered(client, tokens["public"], path, place)
                assert (answer.status_code == 403) == (place == THERE), (path, place)
                assert place != THERE or answer.json()["detail"].startswith(f"Fewer than {least} users charged")
            assert (await answered(client, tokens["reader"], path, THERE)).status_code == 200, path


async def test_one_user_with_too_large_a_share_is_refused(site: tuple[str, dict[str, str]]) -> None:
    dsn, tokens = site
    for place in PLACES:
        for share, status in (
            (largest_share(place) - Decimal("0.001"), 403),
            (largest_share(place) + Decimal("0.001"), 200),
        ):
            async with api_client(dsn, max_share=share) as client:
                assert (await answered(client, tokens["public"], "/kpi/total-energy", place)).status_code == status


async def test_the_range_counts_and_what_goes_beyond_it_is_refused(site: tuple[str, dict[str, str]]) -> None:
    dsn, tokens = site
    async with api_client(dsn, min_users=4) as client:
        assert (await answered(client, tokens["public"], "/kpi/total-energy")).status_code == 200
        for path in ("/kpi/total-energy", "/series?by=day", "/kpi/sessions"):
            of_a_day = await answered(client, tokens["public"], with_query(path, f"{ONE_DAY}T20:00"))
            assert of_a_day.status_code == 403, path
        for beyond in ("split=location", "compare=previous&start_date=2024-03-29&end_date=2024-03-30"):
            path = f"/series?by=day&{beyond}"
            assert (await answered(client, tokens["reader"], path)).status_code == 200
            refused = await answered(client, tokens["public"], path)
            assert "without split and compare" in refused.json()["detail"]
