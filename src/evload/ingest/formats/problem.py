"""The error of a file that is refused as a whole."""

from evload.errors import EvloadError


class UnreadableFile(EvloadError):
    """A file that is refused as a whole."""

    def __init__(self, name: str, problem: str, line: int | None = None) -> None:
        place = name if line is None else f"{name}, line {line}"
        super().__init__(f"{place}: {problem}")
        self.problem = problem
