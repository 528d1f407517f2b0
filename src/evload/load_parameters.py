"""How files are to be read: the options that every command takes that loads, and what their values may be."""

import functools
import re
from collections.abc import Callable
from typing import Any

import click


class LocationPattern(click.ParamType[re.Pattern[str]]):
    name = "pattern"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> re.Pattern[str]:
        from evload.ingest.mapping.patterns import pattern_of

        try:
            return pattern_of(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class Powers(click.ParamType[tuple[str, ...]]):
    name = "kW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        from evload.ingest.converting.charging import POWERS

        given = tuple(dict.fromkeys(one.strip() for one in str(value).split(",")))
        if not set(given) <= set(POWERS):
            self.fail(f"{value!r} names other powers than {' and '.join(POWERS)} kW.", param, ctx)
        return given


class SourceName(click.ParamType[str]):
    name = "name"
    PATTERN = re.compile(r"[\w.-]{1,50}")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self.PATTERN.fullmatch(value):
            self.fail(f"{value!r} must have 1 to 50 letters, digits, dots, dashes or underscores.", param, ctx)
        return str(value)


_READING = (
    click.option("--strict", is_flag=True, help="Refuse a whole file for one rejected row."),
    click.option(
        "--max-rejects",
        type=click.IntRange(min=0),
        default=10_000,
        show_default=True,
        help="More rejected rows than these refuse a file.",
    ),
    click.option(
        "--fill-gaps",
        is_flag=True,
        help="Store filler rows for the hours of a file, first to last, that have no row: nobody charged then.",
    ),
    click.option(
        "--location-pattern",
        type=LocationPattern(),
        help="Takes the location from the user id where a file has no column of it:"
        " the first group, as in '^(.+)-\\d+$'.",
    ),
    click.option(
        "--source",
        type=SourceName(),
        help="Keeps users, locations and sessions apart from equal ids of other files: they are stored as NAME/ID.",
    ),
    click.option(
        "--format", "format_name", help="The format of FILES: one of `evload formats`, or a mapping's .toml file."
    ),
    click.option(
        "--power", type=Powers(), help="At which powers sessions are taken to charge: 3.6, 7.2 or 3.6,7.2 (default)."
    ),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    return functools.reduce(lambda made, option: option(made), reversed(_READING), command)


def as_load_options(
    *, format_name: str | None, power: tuple[str, ...] | None, source: str | None, **others: Any
) -> dict[str, Any]:
    """The fields of LoadOptions that are given."""
    from evload.ingest.mapping.presets import mapping_named

    options = dict(others)
    options |= {"powers": power} if power else {}
    options |= {"source": source} if source else {}
    options |= {"named": mapping_named(format_name)} if format_name else {}
    return options
