"""Reads exports back into the rows that the JSON answer has."""

import csv
import io
import json
from datetime import date, datetime
from typing import Any

import polars as pl

from evload.api.contract.endpoints import Endpoint
from evload.api.contract.media_types import CSV, PARQUET
from evload.api.contract.params import Params

Rows = list[dict[str, Any]]
NUMBERS = ("int4", "int8", "numeric")


def rows_of(export: Endpoint, params: Params, body: bytes, *, comma: bool = False) -> Rows:
    """The rows with the values of JSON. Raises what its reader raises if it cannot be read."""
    if export.media_type is CSV:
        return _of_csv(dict(export.query_for(params).columns), body, comma=comma)
    table = pl.read_parquet(io.BytesIO(body)) if export.media_type is PARQUET else pl.read_ipc_stream(io.BytesIO(body))
    assert [*table.columns] == [name for name, _ in export.query_for(params).columns]
    texts = {name for name, kind in export.query_for(params).columns if kind == "json"}
    return [{name: _plain(value, name in texts) for name, value in row.items()} for row in table.iter_rows(named=True)]


def _of_csv(kinds: dict[str, str], body: bytes, *, comma: bool) -> Rows:
    text = body.decode()
    assert text.startswith("\ufeff") == comma
    head, *lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";" if comma else ",")
    assert head == [*kinds]
    return [
        {name: _read(kinds[name], field, comma=comma) for name, field in zip(head, line, strict=True)} for line in lines
    ]


def _read(kind: str, field: str, *, comma: bool) -> Any:
    """An empty field is null, but in a column that JSON never gives as null; the caller knows."""
    if field == "":
        return None
    if kind in NUMBERS:
        assert not (comma and "." in field)
        return json.loads(field.replace(",", ".") if comma else field)
    if kind in ("bool", "json"):
        return json.loads(field)
    return field.replace(" ", "T") if comma and kind == "timestamptz" else field


def _plain(value: Any, is_json: bool) -> Any:
    if is_json:
        return json.loads(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z") if str(value.tzinfo) == "UTC" else value.isoformat()
    return value.isoformat() if isinstance(value, date) else value
