"""What a mapping says: the keys of its TOML file, and what is wrong with one in words that name the key."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from evload.errors import EvloadError, shown
from evload.ingest.mapping.patterns import pattern_of
from evload.measures import NAMES

STEP = re.compile(r"([1-9][0-9]*)(m|min|h)")
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "-"]


class MappingError(EvloadError):
    """A mapping that cannot be used."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is no IANA time zone like Europe/Oslo") from None
    return value


def _pattern(value: str) -> str:
    return pattern_of(value).pattern


def _step(value: Any) -> int:
    found = STEP.fullmatch(str(value).strip())
    minutes = int(found[1]) * (60 if found[2] == "h" else 1) if found else 0
    if not 1 <= minutes <= 60:
        raise ValueError(f"{value!r} is no step from 1m to 1h, like 15m")
    return minutes


Texts = Annotated[list[str], BeforeValidator(_as_list)]
"""One text, or a list of them."""
Zone = Annotated[str, AfterValidator(_zone)]
Minutes = Annotated[int, BeforeValidator(_step)]
Measure = Literal["synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh", "metered_kwh"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NameFrom(Part):
    """Where a user or a location is: the first of the `columns` that is not empty, a constant, or a preamble's field.

    `pattern` takes its one group out of that; a location without all three takes it out of the user.
    """

    columns: Texts = Field(default=[], alias="column")
    constant: str = ""
    preamble: str = ""
    pattern: Annotated[str, AfterValidator(_pattern)] = ""


class ZoneFrom(Part):
    """The column that names each row's time zone, and what its names stand for."""

    column: str
    names: dict[str, str] = {}


class Register(Part):
    """A session's energy as the difference of two readings of a meter."""

    start: str
    stop: str


Name = Annotated[NameFrom, BeforeValidator(lambda given: {"column": given} if isinstance(given, str | list) else given)]


class Common(Part):
    about: str = ""
    example: str = ""
    only_by_name: bool = False
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[",", "."] | None = None
    skip_to: str | None = None
    missing: list[str] = MISSING
    where: dict[str, Texts] = {}
    timezone: Zone | ZoneFrom | None = None
    time: Texts = []
    user: Name = NameFrom()
    location: Name = NameFrom()


class Intervals(Common):
    start: Texts = []
    end: Texts = []
    date: str | None = None
    hour: str | None = None
    label: Literal["start", "end"] | None = None
    step: Minutes | None = None
    unit: Literal["kWh", "Wh", "W-mean", "kW-mean", "register-kWh", "register-Wh"] = "kWh"
    measure: Measure = "metered_kwh"

    @property
    def is_register(self) -> bool:
        return self.unit.startswith("register-")

    @property
    def labels(self) -> str:
        """What a row's time says about its interval."""
        return self.label or ("start" if self.start else "end")

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        if bool(self.date) != bool(self.hour):
            raise ValueError("`date` and `hour` belong together: name both columns")
        if bool(self.date) == bool(self.start or self.end):
            raise ValueError("the time is missing: name the column `start`, or `end`, or both `date` and `hour`")
        if self.date and self.label:
            raise ValueError("with `date` and `hour` the key `label` has no meaning")
        if self.date and isinstance(self.timezone, ZoneFrom):
            raise ValueError("with `date` and `hour` the key `timezone` names one zone for all rows")
        if self.is_register and self.start and self.end:
            raise ValueError("a register is read at one moment: name it `end`, and no `start`")
        return self


class Interval(Intervals):
    kind: Literal["interval"]
    energy: str


class Wide(Intervals):
    kind: Literal["wide"]
    columns: Texts = ["*"]


class Session(Common):
    kind: Literal["session"]
    id: str | None = None
    start: Texts
    end: Texts = []
    end_timezone: Zone | ZoneFrom | None = None
    duration: str | None = None
    charging: str | None = None
    idle: str | None = None
    done: Texts = []
    duration_unit: Literal["hh:mm:ss", "h", "min", "s"] = "hh:mm:ss"
    energy: str | Register
    unit: Literal["kWh", "Wh"] = "kWh"


class Hourly(Common):
    kind: Literal["hourly"]
    start: str
    end: str
    session: str
    energies: dict[Measure, str] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_read_as_published(self) -> Self:
        if self.time or self.decimal:
            raise ValueError("`time` and `decimal` have no meaning: cells are read as in the published format")
        if isinstance(self.timezone, ZoneFrom):
            raise ValueError("`timezone` names one zone for all rows")
        return self


Mapping = Interval | Wide | Session | Hourly
_MAPPING: TypeAdapter[Mapping] = TypeAdapter(Annotated[Mapping, Field(discriminator="kind")])
KINDS: dict[str, type[Common]] = {"interval": Interval, "wide": Wide, "session": Session, "hourly": Hourly}


PARTS: tuple[type[Part], ...] = (*KINDS.values(), NameFrom, ZoneFrom, Register)
KEYS = {key for part in PARTS for key in (*part.model_fields, "column")}


def read_mapping(path: Path) -> Mapping:
    """Raises MappingError, which names the file and the key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: cannot be read as a mapping ({error}); give a TOML file.") from None
    return parse_mapping(text, str(path))


def parse_mapping(text: str, name: str) -> Mapping:
    try:
        return _MAPPING.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{name}: is not TOML: {error}.") from None
    except ValidationError as error:
        raise MappingError(f"{name}: {_sentence(_telling(error.errors()))}.") from None


def _telling(errors: list[ErrorDetails]) -> ErrorDetails:
    """Where a text or a table may stand, what is wrong with a table is not that it is no text."""
    return next((error for error in errors if error["type"] != "string_type"), errors[0])


def _sentence(error: ErrorDetails) -> str:
    """The first part of a place is the kind, where it is known."""
    kind, *keys = [str(part) for part in error["loc"]] or [""]
    key = ".".join([*keys[:1], *(part for part in keys[1:] if part in KEYS)])
    if error["type"] == "union_tag_not_found":
        return 'has no key `kind`; write kind = "interval", "wide", "session" or "hourly"'
    if error["type"] == "union_tag_invalid":
        return 'the key `kind` must be "interval", "wide", "session" or "hourly"'
    if error["type"] == "missing":
        return f"has no key `{key}`, which a mapping of the kind {kind} needs"
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, KINDS[kind].model_fields, 1) if kind in KINDS else []
        hint = f"; did you mean `{close[0]}`?" if close else ""
        return f"knows no key `{key}` in a mapping of the kind {kind}{hint}"
    problem = error["msg"].removeprefix("Value error, ")
    return shown(f"the key `{key}`: {problem}" if key else problem)


assert set(Measure.__args__) == set(NAMES)  # type: ignore[attr-defined]
