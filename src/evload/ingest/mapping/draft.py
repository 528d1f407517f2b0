"""Writes a mapping to start from, for a table that no mapping reads."""

import json
import re
from datetime import datetime

from evload.ingest.mapping.looks import Looks

ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|\d\d\.\d\d\.\d{4} \d\d:\d\d.*")
READING = re.compile(r"reading|register|counter|index|stand\b", re.IGNORECASE)
FORMATS = (
    "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p",
    "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%y %H:%M",
    "%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %Y %H:%M:%S GMT%z",
)  # fmt: skip


def draft(looks: Looks) -> str:
    """Each line with a # is a guess to look at."""
    lines = [
        f'kind = "{looks.kind}"  # interval: energy of some minutes; session: a row per charge; wide: a column per user'
    ]
    if looks.separator != ",":
        lines.append(f"delimiter = {json.dumps(looks.separator)}")
    lines.append('# timezone = "Europe/Oslo"  # of times without an offset, where it is not the site\'s clock')
    start = looks.start or looks.times[:1]
    lines.append(f"start = {_names(start)}" if start else 'start = "?"  # the column with the time; or `end`')
    if looks.end and looks.end != start:
        lines.append(f"end = {_names(looks.end)}")
    if form := _format(looks, start):
        lines.append(f'time = "{form}"  # day before month, or month before day?')
    lines += _energy(looks)
    lines.append(f"user = {json.dumps(looks.user, ensure_ascii=False)}" if looks.user else _nobody(looks))
    if looks.location and looks.location != looks.user:
        lines.append(f"location = {json.dumps(looks.location, ensure_ascii=False)}")
    if looks.kind == "session" and looks.session:
        lines.append(f"id = {json.dumps(looks.session, ensure_ascii=False)}")
    return "\n".join(line for line in lines if line) + "\n"


def _energy(looks: Looks) -> list[str]:
    if looks.kind == "wide":
        return [
            'columns = "*"  # the columns of the users: all, or those that a pattern like "charger*" means',
            'unit = "kWh"  # or Wh, W-mean, kW-mean',
        ]
    names = looks.energies or looks.numbers
    energy = names[0] if names else "?"
    is_wh = re.search(r"wh", energy, re.IGNORECASE) and not re.search(r"kwh", energy, re.IGNORECASE)
    register = "register-" if looks.kind == "interval" and READING.search(energy) else ""
    others = f", or {', '.join(names[1:])}?" if len(names) > 1 else ""
    units = "or Wh" if looks.kind == "session" else "or Wh, W-mean, kW-mean, register-kWh, register-Wh"
    return [
        f"energy = {json.dumps(energy, ensure_ascii=False)}" + (f"  # {others.removeprefix(', ')}" if others else ""),
        f'unit = "{register}{"Wh" if is_wh else "kWh"}"  # {units}',
    ]


def _nobody(looks: Looks) -> str:
    return (
        ""
        if looks.kind == "wide"
        else 'user = { constant = "meter" }  # or the column that names the user or the charger'
    )


def _names(names: list[str]) -> str:
    return json.dumps(names[0] if len(names) == 1 else names, ensure_ascii=False)


def _format(looks: Looks, start: list[str]) -> str:
    """The first format that reads the first row's time; '' where evload reads it without one."""
    cells = dict(zip(looks.header, looks.row, strict=True))
    text = " ".join(cells[name] for name in start)
    if not text or ISO.fullmatch(text):
        return ""
    for form in FORMATS:
        try:
            datetime.strptime(re.sub(r"\s*\([^)]*\)$", "", text), form)
        except ValueError:
            continue
        return form
    return ""
