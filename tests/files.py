"""Files in the published format, small enough to know what must come of each row."""

from pathlib import Path

HEADER = "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW"
FIRST = "21.12.2018 10:00;21.12.2018 11:00;A-1;1;0,3;0,3;NA;0,06"
SECOND = "21.12.2018 11:00;21.12.2018 12:00;A-1;1;1,62;3,24;NA;NA"
FILLER = "22.12.2018 00:00;22.12.2018 01:00;NA;NA;NA;NA;NA;NA"
BROKEN = "22.12.2018 00:00;22.12.2018 03:00;A-1;1;1;1;1;1"

# Three observed days, two of them with energy; a filler row; two sessions in one hour; an id that needs escaping.
SMALL_FILE = f"""\
{HEADER}
{FIRST}
{SECOND}
21.12.2018 11:00;21.12.2018 12:00;B-2;2;0,125;0,5;1;2
{FILLER}
01.01.2019 09:00;01.01.2019 10:00;Ø b/2;3;3,6;7,2;0;0
"""


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path
