"""Where a file has the columns that are wanted, whatever it calls them."""

from collections.abc import Sequence
from dataclasses import dataclass

from evload.ingest.formats.source import UnreadableFile
from evload.ingest.frames import COLUMNS

PUBLISHED = {
    "date_from": "date_from",
    "date_to": "date_to",
    "user_id": "User_ID",
    "session_id": "session_ID",
    "synthetic_3_6_kwh": "Synthetic_3_6kW",
    "synthetic_7_2_kwh": "Synthetic_7_2kW",
    "flex_3_6_kwh": "Flex_3_6kW",
    "flex_7_2_kwh": "Flex_7_2kW",
}
ANY_SPELLING = {name: name for name in COLUMNS} | {published.lower(): name for name, published in PUBLISHED.items()}

SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Columns:
    """All columns of a file as it spells them, and where each wanted one is among them."""

    spelled: tuple[str, ...]
    index: dict[str, int]

    def spelling(self, name: str) -> str:
        return self.spelled[self.index[name]]


def find_columns(file: str, spelled: Sequence[str], line: int | None = None) -> Columns:
    """A missing or doubled column refuses the file."""
    meant = [_meant(spelling) for spelling in spelled]
    missing = [PUBLISHED[name] for name in COLUMNS if name not in meant]
    if missing:
        problem = f"has no column {', '.join(missing)}, only {_shown(spelled)}; name all eight columns in the header"
        raise UnreadableFile(file, problem, line)
    doubled = [PUBLISHED[name] for name in COLUMNS if meant.count(name) > 1]
    if doubled:
        problem = f"has more than one column {', '.join(doubled)} among {_shown(spelled)}; keep one of each"
        raise UnreadableFile(file, problem, line)
    return Columns(tuple(spelled), {name: meant.index(name) for name in COLUMNS})


def known(spelled: Sequence[str]) -> int:
    """How many of these names are wanted columns."""
    return sum(_meant(spelling) is not None for spelling in spelled)


def _meant(spelling: str) -> str | None:
    return ANY_SPELLING.get(spelling.strip().lower())


def _shown(spelled: Sequence[str]) -> str:
    text = "".join(character if character.isprintable() else "?" for character in ", ".join(spelled))
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
