"""The `.sql` files: one query each, opened by a sentence, its parameters and its columns."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from evload.resources import folder

Typed: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Query:
    name: str
    sentence: str
    params: Typed
    columns: Typed
    text: str

    @property
    def param_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.params)


def _typed(line: str, label: str) -> Typed:
    """`name type, name type`; an envelope has the parameters of the query it is put around."""
    prefix = f"-- {label}:"
    if not line.startswith(prefix):
        raise ValueError(f"expected {prefix!r}, found {line!r}")
    items = line.removeprefix(prefix).strip()
    pairs = (item.split() for item in items.split(",") if item and items != "those of the query")
    return tuple((name, kind) for name, kind in pairs)


def read_query(path: Path, name: str) -> Query:
    text = path.read_text(encoding="utf-8")
    sentence, params, columns = text.splitlines()[:3]
    return Query(name, sentence.removeprefix("-- "), _typed(params, "params"), _typed(columns, "returns"), text)


@cache
def query(name: str) -> Query:
    """The query in `sql/<name>.sql`; the name holds the folder, as in `kpi/total_energy`."""
    return read_query(folder("sql") / f"{name}.sql", name)


@cache
def served(name: str, envelope: str) -> str:
    """The text of a query inside `sql/envelope/<envelope>.sql`: JSON and data version in one round trip."""
    text = "\n".join(line for line in query(name).text.splitlines() if not line.startswith("--"))
    return query(f"envelope/{envelope}").text.replace("--query--", text)


def query_names() -> list[str]:
    root = folder("sql")
    names = (path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.sql"))
    return sorted(name for name in names if not name.startswith("schema/"))
