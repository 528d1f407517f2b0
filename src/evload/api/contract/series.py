"""One question for any chart, `/series`: the parameters."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from evload.api.contract.moments import is_backward
from evload.api.contract.params import TimedRange
from evload.api.contract.previous import Compare, Previous, previous_range

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


PERIODS = [*Bucket][: [*Bucket].index(Bucket.TOTAL) + 1]
COARSER = dict(pairwise(PERIODS))
QUERIES = {
    Bucket.HOUR: "series/hours",
    Bucket.HOUR_OF_DAY: "series/hours_of_day",
    Bucket.WEEKDAY: "series/classes_of_days",
    Bucket.MONTH_OF_YEAR: "series/classes_of_days",
    **dict.fromkeys(PERIODS[1:], "series/periods"),
}


class Split(StrEnum):
    USER = "user"
    LOCATION = "location"


class SeriesRange(TimedRange):
    by: Annotated[
        Bucket,
        Field(description="One row for each of these: periods on the calendar, or hours, days and months of one kind."),
    ]
    split: Annotated[
        Split | None,
        Field(
            description="A row for each user or location that has rows at all, and each bucket, in the order of the"
            " ids, then of the buckets. What is observed is observed for all: those without a row in a bucket have 0."
        ),
    ] = None
    compare: Annotated[
        Compare | None,
        Field(
            description="Beside each row, what was in the same place of another range. `year`: the same range one year"
            " before. `previous`: the range before: as many calendar months if it is whole ones, as many days if"
            " it is whole days, else as many hours. Needs `start_date` and `end_date`."
        ),
    ] = None
    _previous: Previous | None = PrivateAttr(None)

    @field_validator("compare")
    @classmethod
    def has_another_range(cls, compare: Compare | None, info: ValidationInfo) -> Compare | None:
        """Bounds that do not parse are told by themselves."""
        missing = [name for name in ("start_date", "end_date") if info.data.get(name, ...) is None]
        if compare and missing:
            raise PydanticCustomError("missing", f"compare={compare} needs {' and '.join(missing)} too")
        try:
            _previous({**info.data, "compare": compare}, info)
        except (ValueError, OverflowError):
            raise PydanticCustomError(
                "value_error", "The calendar does not reach back so far: ask for a later or shorter range"
            ) from None
        return compare

    @model_validator(mode="after")
    def find_previous(self, info: ValidationInfo) -> Self:
        self._previous = _previous(self.__dict__, info)
        return self

    @property
    def form(self) -> str:
        return form_name(QUERIES[self.by], self.split, is_compared=self.compare is not None)

    @property
    def shows_users(self) -> bool:
        return self.split is Split.USER

    @property
    def asks_beyond_range(self) -> bool:
        return self.split is not None or self.compare is not None

    @property
    def source(self) -> str:
        return f"each_{self.split}" if self.split else super().source

    @property
    def count_query(self) -> str | None:
        return "series/rows" if self.split else None

    @property
    def fewer_rows(self) -> str:
        coarser = [f"by={COARSER[self.by]}"] if self.by in COARSER else []
        members = ["some of them by user_id or location_id"] if self.split else []
        return f"Ask for {', or '.join([*coarser, 'a shorter range', *members])}"

    @property
    def previous_start_date(self) -> datetime | None:
        return self._previous and self._previous.start_date

    @property
    def previous_end_date(self) -> datetime | None:
        return self._previous and self._previous.end_date

    @property
    def shift_months(self) -> int | None:
        return self._previous and self._previous.shift.months

    @property
    def shift_days(self) -> int | None:
        return self._previous and self._previous.shift.days

    @property
    def shift_hours(self) -> int | None:
        return self._previous and self._previous.shift.hours


def form_name(query: str, split: Split | None, *, is_compared: bool) -> str:
    return " ".join((query, split or "all", "compared" if is_compared else "alone"))


def _previous(given: Mapping[str, Any], info: ValidationInfo) -> Previous | None:
    names = ("compare", "by", "start_date", "end_date")
    compare, by, start, end = (given.get(name) for name in names)
    if not (compare and by and start and end) or is_backward(start, end):
        return None
    return previous_range(compare, by, start, end, (info.context or {})["zone"])
