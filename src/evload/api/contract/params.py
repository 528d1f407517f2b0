"""The parameters of the endpoints, and how their values are read."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from evload.api.contract import moments
from evload.api.contract.filters import LocationIds, Members, UserIds
from evload.api.contract.moment_fields import DATE_FORMS, End, Start
from evload.api.errors import EmptyRange
from evload.measures import NAMES

MAX_USER_BYTES = 1000  # no longer id is loaded


def _known_measure(value: str) -> str:
    if value not in NAMES:
        *first, last = (f"'{name}'" for name in NAMES)
        raise PydanticCustomError("enum", f"Input should be {', '.join(first)} or {last}")
    return value


class Times(StrEnum):
    LOCAL = "local"
    OFFSET = "offset"
    UTC = "utc"


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    def check(self) -> None:
        """Refuses parameters that parse but contradict each other. Raises EmptyRange."""

    @property
    def can_match(self) -> bool:
        """Whether any stored row can match: if not, Postgres is not asked."""
        return True

    @property
    def form(self) -> str:
        """The name of the answer's form, where the endpoint has several."""
        return ""

    @property
    def fewer_rows(self) -> str:
        """What to ask for where there are too many rows."""
        return "Ask for a shorter range"

    @property
    def count_query(self) -> str | None:
        """Gives the number and the id of the data version, and how many rows there are, where that is known before."""
        return None

    @property
    def members(self) -> Members:
        """The users and the locations that are asked about, if not the whole site is."""
        return Members()

    @property
    def source(self) -> str:
        """The file in `sql/source/` that the query reads, if it reads one."""
        if self.members.user_id:
            return "users"
        return "locations" if self.members.location_id else "site"

    @property
    def shows_users(self) -> bool:
        """Whether they make an answer of sums name users."""
        return False

    @property
    def asks_beyond_range(self) -> bool:
        """Whether they ask for parts of the members, or for another range, of which the range itself tells nothing."""
        return False

    @property
    def shown_times(self) -> str:
        """How instants are shown."""
        return Times.LOCAL

    @property
    def has_decimal_comma(self) -> bool:
        return False

    def missing(self, measures: Sequence[str]) -> str | None:
        """Says what is asked for and not held, where these measures are held."""
        return None


class Timed(Params):
    times: Annotated[
        Times,
        Field(description="How times are shown: on the site's clock, without or with its offset, or in UTC with a Z."),
    ] = Times.LOCAL

    @property
    def shown_times(self) -> str:
        return self.times


class Range(Params):
    start_date: Annotated[
        Start,
        Field(description=f"Rows from this moment on, inclusive: {DATE_FORMS}."),
    ] = None
    end_date: Annotated[
        End,
        Field(description=f"Rows up to this moment, inclusive: {DATE_FORMS}. A date, month or year means all of it."),
    ] = None

    def check(self) -> None:
        if self.start_date and self.end_date and moments.is_backward(self.start_date, self.end_date):
            raise EmptyRange


class WithMeasure(Params):
    measure: Annotated[
        str,
        AfterValidator(_known_measure),
        WithJsonSchema({"type": "string", "enum": [*NAMES]}),
        Field(
            default=None,
            validate_default=True,
            description="Which energy to add up: unless given, the first of these that any loaded row had.",
        ),
    ]

    @field_validator("measure", mode="before")
    @classmethod
    def default_measure(cls, value: object, info: ValidationInfo) -> object:
        held = (info.context or {})["measures"] or NAMES
        return held[0] if value is None else value

    def missing(self, measures: Sequence[str]) -> str | None:
        return None if self.measure in measures else f"No data found for measure {self.measure}"


class MeasuredRange(Range, WithMeasure):
    pass


class Filtered(Params):
    user_id: UserIds = None
    location_id: LocationIds = None

    @property
    def members(self) -> Members:
        return Members(self.user_id, self.location_id)


class FilteredRange(Filtered, MeasuredRange):
    pass


class TimedRange(Timed, FilteredRange):
    pass


class Last7Days(Filtered, WithMeasure):
    start_date: Annotated[
        Start,
        AfterValidator(lambda _: None),  # so that all share one answer
        Field(description="Changes nothing: the last seven days have their own start."),
    ] = None
    end_date: Annotated[
        End,
        Field(description=f"The seven days end with the latest hour up to this moment, inclusive: {DATE_FORMS}."),
    ] = None


class CurveRange(FilteredRange):
    points: Annotated[int, Field(ge=2, le=1000, description="How many points, at most.")] = 200


class UserRange(Timed, Range):
    user_id: str
    location_id: LocationIds = None

    @property
    def members(self) -> Members:
        return Members(location_id=self.location_id)

    @property
    def can_match(self) -> bool:
        """The empty id belongs to filler rows, which have no user; no text with a NUL and no longer id is stored."""
        return 0 < len(self.user_id.encode()) <= MAX_USER_BYTES and "\x00" not in self.user_id


class UserSort(StrEnum):
    ENERGY = "energy_kwh"
    HOURS = "hours"
    SESSIONS = "sessions"
    USER = "user_id"
    FIRST_DAY = "first_day"
    LAST_DAY = "last_day"


class UsersRange(FilteredRange):
    sort: Annotated[
        UserSort,
        Field(description="What comes first: the most of it, the first user, the earliest first or latest last day."),
    ] = UserSort.ENERGY
    limit: Annotated[int, Field(ge=1, le=1000, description="How many users.")] = 20

    @property
    def form(self) -> str:
        return "at locations" if self.location_id else ""


class Page(Filtered, Timed):
    limit: Annotated[int, Field(ge=1, le=1000, description="How many rows.")] = 20
    after: Annotated[int, Field(ge=0, le=2**63 - 1, description="Rows after this index.")] = 0

    @property
    def form(self) -> str:
        return "of users" if self.user_id else ""


def values_for(names: tuple[str, ...], params: Params) -> list[Any]:
    """Lists the parameters in the order in which a query numbers them."""
    return [getattr(params, name) for name in names]
