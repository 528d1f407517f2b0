"""Reads the filters: users and locations by their ids, each parameter repeatable or a list as a line of CSV."""

import csv
import re
from io import StringIO
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

FILTERS = frozenset({"user_id", "location_id"})
"""The parameters that may be repeated."""
MAX_IDS = 200
# A line of CSV, without quotes inside a field that is not quoted: these are more likely a mistake. Postgres stores no
# NUL, so none can be asked for.
ID = r'(?:"(?:[^"\x00]|"")*"|[^",\r\n\x00]+|)'
LINE = re.compile(f"{ID}(,{ID})*")
NOT_IDS = "Input should be ids with commas between them; an id that holds a comma or a quote is quoted as in CSV"


class Members(NamedTuple):
    user_id: tuple[str, ...] | None = None
    location_id: tuple[str, ...] | None = None


def _read(texts: list[str] | None) -> tuple[str, ...] | None:
    """Sorts the ids and drops repeated ones, so that equal questions are equal. Nothing given means no filter."""
    ids = sorted({id_ for text in texts or () for id_ in _ids(text)})
    if len(ids) > MAX_IDS:
        raise PydanticCustomError("too_long", f"At most {MAX_IDS} ids can be asked for at once")
    return tuple(ids) or None


def _ids(text: str) -> list[str]:
    if not LINE.fullmatch(text):
        raise PydanticCustomError("list_type", NOT_IDS)
    (ids,) = csv.reader([text], strict=True)
    return ids


def _schema(of: str) -> dict[str, object]:
    return {
        "type": "array",
        "items": {"type": "string", "pattern": f"^{LINE.pattern}$"},
        "examples": [[f"{of}-1", f"{of}-2"]],
    }


ASKED = f" Repeated, or with commas between the ids; up to {MAX_IDS}."


def _written(ids: tuple[str, ...] | None) -> str | None:
    """Writes them as the line of CSV that `_ids` reads."""
    line = StringIO()
    csv.writer(line, lineterminator="", quoting=csv.QUOTE_ALL).writerow(ids or ())
    return line.getvalue() if ids else None


UserIds = Annotated[
    tuple[str, ...] | None,
    BeforeValidator(_read),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema(_schema("user")),
    Field(
        description="Only these users. What is observed is observed for all: means are over the site's hours and days."
        + ASKED
    ),
]
LocationIds = Annotated[
    tuple[str, ...] | None,
    BeforeValidator(_read),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema(_schema("garage")),
    Field(description='Only what was charged at these locations. `""` is the location of rows that name none.' + ASKED),
]
