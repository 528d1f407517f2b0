"""Every endpoint over a socket, with the rows of `tests.files.SMALL_FILE`."""

import pytest

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from tests.acceptance.answers import ANSWERS
from tests.acceptance.processes import Api
from tests.endpoints import EVERY_PATH, OF_SESSIONS, asked, with_query


def test_every_endpoint_has_an_answer_to_compare() -> None:
    missing = set(EVERY_PATH) - set(ANSWERS) - OF_SESSIONS
    assert not missing, f"Write the answers to {sorted(missing)} into tests/acceptance/answers.py, worked out by hand."


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_over_the_small_file(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()) == (200, ANSWERS[path])
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ANSWERS)
def test_head_is_get_without_a_body(api: Api, path: str) -> None:
    plain = {"Accept-Encoding": "identity"}
    answer = api.client.head(path, headers=plain)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(api.get(path, headers=plain).content))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_empty_values_and_names_that_begin_with_an_underscore_change_nothing(api: Api, endpoint: Endpoint) -> None:
    path = asked(endpoint)
    if path in OF_SESSIONS:
        return
    empty = "".join(f"&{name}=" for name in endpoint.query_parameters if f"{name}=" not in path)
    assert api.json(with_query(path, f"_=1700000000&_=%00&_measure=x{empty}")) == ANSWERS[path]


def test_link_headers_lead_through_all_rows(api: Api) -> None:
    path, found, pages = "/hourly_loads?limit=2", [], 0
    while path:
        answer = api.get(path)
        found += answer.json()
        pages += 1
        following = answer.links.get("next", {})
        assert ("Link" in answer.headers) == bool(following)
        path = following.get("url", "")
    assert (pages, found) == (3, ANSWERS["/hourly_loads"])


def test_no_link_where_the_last_page_is_full(api: Api) -> None:
    assert "Link" not in api.get("/hourly_loads?limit=5").headers


def test_an_empty_database_has_no_users_and_no_rows(empty_api: Api) -> None:
    assert empty_api.json("/users") == []
    assert empty_api.json("/hourly_loads") == []
    assert "Link" not in empty_api.get("/hourly_loads").headers
