"""Ages and days from which on rows are kept."""

from datetime import date

import click
import pytest

from evload.retention import FirstDay, FirstDayType

TODAY = date(2024, 3, 31)
DAYS = {
    "2023-05-17": date(2023, 5, 17),
    "2 years": date(2022, 3, 31),
    "1 year": date(2023, 3, 31),
    "1month": date(2024, 2, 29),
    "13 months": date(2023, 2, 28),
    "3 months": date(2023, 12, 31),
    "90 days": date(2024, 1, 1),
    "2 weeks": date(2024, 3, 17),
    "0 days": TODAY,
}


@pytest.mark.parametrize("text", DAYS)
def test_ages_count_back_from_today(text: str) -> None:
    assert FirstDay(text).on(TODAY) == DAYS[text]


@pytest.mark.parametrize(
    "text", ["soon", "", "-2 years", "2 fortnights", "2023-02-30", "9999 years", "2 yearss", "1.5 years"]
)
def test_what_is_neither_a_day_nor_an_age_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="neither a day such as 2024-01-31 nor an age such as '2 years'"):
        FirstDayType().convert(text, None, None)
