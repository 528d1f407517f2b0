"""The process that reads Parquet files for `formats.parquet`: `python -m evload.ingest.formats.parquet_reader`.

At some damaged files polars panics, and says so on the terminal, or is aborted: here this ends nothing else.

A line of stdin is JSON, the `path` of a file and its `columns`. It is answered with lines of JSON: `{"problem"}`, or
`{"spelled", "rows"}` and then `{"bytes"}` for each block, which so many bytes of an Arrow stream follow. `left` says
how many rows will come. Columns are the indices of those that a mapping reads, or null for the published ones; where
the file has not these, no row comes.
"""

import io
import json
import os
import signal
import sys
from pathlib import Path
from threading import Timer
from typing import Any

import polars as pl

from evload.ingest.formats.columns import Columns, find_columns, is_published
from evload.ingest.formats.source import UnreadableFile
from evload.ingest.mapping.columns import raw_name

ROWS_PER_BLOCK = 100_000
IDLE_SECONDS = 10.0
DAMAGED = "is damaged: it cannot be read as Parquet; copy or write it again"

MOST_DIGITS = 38
TEXTS = (pl.String, pl.Categorical, pl.Enum, pl.Null)
KINDS = {"date_from": "date", "date_to": "date", "user_id": "name", "session_id": "session", "location_id": "name"}
WANTED = {
    "date": "a timestamp or a text",
    "name": "a text or an integer",
    "session": "a number or a text",
    "number": "a number or a text",
}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when it is enough
    os.putenv("POLARS_IGNORE_TIMEZONE_PARSE_ERROR", "1")  # a timestamp with offset +05:30 is an instant all the same
    while question := _next_question():
        try:
            # polars takes only names that are UTF-8: by its descriptor each file has one that is.
            asked = json.loads(question)
            with Path(asked["path"]).open("rb") as file:
                _read(f"/dev/fd/{file.fileno()}", asked["columns"])
        except UnreadableFile as error:
            _say(problem=error.problem)
        except pl.exceptions.DuplicateError as error:
            name = str(error).partition("'")[2].rpartition("'")[0]
            _say(problem=f"has more than one column {name}; keep one of each")
        except (Exception, pl.exceptions.PanicException):
            _say(problem=DAMAGED)


def _next_question() -> str:
    idle = Timer(IDLE_SECONDS, os._exit, (0,))
    idle.daemon = True
    idle.start()
    question = sys.stdin.readline()
    idle.cancel()
    return question


def _say(block: bytes | memoryview = b"", **message: Any) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def _read(path: str, wanted: list[int] | None) -> None:
    # Without glob=False a file called `a[1].parquet` would be a pattern.
    table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    schema = table.collect_schema()
    height = int(table.select(pl.len()).collect().item())
    if not wanted and (wanted is not None or not is_published(schema.names())):
        _say(spelled=schema.names(), rows=height, left=0)
        return
    texts = table.select(_mapped_texts(schema, wanted) if wanted else _published_texts(schema))
    _say(spelled=schema.names(), rows=height, left=height)
    # collect_batches would read far ahead: half a gigabyte more for 8 million rows
    for start in range(0, height, ROWS_PER_BLOCK):
        rows = texts.slice(start, ROWS_PER_BLOCK).collect()
        if rows.height != min(ROWS_PER_BLOCK, height - start):
            raise ValueError("there are fewer rows than the file says")
        block = io.BytesIO()
        rows.write_ipc_stream(block)
        _say(block.getbuffer(), bytes=block.tell(), left=height - start - rows.height)


def _published_texts(schema: pl.Schema) -> list[pl.Expr]:
    columns = find_columns("", schema.names())
    return [_text(columns, name, schema) for name in columns.index]


def _mapped_texts(schema: pl.Schema, wanted: list[int]) -> list[pl.Expr]:
    texts = []
    for index in wanted:
        name, dtype = schema.names()[index], schema.dtypes()[index]
        if dtype.is_nested() or dtype == pl.Binary:
            raise UnreadableFile("", f"the column {name} is of type {dtype}; write it as a number, a time or a text")
        is_time = isinstance(dtype, pl.Datetime)
        text = _datetime_text(pl.col(name), dtype) if is_time else pl.col(name).cast(pl.String)  # type: ignore[arg-type]
        texts.append(text.fill_null("").alias(raw_name(index)))
    return texts


def _text(columns: Columns, name: str, schema: pl.Schema) -> pl.Expr:
    spelling, kind = columns.spelling(name), KINDS.get(name, "number")
    dtype = schema[spelling]
    text = _as_text(pl.col(spelling), dtype, kind)
    if text is None:
        wanted = f"a decimal of at most {MOST_DIGITS} digits" if isinstance(dtype, pl.Decimal) else WANTED[kind]
        raise UnreadableFile("", f"the column {spelling} is of type {dtype}; write it as {wanted}")
    return text.fill_null("").alias(name)


def _as_text(column: pl.Expr, dtype: pl.DataType, kind: str) -> pl.Expr | None:
    """None: a column of this type cannot be meant, or polars cannot read it."""
    if kind == "date" and isinstance(dtype, pl.Datetime):
        return _datetime_text(column, dtype)
    if isinstance(dtype, pl.Decimal) and dtype.precision > MOST_DIGITS:
        return None
    if kind == "session" and dtype.is_float():
        column = column.fill_nan(None)  # pandas makes a column of whole numbers with gaps into floats with NaN
    number = (kind != "date" and dtype.is_integer()) or (kind in ("session", "number") and dtype.is_numeric())
    return column.cast(pl.String) if number or dtype in TEXTS else None


def _datetime_text(column: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    iso = "%Y-%m-%dT%H:%M:%S%.f"
    if dtype.time_zone is None:
        return column.dt.strftime(iso)
    utc = column.cast(pl.Int64).cast(pl.Datetime(dtype.time_unit))  # whatever its zone is called
    return utc.dt.strftime(f"{iso}Z")


if __name__ == "__main__":
    main()
