"""Charging sessions, `/sessions` and `/kpi/sessions`: the parameters and the models of the answers."""

import re
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, PrivateAttr, WithJsonSchema
from pydantic_core import PydanticCustomError

from evload.api.contract.models import Model, SiteTime
from evload.api.contract.params import Filtered, Range, Timed
from evload.measures import NAMES

PLACE = r"^[1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z_\d{1,18}$"


class Place(NamedTuple):
    """Where a page ended: the session that it ended with."""

    plug_in_at: datetime
    number: int


def _place(value: str) -> Place:
    try:
        if re.fullmatch(PLACE, value, re.ASCII):
            instant, _, index = value.partition("_")
            return Place(datetime.fromisoformat(instant), int(index))
    except ValueError:
        pass
    raise PydanticCustomError("string_pattern_mismatch", "Input should be what the Link header of the page before says")


class SessionsRange(Filtered, Range):
    _measure: str = PrivateAttr(NAMES[0])

    def model_post_init(self, context: Any, /) -> None:
        """Days are observed for all measures alike: the first one that is held stands for them."""
        held = (context or {}).get("measures")
        self._measure = held[0] if held else NAMES[0]

    @property
    def measure(self) -> str:
        return self._measure


class SessionsPage(Timed, SessionsRange):
    limit: Annotated[int, Field(ge=1, le=1000, description="How many sessions.")] = 20
    after: Annotated[
        Place | None,
        BeforeValidator(_place),
        PlainSerializer(lambda place: None, when_used="json"),
        WithJsonSchema({"type": "string", "pattern": PLACE}),
        Field(description="Sessions after this place, which the `Link` header of the page before names."),
    ] = None

    @property
    def after_plug_in_at(self) -> datetime | None:
        return self.after.plug_in_at if self.after else None

    @property
    def after_index(self) -> int:
        return self.after.number if self.after else 0


class ChargingSession(Model):
    about = (
        "A session as its source tells it. `session_id` is that of its rows in `/hourly_loads`, `source_session_id` the"
        " source's own. What the source does not tell is null: the plug-out while it is plugged in, the charging time."
    )

    session_id: int
    source_session_id: str | None
    user_id: str
    location_id: str
    plug_in_at: SiteTime
    plug_out_at: SiteTime | None
    energy_kwh: float
    plugged_hours: float | None
    charging_hours: float | None
    idle_hours: float | None


class SessionKpis(Model):
    about = (
        "Of the sessions that were plugged in within the range. `sessions_per_day` is over the days that the site was"
        " observed on. Idle is plugged in and not charging: `mean_idle_hours` and `idle_share`, the part of the plugged"
        " time, are of the sessions of which both are known, and null where there are none."
    )

    sessions: int
    sessions_per_day: float | None
    mean_energy_kwh: float | None
    median_energy_kwh: float | None
    mean_plugged_hours: float | None
    mean_idle_hours: float | None
    idle_share: float | None
