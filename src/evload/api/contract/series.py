"""One question for any chart, `/series`: parameters and answers."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from evload.api.contract.models import Model, SiteTime
from evload.api.contract.params import TimedRange

MAX_ROWS = 10_000


class Bucket(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TOTAL = "total"
    HOUR_OF_DAY = "hour_of_day"
    WEEKDAY = "weekday"
    MONTH_OF_YEAR = "month_of_year"


COARSER = {Bucket.HOUR: Bucket.DAY, Bucket.DAY: Bucket.WEEK}
"""Of the buckets of which a range may hold too many."""


class SeriesRange(TimedRange):
    by: Annotated[
        Bucket,
        Field(description="One row for each of these: periods on the calendar, or hours, days and months of one kind."),
    ]

    @property
    def form(self) -> str:
        return {
            Bucket.HOUR: "hours",
            Bucket.HOUR_OF_DAY: "hours_of_day",
            Bucket.WEEKDAY: "classes_of_days",
            Bucket.MONTH_OF_YEAR: "classes_of_days",
        }.get(self.by, "")

    @property
    def coarser(self) -> str | None:
        return COARSER.get(self.by)


FIGURES = (
    " Power is the mean over an hour. `hours` are those of the calendar inside the range; `complete` says that each of"
    " them was observed. `load_factor` is the mean over the peak, and null where nothing flowed."
)


class Figures(Model):
    energy_kwh: float
    mean_kw: float
    peak_kw: float
    peak_at: SiteTime
    active_hours: int
    observed_hours: int
    hours: int
    load_factor: float | None
    complete: bool


class _Span(Model):
    start: SiteTime
    end: SiteTime


class _Class(Model):
    class_: int = Field(alias="class")


class Period(Figures, _Span):
    about = "From `start` to before `end`, on the site's clock." + FIGURES


class HoursOfOneKind(Figures, _Class):
    about = "`class` is the hour of the day (0 to 23), the weekday (1 is Monday) or the month (1 to 12)." + FIGURES
