"""Where the files beside the code are: `sql/`, `migrations/` and `data/`."""

from pathlib import Path


def folder(name: str) -> Path:
    """A wheel carries the folder inside the package; a checkout and an editable install have it at the top."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parents[1] / name
