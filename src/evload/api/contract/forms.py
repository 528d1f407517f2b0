"""The forms that an endpoint's answer has, each from a query, and from the files that go around it."""

from dataclasses import dataclass

from evload.api.contract.models import Model
from evload.queries import Query, layered


@dataclass(frozen=True)
class Form:
    name: str
    """The `form` of the parameters that ask for it."""
    query: str
    answer: type[Model] | type[str]
    inside: tuple[str, ...] = ()
    """The files between the query and its source, from the inside out."""
    around: tuple[str, ...] = ()
    """The files around the source."""
    columns: tuple[tuple[str, str], ...] = ()
    """What is shown of the columns: names and columns. Unless given, all of them."""

    @property
    def asked(self) -> Query:
        return layered(self.query, self.inside, self.around, self.columns)
