"""The fields of parameters that hold moments."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from evload.api.contract import moments

DATE_FORMS = (
    "ISO 8601 with or without an offset (without: on the site's clock), a plain date, a month (2019-01), a year (2019),"
    " Unix seconds (9 or 10 digits) or milliseconds (12 or 13 digits)"
)
YEAR = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
# Clients generated from the document may send all of these. A `date-time` has an offset; the description tells that it
# may be left out, as no schema says of a local time that its day must be there.
MOMENT_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "pattern": f"^{YEAR}(-(0[1-9]|1[0-2]))?$"},
        {"type": "integer", "minimum": 100_000_000, "maximum": 9_999_999_999},
        {"type": "integer", "minimum": 100_000_000_000, "maximum": 9_999_999_999_999},
    ],
    "examples": ["2018-12-21T10:00:00"],
}


def _not_a_moment() -> PydanticCustomError:
    return PydanticCustomError("datetime_parsing", "Input should be " + DATE_FORMS)


def _zone(info: ValidationInfo) -> ZoneInfo:
    zone = (info.context or {})["zone"]
    assert isinstance(zone, ZoneInfo)
    return zone


def _start(value: str, info: ValidationInfo) -> datetime:
    try:
        return moments.first_instant(value, _zone(info))
    except (ValueError, OverflowError):
        raise _not_a_moment() from None


def _end(value: str, info: ValidationInfo) -> datetime:
    try:
        return moments.last_instant(value, _zone(info))
    except (ValueError, OverflowError):
        raise _not_a_moment() from None


Start = Annotated[datetime | None, BeforeValidator(_start), WithJsonSchema(MOMENT_SCHEMA)]
End = Annotated[datetime | None, BeforeValidator(_end), WithJsonSchema({**MOMENT_SCHEMA, "examples": ["2019-01-31"]})]
