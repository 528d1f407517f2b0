"""The answers of `/series`, and the queries that they come from."""

from itertools import product

from pydantic import Field

from evload.api.contract.forms import Form
from evload.api.contract.models import Model, SiteTime
from evload.api.contract.series import QUERIES, Split, form_name

FIGURES = (
    " Power is the mean over an hour. `hours` are those of the calendar inside the range; `complete` says that each of"
    " them was observed. `load_factor` is the mean over the peak, and null where nothing flowed."
)
SPAN = "From `start` to before `end`." + FIGURES
CLASS = "`class` is the hour of the day (0 to 23), the weekday (1 is Monday) or the month (1 to 12)." + FIGURES
COMPARED = (
    " `previous_` is what was in the same place of the range that it is compared with, and null where nothing was"
    " observed there; `change_percent` is null too where nothing flowed."
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


class _OfUser(Model):
    user_id: str


class _OfLocation(Model):
    location_id: str


class _Previous(Model):
    previous_start: SiteTime | None
    previous_energy_kwh: float | None
    previous_peak_kw: float | None
    change_percent: float | None


class Period(Figures, _Span):
    about = SPAN


class HoursOfOneKind(Figures, _Class):
    about = CLASS


class UserPeriod(Period, _OfUser):
    about = SPAN


class UserHoursOfOneKind(HoursOfOneKind, _OfUser):
    about = CLASS


class LocationPeriod(Period, _OfLocation):
    about = SPAN


class LocationHoursOfOneKind(HoursOfOneKind, _OfLocation):
    about = CLASS


class ComparedPeriod(_Previous, Period):
    about = SPAN + COMPARED


class ComparedHoursOfOneKind(_Previous, HoursOfOneKind):
    about = CLASS + COMPARED


class ComparedUserPeriod(_Previous, UserPeriod):
    about = SPAN + COMPARED


class ComparedUserHoursOfOneKind(_Previous, UserHoursOfOneKind):
    about = CLASS + COMPARED


class ComparedLocationPeriod(_Previous, LocationPeriod):
    about = SPAN + COMPARED


class ComparedLocationHoursOfOneKind(_Previous, LocationHoursOfOneKind):
    about = CLASS + COMPARED


PERIODS: dict[tuple[Split | None, bool], type[Model]] = {
    (None, False): Period,
    (Split.USER, False): UserPeriod,
    (Split.LOCATION, False): LocationPeriod,
    (None, True): ComparedPeriod,
    (Split.USER, True): ComparedUserPeriod,
    (Split.LOCATION, True): ComparedLocationPeriod,
}
CLASSES: dict[tuple[Split | None, bool], type[Model]] = {
    (None, False): HoursOfOneKind,
    (Split.USER, False): UserHoursOfOneKind,
    (Split.LOCATION, False): LocationHoursOfOneKind,
    (None, True): ComparedHoursOfOneKind,
    (Split.USER, True): ComparedUserHoursOfOneKind,
    (Split.LOCATION, True): ComparedLocationHoursOfOneKind,
}
SPLITS: tuple[Split | None, ...] = (None, *Split)
COLUMNS = {"user_id": "member", "location_id": "member"}


def _form(query: str, split: Split | None, is_compared: bool) -> Form:
    answer = (PERIODS if query in ("series/hours", "series/periods") else CLASSES)[split, is_compared]
    names = [field.alias or name for name, field in answer.model_fields.items()]
    return Form(
        form_name(query, split, is_compared=is_compared),
        query,
        answer,
        inside=("series/around/split",) if split else (),
        around=(*(("series/around/compared",) if is_compared else ()), "series/around/figures"),
        columns=tuple((name, COLUMNS.get(name, name)) for name in names),
    )


FORMS = tuple(_form(*parts) for parts in product(dict.fromkeys(QUERIES.values()), SPLITS, (False, True)))
