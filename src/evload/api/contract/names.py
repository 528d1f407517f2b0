"""Says what is wrong with a query string: names that the endpoint does not have or that come twice, and values."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

IGNORED_PREFIX = "_"
MAX_SHOWN = 40
MAX_PROBLEMS = 20

# Parameter -> what clients of other APIs call it, as `_letters` writes it.
OTHER_NAMES = {
    "start_date": ("from", "since", "start", "begin", "after", "date", "day", "datefrom", "fromdate", "starttime"),
    "end_date": ("to", "until", "till", "end", "before", "dateto", "todate", "endtime"),
    "user_id": ("user", "users", "userid", "userids", "customer"),
    "location_id": ("location", "locations", "garage", "garageid", "site", "place"),
    "measure": ("metric", "energy", "power", "kwh", "column"),
    "limit": ("count", "n", "top", "size", "pagesize", "perpage", "rows"),
    "after": ("offset", "cursor", "page", "skip", "index"),
    "sort": ("order", "orderby", "sortby"),
    "by": ("bucket", "interval", "groupby", "period", "granularity", "resolution"),
    "split": ("splitby", "breakdown", "facet", "per"),
    "compare": ("compareto", "comparewith", "comparison", "versus", "vs"),
}
MEANT = {other: name for name, others in OTHER_NAMES.items() for other in others}


def is_ignored(name: str) -> bool:
    """Whether a name is a client's own business, as `_=1700000000` that keeps caches from answering."""
    return name.startswith(IGNORED_PREFIX)


def problems_with(
    pairs: Sequence[tuple[str, str]], known: Sequence[str], repeatable: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Lists the names that are not `known` or come twice, each once, as pydantic lists values that do not parse."""
    names = [name for name, _ in pairs if not is_ignored(name)]
    if len(names) == len(set(names)) and all(name in known for name in names):  # as nearly all are
        return []
    counts = Counter({name: 1 for name in names if name in repeatable})
    counts.update(name for name in names if name not in repeatable)
    values = dict(pairs)
    found = ((name, _judged(name, count, known)) for name, count in counts.items())
    problems = [
        {"type": wrong[0], "loc": [name], "msg": wrong[1], "input": values[name]} for name, wrong in found if wrong
    ]
    return problems[:MAX_PROBLEMS]


def unparsed(error: ValidationError, given: Mapping[str, Any], refused: Collection[str]) -> list[dict[str, Any]]:
    """Lists the parameters that do not parse, each once and with its text, but those whose names are `refused`."""
    found: dict[str, dict[str, Any]] = {}
    for one in error.errors(include_url=False, include_context=False):
        name = str(one["loc"][0])
        texts = given.get(name)
        text = texts[0] if isinstance(texts, list) and len(texts) == 1 else texts
        found.setdefault(name, {"type": one["type"], "loc": [name], "msg": one["msg"], "input": text})
    return [problem for name, problem in found.items() if name not in refused]


def _judged(name: str, count: int, known: Sequence[str]) -> tuple[str, str] | None:
    if name not in known:
        return "unknown_parameter", f"There is no parameter '{name[:MAX_SHOWN]}' here. {_advice(name, known)}"
    return ("repeated_parameter", f"'{name}' is given {count} times. Give it once.") if count > 1 else None


def _advice(name: str, known: Sequence[str]) -> str:
    if meant := _meant(name, known):
        return f"Did you mean {meant}?"
    return f"This endpoint takes {', '.join(known)}." if known else "This endpoint takes none."


def _meant(name: str, known: Sequence[str]) -> str | None:
    if len(name) > MAX_SHOWN:  # comparing costs the product of the lengths
        return None
    by_letters = {_letters(one): one for one in known}
    other = MEANT.get(_letters(name))
    if other in known:
        return other
    close = get_close_matches(_letters(name), by_letters, n=1)
    return by_letters[close[0]] if close else None


def _letters(name: str) -> str:
    """Writes `startDate`, `START_DATE` and `start-date` alike."""
    return "".join(filter(str.isalnum, name)).lower()
