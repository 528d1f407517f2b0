"""The rules for a row once more, one row at a time in plain Python: slow, and written without the code it checks."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

DATE_FORMATS = ("%d.%m.%Y", "%Y-%m-%d")
TIME_FORMATS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")
BLANKS = "".join(chr(code) for code in range(0x10000) if chr(code).isspace() or unicodedata.category(chr(code)) == "Cf")
END_OF_DAY = re.compile(r"[ T]24:00(:00(\.0+)?)?\Z")
OFFSET = re.compile(r"(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)\Z")


@dataclass(frozen=True)
class Rejected:
    column: str
    reason: str


@dataclass(frozen=True)
class Accepted:
    start: datetime
    user: str
    session: int
    energies: tuple[Decimal | None, ...]
    coerced: int


def judge(row: list[str], columns: list[str], zone: str) -> Accepted | Rejected:
    verdict = _judge_row(row, columns, zone)
    if isinstance(verdict, Accepted):
        return verdict
    inside = row[columns.index(verdict.column)].strip(BLANKS)
    hidden = [character for character in inside if character in BLANKS and character not in " \t\r\n"]
    named = f" (U+{ord(hidden[0]):04X}, which is not seen, stands in it)" if hidden else ""
    return Rejected(verdict.column, verdict.reason + named)


def _judge_row(row: list[str], columns: list[str], zone: str) -> Accepted | Rejected:
    start = _hour(row[0], row[1], columns, zone)
    if isinstance(start, Rejected):
        return start
    who = _who(unicodedata.normalize("NFC", row[2].strip(BLANKS)), row[3].strip(BLANKS), columns)
    if isinstance(who, Rejected):
        return who
    energies = [_energy(text.strip(BLANKS)) for text in row[4:]]
    given = [
        (column, number) for column, number in zip(columns[4:], energies, strict=True) if isinstance(number, Decimal)
    ]
    for column, number in given:
        if number < 0:
            return Rejected(column, "energy is negative")
    for column, number in given:
        if number > Decimal("999.999"):
            return Rejected(column, "energy is above 999.999 kWh")
    numbers = tuple(number if isinstance(number, Decimal) else None for number in energies)
    return Accepted(start, *who, numbers, energies.count("junk"))


def _hour(text_from: str, text_to: str, columns: list[str], zone: str) -> datetime | Rejected:
    readings = []
    for column, text in zip(columns, (text_from, text_to), strict=False):
        found = _instants(text.strip(BLANKS), zone)
        if isinstance(found, str):
            return Rejected(column, found)
        readings.append(found)
    lengths = {end - start: start for start in reversed(readings[0]) for end in reversed(readings[1])}
    if timedelta(hours=1) in lengths:
        return lengths[timedelta(hours=1)]
    length = readings[1][0] - readings[0][0]
    if length < timedelta(0):
        return Rejected(columns[1], "the row ends before it starts")
    hours = length / timedelta(hours=1)
    words = f"{hours:.0f} h" if hours.is_integer() else f"{hours * 60:.0f} min"
    return Rejected(columns[1], f"the row is {words} long, not one hour")


def _instants(text: str, zone: str) -> list[datetime] | str:
    naive, offset = _parsed(text)
    if naive is None or not 1900 <= naive.year <= 2099:
        return "is not a date like 21.12.2018 10:00 or 2018-12-21T10:00"
    if offset is not None:
        return [(naive - offset).replace(tzinfo=UTC)]
    found = [naive.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
    if found[0].astimezone(ZoneInfo(zone)).replace(tzinfo=None) != naive:
        return f"{naive:%H:%M on %d.%m.%Y} does not exist on the clock of {zone}"
    return found


def _parsed(text: str) -> tuple[datetime | None, timedelta | None]:
    offset = None
    if match := OFFSET.search(text, 16):
        offset, text = _offset(match[0]), text[: match.start()].removesuffix(" ")
    if END_OF_DAY.search(text):
        midnight, _ = _parsed(text.replace("24:00", "00:00"))
        return midnight and midnight + timedelta(days=1), offset
    for date in DATE_FORMATS:
        for time in TIME_FORMATS:
            for between in (" ", "T"):
                try:
                    found = datetime.strptime(text, f"{date}{between}{time}")
                except ValueError:
                    continue
                # strptime takes `1.2.2019 3:00` too
                if text.startswith(found.strftime(f"{date}{between}%H:%M")):
                    return found, offset
    return None, None


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta(0)
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)


def _who(user: str, session: str, columns: list[str]) -> tuple[str, int] | Rejected:
    no_user, no_session = user in ("", "NA"), session in ("", "NA")
    if no_user and re.fullmatch(r"[+-]?0+([.,]0*)?", session):
        return "", 0
    if "\0" in user:
        return Rejected(columns[2], "has a NUL byte, which Postgres cannot store")
    if "\n" in user:
        return Rejected(columns[2], "has a line break, as where a closing quote is missing")
    if no_user and no_session:
        return "", 0
    if no_user:
        return Rejected(columns[2], "session without a user")
    if no_session:
        return Rejected(columns[3], "user without a session")
    whole = re.sub(r"[.,]0*\Z", "", session)
    try:
        number = int(whole) if re.fullmatch(r"[+-]?[0-9]+", whole) else 2**31
    except ValueError:
        number = 2**31
    if not -(2**31) <= number < 2**31:
        return Rejected(columns[3], "is not a whole number from -2147483648 to 2147483647")
    return user, number


def _energy(text: str) -> Decimal | str | None:
    """A number, "junk", or None for none."""
    if text in ("", "NA"):
        return None
    plain = text.replace(",", ".", 1)
    if not plain.isascii() or "_" in plain:
        return "junk"
    try:
        number = Decimal(plain)
    except ArithmeticError:
        return "junk"
    return number if number.is_finite() and number.adjusted() < 10**6 else "junk"
