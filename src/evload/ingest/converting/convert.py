"""Makes the raw blocks of a mapped table into blocks of hours."""

from collections.abc import Iterable, Iterator
from contextlib import closing

import polars as pl

from evload.ingest.block import Block
from evload.ingest.converting.cells import Cells
from evload.ingest.converting.charging import POWERS
from evload.ingest.converting.intervals import IntervalConverter
from evload.ingest.converting.metered import converted_records
from evload.ingest.converting.names import only_rejects
from evload.ingest.converting.records import Record
from evload.ingest.converting.session_hours import SessionHours, only_longest
from evload.ingest.converting.sessions import SessionReader
from evload.ingest.converting.summary import Conversion
from evload.ingest.frames import session_key
from evload.ingest.mapping.model import Intervals, Session
from evload.ingest.parted import PartedRows
from evload.ingest.user_ids import UserIds

SESSIONS_IN_MEMORY = 500_000
SESSIONS_AT_ONCE = 50_000

RawRows = tuple[pl.DataFrame, pl.DataFrame]
"""Raw rows, and what was rejected among them."""


def convert(
    raw: Iterable[RawRows], cells: Cells, conversion: Conversion, powers: tuple[str, ...] | None
) -> Iterator[Block]:
    if constant := cells.ids.stored_id(cells.constant_user):
        conversion.notes.append(
            f"the file names no user, so its hours are those of the user {constant}; a mapping with another `user`"
            " keeps the files of several meters apart"
        )
    if isinstance(cells.mapping, Session):
        yield from _sessions(
            raw, SessionReader(cells, cells.mapping, conversion), SessionHours(powers or POWERS, cells.zone, conversion)
        )
    elif isinstance(cells.mapping, Intervals):
        with closing(IntervalConverter(cells, cells.mapping, conversion)) as converter:
            yield from _intervals(raw, converter)


def convert_records(
    name: str,
    records: Iterator[Record],
    zone: str,
    conversion: Conversion,
    powers: tuple[str, ...] | None,
    ids: UserIds | None = None,
) -> Iterator[Block]:
    """Powers that are asked for are modelled also where it is known when energy flowed."""
    hours = SessionHours(powers or POWERS, zone, conversion)
    converted = converted_records(name, records, hours, conversion, ids or UserIds(), with_model=powers is not None)
    for block, rejects, rows_read in converted:
        if rejects.height or rows_read:
            yield only_rejects(rejects, rows_read)
        if block:
            yield block


def _sessions(raw: Iterable[RawRows], reader: SessionReader, hours: SessionHours) -> Iterator[Block]:
    with closing(PartedRows("session_key", SESSIONS_IN_MEMORY)) as waiting:
        for rows, ragged in raw:
            sessions, rejects = reader.sessions(rows)
            yield only_rejects(pl.concat([ragged, rejects]).sort("line"), rows.height + ragged.height)
            if sessions.height:
                waiting.add(sessions.with_columns(session_key()))
        for part in waiting.parts():
            is_kept, repeated = only_longest(part)
            if repeated.height:
                hours.conversion.energy_in_wh -= float(part.filter(~is_kept)["energy_wh"].sum())
                yield only_rejects(repeated, 0)
            for some in part.filter(is_kept).drop("session_key").iter_slices(SESSIONS_AT_ONCE):
                yield from hours.blocks(some)


def _intervals(raw: Iterable[RawRows], converter: IntervalConverter) -> Iterator[Block]:
    for rows, ragged in raw:
        rejects = converter.add(rows)
        yield only_rejects(pl.concat([ragged, rejects]).sort("line"), rows.height + ragged.height)
    for block, rejects in converter.blocks():
        if rejects.height:
            yield only_rejects(rejects, 0)
        if block:
            yield block
