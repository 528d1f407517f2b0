"""What planners of grids ask, `/grid`: the parameters.

All power is the mean over an hour, in kW: a tariff that measures quarters of an hour bills at least that.
`docs/grid-kpis.md` has formulas, sources and limits.
"""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator
from pydantic_core import PydanticCustomError

from evload.api.contract.params import FilteredRange, TimedRange

MAX_LISTED = 200
MAX_KW = 10**9
MAX_DECIMALS = 6
MAX_USERS = 10**6
MICRO = 10**-MAX_DECIMALS


class Listed(NamedTuple):
    """A parameter that is a list of numbers as one text. The document and the reading share its pattern."""

    number: str
    most: int
    what: str

    @property
    def pattern(self) -> str:
        return f"(?:{self.number})(?:,(?:{self.number})){{0,{self.most - 1}}}"

    def read(self, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not re.fullmatch(self.pattern, value):
            message = f"Input should be up to {self.most} {self.what}, with commas between them"
            raise PydanticCustomError("list_type", "{message}", {"message": message})
        return value.split(",")

    def schema(self, example: str) -> WithJsonSchema:
        return WithJsonSchema({"type": "string", "pattern": f"^{self.pattern}$", "examples": [example]})


KWS = Listed(
    rf"[0-9]{{1,9}}(?:\.[0-9]{{1,{MAX_DECIMALS}}})?", MAX_LISTED, f"powers in kW of at most {MAX_DECIMALS} decimals"
)
COUNTS = Listed("[1-9][0-9]{0,5}|1000000", MAX_LISTED, "whole numbers from 1 to 1000000")
WEEKDAYS = Listed("[1-7]", 7, "weekdays, 1 is Monday")
MONTHS = Listed("0?[1-9]|1[0-2]", 12, "months from 1 to 12")

Kw = Annotated[
    Decimal,
    Field(ge=0, le=MAX_KW, decimal_places=MAX_DECIMALS),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_KW, "multipleOf": MICRO}),
]
Kws = Annotated[tuple[Decimal, ...] | None, BeforeValidator(KWS.read), KWS.schema("0,2,5,10,15,20")]
Counts = Annotated[tuple[int, ...] | None, BeforeValidator(COUNTS.read), COUNTS.schema("1,2,5,10")]
Weekdays = Annotated[tuple[int, ...] | None, BeforeValidator(WEEKDAYS.read), WEEKDAYS.schema("1,2,3,4,5")]
Months = Annotated[tuple[int, ...] | None, BeforeValidator(MONTHS.read), MONTHS.schema("11,12,1,2,3")]


class PeakPer(StrEnum):
    HOUR = "hour"
    DAY = "day"


class PeaksRange(TimedRange):
    per: Annotated[PeakPer, Field(description="`day`: at most one hour of each day.")] = PeakPer.HOUR
    limit: Annotated[int, Field(ge=1, le=1000, description="How many hours.")] = 10


class AdmdRange(FilteredRange):
    users: Annotated[Counts, Field(description="How many users. Unless given: 1, 2, 5, 10, ... and all there are.")] = (
        None
    )


class HeadroomRange(FilteredRange):
    """One of the two limits is there."""

    limit_kva: Annotated[Kw | None, Field(description="The limit in kVA: times `power_factor` it is kW.")] = None
    limit_kw: Annotated[
        Kw | None,
        Field(validate_default=True, description="The limit in kW. Give this or `limit_kva`.", examples=[150]),
    ] = None
    power_factor: Annotated[
        Decimal,
        Field(
            gt=0,
            le=1,
            decimal_places=MAX_DECIMALS,
            default=1,
            validate_default=True,
            description="Of the load, for `limit_kva`.",
        ),
        WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": MICRO}),
    ]
    base_kw: Annotated[Kw, Field(default=0, validate_default=True, description="What else the connection carries.")]

    @field_validator("limit_kw")
    @classmethod
    def one_limit(cls, limit_kw: Decimal | None, info: ValidationInfo) -> Decimal | None:
        """Where `limit_kva` does not parse, that alone is told."""
        if "limit_kva" in info.data and (limit_kw is None) == (info.data["limit_kva"] is None):
            raise PydanticCustomError("missing", "Give one of limit_kw and limit_kva")
        return limit_kw

    @property
    def limit(self) -> Decimal:
        """In kW."""
        return self.limit_kw if self.limit_kw is not None else (self.limit_kva or Decimal(0)) * self.power_factor


class Rule(StrEnum):
    NORWAY = "no"
    BELGIUM = "be"
    GERMANY = "de"
    UNITED_STATES = "us"


class MaximumPer(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


RULES: dict[Rule, dict[str, Any]] = {
    Rule.NORWAY: {"peaks": 3, "per": MaximumPer.DAY},
    Rule.BELGIUM: {"peaks": 1, "per": MaximumPer.MONTH, "floor_kw": "2.5", "average_months": 12},
    Rule.GERMANY: {"peaks": 1, "per": MaximumPer.YEAR},
    Rule.UNITED_STATES: {"peaks": 1, "per": MaximumPer.MONTH},
}


class BilledDemandRange(TimedRange):
    """What the rule says holds where a parameter is not given."""

    rule: Annotated[
        Rule,
        Field(
            description="`no`: mean of the three highest daily maxima on different days of the month. `be`: the month's"
            " maximum, at least 2.5 kW, mean of twelve months. `de`: the calendar year's maximum. `us`: the month's."
        ),
    ] = Rule.NORWAY
    per: Annotated[MaximumPer, Field(default=None, description="One maximum of each of these.")]
    peaks: Annotated[
        int, Field(ge=1, le=31, default=None, description="The mean of how many maxima; above 1 only of days.")
    ]
    from_hour: Annotated[int, Field(ge=0, le=23, description="Hours of the day that count, from this on.")] = 0
    to_hour: Annotated[
        int, Field(ge=1, le=24, description="Up to this, exclusive; below `from_hour`: past midnight.")
    ] = 24
    weekdays: Annotated[Weekdays, Field(description="Days that count; 1 is Monday.")] = None
    months: Annotated[Months, Field(description="Months that are billed.")] = None
    floor_kw: Annotated[Kw | None, Field(description="A month is billed at least this.")] = None
    average_months: Annotated[int, Field(ge=1, le=120, description="The mean over the month and those before it.")] = 1
    steps: Annotated[Kws, Field(description="A tariff's steps in kW: which one the demand is on.")] = None

    @model_validator(mode="before")
    @classmethod
    def by_rule(cls, given: dict[str, Any]) -> dict[str, Any]:
        rule = given.get("rule", Rule.NORWAY)
        by_rule = RULES[Rule(rule)] if rule in [*Rule] else {}
        has_one_maximum = given.get("per") in (MaximumPer.MONTH, MaximumPer.YEAR)
        return {**by_rule, **({"peaks": 1} if has_one_maximum else {}), **given}

    @field_validator("to_hour")
    @classmethod
    def some_hours(cls, to_hour: int, info: ValidationInfo) -> int:
        if to_hour == info.data.get("from_hour"):
            raise PydanticCustomError("value_error", "to_hour must be another hour than from_hour")
        return to_hour

    @field_validator("peaks")
    @classmethod
    def one_maximum(cls, peaks: int, info: ValidationInfo) -> int:
        if peaks > 1 and info.data.get("per") in (MaximumPer.MONTH, MaximumPer.YEAR):
            raise PydanticCustomError("value_error", "peaks above 1 need per=day: a month or a year has one maximum")
        return peaks
