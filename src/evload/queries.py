"""The `.sql` files: one query each, opened by a sentence, its parameters and its columns.

A query with the parameters of `the source` reads the hours, days and periods that a file of `sql/source/` defines.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

from evload.resources import folder

Typed: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)  # equal to itself alone, as hashing its text would cost more than a look-up
class Query:
    name: str
    sentence: str
    params: Typed
    columns: Typed
    text: str
    reads_source: bool = False
    around: tuple[str, ...] = ()
    """The files that go around the query and its source, from the inside out."""
    shown: tuple[tuple[str, str], ...] = ()
    """The names of the columns in the answer, and the columns: unless given, all of them as they are."""

    @property
    def param_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.params)

    @property
    def statements(self) -> list[str]:
        return statements(_body(self.text))

    @property
    def fields(self) -> Typed:
        """The columns that an answer has: all but where the next page begins."""
        return tuple((name, kind) for name, kind in self.columns if name != "next_after")


# A sentence, `-- params: name type, ...` and `-- returns: name type, ...`, each over one line or several.
HEADER = re.compile(
    r"-- (?P<sentence>.*\n(?:-- .*\n)*?)"
    r"-- params:(?P<params>.*\n(?:--  .*\n)*)"
    r"-- returns:(?P<columns>.*\n(?:--  .*\n)*)"
)
# A statement of a script ends with a semicolon at the end of a line, and a blank line or the end after it.
STATEMENT_END = re.compile(r";\n(?=\n|\Z)")
CREATED = re.compile(r"^CREATE (?:TABLE|VIEW|MATERIALIZED VIEW|FUNCTION) (\w+)", re.MULTILINE)


def _words(text: str) -> str:
    return " ".join(line.removeprefix("--").strip() for line in text.splitlines()).strip()


def _typed(text: str) -> Typed:
    """Reads `name type, name type`, without those that another file tells."""
    items = (item.strip() for item in _words(text).split(","))
    pairs = (item.split() for item in items if item and not item.startswith("those of"))
    return tuple((name, kind) for name, kind in pairs)


def read_query(path: Path, name: str) -> Query:
    text = path.read_text(encoding="utf-8")
    header = HEADER.match(text)
    if header is None:
        raise ValueError(f"{path} does not begin with a sentence, its params and what it returns")
    params, reads_source = _typed(header["params"]), header["params"].strip().startswith("those of the source")
    if reads_source:
        params = query("source/site").params + params
    return Query(name, _words(header["sentence"]), params, _typed(header["columns"]), text, reads_source)


@cache
def query(name: str) -> Query:
    """The query in `sql/<name>.sql`; the name holds the folder, as in `kpi/total_energy`."""
    return read_query(folder("sql") / f"{name}.sql", name)


@cache
def layered(
    name: str, inside: tuple[str, ...] = (), around: tuple[str, ...] = (), shown: tuple[tuple[str, str], ...] = ()
) -> Query:
    """Puts a query into the files `inside` its source, and its source into those `around`, each into the next one."""
    found = query(name)
    files = [found, *map(query, (*inside, *around))]
    text = found.text
    for file in inside:
        text = _body(query(file).text).replace("--query--", _body(text))
    kinds = dict(column for file in files for column in file.columns)
    return replace(
        found,
        params=max((file.params for file in files), key=len),
        columns=tuple((name, kinds[column]) for name, column in shown) or found.columns,
        text=text,
        around=around,
        shown=shown,
    )


def _body(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


@cache
def sourced(asked: Query, source: str = "site") -> str:
    """The text of a query, inside `sql/source/<source>.sql` if it reads one, and what goes around that."""
    text = _body(asked.text)
    if asked.reads_source:
        members = _body(query("source/inside/members").text)
        text = _body(query(f"source/{source}").text).replace("--members--", members).replace("--query--", text)
    for file in asked.around:
        around = _body(query(file).text)
        text = around.replace("--query--", text).replace("--previous--", _of_previous_range(text, asked.param_names))
    return text


def _of_previous_range(text: str, params: tuple[str, ...]) -> str:
    """The text with the number of `previous_start_date` for that of `start_date`, and so on."""
    numbers = {
        params.index(name) + 1: params.index(f"previous_{name}") + 1 for name in params if f"previous_{name}" in params
    }
    return re.sub(r"\$(\d+)", lambda found: f"${numbers.get(int(found[1]), found[1])}", text)


@cache
def served(asked: Query, envelope: str, source: str = "site", times: str = "local") -> str:
    """The same inside `sql/envelope/<envelope>.sql`: JSON and data version in one round trip.

    Its instants are shown as `times` says, a word that `shown_time` knows.
    """
    text = query(f"envelope/{envelope}").text
    if "limit" in asked.param_names:
        text = text.replace("--limit--", f"${asked.param_names.index('limit') + 1}")
    text = text.replace("--fields--", ", ".join(f'page."{column}"' for column, _ in asked.fields))
    shown = {"timestamptz": f"shown_time({{}}, '{times}')"}
    return text.replace("--query--", with_columns(asked, source, shown))


def with_columns(asked: Query, source: str, shown: Mapping[str, str]) -> str:
    """The text of a query with the columns of some types in the place of `{}` in an expression."""
    text = sourced(asked, source)
    if not asked.shown and not any(kind in shown for _, kind in asked.columns):
        return text
    columns = dict(asked.shown)
    expressions = (
        shown.get(kind, "{}").format(f'answered."{columns.get(name, name)}"') + f' AS "{name}"'
        for name, kind in asked.columns
    )
    around = _body(query("envelope/columns").text)
    return around.replace("--columns--", ", ".join(expressions)).replace("--query--", text)


def query_names() -> list[str]:
    root = folder("sql")
    names = (path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.sql"))
    return sorted(name for name in names if not name.startswith("schema/"))


def statements(script: str) -> list[str]:
    return [text.strip() for text in STATEMENT_END.split(script) if text.strip()]


def schema_statement(begin: re.Pattern[str]) -> str:
    """The one statement of `sql/schema/` that begins so."""
    (found,) = (one for text in _schema_texts() for one in statements(text) if begin.match(one))
    return found


@cache
def names_of_schema() -> tuple[str, ...]:
    """The tables, views and functions that `sql/schema/` makes."""
    return tuple(sorted({name for text in _schema_texts() for name in CREATED.findall(text)}))


def _schema_texts() -> Iterator[str]:
    return (path.read_text(encoding="utf-8") for path in (folder("sql") / "schema").glob("*.sql"))
