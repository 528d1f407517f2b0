"""What keeps evload from going on, said once, and how long it waits before it tries again."""

from collections.abc import Callable

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Troubles:
    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said = ""
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def met(self, text: str) -> float:
        """Gives the seconds to wait."""
        if text != self._said:
            self._say(f"{text} evload goes on trying.")
            self._said = text
        pause = self._pause_seconds
        self._pause_seconds = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return pause

    def are_over(self) -> None:
        if self._said:
            self._say("It works again.")
        self._said, self._pause_seconds = "", FIRST_PAUSE_SECONDS
