"""The values of options of `evload load`: what they may be, and what is said where they are not."""

import re
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
