"""The files that `fast_motion.py` drops, and what must come of them."""

import gzip
import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

HEADER = "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW"
USERS = 5
HOURS = range(4, 23)  # those that no change of the clock skips
BROKEN_EVERY, REJECTS_EVERY, AGAIN_EVERY = 10, 7, 9


@dataclass
class Dropped:
    """What was dropped, and what must come of it."""

    first_day: date
    good: Counter[str] = field(default_factory=Counter)
    """By the hash of the bytes, as are the broken ones."""
    broken: Counter[str] = field(default_factory=Counter)
    rejects: dict[str, int] = field(default_factory=dict)
    energy_kwh: Decimal = Decimal(0)
    rows: int = 0

    def good_file(self, number: int) -> bytes:
        """A day of all users. Some have rows that cannot be right."""
        day = self.first_day + timedelta(days=number)
        lines = [HEADER]
        for user in range(USERS):
            for hour in HOURS:
                energy = Decimal(random.randint(0, 3600)) / 1000
                lines.append(_row(day, hour, 1, f"u{user}", energy))
                self.energy_kwh += energy
                self.rows += 1
        wrong = number % REJECTS_EVERY if number % 2 else 0
        lines += [_row(day, HOURS[hour], 3, "u0", Decimal(1)) for hour in range(wrong)]
        content = ("\n".join(lines) + "\n").encode()
        self.good[hash_of(content)] += 1
        self.rejects[hash_of(content)] = wrong
        return content

    def recent_file(self) -> bytes:
        """The latest whole hour."""
        hour = datetime.now(ZoneInfo("Europe/Oslo")).replace(tzinfo=None) - timedelta(hours=1)
        content = "\n".join([HEADER, _row(hour.date(), hour.hour, 1, "recent", Decimal(1)), ""]).encode()
        self.good[hash_of(content)] += 1
        self.rejects[hash_of(content)] = 0
        self.energy_kwh += 1
        self.rows += 1
        return content

    def broken_file(self, number: int) -> tuple[str, bytes]:
        """Its ending, and what it holds."""
        whole = ("\n".join([HEADER, _row(self.first_day, 1, 1, "broken", Decimal(1))]) + "\n").encode()
        kinds = [
            (".csv", f"nonsense {number}\n".encode()),
            (".csv", whole.replace(b"session_ID", f"place_{number}".encode())),
            (".csv.gz", gzip.compress(whole + bytes(str(number), "ascii"), mtime=number)[:-9]),
            (".csv", "\n".join([HEADER, _row(self.first_day, 1, 3, f"b{number}", Decimal(1))]).encode()),
        ]
        ending, content = kinds[number // BROKEN_EVERY % len(kinds)]
        self.broken[hash_of(content)] += 1
        self.rejects[hash_of(content)] = int(content == kinds[3][1])
        return ending, content


def _row(day: date, hour: int, hours: int, user: str, energy: Decimal) -> str:
    begin = datetime(day.year, day.month, day.day, hour)
    end = begin + timedelta(hours=hours)
    return f"{begin:%d.%m.%Y %H}:00;{end:%d.%m.%Y %H}:00;{user};{day.toordinal()};{energy}"


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def drop_files(drop: Path, files: int) -> Dropped:
    """Whole, in two parts, or under another name first; sometimes the same name or the same bytes again."""
    dropped = Dropped(datetime.now(ZoneInfo("Europe/Oslo")).date() - timedelta(days=files + 2))
    content = b""
    for number in range(files):
        ending = ".csv"
        if number % BROKEN_EVERY == BROKEN_EVERY - 1:
            ending, content = dropped.broken_file(number)
        elif number % AGAIN_EVERY == AGAIN_EVERY - 1 and hash_of(content) in dropped.good:
            dropped.good[hash_of(content)] += 1
        else:
            content = dropped.good_file(number)
        name = f"{number % max(files // 2, 1):04}{ending}"
        while (drop / name).exists():
            time.sleep(0.05)
        put(drop / name, content, number % 3)
        time.sleep(random.uniform(0, 0.3))
    return dropped


def put(path: Path, content: bytes, way: int) -> None:
    if way == 0:
        path.write_bytes(content)
    elif way == 1:
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(content)
        part.rename(path)
    else:
        with path.open("wb", buffering=0) as file:
            file.write(content[: len(content) // 2])
            time.sleep(0.1)
            file.write(content[len(content) // 2 :])
