"""What the tests of reading share."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from evload.ingest.cleaning.clean import Cleaned
from evload.ingest.formats.format import RawBlock
from evload.ingest.formats.source import HashingReader, Source
from evload.ingest.formats.text import TextTable
from evload.ingest.frames import WH
from evload.ingest.read import Block, LoadFile

HEADER = "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW"
ROW = "21.12.2018 10:00;21.12.2018 11:00;AdO3-4;2;0,87;0,87;NA;0,114"


@dataclass(frozen=True)
class Reading:
    file: LoadFile
    rows: pl.DataFrame
    rejects: list[tuple[int, str, str, str]]
    rows_read: int
    coerced: int

    def column(self, name: str) -> list[Any]:
        return self.rows[name].to_list()


def read(path: Path, timezone: str = "Europe/Oslo", block_bytes: int = 1 << 20) -> Reading:
    file = LoadFile(path, timezone, block_bytes)
    batches = list(file.blocks())
    return Reading(
        file,
        pl.concat(said(batch) for batch in batches),
        pl.concat(batch.rejects for batch in batches).rows(),
        sum(batch.rows_read for batch in batches),
        sum(batch.coerced for batch in batches),
    )


def said(batch: Block | Cleaned) -> pl.DataFrame:
    """The rows with the published measures, and what `hour_index` and `session_index` stand for in their place."""
    rows = batch.rows
    hours, sessions = batch.hours[rows["hour_index"]], batch.sessions[rows["session_index"]]
    return pl.concat([rows.select("line"), hours, sessions, rows.select(WH[:4])], how="horizontal")


def raw_blocks(content: bytes, block_bytes: int = 1 << 20) -> Iterator[RawBlock]:
    """The raw rows of a text table, as they are before cleaning."""
    reader = HashingReader(io.BytesIO(content))
    stream = io.BufferedReader(reader)
    return iter(TextTable(Source("loads.csv", Path("loads.csv"), reader, stream, block_bytes, len(content))))


def written(folder: Path, content: bytes | str, name: str = "loads.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows, ""))
