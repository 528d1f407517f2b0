"""The path below which a proxy shows evload, whether it keeps the path in what it passes on or strips it."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope

from evload.errors import EvloadError


class AmbiguousRootPath(EvloadError):
    """A request below it could also mean a path of evload's own."""


@dataclass(frozen=True)
class RootPath:
    text: str = ""
    """Such as `/ev`, or nothing where evload has a host of its own."""

    def inside(self, path: str) -> str:
        """Gives the path that evload knows for one that may have the root path before it."""
        if not path.startswith(self.text) or not self.text:
            return path
        rest = path[len(self.text) :]
        return rest or "/" if not rest or rest[0] == "/" else path

    def scope_inside(self, scope: Scope) -> Scope:
        path = self.inside(scope["path"])
        return scope if path == scope["path"] else {**scope, "path": path}

    def check(self, paths: Iterable[str]) -> None:
        """Raises AmbiguousRootPath if evload has a path of that name."""
        first = _first_segment(self.text)
        if first and first in map(_first_segment, paths):
            raise AmbiguousRootPath(
                f"EVLOAD_ROOT_PATH is {self.text}, and evload has a path /{first} of its own. Choose another one."
            )


NO_ROOT_PATH = RootPath()


def _first_segment(path: str) -> str:
    return path.split("/")[1] if "/" in path else ""
