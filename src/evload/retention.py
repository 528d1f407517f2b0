"""The first day to keep: a date, or an age such as `2 years` before today on the site's clock."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import click

AGE = re.compile(r"(\d{1,4}) ?(day|week|month|year)s?")
MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True)
class FirstDay:
    text: str

    def on(self, today: date) -> date:
        """Raises ValueError where it is neither, or lies before the calendar begins."""
        age = AGE.fullmatch(self.text)
        if age is None:
            return date.fromisoformat(self.text)
        number, unit = int(age[1]), age[2]
        if unit in DAYS:
            return today - timedelta(days=number * DAYS[unit])
        month = today.year * 12 + today.month - 1 - number * MONTHS[unit]
        year, month = month // 12, month % 12 + 1
        return date(year, month, min(today.day, monthrange(year, month)[1]))


class FirstDayType(click.ParamType[FirstDay]):
    name = "DAY|AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> FirstDay:
        day = FirstDay(str(value).strip())
        try:
            day.on(date.today())
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a day such as 2024-01-31 nor an age such as '2 years'.", param, ctx)
        return day
