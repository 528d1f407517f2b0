"""The table of operations beside the data: what the service itself says, and in which answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from evload.api.contract.media_types import JSON
from evload.api.contract.models import Model, Problem

EVENT_STREAM = "text/event-stream"
PLAIN_TEXT = "text/plain"


class Alive(Model):
    about = "The process runs and answers."

    status: Literal["alive"]


class Ready(Model):
    about = "Database, schema and data version are as they must be."

    status: Literal["ready"]
    data_version: int


class WhatIsSeen(Model):
    about = (
        "`token` is the name of the token that the request came with, null where none is asked for. `user_id` and"
        " `location_id` are what it is restricted to, null where it is not."
    )

    token: str | None
    sees_users: bool
    user_id: list[str] | None
    location_id: list[str] | None


class DataVersionEvent(Model):
    about = "The `data` of an event `data_version` of `/events`."

    data_version: int


@dataclass(frozen=True)
class Said:
    """One of the answers that an operation gives."""

    description: str
    content: type[Model] | type[str] | None = str
    content_type: str = JSON.content_type
    headers: Mapping[str, str] = field(default_factory=dict)
    """Name -> description."""


@dataclass(frozen=True)
class Operation:
    path: str
    summary: str
    description: str
    answers: Mapping[HTTPStatus, Said]
    request_headers: Mapping[str, str] = field(default_factory=dict)
    """Name -> description."""


EVENTS = """Server-sent events, without end. An event `data_version` comes on connect and whenever the data change:
its `data` is JSON as `DataVersionEvent` says, its `id` names the version. Ask again then for what is shown; answers
that are still the same are 304. A comment comes after 15 seconds in which nothing changed. A client that was cut off
should connect again after the two seconds that `retry` says, as `EventSource` does."""

OPERATIONS = (
    Operation(
        "/", "Welcome", "Browsers, which accept `text/html`, are sent to the dashboard.",
        {
            HTTPStatus.OK: Said("A greeting"),
            HTTPStatus.TEMPORARY_REDIRECT: Said("For browsers", None, headers={"Location": "The dashboard"}),
        },
    ),
    Operation(
        "/events", "Tells when the data change", EVENTS,
        {
            HTTPStatus.OK: Said("The stream", content_type=EVENT_STREAM),
            HTTPStatus.INTERNAL_SERVER_ERROR: Said("The database was away since evload started", Problem),
        },
        {"Last-Event-ID": "The `id` of the event that came last: its version is not told again."},
    ),
    Operation(
        "/access", "What may be seen", "What the token of the request is for.",
        {HTTPStatus.OK: Said("It", WhatIsSeen), HTTPStatus.UNAUTHORIZED: Said("There is no token that holds", Problem)},
    ),
    Operation(
        "/livez", "Whether the process lives", "For whoever restarts a process that does not answer.",
        {HTTPStatus.OK: Said("It does", Alive)},
    ),
    Operation(
        "/readyz", "Whether questions can be answered", "For load balancers. Costs no query.",
        {HTTPStatus.OK: Said("They can", Ready), HTTPStatus.SERVICE_UNAVAILABLE: Said("What is lacking", Problem)},
    ),
    Operation(
        "/metrics", "Metrics for Prometheus", "In Prometheus' text format, added up over all workers.",
        {HTTPStatus.OK: Said("The metrics", content_type=PLAIN_TEXT)},
    ),
)  # fmt: skip
