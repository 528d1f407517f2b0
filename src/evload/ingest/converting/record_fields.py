"""Reads the fields of a JSON record, or says what is wrong with one."""

import json
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from evload.ingest.cleaning.moments import YEARS
from evload.ingest.frames import SHOWN_CHARACTERS
from evload.ingest.mapping.model import MISSING

LARGEST = 10**9


class Unusable(ValueError):
    """Why a record is rejected."""


def object_of(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name) or {}
    if not isinstance(value, dict):
        raise Unusable(f"its {name} is no object")
    return value


def objects(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = record.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise Unusable(f"its {name} is no list of objects")
    return values


def text(record: dict[str, Any], *names: str) -> str:
    """The first of these that is a text, or a whole number; '' where there is none, or a word that means that."""
    for name in names:
        value = record.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise Unusable(f"its {name} is no text: {shown(value)}")
        if value is not None and (told := str(value).strip()) not in MISSING:
            return told
    return ""


def moment(record: dict[str, Any], name: str) -> datetime:
    """A time without a designator is in UTC."""
    value = record.get(name)
    try:
        told = datetime.fromisoformat(str(value))
        told = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unusable(f"its {name} is no time: {shown(value)}") from None
    if not YEARS[0] <= told.year <= YEARS[1]:
        raise Unusable(f"its {name} is not in the years {YEARS[0]} to {YEARS[1]}: {shown(value)}")
    return told.replace(microsecond=0)


def number(record: dict[str, Any], name: str) -> Decimal:
    """Some back ends write an amount as a text."""
    value = record.get(name)
    try:
        told = Decimal(str(value))
    except InvalidOperation:
        raise Unusable(f"its {name} is no number: {shown(value)}") from None
    if not told.is_finite() or abs(told) > LARGEST:
        raise Unusable(f"its {name} is too large: {shown(value)}")
    return told


def shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:SHOWN_CHARACTERS]
