"""What users are told does not depend on docstrings, which `python -OO` takes away."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from evload.errors import EvloadError
from tests.source import MODULES, module_of

IMPORTED = f"import importlib\nfor name in {[module_of(path) for path in MODULES]}: importlib.import_module(name)\n"
MESSAGES = """
from evload.errors import EvloadError
def told(kind):
    print(kind.__qualname__, kind.message)
    for one in sorted(kind.__subclasses__(), key=repr): told(one)
told(EvloadError)
import json
from evload.api.contract.openapi import document
print(json.dumps(document()))
"""


def test_messages_and_the_openapi_document_are_the_same_without_docstrings() -> None:
    here = StringIO()
    with redirect_stdout(here):
        exec(IMPORTED + MESSAGES, {})
    without = subprocess.run(
        [sys.executable, "-OO", "-c", IMPORTED + MESSAGES], capture_output=True, text=True, check=True
    )
    assert without.stdout == here.getvalue()


@pytest.mark.parametrize("path", MODULES, ids=module_of)
def test_no_code_reads_docstrings(path: Path) -> None:
    for node in ast.walk(MODULES[path]):
        names = (getattr(node, "attr", None), getattr(node, "id", None), getattr(node, "value", None))
        assert not {"__doc__", "getdoc"} & {name for name in names if isinstance(name, str)}, ast.unparse(node)


def raised_without_a_message() -> Iterator[str]:
    """Names of classes that are raised as they stand, or called without arguments."""
    for tree in MODULES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
                yield node.exc.id
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args + node.keywords:
                yield node.func.id


def kinds(kind: type[EvloadError]) -> Iterator[type[EvloadError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from kinds(one)


def test_an_error_that_is_raised_without_a_message_has_one_of_its_own() -> None:
    exec(IMPORTED, {})
    bare = set(raised_without_a_message())
    without = [kind for kind in kinds(EvloadError) if kind.__name__ in bare and "message" not in vars(kind)]
    assert not without
    assert {"EmptyRange", "DatabaseUnavailable"} <= bare
