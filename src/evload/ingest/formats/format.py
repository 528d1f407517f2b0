"""What a file format is: it recognises a file by its first bytes, and turns it into blocks of raw rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from evload.ingest.formats.columns import Columns
from evload.ingest.formats.source import Source
from evload.ingest.mapping.columns import Named

Record = tuple[int, dict[str, Any]]
"""An object of a JSON file with its line."""


@dataclass(frozen=True)
class RawBlock:
    """Some rows of a file: texts by the names of COLUMNS, with their `line`, and the rejects among them.

    `bytes_read` says how much of the file was read for it and all before it.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    bytes_read: int


class Table(Protocol):
    """`named` is the mapping that makes its cells into hours; None: its rows are hours already.

    The cells of the lines before a header are its `preamble`.
    """

    @property
    def columns(self) -> Columns: ...

    @property
    def named(self) -> Named | None: ...

    @property
    def preamble(self) -> Sequence[Sequence[str]]: ...

    def __iter__(self) -> Iterator[RawBlock]: ...


@dataclass(frozen=True)
class Format:
    """`recognises` is asked about the first READ_AHEAD_BYTES of a file; `open` raises UnreadableFile."""

    recognises: Callable[[bytes], bool]
    open: Callable[[Source, Named | None], Table]
