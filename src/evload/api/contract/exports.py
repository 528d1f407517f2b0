"""The table of exports: every endpoint that answers a list gives the same rows as CSV, Parquet and Arrow."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, create_model

from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.media_types import CSV, MEDIA_TYPES, MediaType
from evload.api.contract.params import Filtered, Params, Range, Timed, UsersRange
from evload.api.contract.sessions import SessionsRange

MAX_NAMED_MEMBERS = 3
MAX_NAME_CHARACTERS = 120
OPEN_YEARS = (1, 9999)  # by which dashboards write ranges without a start or an end
AllRows = Annotated[int | None, Field(ge=1, le=2**63 - 1, description="How many rows. Unless given: all.")]


class DecimalMark(StrEnum):
    POINT = "."
    COMMA = ","


class CsvOptions(Params):
    decimal: Annotated[
        DecimalMark,
        Field(description="The decimal mark. A comma gives what a European Excel opens: `;` between the fields."),
    ] = DecimalMark.POINT

    @property
    def has_decimal_comma(self) -> bool:
        return self.decimal is DecimalMark.COMMA


class RowsOfRange(Filtered, Timed, Range):
    after: Annotated[int, Field(ge=0, le=2**63 - 1, description="Rows after this index.")] = 0
    limit: AllRows = None


class AllUsers(UsersRange):
    limit: AllRows = None  # type: ignore[assignment]


class AllSessions(Timed, SessionsRange):
    limit: AllRows = None


@dataclass(frozen=True)
class WholeList:
    """What an export takes and asks where the endpoint itself gives a part."""

    query: str
    params: type[Params]


NAMED_BY = ("by", "split", "compare", "rule", "measure")
WHOLE_LISTS: Mapping[str, WholeList] = {
    "/hourly_loads": WholeList("load/rows_of_range", RowsOfRange),
    "/users/summary": WholeList("users/summary", AllUsers),
    "/sessions": WholeList("sessions/all", AllSessions),
}


@cache
def _with_csv_options(params: type[Params]) -> type[Params]:
    return create_model(f"{params.__name__}OfCsv", __base__=(CsvOptions, params))


def _export(endpoint: Endpoint, media_type: MediaType) -> Endpoint:
    whole = WHOLE_LISTS.get(endpoint.path, WholeList(endpoint.query, endpoint.params))
    return replace(
        endpoint,
        path=endpoint.path + media_type.suffix,
        query=whole.query,
        forms_by_params=endpoint.forms_by_params if whole.query == endpoint.query else (),
        params=_with_csv_options(whole.params) if media_type is CSV else whole.params,
        max_rows=None,
        media_type=media_type,
    )


EXPORTS = tuple(
    _export(endpoint, media_type)
    for endpoint in ENDPOINTS
    if endpoint.is_list
    for media_type in MEDIA_TYPES
    if media_type.is_export
)


def file_name(export: Endpoint, params: Params, zone: ZoneInfo) -> str:
    """Names the file after what is asked: endpoint, form, measure, range and, if they are few, members. ASCII."""
    path = re.sub(r"\{\w+\}/", "", export.path.removesuffix(export.media_type.suffix))
    told = (getattr(params, name) for name in NAMED_BY if name in type(params).model_fields)
    asked = [path, *(str(value) for value in told if value)]
    words = [*asked, *_members(params), *_bounds(params, zone)]
    name = "_".join(re.sub(r"[^A-Za-z0-9.]+", "-", word).strip("-.") for word in words)
    return f"evload_{name[:MAX_NAME_CHARACTERS]}{export.media_type.suffix}"


def _members(params: Params) -> Iterator[str]:
    if isinstance(user := getattr(params, "user_id", None), str):
        yield user
    for kind, ids in params.members._asdict().items():
        if ids:
            of = kind.removesuffix("_id")
            yield "-".join([of, *ids]) if len(ids) <= MAX_NAMED_MEMBERS else f"{len(ids)}-{of}s"


def _bounds(params: Params, zone: ZoneInfo) -> Iterator[str]:
    for word, name in (("from", "start_date"), ("to", "end_date")):
        bound = getattr(params, name, None)
        if bound is not None and bound.year not in OPEN_YEARS:
            yield f"{word}-{_bound(bound, zone)}"


def _bound(bound: datetime, zone: ZoneInfo) -> str:
    """A whole day is told by its date."""
    local = bound.astimezone(zone)
    day = local.date().isoformat()
    return day if local.time() in (time.min, time.max) else f"{day}T{local:%H%M}"
