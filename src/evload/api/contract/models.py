"""The models of the answers, for the OpenAPI document and the tests. Postgres itself makes the JSON that goes out."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

# Unless asked for, times have no offset, and a `date-time` of JSON Schema must have one.
SiteTime = Annotated[
    datetime,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2}(:\d{2})?)?$",
            "examples": ["2018-12-21T10:00:00"],
        }
    ),
]


def _describe(schema: dict[str, Any], model: type["Model"]) -> None:
    if model.about:
        schema["description"] = model.about


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_describe)
    about: ClassVar[str] = ""
    """Stands in the OpenAPI document: not as a docstring, which `python -OO` takes away."""


class UserRow(Model):
    about = "One user, one session, one hour. An energy is null where there was none."

    index: int
    date_from: SiteTime
    date_to: SiteTime
    user_id: str
    session_id: int
    synthetic_3_6_kwh: float | None
    synthetic_7_2_kwh: float | None
    flex_3_6_kwh: float | None
    flex_7_2_kwh: float | None
    metered_kwh: float | None
    location_id: str


class Row(Model):
    about = "A row as it is stored. User and session are null in filler rows: hours in which nobody was plugged in."

    index: int
    date_from: SiteTime
    date_to: SiteTime
    user_id: str | None
    session_id: int | None
    synthetic_3_6_kwh: float | None
    synthetic_7_2_kwh: float | None
    flex_3_6_kwh: float | None
    flex_7_2_kwh: float | None
    metered_kwh: float | None
    location_id: str


class Site(Model):
    about = (
        "The site's clock is `timezone`; its hours lie from `first_hour` to `last_hour`, of which `latest_hour` is the"
        " last that is not in the future. `measures` are those that any row had, the default one first. `is_sample`"
        " while the bundled, generated sample is loaded."
    )

    timezone: str
    first_hour: SiteTime
    last_hour: SiteTime
    latest_hour: SiteTime
    measures: list[str]
    has_sessions: bool
    is_sample: bool


class UserSummary(Model):
    about = "What a user did in the range. The share is of the energy of all users, and null where there was none."

    user_id: str
    energy_kwh: float
    share_percent: float | None
    hours: int
    sessions: int
    first_day: date
    last_day: date


class HourlyLoad(Model):
    hour: SiteTime
    hourly_energy_kwh: float


class DailyLoad(Model):
    day: date
    daily_energy_kwh: float


class LoadProfile(Model):
    about = (
        "The mean of an hour of the week, and the energies that 10, 50 and 90 percent of the observed hours do not"
        " exceed, in proportion between two hours (as `percentile_cont` of SQL). 1 is Monday; hours are on the site's"
        " clock."
    )

    weekday: int
    hour: int
    mean_energy_kwh: float
    observed_hours: int
    p10_kwh: float
    p50_kwh: float
    p90_kwh: float


class DurationCurve(Model):
    about = "In `hours` hours, `share_percent` of all that were observed, the load was at least `hourly_energy_kwh`."

    hours: int
    share_percent: float
    hourly_energy_kwh: float


class Summary(Model):
    about = (
        "The site's clock is `timezone`. The last seven days end with `latest_hour`, whatever the range."
        " `load_factor` is the mean power over the peak hour's, `hours_of_use` the energy over it: null where nothing"
        " flowed."
    )

    total_energy_kwh: float
    avg_daily_energy_kwh: float
    last_7_days_avg_daily_energy_kwh: float
    last_7_days_from: date
    last_7_days_to: date
    peak_daily_energy_kwh: float
    peak_day: date
    peak_hourly_load_kwh: float
    peak_hour: SiteTime
    avg_active_charging_hours_per_day: float
    days: int
    first_hour: SiteTime
    last_hour: SiteTime
    latest_hour: SiteTime
    timezone: str
    load_factor: float | None
    hours_of_use: float | None


class Day(Model):
    day: date
    daily_energy_kwh: float
    active_hours: int
    peak_hourly_load_kwh: float
    peak_hour: SiteTime


class TotalEnergy(Model):
    total_energy_kwh: float


class DailyAverage(Model):
    avg_daily_energy_kwh: float


class DailyAverageLast7Days(Model):
    avg_daily_energy_kwh: float
    period: str
    since: date = Field(alias="from")
    until: date = Field(alias="to")


class PeakDaily(Model):
    peak_daily_energy_kwh: float


class PeakHourly(Model):
    peak_hourly_load_kwh: float


class DailyUtilization(Model):
    day: date
    active_hours: int


class AvgActiveHours(Model):
    avg_active_charging_hours_per_day: float


class Problem(Model):
    about = "Every error but 422."

    detail: str


class BadParameter(Model):
    type: str
    loc: list[str]
    msg: str
    input: str | list[str] | None


class BadParameters(Model):
    about = "422: the parameters that do not parse, that the endpoint does not have, or that are given twice."

    detail: list[BadParameter]
