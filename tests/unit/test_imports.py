"""Who may import whom in `src/evload`, and who alone reads settings, variables and SQL files."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.source import MODULES, SRC, module_of

# Room -> the rooms that it may import, besides itself. A room is a package, or a module beside the packages.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "measures": set(),
    "resources": set(),
    "settings": set(),
    "signals": set(),
    "streams": set(),
    "logs": {"errors", "streams"},
    "sample": {"errors"},
    "queries": {"resources"},
    "database": {"errors", "queries"},
    "schema": {"errors", "queries", "resources"},
    "migrate": {"database", "errors", "queries", "resources", "schema"},
    "backup": {"database", "embedded", "errors", "migrate", "queries", "schema"},
    "backup_commands": {"backup", "command", "errors"},
    "retention": set(),
    "distribute": {"database", "errors", "queries"},
    "tokens": {"database", "errors", "queries", "schema"},
    "watch": {"database", "errors", "queries", "schema", "tokens"},
    "drop_folder_command": {
        "command",
        "database",
        "errors",
        "ingest",
        "ingest.drop_folder",
        "load_parameters",
        "priority",
        "signals",
        "streams",
    },
    "embedded": {"errors"},
    "priority": {"embedded"},
    "snapshots": {"database", "priority"},
    "api": {"database", "errors"},
    "api.answers": {"api", "api.contract", "database", "errors", "queries", "snapshots", "watch"},
    "api.contract": {"api", "measures", "queries"},
    "api.operations": {"api", "api.contract", "database", "errors", "queries", "streams", "watch"},
    "api.pages": {"api", "api.answers", "api.contract", "measures"},
    "api.server": {
        "api",
        "api.answers",
        "api.contract",
        "api.operations",
        "api.pages",
        "database",
        "errors",
        "settings",
        "snapshots",
        "tokens",
        "watch",
    },
    "cli": {
        "backup_commands",
        "command",
        "database",
        "distribute",
        "drop_folder_command",
        "embedded",
        "errors",
        "format_commands",
        "load_commands",
        "privacy_commands",
        "queries",
        "sample",
        "schema",
        "serve",
        "settings",
        "signals",
        "streams",
        "token_commands",
        "tokens",
    },
    "command": {"database", "embedded", "errors", "logs", "migrate", "schema", "settings", "signals"},
    "ingest": {
        "database",
        "errors",
        "ingest.cleaning",
        "ingest.converting",
        "ingest.formats",
        "ingest.mapping",
        "ingest.storing",
        "measures",
        "queries",
        "schema",
    },
    "ingest.cleaning": {"ingest", "measures"},
    "ingest.converting": {"errors", "ingest", "ingest.cleaning", "ingest.mapping", "measures"},
    "ingest.drop_folder": {
        "database",
        "errors",
        "ingest",
        "ingest.formats",
        "ingest.storing",
        "queries",
        "schema",
    },
    "ingest.formats": {"errors", "ingest", "ingest.cleaning", "ingest.mapping", "measures"},
    "ingest.mapping": {"errors", "ingest.cleaning", "measures"},
    "ingest.storing": {"database", "errors", "ingest", "priority", "queries", "schema"},
    "load_commands": {
        "command",
        "errors",
        "ingest",
        "load_parameters",
        "priority",
        "resources",
        "retention",
    },
    "privacy_commands": {"command", "errors", "ingest"},
    "load_parameters": {"ingest.converting", "ingest.mapping"},
    "format_commands": {"errors", "ingest.formats", "ingest.mapping"},
    "token_commands": {"command", "tokens"},
    "serve": {"api", "api.operations", "api.server", "errors", "logs", "settings", "signals", "streams"},
}
BUILD_SETTINGS = {"command"}
READ_VARIABLES = {"backup", "command"}
READ_SQL_FILES = {"queries", "migrate"}


def room(module: str) -> str:
    """`evload.api.server.app` lies in `api.server`, `evload.cli` is a room of its own."""
    parts = module.split(".")[1:]
    is_package = SRC.joinpath("evload", *parts).is_dir()
    return ".".join(parts if is_package or len(parts) == 1 else parts[:-1])


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module of evload that is named, wherever in the file it is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("evload"))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            for name in node.names if (node.module or "").partition(".")[0] == "evload" else ():
                below = SRC.joinpath(*f"{node.module}.{name.name}".split("."))
                is_module = below.is_dir() or below.with_suffix(".py").exists()
                yield f"{node.module}.{name.name}" if is_module else f"{node.module}"


@pytest.mark.parametrize("path", MODULES, ids=module_of)
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    here = room(module_of(path))
    found = {room(name) for name in imported(MODULES[path])} - {here, ""}
    assert here in MAY_IMPORT or module_of(path) == "evload", f"{here} is not in MAY_IMPORT."
    extra = found - MAY_IMPORT.get(here, set())
    assert not extra, f"{module_of(path)} imports {sorted(extra)}: not allowed in tests/unit/test_imports.py."


def test_no_permission_is_left_over() -> None:
    used: dict[str, set[str]] = {here: set() for here in MAY_IMPORT}
    for path, tree in MODULES.items():
        here = room(module_of(path))
        used.setdefault(here, set()).update({room(name) for name in imported(tree)} - {here, ""})
    assert {here: found for here, found in used.items() if here} == MAY_IMPORT


def test_api_and_ingest_do_not_know_each_other() -> None:
    for here, others in MAY_IMPORT.items():
        tops = {one.partition(".")[0] for one in (here, *others)}
        assert here == "cli" or not {"api", "ingest"} <= tops, here


def test_commands_start_without_what_takes_long_to_import() -> None:
    """`evload status` in a script is to answer at once: each of these takes longer than all else that it imports."""
    listed = [sys.executable, "-c", "import evload.cli, sys; print(*sys.modules)"]
    loaded = set(subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split())
    assert "evload.cli" in loaded
    assert not loaded & {"alembic", "polars", "sqlalchemy", "starlette", "uvicorn"}


def rooms_with(kind: type[ast.AST], matches: Callable[[Any], bool]) -> set[str]:
    return {
        room(module_of(path))
        for path, tree in MODULES.items()
        if any(isinstance(node, kind) and matches(node) for node in ast.walk(tree))
    }


def test_settings_are_built_in_one_place() -> None:
    assert rooms_with(ast.Call, lambda node: ast.unparse(node.func).endswith("Settings")) == BUILD_SETTINGS


def test_variables_are_read_in_one_place() -> None:
    readers = rooms_with(ast.Attribute, lambda node: ast.unparse(node) in ("os.environ", "os.getenv"))
    assert readers | rooms_with(ast.alias, lambda node: node.name in ("environ", "getenv")) == READ_VARIABLES


def test_sql_files_are_opened_in_one_place() -> None:
    """A text that ends in `.sql`, or the folder's name, where it is more than a sentence."""
    openers = rooms_with(ast.Constant, lambda node: isinstance(node.value, str) and is_sql_path(node.value))
    assert openers == READ_SQL_FILES


def is_sql_path(text: str) -> bool:
    return text == "sql" or (text.endswith(".sql") and " " not in text)
