"""The table of endpoints. An entry here, one `.sql` file and one model make an endpoint; the rest follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from evload.api.contract import grid, grid_answers, models, series, series_answers, sessions
from evload.api.contract.filters import FILTERS
from evload.api.contract.forms import Form
from evload.api.contract.media_types import JSON, MediaType, Shape
from evload.api.contract.names import problems_with, unparsed
from evload.api.contract.params import (
    CurveRange,
    Filtered,
    FilteredRange,
    Last7Days,
    Page,
    Params,
    Timed,
    TimedRange,
    UserRange,
    UsersRange,
)
from evload.api.contract.scope import Shows
from evload.api.errors import InvalidParameters
from evload.api.root_path import RootPath
from evload.queries import Query

NOTHING_IN_RANGE = "No data found between given datetime range"
SITE, SUMS, USERS = Shows.SITE, Shows.SUMS, Shows.USERS
ANY_SIZE = ".csv or .parquet to the path, which may give any number of rows"


@dataclass(frozen=True)
class Subject:
    """The thing that an endpoint is about. It may be unknown, which is another answer than a range without data."""

    exists_query: str
    """Gives the number and the id of the data version, and whether the subject exists at it."""
    unknown: str


UNKNOWN_MEMBERS = "users/unknown"
"""Gives the number and the id of the data version, and those users and locations that it does not know."""

USER = Subject("users/exists", "No data found for given user")
SESSIONS = Subject(
    "sessions/exist", "There are no charging sessions here: the files that were loaded hold hours and no sessions"
)


@dataclass(frozen=True, eq=False)  # equal to itself alone, as hashing it would cost more than a look-up
class Endpoint:
    path: str
    query: str
    shows: Shows
    params: type[Params]
    answer: type[models.Model] | type[str]
    summary: str
    is_list: bool = False
    forms_by_params: tuple[Form, ...] = ()
    """Where the answer has several forms: one of them is that which the parameters name."""
    max_rows: int | None = None
    """More rows than these are refused."""
    may_be_empty: bool = False
    """Answers an empty list where others answer 404."""
    subject: Subject | None = None
    media_type: MediaType = JSON

    @property
    def forms(self) -> tuple[Form, ...]:
        return self.forms_by_params or (Form("", self.query, self.answer),)

    def query_for(self, params: Params) -> Query:
        return next(form.asked for form in self.forms if form.name == params.form)

    @property
    def is_paged(self) -> bool:
        return "after" in self.params.model_fields

    @property
    def shape(self) -> Shape:
        if self.is_paged:
            return Shape.PAGE
        if self.answer is str:
            return Shape.VALUES
        return Shape.LIST if self.is_list else Shape.ONE

    @property
    def unknown(self) -> str:
        """The detail of the answer 404 while there is no data at all."""
        return self.subject.unknown if self.subject else NOTHING_IN_RANGE

    @cached_property
    def query_parameters(self) -> tuple[str, ...]:
        return tuple(name for name in self.params.model_fields if f"{{{name}}}" not in self.path)

    def read_params(
        self,
        pairs: Sequence[tuple[str, str]],
        in_path: Mapping[str, str],
        zone: ZoneInfo,
        measures: Sequence[str],
    ) -> Params:
        """Parses the pairs of a query string, in which an empty value is as good as none.

        The first measure is the default. Raises InvalidParameters, EmptyRange.
        """
        problems = problems_with(pairs, self.query_parameters, FILTERS)
        refused = {problem["loc"][0] for problem in problems}
        readable = set(self.query_parameters) - refused
        given: dict[str, Any] = {name: value for name, value in pairs if value and name in readable}
        for name in given.keys() & FILTERS:
            given[name] = [value for other, value in pairs if other == name and value]
        try:
            params = self.params.model_validate({**given, **in_path}, context={"zone": zone, "measures": measures})
        except ValidationError as error:
            raise InvalidParameters(problems + unparsed(error, given, refused)) from None
        if problems:
            raise InvalidParameters(problems)
        params.check()
        return params

    def too_many_rows(self, rows: int | None, params: Params) -> dict[str, Any] | None:
        """Says what is wrong with an answer of more rows than there may be."""
        if not rows or self.max_rows is None or rows <= self.max_rows:
            return None
        message = f"These are {rows} rows, and {self.max_rows} are the most. {params.fewer_rows}, or add {ANY_SIZE}"
        return {"type": "too_many_rows", "loc": ["query", "by"], "msg": message, "input": None}

    def link(self, params: Params, next_after: str | None, root_path: RootPath) -> bytes | None:
        """Builds the `Link` header that names the next page, if there is one."""
        if next_after is None:
            return None
        query_string = urlencode(
            {**params.model_dump(mode="json", exclude_defaults=True), "after": next_after}, safe=":"
        )
        return f'<{root_path.text}{self.path}?{query_string}>; rel="next"'.encode()


ENDPOINTS = (
    Endpoint("/users", "users/list", USERS, Filtered, str, "All user ids", is_list=True, may_be_empty=True),
    Endpoint(
        "/locations", "site/locations", SITE, Filtered, str, "All location ids", is_list=True, may_be_empty=True,
    ),
    Endpoint("/site", "site/about", SITE, Timed, models.Site, "What the site has"),
    Endpoint(
        "/users/summary", "users/summary", USERS, UsersRange, models.UserSummary, "Users with the most", is_list=True,
        forms_by_params=(
            Form("", "users/summary", models.UserSummary),
            Form("at locations", "users/summary_at_locations", models.UserSummary),
        ),
    ),
    Endpoint(
        "/hourly_loads", "load/hourly_loads", USERS, Page, models.Row, "Rows as they are stored, page by page",
        is_list=True, may_be_empty=True,
        forms_by_params=(
            Form("", "load/hourly_loads", models.Row), Form("of users", "load/hourly_loads_of_users", models.Row),
        ),
    ),
    Endpoint(
        "/load/{user_id}/hourly", "load/user_hourly", USERS, UserRange, models.UserRow, "The rows of one user",
        is_list=True, subject=USER,
    ),
    Endpoint("/load/hourly", "load/hourly", SUMS, TimedRange, models.HourlyLoad, "Energy per hour", is_list=True),
    Endpoint("/load/daily", "load/daily", SUMS, FilteredRange, models.DailyLoad, "Energy per day", is_list=True),
    Endpoint(
        "/load/profile", "load/profile", SUMS, FilteredRange, models.LoadProfile, "Mean energy by weekday and hour",
        is_list=True,
    ),
    Endpoint(
        "/load/duration-curve", "load/duration_curve", SUMS, CurveRange, models.DurationCurve, "Load duration curve",
        is_list=True,
    ),
    Endpoint("/kpi/summary", "kpi/summary", SUMS, TimedRange, models.Summary, "All KPIs at once"),
    Endpoint("/kpi/daily", "kpi/daily", SUMS, TimedRange, models.Day, "The KPIs of each day", is_list=True),
    Endpoint("/kpi/total-energy", "kpi/total_energy", SUMS, FilteredRange, models.TotalEnergy, "Total energy"),
    Endpoint("/kpi/daily-average", "kpi/daily_average", SUMS, FilteredRange, models.DailyAverage, "Mean daily energy"),
    Endpoint(
        "/kpi/daily-average-last-7-days", "kpi/daily_average_last_7_days", SUMS, Last7Days,
        models.DailyAverageLast7Days, "Mean daily energy of the last seven days",
    ),
    Endpoint("/kpi/peak-daily", "kpi/peak_daily", SUMS, FilteredRange, models.PeakDaily, "Energy of the peak day"),
    Endpoint("/kpi/peak-hourly", "kpi/peak_hourly", SUMS, FilteredRange, models.PeakHourly, "Energy of the peak hour"),
    Endpoint(
        "/kpi/daily_utilization", "kpi/daily_utilization", SUMS, FilteredRange, models.DailyUtilization,
        "Active hours per day", is_list=True,
    ),
    Endpoint(
        "/kpi/avg-active-hours-per-day", "kpi/avg_active_hours_per_day", SUMS, FilteredRange, models.AvgActiveHours,
        "Mean active hours per day",
    ),
    Endpoint(
        "/sessions", "sessions/list", USERS, sessions.SessionsPage, sessions.ChargingSession,
        "Charging sessions by their plug-in, page by page", is_list=True, subject=SESSIONS,
    ),
    Endpoint(
        "/kpi/sessions", "kpi/sessions", SUMS, sessions.SessionsRange, sessions.SessionKpis,
        "What charging sessions come to", subject=SESSIONS,
    ),
    Endpoint(
        "/series", "series/periods", SUMS, series.SeriesRange, series_answers.Period,
        "Energy and power per period or class", is_list=True, max_rows=series.MAX_ROWS,
        forms_by_params=series_answers.FORMS,
    ),
    Endpoint("/grid/summary", "grid/summary", SUMS, TimedRange, grid_answers.GridSummary, "Peak and coincidence"),
    Endpoint(
        "/grid/peaks", "grid/peaks", SUMS, grid.PeaksRange, grid_answers.PeakHour, "The highest hours", is_list=True,
    ),
    Endpoint(
        "/grid/admd", "grid/admd", SUMS, grid.AdmdRange, grid_answers.Admd, "After-diversity maximum demand of n users",
        is_list=True,
    ),
    Endpoint(
        "/grid/billed-demand", "grid/billed_demand", SUMS, grid.BilledDemandRange, grid_answers.BilledDemand,
        "The demand that a tariff bills, per month", is_list=True,
    ),
    Endpoint("/grid/headroom", "grid/headroom", SUMS, grid.HeadroomRange, grid_answers.Headroom, "What a limit leaves"),
)  # fmt: skip
