"""The Python files of `src/evload`, parsed, for tests that hold the rules of the house."""

import ast
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"
MODULES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SRC.rglob("*.py"))}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
