"""What the endpoints can be asked. Parameters that are not declared here are ignored."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from evload.api.contract import moments

DATE_FORMS = (
    "ISO 8601 with or without an offset (without: on the site's clock), a plain date, or Unix seconds or milliseconds"
)
# JSON Schema's own `date-time` has an offset. A client may not be sent to a day that is none, like the 31st of April.
YEAR = r"[1-9]\d{3}"
LEAP_YEAR = r"([1-9]\d(0[48]|[2468][048]|[13579][26])|[2468]000)"
DAY = r"((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))"
TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
UNIX_TIME = r"^([+-]?\d{1,10}|[+]?\d{11,14}|-\d{12,13})(\.\d+)?$"
SITE_TIME = f"^({YEAR}-{DAY}|{LEAP_YEAR}-02-29)T{TIME}$"
# For the documentation, and for whoever makes a client from it.
MOMENT_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "title": "Date and time on the site's clock", "pattern": SITE_TIME},
        {"type": "string", "title": "Unix seconds or milliseconds", "pattern": UNIX_TIME},
    ],
    "examples": ["2018-12-21T10:00:00"],
}


class Measure(StrEnum):
    SYNTHETIC_3_6 = "synthetic_3_6_kwh"
    SYNTHETIC_7_2 = "synthetic_7_2_kwh"
    FLEX_3_6 = "flex_3_6_kwh"
    FLEX_7_2 = "flex_7_2_kwh"


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


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Range(Params):
    start_date: Annotated[
        datetime | None,
        BeforeValidator(_start),
        WithJsonSchema(MOMENT_SCHEMA),
        Field(description=f"Rows from this moment on, inclusive: {DATE_FORMS}."),
    ] = None
    end_date: Annotated[
        datetime | None,
        BeforeValidator(_end),
        WithJsonSchema({**MOMENT_SCHEMA, "examples": ["2019-01-31"]}),
        Field(description=f"Rows up to this moment, inclusive: {DATE_FORMS}. A plain date means that whole day."),
    ] = None


class WithMeasure(Params):
    measure: Annotated[Measure, Field(description="Which of the four energies to add up.")] = Measure.SYNTHETIC_3_6


class MeasuredRange(Range, WithMeasure):
    pass


class CurveRange(MeasuredRange):
    points: Annotated[int, Field(ge=2, le=1000, description="How many points, at most.")] = 200


class UserRange(Range):
    user_id: str


class UserSort(StrEnum):
    ENERGY = "energy_kwh"
    HOURS = "hours"
    SESSIONS = "sessions"
    USER = "user_id"
    FIRST_DAY = "first_day"
    LAST_DAY = "last_day"


class UsersRange(MeasuredRange):
    sort: Annotated[
        UserSort,
        Field(description="What comes first: the most of it, the first user, the earliest first or latest last day."),
    ] = UserSort.ENERGY
    limit: Annotated[int, Field(ge=1, le=1000, description="How many users.")] = 20


class Page(Params):
    limit: Annotated[int, Field(ge=1, le=1000, description="How many rows.")] = 20
    after: Annotated[int, Field(ge=0, le=2**63 - 1, description="Rows after this index.")] = 0


class NoParams(Params):
    pass


def values_for(names: tuple[str, ...], params: Params) -> list[Any]:
    return [getattr(params, name) for name in names]
