"""The table of media types: the shapes in which the rows of a query go out."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    envelopes: Mapping[Shape, str]
    """The file in `sql/envelope/` that makes the body in Postgres, for each shape that this media type can hold."""
    empty_list: bytes
    """The body of a list without rows."""


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
MEDIA_TYPES = (JSON,)
