"""The files that are loaded: made by `evload sample`, and days and corrections made from those."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from common import EVLOAD, fetch, run

HEADER = "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW\r\n"
LAST_DAY = date(2025, 12, 31)
COPIED_DAY = date(2025, 12, 30)  # everybody has left when the last day ends, so it is no usual one


@dataclass(frozen=True)
class History:
    """Ends with LAST_DAY."""

    users: int
    days: int
    sessions_per_week: float = 7.3

    def write(self, path: Path) -> Path:
        start = LAST_DAY - timedelta(days=self.days - 1)
        options = {"users": self.users, "start": start, "days": self.days, "sessions-per-week": self.sessions_per_week}
        run([EVLOAD, "sample", path, *(f"--{name}={value}" for name, value in options.items())])
        return path


def write_days(history: Path, folder: Path, count: int) -> list[Path]:
    """The days that follow a history, each with two thirds of the sessions of its COPIED_DAY, at the same hours."""
    prefix = f"{COPIED_DAY:%d.%m.%Y} "
    with history.open(newline="") as lines:
        copied = [line for line in lines if line.startswith(prefix) and int(line.split(";")[3]) % 3]
    return [_write(folder / f"day_{number}.csv", _moved(copied, number)) for number in range(1, count + 1)]


def _moved(lines: list[str], days_after_the_last: int) -> Iterator[str]:
    days = LAST_DAY - COPIED_DAY + timedelta(days=days_after_the_last)
    moved = {f"{day:%d.%m.%Y} ": f"{day + days:%d.%m.%Y} " for day in (COPIED_DAY, LAST_DAY)}
    pattern = re.compile("|".join(map(re.escape, moved)))
    return (pattern.sub(lambda found: moved[found[0]], line) for line in lines)


def write_correction(dsn: str, path: Path, more_kwh: str) -> Path:
    """100 rows spread over what is stored, in a long history on 100 different days, with a little more energy."""
    return _write(path, (f"{row['line']}\r\n" for row in fetch(dsn, CORRECTION, more_kwh)))


SESSIONS_MAPPING = """
kind = "session"
id = "id"
user = "user"
start = "start"
duration = "plugged"
duration_unit = "min"
energy = "kwh"
timezone = "UTC"
"""


def write_sessions(path: Path, count: int, minutes: int) -> list[str | Path]:
    """As many sessions as asked for, each plugged in for some minutes. Gives what `evload load` takes to read them."""
    mapping = path.with_suffix(".toml")
    mapping.write_text(SESSIONS_MAPPING)
    with path.open("w") as file:
        file.write("id,user,start,plugged,kwh\n")
        for number in range(1, count + 1):
            start = datetime(2025, 1, 1) + timedelta(minutes=10 * number)
            file.write(f"{number},u{number % 97},{start:%Y-%m-%d %H:%M},{minutes},{minutes / 30:.3f}\n")
    return ["--format", mapping, path]


CORRECTION = """
SELECT
    concat_ws(
        ';',
        to_char(date_from, 'YYYY-MM-DD"T"HH24:MI:SSOF'), to_char(date_to, 'YYYY-MM-DD"T"HH24:MI:SSOF'),
        user_id, session_id,
        coalesce(synthetic_3_6_kwh, 0) + $1::text::numeric,
        coalesce(synthetic_7_2_kwh::text, 'NA'), coalesce(flex_3_6_kwh::text, 'NA'), coalesce(flex_7_2_kwh::text, 'NA')
    ) AS line
FROM hourly_load
WHERE index IN (
    SELECT first_row + number * ((last_row - first_row) / 110)
    FROM (SELECT min(index) AS first_row, max(index) AS last_row FROM hourly_load) AS stored
    CROSS JOIN generate_series(0, 99) AS number
)
"""


def _write(path: Path, lines: Iterator[str]) -> Path:
    with path.open("w", newline="") as file:
        file.write(HEADER)
        file.writelines(lines)
    return path
