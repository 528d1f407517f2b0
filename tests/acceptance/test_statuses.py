"""Every line of the table of statuses, for every endpoint it holds for."""

from typing import Any
from urllib.parse import urlencode

import pytest

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.exports import WHOLE_LISTS
from evload.api.contract.filters import FILTERS
from evload.api.contract.params import Range
from tests.acceptance.processes import Api
from tests.endpoints import (
    AGGREGATES,
    CSV_EXPORTS,
    EVERY_PATH,
    EXPORTED,
    EXPORTS_OF_SESSIONS,
    OF_SESSIONS,
    WITH_A_RANGE,
    asked,
    parameters,
    with_query,
)

USER = "/load/A-1/hourly"
RANGED_EXPORTS = tuple(asked(export) for export in CSV_EXPORTS if issubclass(export.params, Range))
NOTHING = {"detail": "No data found between given datetime range"}
NO_USER = {"detail": "No data found for given user"}
NOT_FOUND = {"detail": "Not Found"}


def told(api: Api, path: str) -> tuple[int, Any]:
    answer = api.get(path)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", [*WITH_A_RANGE, *RANGED_EXPORTS, "/load/nobody/hourly"])
def test_400_start_after_end(api: Api, path: str) -> None:
    answer = told(api, with_query(path, "start_date=2019-01-02&end_date=2019-01-01"))
    assert answer == (400, {"detail": "start_date must be before end_date"})


@pytest.mark.parametrize("user", ["nobody", "a-1", "%00", "%FF", "' OR true --", "", "x" * 3000])
def test_404_unknown_user(api: Api, user: str) -> None:
    assert told(api, f"/load/{user}/hourly") == (404, NO_USER)


@pytest.mark.parametrize(
    "path", [path for path in (*WITH_A_RANGE, *RANGED_EXPORTS) if path not in OF_SESSIONS | EXPORTS_OF_SESSIONS]
)
@pytest.mark.parametrize("query", ["start_date=2020-01-01", "end_date=2018-12-21T09:59:59", "start_date=9999-12-31"])
def test_404_nothing_in_the_range(api: Api, path: str, query: str) -> None:
    assert told(api, with_query(path, query)) == (404, NOTHING)


def test_404_no_user_in_the_range(api: Api) -> None:
    """Only a filler row lies in it."""
    assert told(api, "/users/summary?start_date=2018-12-22&end_date=2018-12-22") == (404, NOTHING)


@pytest.mark.parametrize("path", AGGREGATES)
def test_404_empty_database(empty_api: Api, path: str) -> None:
    assert told(empty_api, path) == (404, NOTHING)


def test_404_any_user_of_an_empty_database(empty_api: Api) -> None:
    assert told(empty_api, USER) == (404, NO_USER)


@pytest.mark.parametrize("path", ["/nope", "/kpi", "/load", "/kpi/total", "/load/A-1", "/docs/assets/x.js", "/%00"])
def test_404_unknown_path(api: Api, path: str) -> None:
    assert told(api, path) == (404, NOT_FOUND)


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json", *EVERY_PATH, *EXPORTED])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_405_other_methods(api: Api, path: str, method: str) -> None:
    answer = api.client.request(method, path)
    assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})
    assert answer.headers["Allow"] == "GET, HEAD"


MOMENTS = (
    "yesterday",
    " ",
    "2018-13-01",
    "2018-12-21T25:00",
    "9" * 400,
    "\x00",
    "2018-12-21T10:00+99:00",
    "201812",
    "1545382",
)
COUNTS = ("0", "1001", "abc", "-1", " ", "1.5", "9" * 5000)
IDS = ('"a', 'a"b"c,"', 'a"b', "a\n", "a\nb", "a\x00b", ",".join(map(str, range(201))))
POWERS = ("-1", "abc", " ", "NaN", "Infinity", "-inf", "1e999", "1e-999", "9" * 5000, "0." + "1" * 5000, "1,5 kW")
UNPARSABLE = {
    "start_date": MOMENTS,
    "end_date": MOMENTS,
    "measure": ("energy", " ", "SYNTHETIC_3_6_KWH"),
    "limit": COUNTS,
    "points": ("1", *COUNTS),
    "sort": (" ", "energy", "USER_ID", "user_id; --"),
    "after": ("-1", "abc", " ", str(2**63)),
    "user_id": IDS,
    "location_id": IDS,
    "times": (" ", "UTC", "local,utc"),
    "decimal": (" ", ";", "comma", ",,"),
    "by": (" ", "MONTH", "fortnight", "hour,day"),
    "split": (" ", "USER", "garage", "user,location"),
    "compare": (" ", "PREVIOUS", "month", "previous,year"),
    "per": (" ", "week", "DAY"),
    "rule": (" ", "NO", "se"),
    "users": ("0", "+1", " 1", "1000001", "abc", "1,", "1,,2", "1,x", "1.5", "9" * 5000, ",".join(["1"] * 201)),
    "peaks": ("0", "32", "abc", "1.5", "9" * 5000),
    "from_hour": ("-1", "24", "10:00"),
    "to_hour": ("0", "25", "10:00"),
    "weekdays": ("0", "01", "8", "monday", "1,8", "1;2", "1,2,3,4,5,6,7,1"),
    "months": ("0", "13", "june", "1,13"),
    "average_months": ("0", "121", "year"),
    "limit_kw": POWERS,
    "limit_kva": POWERS,
    "base_kw": POWERS,
    "floor_kw": POWERS,
    "power_factor": ("0", "1.01", "-1", "NaN", "Infinity", "cos", "0." + "9" * 5000),
    "steps": (*POWERS, "-0", ".5", "+1", "0.1234567", "0,x", "2,5,", ",".join(["1"] * 201)),
}
"""Parameter -> values that do not parse."""


def test_every_parameter_has_values_that_do_not_parse() -> None:
    missing = set().union(*map(parameters, (*ENDPOINTS, *CSV_EXPORTS))) - set(UNPARSABLE)
    assert not missing, f"Add {sorted(missing)} to UNPARSABLE."


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (asked(endpoint), name, value)
        for endpoint in (*ENDPOINTS, *CSV_EXPORTS)
        for name in sorted(parameters(endpoint))
        for value in UNPARSABLE.get(name, ())
        if not (value == "1001" and any(endpoint.path == f"{path}.csv" for path in WHOLE_LISTS))
    ],
    ids=lambda value: value[:40],
)
def test_422_a_parameter_that_does_not_parse(api: Api, path: str, name: str, value: str) -> None:
    status, body = told(api, with_query(path, urlencode({name: value})))
    assert (status, list(body)) == (422, ["detail"])
    (problem,) = body["detail"]
    assert set(problem) == {"type", "loc", "msg", "input"}
    assert (problem["loc"], problem["input"]) == (["query", name], value)
    assert problem["type"]
    assert problem["msg"]


def test_422_names_every_parameter_that_does_not_parse(api: Api) -> None:
    status, body = told(api, "/kpi/total-energy?start_date=a&end_date=b&measure=c")
    assert status == 422
    found = {problem["loc"][1]: problem["input"] for problem in body["detail"]}
    assert found == {"start_date": "a", "end_date": "b", "measure": "c"}


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, *CSV_EXPORTS], ids=lambda endpoint: endpoint.path)
def test_422_an_unknown_or_repeated_parameter(api: Api, endpoint: Endpoint) -> None:
    twice = [f"{name}=1&{name}=1" for name in endpoint.query_parameters if name not in FILTERS]
    for query in ("user=A-1", "customer_id=A-1", "from=", "=", "Measure=", *twice):
        status, body = told(api, with_query(asked(endpoint), query))
        (problem,) = body["detail"]
        name = query.partition("=")[0]
        assert (status, set(problem)) == (422, {"type", "loc", "msg", "input"})
        assert problem["loc"] == ["query", name]
        assert f"'{name}'" in problem["msg"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/series", "by"),
        ("/series?by=", "by"),
        ("/grid/headroom", "limit_kw"),
        ("/grid/headroom?limit_kw=5&limit_kva=5", "limit_kw"),
        ("/grid/headroom?limit_kw=&limit_kva=", "limit_kw"),
        ("/grid/billed-demand?peaks=2&per=month", "peaks"),
        ("/grid/billed-demand?peaks=2&rule=be", "peaks"),
        ("/grid/billed-demand?from_hour=7&to_hour=7", "to_hour"),
    ],
)
def test_422_what_is_missing_or_contradicts(api: Api, path: str, name: str) -> None:
    status, body = told(api, path)
    (problem,) = body["detail"]
    assert (status, problem["loc"]) == (422, ["query", name])
    assert problem["input"] in (None, "2", "5", "7")


@pytest.mark.parametrize("query", ["limit=1", "limit=1000", "after=0", f"after={2**63 - 1}"])
def test_the_limits_themselves_are_fine(api: Api, query: str) -> None:
    assert api.get(f"/hourly_loads?{query}").status_code == 200


@pytest.mark.parametrize("points", [2, 1000])
def test_the_limits_of_points_are_fine(api: Api, points: int) -> None:
    assert api.get(f"/load/duration-curve?points={points}").status_code == 200
