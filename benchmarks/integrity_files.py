"""Random small files in the published format: around clock changes, with duplicates, odd ids and wrong rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from integrity_oracle import MEASURES, ZONE, FileRow, Key

HOUR = timedelta(hours=1)
SPANS = (
    (datetime(2025, 3, 28, tzinfo=UTC), 5),
    (datetime(2025, 10, 24, tzinfo=UTC), 5),
    (datetime(2025, 6, 10, tzinfo=UTC), 3),
    (datetime(2025, 12, 30, tzinfo=UTC), 4),
    (datetime(2024, 10, 26, tzinfo=UTC), 3),
)
USERS = ("A", "B b", "Ø/2", "a#1", "=1+1", "<i>", "zz", "%41", "'q", "x;y")
COLUMNS = ("date_from", "date_to", "User_ID", "session_ID", "Synthetic_3_6kW", "Synthetic_7_2kW", "Flex_3_6kW")
HEADER = (*COLUMNS, "Flex_7_2kW", "note")


@dataclass(frozen=True)
class File:
    data: bytes
    rows: Sequence[FileRow]
    """Those that are right, in their order."""
    rejected: int


def random_file(draw: Random, known: Sequence[Key]) -> File:
    """A file of rows at random places, and of some of the known ones with other energies."""
    separator = draw.choice((";", ";", ","))
    places = _places(draw)
    places += [key[:3] for key in draw.sample(known, min(len(known), draw.randrange(1, 60)))]
    places += draw.sample(places, min(len(places), draw.choice((0, 0, 3))))
    draw.shuffle(places)
    lines, rows, rejected = [separator.join(HEADER)], [], 0
    for user, hour, session in places:
        texts, energies = zip(*(_energy(draw, separator) for _ in MEASURES), strict=True)
        if draw.random() < 0.01:
            texts, rejected = ("-1", *texts[1:]), rejected + 1
        else:
            rows.append(FileRow(user, hour, session, energies))
        fields = [*_times(draw, hour), *_owner(draw, separator, user, session), *texts, f"n{draw.randrange(10**9)}"]
        lines.append(separator.join(fields))
    return File("".join(f"{line}\n" for line in lines).encode(), rows, rejected)


def _places(draw: Random) -> list[tuple[str, datetime, int]]:
    start, days = draw.choice(SPANS)
    places: list[tuple[str, datetime, int]] = []
    for _ in range(draw.choice((1, 5, 30, 150, 400))):
        hour = start + draw.randrange(days * 24) * HOUR + (HOUR / 2 if draw.random() < 0.02 else timedelta())
        if draw.random() < 0.15:
            places.append(("", hour, 0))
        else:
            user, session = draw.choice(USERS), draw.randrange(1, 5)
            places += [(user, hour + number * HOUR, session) for number in range(draw.choice((1, 1, 2, 5, 30)))]
    return places


def _energy(draw: Random, separator: str) -> tuple[str, int | None]:
    """Gives the text, and the whole Wh that it means."""
    kind = draw.random()
    if kind < 0.15:
        return draw.choice(("NA", "")), None
    if kind < 0.3:
        return "0", 0
    digits = draw.choice((3, 3, 4, 6))
    energy = Decimal(draw.randrange(8 * 10**digits)).scaleb(-digits)
    text = f"{energy:f}".replace(".", "," if separator == ";" else ".")
    return text, int((energy * 1000).quantize(Decimal(1), ROUND_HALF_UP))


def _times(draw: Random, hour: datetime) -> tuple[str, str]:
    spelled = draw.choice(("local", "local", "local", "utc", "offset"))
    if spelled == "utc":
        return f"{hour:%Y-%m-%dT%H:%MZ}", f"{hour + HOUR:%Y-%m-%dT%H:%MZ}"
    start, end = (moment.astimezone(ZONE) for moment in (hour, hour + HOUR))
    if spelled == "offset":
        return start.isoformat(), end.isoformat()
    return f"{start:%d.%m.%Y %H:%M}", f"{end:%d.%m.%Y %H:%M}"


def _owner(draw: Random, separator: str, user: str, session: int) -> tuple[str, str]:
    if not user:
        return draw.choice(("", "NA")), draw.choice(("", "NA", "0"))
    return f'"{user}"' if separator in user or draw.random() < 0.3 else user, str(session)
