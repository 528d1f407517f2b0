"""Judges the names in a query string: one that the endpoint does not have, or that is given twice, is refused."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

IGNORED_PREFIX = "_"
MAX_SHOWN = 40
MAX_PROBLEMS = 20

# Parameter -> what clients of other APIs call it, as `_letters` writes it.
OTHER_NAMES = {
    "start_date": ("from", "since", "start", "begin", "after", "date", "day", "datefrom", "fromdate", "starttime"),
    "end_date": ("to", "until", "till", "end", "before", "dateto", "todate", "endtime"),
    "measure": ("metric", "energy", "power", "kwh", "column"),
    "limit": ("count", "n", "top", "size", "pagesize", "perpage", "rows"),
    "after": ("offset", "cursor", "page", "skip", "index"),
    "sort": ("order", "orderby", "sortby"),
}
MEANT = {other: name for name, others in OTHER_NAMES.items() for other in others}


def is_ignored(name: str) -> bool:
    """Whether a name is a client's own business, as `_=1700000000` that keeps caches from answering."""
    return name.startswith(IGNORED_PREFIX)


def problems_with(pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> list[dict[str, Any]]:
    """Lists the names that are not `known` or come twice, each once, as pydantic lists values that do not parse."""
    counts = Counter(name for name, _ in pairs if not is_ignored(name))
    values = dict(pairs)
    found = ((name, _judged(name, count, known)) for name, count in counts.items())
    problems = [
        {"type": wrong[0], "loc": [name], "msg": wrong[1], "input": values[name]} for name, wrong in found if wrong
    ]
    return problems[:MAX_PROBLEMS]


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
