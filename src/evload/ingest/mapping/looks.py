"""Guesses what a table is that no mapping reads: for the sentence that refuses it, and for a mapping to start from."""

import re
from collections.abc import Mapping as Tables
from dataclasses import dataclass

from evload.errors import shown
from evload.ingest.mapping.columns import Need, lacking, needs
from evload.ingest.mapping.presets import presets

Cells = list[str]

TIME = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?|\w{3},? .*\d{4}.*\d:\d\d.*|\d{4}-\d\d-\d\dT.*|\d{1,2}:\d\d(:\d\d)?"
)
CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?( [AP]M)?", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?")
ENERGY = re.compile(
    r"k?wh|energ|énerg|consum|usage|volume|verbruik|forbruk|increment|delivered|consommation", re.IGNORECASE
)
USER = re.compile(
    r"user|driver|customer|account|card|tag|vehicle|meter|cups|ean|prm|charger|evse|station|connector|cp|id",
    re.IGNORECASE,
)
LOCATION = re.compile(r"location|site|garage|depot|address|park", re.IGNORECASE)
SESSION = re.compile(r"session|transaction|plug|charg(e|ing) (start|end)|connect", re.IGNORECASE)
END = re.compile(r"end|stop|finish|out|disconnect|depart|until|\bto\b|bis|fin|tot|til", re.IGNORECASE)
DURATION = re.compile(r"duration|dauer|durée|hh:mm", re.IGNORECASE)
ADVICE = "Write a mapping: `evload formats draft FILE > my.toml`, then `evload load --format my.toml FILE`"
SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Looks:
    """What the columns of a table seem to be; '' and empty lists where none is like that."""

    separator: str
    header: Cells
    row: Cells
    times: list[str]
    energies: list[str]
    numbers: list[str]
    user: str
    location: str
    session: str
    kind: str

    @property
    def start(self) -> list[str]:
        return _times_at(self, is_end=False)

    @property
    def end(self) -> list[str]:
        return _times_at(self, is_end=True)


def described(tables: Tables[str, list[Cells]]) -> str:
    """Takes the first lines of a file, cut by each separator."""
    looks = looks_of(tables)
    if looks is None:
        line = next(iter(tables.values()))[0]
        return (
            f"is no table that evload can read: the first line is {_short(line)}, and no line that could be a header"
            " follows; load a table whose header names its columns"
        )
    preset, missing = _nearest(looks)
    lacks = ", ".join(f"{need}" for need in missing)
    what = {"session": "charging sessions", "interval": "intervals", "wide": "a table with a column for each user"}
    columns = [*looks.times, *looks.energies, *filter(None, [looks.user])] or looks.header
    return (
        f"is in no format that evload knows, and looks like {what[looks.kind]}: {_short(columns)}. The nearest format,"
        f" {preset}, needs also {lacks}. {ADVICE}"
    )


def _nearest(looks: Looks) -> tuple[str, list[Need]]:
    """The preset of the same kind of which a table has the largest part, and what it lacks of it."""
    shares = []
    for preset in presets():
        if (preset.mapping.kind == "session") != (looks.kind == "session"):
            continue
        missing = lacking(preset.mapping, looks.header)
        shares.append((len(missing) / len(needs(preset.mapping)), len(missing), preset.name, missing))
    _, _, name, missing = min(shares, key=lambda share: share[:3])
    return name, missing


def looks_of(tables: Tables[str, list[Cells]]) -> Looks | None:
    """None: this is no table with a header."""
    best: tuple[int, str, int] | None = None
    for separator, lines in tables.items():
        for place, cells in enumerate(lines[:-1]):
            names = [cell for cell in cells if cell and not NUMBER.fullmatch(cell) and not TIME.fullmatch(cell)]
            same = sum(len(others) == len(cells) for others in lines[place + 1 :][:20])
            if len(cells) > 1 and len(names) >= len(cells) - 1 and same and len(cells) * same > (best or (0,))[0]:
                best = len(cells) * same, separator, place
    if best is None:
        return None
    _, separator, place = best
    lines = tables[separator]
    header = lines[place]
    rows = [cells for cells in lines[place + 1 :] if len(cells) == len(header)]
    return _judged(separator, header, rows)


def _judged(separator: str, header: Cells, rows: list[Cells]) -> Looks:
    columns = {name: [row[place] for row in rows if row[place]] for place, name in enumerate(header) if name}
    times = [name for name, cells in columns.items() if _all(TIME, cells) and not DURATION.search(name)]
    numbers = [name for name, cells in columns.items() if name not in times and _all(NUMBER, cells)]
    energies = [name for name in numbers if ENERGY.search(name) and not DURATION.search(name)]
    others = [name for name in columns if name not in times and name not in energies]
    user, location = _first(USER, others), _first(LOCATION, others)
    session = next((name for name in others if re.search(r"(session|transaction).*id|^id$", name, re.IGNORECASE)), "")
    user = next((name for name in others if USER.search(name) and name not in (session, location)), user)
    is_session = len([name for name in times if not _is_clock(columns[name])]) > 1
    kind = "session" if is_session or (any(SESSION.search(name) for name in columns) and energies) else "interval"
    if times and not energies and len(numbers) > 1 and not is_session:
        kind = "wide"
    return Looks(separator, header, rows[0], times, energies, numbers, user, location, session, kind)


def _times_at(looks: Looks, *, is_end: bool) -> list[str]:
    """A day and a clock's time beside it belong together."""
    cells = dict(zip(looks.header, looks.row, strict=True))
    ends = [name for name in looks.times if END.search(name)]
    mine = ends if is_end else [name for name in looks.times if name not in ends]
    days = [name for name in mine if not CLOCK.fullmatch(cells[name])][:1]
    clocks = [name for name in mine if CLOCK.fullmatch(cells[name])][:1]
    has_clock = any(re.search(r"\d:\d\d", cells[name]) for name in days)
    return days if has_clock else [*days, *clocks]


def _is_clock(cells: Cells) -> bool:
    return _all(CLOCK, cells)


def _all(pattern: re.Pattern[str], cells: Cells) -> bool:
    return bool(cells) and all(pattern.fullmatch(cell) for cell in cells)


def _first(pattern: re.Pattern[str], names: Cells) -> str:
    return next((name for name in names if pattern.search(name)), "")


def _short(names: Cells) -> str:
    text = shown(", ".join(names))
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
