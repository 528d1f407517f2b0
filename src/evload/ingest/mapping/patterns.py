"""Regular expressions that take a location or a user out of a text, as polars reads them."""

import re

import polars as pl


def _told(error: Exception) -> str:
    lines = str(error).splitlines()
    return next((line for line in lines if line.startswith("error: ")), lines[0]).removeprefix("error: ")


def pattern_of(value: str) -> re.Pattern[str]:
    """Raises ValueError where it is none, or has not one group."""
    try:
        pattern = re.compile(value)
        pl.Series([""]).str.extract(value)  # whose expressions look neither ahead nor back
    except (re.error, pl.exceptions.PolarsError) as error:
        raise ValueError(f"{value!r} is no regular expression that can be used here: {_told(error)}") from None
    if pattern.groups != 1:
        raise ValueError(f"{value!r} must have one group in parentheses")
    return pattern
