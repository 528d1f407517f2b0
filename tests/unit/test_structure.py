"""The rules of the house for `src/evload`: sizes, packages that say what they are, and names that stay away."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import MODULES, SRC, module_of

MOST_LINES_OF_A_MODULE = 250
MOST_LINES_OF_A_FUNCTION = 40
# Names that evload once had for what the field has a word for.
RETIRED_NAMES = {
    "Wish", "Wishes", "wish", "at_once", "Flights", "unless_gone", "one_ahead", "see", "_judge", "StraightIn", "who",
    "places", "take_turn", "changing", "Tally", "one_clear_sentence", "Patience", "last_words", "is_us", "Ending",
    "many", "FOR_GOOD",
}  # fmt: skip
RETIRED_MEMBERS = {"Cache": {"turn", "name", "weigh", "wordings"}, "Batch": {"rows"}, "Block": {"times"}}
RETIRED_FILES = {"hot.py", "measured.py", "clock.py"}
RETIRED_PATHS = {"sql/views", "src/evload/ingest/views.py"}


@pytest.mark.parametrize("path", MODULES, ids=module_of)
def test_modules_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES_OF_A_MODULE


@pytest.mark.parametrize("path", MODULES, ids=module_of)
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(MODULES[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MOST_LINES_OF_A_FUNCTION, f"{node.name}: {lines} lines"


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=module_of)
def test_packages_say_what_they_are(path: Path) -> None:
    assert ast.get_docstring(MODULES[path])


def defined(tree: ast.Module) -> Iterator[str]:
    """The names that a module gives to functions, classes, arguments, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def classes(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Each class with its methods and fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, set(defined(ast.Module(node.body, [])))


@pytest.mark.parametrize("path", MODULES, ids=module_of)
def test_retired_names_stay_away(path: Path) -> None:
    assert path.name not in RETIRED_FILES
    names = set(defined(MODULES[path])) & RETIRED_NAMES
    assert not names
    for name, members in classes(MODULES[path]):
        assert not members & RETIRED_MEMBERS.get(name, set()), name


def test_retired_paths_stay_away() -> None:
    assert not [path for path in RETIRED_PATHS if (SRC.parent / path).exists()]
