"""`docs/deploy.md` as tests read it: the files and commands that it gives."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs/deploy.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (/\S+)\n")
BY_HAND = "# By hand: "


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(PAGE) if found == language]


def files() -> dict[str, str]:
    """The files that the page gives, by the path in their first line."""
    return {named[1]: text for _, text in BLOCK.findall(PAGE) if (named := FILE.match(text))}


def commands() -> list[str]:
    """The blocks of commands that tests run."""
    return [text for text in blocks("sh") if not text.startswith(BY_HAND)]
