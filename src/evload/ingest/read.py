"""Turns a file into blocks of clean rows and of rejected ones."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import polars as pl

from evload.ingest.block import Block, of_source
from evload.ingest.cleaning.clean import clean
from evload.ingest.converting.cells import Cells
from evload.ingest.converting.convert import convert, convert_records
from evload.ingest.converting.hourly import published_names, published_rows
from evload.ingest.converting.intervals import NoStep
from evload.ingest.converting.summary import Conversion
from evload.ingest.formats.format import RawBlock, Table
from evload.ingest.formats.json_table import JsonTable
from evload.ingest.formats.source import READ_BYTES, Source, UnreadableFile, open_source
from evload.ingest.formats.table import format_of
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.columns import spelling as spelling_of
from evload.ingest.mapping.model import Hourly
from evload.ingest.options import LoadOptions
from evload.ingest.user_ids import UserIds

__all__ = ["Block", "LoadFile", "UnreadableFile"]

BLOCK_BYTES = 9 << 20


def opened(path: Path, timezone: str, options: LoadOptions, ids: UserIds, first_rows: int | None = None) -> "LoadFile":
    return LoadFile(
        path,
        timezone,
        location_pattern=options.location_pattern,
        named=options.named,
        powers=options.powers,
        first_rows=first_rows,
        source=options.source,
        ids=ids,
    )


class LoadFile:
    """One file to load. Its times without an offset are on the clock of `timezone`.

    `location_pattern` takes the location from the user id, as its first group, where the published format has no
    column of it. `named` is the mapping to read by, None: what the header tells. Sessions are taken to charge at
    `powers`, in kW. `first_rows` reads no more of it than these, which count. `source` keeps its locations
    apart from those of other files, and `ids` says what its users are stored as, and who is left out.

    `bytes_read` of `bytes_total` (None for a pipe) says how far `blocks` is. `sha256` is of the bytes on disk, known
    once `blocks` is exhausted; the columns as `spelled`, the `unused_columns`, and, not None where a mapping reads the
    file, `named` and `conversion`, once it has begun.
    """

    def __init__(
        self,
        path: Path,
        timezone: str,
        block_bytes: int = BLOCK_BYTES,
        *,
        location_pattern: re.Pattern[str] | None = None,
        named: Named | None = None,
        powers: tuple[str, ...] | None = None,
        first_rows: int | None = None,
        source: str = "",
        ids: UserIds | None = None,
    ) -> None:
        self._path = path
        self._timezone = timezone
        self._block_bytes = block_bytes
        self._location_pattern = location_pattern
        self._named = named
        self._powers = powers
        self._first_rows = first_rows
        self._source = source
        self._user_column = "user_id"  # as records that are read in code have it
        self.ids = ids or UserIds()
        self.sha256 = ""
        self.bytes_read = 0
        self.bytes_total: int | None = None
        self.unused_columns: list[str] = []
        self.named: Named | None = None
        self.spelled: tuple[str, ...] = ()
        self.conversion: Conversion | None = None

    def blocks(self) -> Iterator[Block]:
        rows_read = 0
        with open_source(self._path, self._block_bytes) as source:
            self.bytes_total = source.bytes_total
            table = format_of(source).open(source, self._named)
            self.named, self.spelled = table.named, table.columns.spelled
            self.unused_columns = table.columns.unused
            rejected = 0
            for block in self._blocks_of(table, source):
                rows_read += block.rows_read
                rejected += block.rejects.height
                rejects = self.ids.hidden_in(block.rejects, {self._user_column})
                yield of_source(replace(block, rejects=rejects), self._source)
            if self.conversion and rows_read and not rejected and not self.ids.left_out:
                self._refuse_without_hours(source, self.conversion)
            while self._first_rows is None and source.stream.read(READ_BYTES):
                pass  # polars read the Parquet file, and the hash needs its bytes too
            self.sha256, self.bytes_read = source.reader.sha256, source.reader.bytes_read
        if not rows_read:
            raise UnreadableFile(source.name, "has no rows; load a file with rows under its header")

    def _blocks_of(self, table: Table, source: Source) -> Iterator[Block]:
        if isinstance(table, JsonTable) and table.nested:
            self.conversion = Conversion(table.nested, "session")
            records = islice(table.records, self._first_rows)
            yield from convert_records(table.nested, records, self._timezone, self.conversion, self._powers, self.ids)
            return
        if table.named is None:
            published = {name: table.columns.spelling(name) for name in table.columns.index}
            self._user_column = published["user_id"]
            for raw in self._raw_blocks(table):
                yield self._cleaned(raw, published)
            return
        mapping = table.named.mapping
        self.conversion = Conversion(table.named.name, mapping.kind)
        cells = Cells(mapping, table.columns.spelled, self._timezone, table.preamble, self.ids)
        self._user_column = spelling_of(cells.user_column, cells.spelled)
        if isinstance(mapping, Hourly):
            spelling = published_names(cells, mapping)
            zone = mapping.timezone if isinstance(mapping.timezone, str) else self._timezone
            for raw in self._raw_blocks(table, cells):
                counting = cells.counting(raw.rows)
                self.conversion.leave_out("are no load, by `where`", raw.rows.height - counting.height)
                rows = published_rows(cells, mapping, counting)
                block = self._cleaned(RawBlock(rows, raw.rejects, raw.bytes_read), spelling, zone)
                self.conversion.note_hours(block.rows)
                yield replace(block, rows_read=raw.rows.height + raw.rejects.height)
            return
        try:
            yield from convert(self._raw_rows(table, cells), cells, self.conversion, self._powers)
        except NoStep as error:
            raise UnreadableFile(source.name, str(error)) from None

    def _refuse_without_hours(self, source: Source, conversion: Conversion) -> None:
        """Where rows were rejected too, the report and the file of rejects say more."""
        if not conversion.hours and not conversion.sessions:
            reasons = ", ".join(f"{rows:,} rows {reason}" for reason, rows in conversion.left_out.items())
            raise UnreadableFile(source.name, f"gives no hours: {reasons or 'its rows are too few to tell one'}")

    def _raw_blocks(self, table: Table, cells: Cells | None = None) -> Iterator[RawBlock]:
        for raw in table:
            if self._first_rows is None:
                yield raw
            elif (rows := cells.counting(raw.rows) if cells else raw.rows).height:
                yield RawBlock(rows.head(self._first_rows), raw.rejects.head(0), raw.bytes_read)
                return

    def _raw_rows(self, table: Table, cells: Cells) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for raw in self._raw_blocks(table, cells):
            self.bytes_read = raw.bytes_read
            yield raw.rows, raw.rejects

    def _cleaned(self, raw: RawBlock, spelling: dict[str, str], zone: str | None = None) -> Block:
        cleaned = clean(raw.rows, zone or self._timezone, self._location_pattern, self.ids)
        self.bytes_read = raw.bytes_read
        rejects = cleaned.rejects.with_columns(pl.col("column").replace(spelling))
        return Block(
            rows=cleaned.rows,
            hours=cleaned.hours,
            sessions=cleaned.sessions,
            locations=cleaned.locations,
            rejects=pl.concat([raw.rejects, rejects]).sort("line"),
            rows_read=raw.rows.height + raw.rejects.height,
            coerced=cleaned.coerced,
        )
