"""Which names a query string may hold, and what is said of the others."""

from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.filters import FILTERS
from evload.api.contract.names import MAX_PROBLEMS, OTHER_NAMES
from evload.api.contract.params import Params
from evload.api.errors import EmptyRange, InvalidParameters
from evload.measures import NAMES
from tests.endpoints import REQUIRED

Pairs = list[tuple[str, str]]
VALUES = {
    "times": "utc",
    "start_date": "2019-01-01", "end_date": "2019-02-01", "measure": NAMES[0], "sort": "hours", "by": "month",
    "per": "day", "peaks": "1", "rule": "be", "to_hour": "6", "power_factor": "1", "limit_kva": "",
    "split": "user", "compare": "",
}  # fmt: skip
"""Of parameters that do not take a 5, or not beside the others."""
PLACE = "2019-01-01T00:00:00.000000Z_1"  # where a page of sessions ended
SHORT_TEXT = st.text(max_size=12)
endpoints = st.sampled_from(ENDPOINTS)


def value(endpoint: Endpoint, name: str) -> str:
    return PLACE if (endpoint.path, name) == ("/sessions", "after") else VALUES.get(name, "5")


def read(endpoint: Endpoint, pairs: Pairs) -> Params:
    in_path = {"user_id": "A-1"} if "{user_id}" in endpoint.path else {}
    return endpoint.read_params(pairs, in_path, ZoneInfo("Europe/Oslo"), NAMES)


def with_required(endpoint: Endpoint, pairs: Pairs) -> Pairs:
    given_names = {name for name, _ in pairs}
    required = parse_qsl(REQUIRED.get(endpoint.path, ""))
    return [*pairs, *(pair for pair in required if pair[0] not in given_names)]


def problems(endpoint: Endpoint, pairs: Pairs) -> list[dict[str, Any]]:
    with pytest.raises(InvalidParameters) as raised:
        read(endpoint, pairs)
    return raised.value.problems


def endpoint_of(path: str) -> Endpoint:
    return next(endpoint for endpoint in ENDPOINTS if endpoint.path == path)


@given(data=st.data(), endpoint=endpoints)
def test_exactly_unknown_and_repeated_names_are_refused(data: st.DataObject, endpoint: Endpoint) -> None:
    known = endpoint.query_parameters
    names = st.sampled_from([*known, *VALUES, "user_id", "from", "", "_"]) | SHORT_TEXT
    pairs = with_required(endpoint, [(name, value(endpoint, name)) for name in data.draw(st.lists(names, max_size=6))])
    given_names = [name for name, _ in pairs if not name.startswith("_")]
    once = [name for name in given_names if name not in FILTERS]
    wrong = {name for name in given_names if name not in known or once.count(name) > 1}
    if wrong:
        found = problems(endpoint, pairs)
        assert sorted(problem["loc"][0] for problem in found) == sorted(wrong)
        assert all(set(problem) == {"type", "loc", "msg", "input"} for problem in found)
    else:
        assert read(endpoint, pairs) == read(endpoint, [pair for pair in pairs if pair[0] in known])


@given(data=st.data(), endpoint=endpoints)
def test_names_that_begin_with_an_underscore_and_empty_values_change_nothing(
    data: st.DataObject, endpoint: Endpoint
) -> None:
    chosen = data.draw(st.sets(st.sampled_from(endpoint.query_parameters or ("_",))))
    pairs = with_required(endpoint, [(name, value(endpoint, name)) for name in sorted(chosen)])
    chosen = {name for name, _ in pairs}
    foreign = data.draw(st.lists(st.tuples(SHORT_TEXT.map("_{}".format), SHORT_TEXT)))
    empty = [(name, "") for name in endpoint.query_parameters if name not in chosen]
    plain, decorated = (read(endpoint, data.draw(st.permutations(some))) for some in (pairs, pairs + foreign + empty))
    assert (plain, hash(plain)) == (decorated, hash(decorated))


@pytest.mark.parametrize(
    ("path", "name", "meant"),
    [
        ("/kpi/total-energy", "from", "start_date"),
        ("/kpi/total-energy", "to", "end_date"),
        ("/kpi/total-energy", "startDate", "start_date"),
        ("/kpi/total-energy", "START_DATE", "start_date"),
        ("/kpi/total-energy", "end-date", "end_date"),
        ("/kpi/total-energy", "start_date ", "start_date"),
        ("/load/hourly", "strat_date", "start_date"),
        ("/load/A/hourly", "enddate", "end_date"),
        ("/kpi/daily", "mesure", "measure"),
        ("/kpi/daily", "metric", "measure"),
        ("/users/summary", "order_by", "sort"),
        ("/kpi/daily", "user", "user_id"),
        ("/kpi/daily", "garage", "location_id"),
        ("/series", "bucket", "by"),
        ("/series", "interval", "by"),
        ("/series", "breakdown", "split"),
        ("/series", "versus", "compare"),
        ("/hourly_loads", "page_size", "limit"),
        ("/hourly_loads", "offset", "after"),
    ],
)
def test_what_was_probably_meant_is_said(path: str, name: str, meant: str) -> None:
    endpoint = endpoint_of(path.replace("/A/", "/{user_id}/"))
    (problem,) = problems(endpoint, with_required(endpoint, [(name, "1")]))
    assert (problem["type"], problem["input"]) == ("unknown_parameter", "1")
    assert problem["msg"] == f"There is no parameter '{name}' here. Did you mean {meant}?"


@given(name=SHORT_TEXT, endpoint=endpoints)
def test_only_parameters_of_the_endpoint_are_suggested(name: str, endpoint: Endpoint) -> None:
    if name in endpoint.query_parameters or name.startswith("_"):
        return
    advice = problems(endpoint, with_required(endpoint, [(name, "1")]))[0]["msg"].rpartition(" here. ")[2]
    takes = ", ".join(endpoint.query_parameters) or "none"
    allowed = {f"Did you mean {known}?" for known in endpoint.query_parameters}
    assert advice in allowed | {f"This endpoint takes {takes}."}


def test_names_from_elsewhere_stand_for_parameters_that_exist() -> None:
    assert set(OTHER_NAMES) <= {name for endpoint in ENDPOINTS for name in endpoint.query_parameters}


def test_values_that_do_not_parse_are_told_beside_the_names() -> None:
    found = problems(endpoint_of("/load/duration-curve"), [("points", "x"), ("from", "y")])
    assert [list(problem["loc"]) for problem in found] == [["from"], ["points"]]


def test_a_range_that_runs_backwards_is_told_after_the_names() -> None:
    backwards = [("start_date", "2020-01-02"), ("end_date", "2020-01-01")]
    with pytest.raises(EmptyRange):
        read(endpoint_of("/load/daily"), backwards)
    assert len(problems(endpoint_of("/load/daily"), [*backwards, ("x", "1")])) == 1


def test_many_and_long_names_are_told_in_short() -> None:
    endpoint = endpoint_of("/kpi/total-energy")
    assert len(problems(endpoint, [(f"x{number}", "") for number in range(30_000)])) == MAX_PROBLEMS
    assert len(problems(endpoint, [("start_date" * 6_000, "")])[0]["msg"]) < 200
