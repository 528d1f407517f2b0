"""Finds the wanted columns of a file, whatever it calls them."""

from collections.abc import Sequence
from dataclasses import dataclass

from evload.errors import shown
from evload.ingest.cleaning.texts import BLANKS
from evload.ingest.formats.source import UnreadableFile
from evload.ingest.frames import COLUMNS, KEYS
from evload.ingest.mapping.columns import Named, found, lacking, needs, raw_name, score, wide_columns
from evload.ingest.mapping.looks import ADVICE
from evload.ingest.mapping.model import Wide
from evload.ingest.mapping.presets import recognised
from evload.measures import MEASURES, NAMES

PUBLISHED = {
    "date_from": "date_from",
    "date_to": "date_to",
    "user_id": "User_ID",
    "session_id": "session_ID",
    "location_id": "location_id",
    **{measure.name: measure.published for measure in MEASURES},
}
ANY_SPELLING = {
    **{name: name for name in COLUMNS},
    **{published.lower(): name for name, published in PUBLISHED.items()},
    "location": "location_id",
    "garage_id": "location_id",
}

SHOWN_CHARACTERS = 300
# So many of the published names and a table means to be in the published format.
PUBLISHED_KEYS = 3


@dataclass(frozen=True)
class Columns:
    """All columns of a file as it spells them, and the index of each wanted one among them, by the name that it has in
    raw rows: one of COLUMNS, or for a mapping that of `raw_name`.
    """

    spelled: tuple[str, ...]
    index: dict[str, int]

    def spelling(self, name: str) -> str:
        return self.spelled[self.index[name]]

    @property
    def unused(self) -> list[str]:
        used = self.index.values()
        return [spelling for index, spelling in enumerate(self.spelled) if index not in used and spelling.strip()]


def find_columns(file: str, spelled: Sequence[str], line: int | None = None) -> Columns:
    """Raises UnreadableFile where a key column or every measure is missing, or a column stands twice."""
    meant = [_meant(spelling) for spelling in spelled]
    missing = [PUBLISHED[name] for name in KEYS if name not in meant]
    if missing:
        problem = f"has no column {', '.join(missing)}, only {_shown(spelled)}; name these columns in the header"
        raise UnreadableFile(file, problem, line)
    if not any(name in meant for name in NAMES):
        problem = f"has no column of a measure ({', '.join(measure.published for measure in MEASURES)}),"
        raise UnreadableFile(file, f"{problem} only {_shown(spelled)}; name one of them at least", line)
    doubled = [PUBLISHED[name] for name in COLUMNS if meant.count(name) > 1]
    if doubled:
        problem = f"has more than one column {', '.join(doubled)} among {_shown(spelled)}; keep one of each"
        raise UnreadableFile(file, problem, line)
    return Columns(tuple(spelled), {name: meant.index(name) for name in COLUMNS if name in meant})


def is_published(spelled: Sequence[str]) -> bool:
    meant = {_meant(spelling) for spelling in spelled}
    return len(meant.intersection(KEYS)) >= PUBLISHED_KEYS


def mapped_columns(file: str, named: Named, spelled: Sequence[str], line: int | None = None) -> Columns:
    """Gives the columns that a mapping reads. Raises UnreadableFile where it is not plain which are meant."""
    indices: set[int] = set()
    for need in needs(named.mapping):
        for pattern in need.patterns:
            meant = found(pattern, spelled)
            if len(meant) > 1:
                which = _shown([spelled[place] for place in meant])
                problem = (
                    f"the mapping {named.name} means one column by `{need.key}` = {pattern}, but there are {which}"
                )
                raise UnreadableFile(file, f"{problem}; name one of them", line)
            indices.update(meant)
    if isinstance(named.mapping, Wide):
        indices.update(wide_columns(named.mapping, spelled))
    return Columns(tuple(spelled), {raw_name(place): place for place in sorted(indices)})


def named_by_columns(file: str, wanted: Named | None, spelled: Sequence[str]) -> Named:
    """Gives the mapping that reads a table with these columns. Raises UnreadableFile."""
    if wanted:
        if missing := lacking(wanted.mapping, spelled):
            problem = f"the mapping {wanted.name} names in its key `{missing[0].key}` the column {missing[0]}"
            raise UnreadableFile(file, f"{problem}, which is not there among {_shown(spelled)}")
        return wanted
    best = max(recognised(), key=lambda preset: score(preset.mapping, spelled))
    if not score(best.mapping, spelled):
        raise UnreadableFile(file, f"has columns of no format that evload knows: {_shown(spelled)}; {ADVICE}")
    return best


def known(spelled: Sequence[str]) -> int:
    """Counts the names that are wanted columns."""
    return sum(_meant(spelling) is not None for spelling in spelled)


def _meant(spelling: str) -> str | None:
    return ANY_SPELLING.get(spelling.strip(BLANKS).lower())


def _shown(spelled: Sequence[str]) -> str:
    text = shown(", ".join(spelled))
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
