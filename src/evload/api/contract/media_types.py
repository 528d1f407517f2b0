"""The table of media types: the shapes in which the rows of a query go out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto


class Shape(Enum):
    """What the rows of a query are to a client."""

    ONE = auto()
    """One object."""
    LIST = auto()
    """A list of objects."""
    VALUES = auto()
    """A list of the values of the only column."""
    PAGE = auto()
    """A part of a list, which says where the next part begins."""


@dataclass(frozen=True, eq=False)
class MediaType:
    content_type: str
    suffix: str = ""
    """What it adds to the path of an endpoint."""
    envelopes: Mapping[Shape, str] = field(default_factory=dict)
    """The file in `sql/envelope/` that makes the body in Postgres, for each shape that this media type can hold.

    Without any it is an export: Postgres gives the rows of a list one after the other, as CSV.
    """
    empty_list: bytes = b""
    """The body of a list without rows, where Postgres makes the body."""

    is_packed: bool = False
    """Whether it is compressed by itself."""

    @property
    def is_export(self) -> bool:
        return not self.envelopes


JSON = MediaType(
    content_type="application/json",
    envelopes={
        Shape.ONE: "one",
        Shape.LIST: "list",
        Shape.VALUES: "values",
        Shape.PAGE: "page",
    },
    empty_list=b"[]",
)
CSV = MediaType("text/csv; charset=utf-8", ".csv")
PARQUET = MediaType("application/vnd.apache.parquet", ".parquet", is_packed=True)
ARROW = MediaType("application/vnd.apache.arrow.stream", ".arrow")
MEDIA_TYPES = (JSON, CSV, PARQUET, ARROW)
