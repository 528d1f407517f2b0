"""Tells schemathesis what the OpenAPI document cannot: which parameters contradict each other. `fuzzing.py` uses it."""

import re
from typing import Any

import schemathesis

ONE_MAXIMUM = ("month", "year")
RULES_OF_ONE_MAXIMUM = ("be", "de", "us")
MANY_BUCKETS = ("hour", "day")
COMPARABLE = r"(19|20)[0-9]{2}"


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Leaves out questions whose parameters are each right and together wrong, which are answered 422."""
    query = {name: value for name, value in (case.query or {}).items() if value != ""}
    path = case.path.partition(".")[0]  # exports take what the endpoint takes
    if path == "/grid/headroom":
        return ("limit_kw" in query) != ("limit_kva" in query)
    if path == "/series":
        return not _has_too_many_rows(query) and not _compares_with_nothing(query)
    if path == "/grid/billed-demand":
        return not _has_many_peaks_of_one_maximum(query) and not _has_no_hours(query)
    return True


def _has_many_peaks_of_one_maximum(query: dict[str, Any]) -> bool:
    has_one = query.get("per") in ONE_MAXIMUM or ("per" not in query and query.get("rule") in RULES_OF_ONE_MAXIMUM)
    return has_one and "peaks" in query


def _has_too_many_rows(query: dict[str, Any]) -> bool:
    return "split" in query and query.get("by") in MANY_BUCKETS


def _compares_with_nothing(query: dict[str, Any]) -> bool:
    """Without a range, and where the calendar begins after what is compared with."""
    bounds = [str(query.get(name, "")) for name in ("start_date", "end_date")]
    return "compare" in query and not all(re.match(COMPARABLE, bound) for bound in bounds)


def _has_no_hours(query: dict[str, Any]) -> bool:
    return str(query.get("from_hour", 0)) == str(query.get("to_hour", 24))
