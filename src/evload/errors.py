"""The errors a user can cause. Their text is shown as it stands, so it says what happened and what to do."""


class EvloadError(Exception):
    """The base of them. What is raised without a text of its own tells the `message` of its class."""

    message = "Something went wrong."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(shown(message or self.message))


def shown(text: object) -> str:
    r"""Gives a name as it may stand in a line on a terminal.

    What is not printable is written as its escape, and a byte of a file name that is not UTF-8 as `\xff`.
    """
    name = str(text)
    return name if name.isprintable() else "".join(map(_printable, name))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # how Python decodes such a byte
        return rf"\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
