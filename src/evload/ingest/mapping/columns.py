"""Finds the columns that a mapping names among those of a table, whatever their case and the blanks around them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from evload.ingest.cleaning.texts import BLANKS
from evload.ingest.mapping.model import Common, Hourly, Interval, Intervals, Mapping, NameFrom, Register, Session, Wide
from evload.ingest.mapping.model import ZoneFrom as _ZoneFrom

_BLANKS = re.compile(f"[{BLANKS}_-]")
_RAW_NAME = re.compile("c[0-9]+")


@dataclass(frozen=True)
class Named:
    """A mapping and what it is called: a preset's name, or a file's."""

    name: str
    mapping: Mapping


@dataclass(frozen=True)
class Need:
    """A key of a mapping, and the columns of which a table must have one."""

    key: str
    patterns: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(self.patterns)


def needs(mapping: Mapping) -> list[Need]:
    return list(_needs(mapping))


def _needs(mapping: Mapping) -> Iterator[Need]:
    if isinstance(mapping, Intervals):
        yield from _each("start", mapping.start)
        yield from _each("end", mapping.end)
        yield from _each("date", [mapping.date, mapping.hour] if mapping.date else [])
    if isinstance(mapping, Interval):
        yield from _each("energy", [mapping.energy])
    if isinstance(mapping, Session):
        yield from _of_session(mapping)
    if isinstance(mapping, Hourly):
        yield from _each("start", [mapping.start, mapping.end])
        yield from _each("session", [mapping.session])
        yield from _each("energies", mapping.energies.values())
    yield from _of_all(mapping)


def _of_session(mapping: Session) -> Iterator[Need]:
    energy = mapping.energy
    yield from _each("id", [mapping.id])
    yield from _each("start", mapping.start)
    yield from _each("end", mapping.end)
    yield from _each("done", mapping.done)
    yield from _each("duration", [mapping.duration, mapping.charging, mapping.idle])
    yield from _each("energy", [energy.start, energy.stop] if isinstance(energy, Register) else [energy])
    if isinstance(mapping.end_timezone, _ZoneFrom):
        yield from _each("end_timezone", [mapping.end_timezone.column])


def _of_all(mapping: Common) -> Iterator[Need]:
    yield from _each("where", mapping.where)
    if isinstance(mapping.timezone, _ZoneFrom):
        yield from _each("timezone", [mapping.timezone.column])
    for key in ("user", "location"):
        name: NameFrom = getattr(mapping, key)
        if name.columns:
            yield Need(key, tuple(name.columns))


def _each(key: str, patterns: object) -> Iterator[Need]:
    yield from (Need(key, (pattern,)) for pattern in patterns if pattern)  # type: ignore[attr-defined]


def found(pattern: str, spelled: Sequence[str]) -> list[int]:
    """Gives the places of the columns that a name means, which may have a `*` in it, or ` | ` between two names."""
    expression = _expression(pattern)
    return [place for place, name in enumerate(spelled) if expression.fullmatch(bare(name))]


def raw_name(place: int) -> str:
    """What the column at a place of a mapped table is called in raw rows."""
    return f"c{place}"


def spelling(raw: str, spelled: Sequence[str]) -> str:
    """What the table calls the column of a raw name; any other name stays."""
    return spelled[int(raw[1:])] if _RAW_NAME.fullmatch(raw) else raw


def wide_columns(mapping: Wide, spelled: Sequence[str]) -> list[int]:
    """The columns with the energies of one user each: as named, or all that mean nothing else and have a name."""
    others = {place for need in needs(mapping) for pattern in need.patterns for place in found(pattern, spelled)}
    meant = {place for pattern in mapping.columns for place in found(pattern, spelled)}
    return [place for place in sorted(meant - others) if bare(spelled[place])]


def lacking(mapping: Mapping, spelled: Sequence[str]) -> list[Need]:
    return [need for need in needs(mapping) if not any(found(pattern, spelled) for pattern in need.patterns)]


def score(mapping: Mapping, spelled: Sequence[str]) -> int:
    """Counts the columns by which a mapping recognises a table; 0 where it lacks one."""
    if isinstance(mapping, Wide) and len(spelled) < 2:
        return 0
    return 0 if lacking(mapping, spelled) else len(needs(mapping))


def bare(name: str) -> str:
    """A name without what spellings differ in: case, blanks, underscores, hyphens."""
    return _BLANKS.sub("", name.lower())


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("|".join(".*".join(map(re.escape, bare(one).split("*"))) for one in pattern.split(" | ")))
