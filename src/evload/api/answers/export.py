"""Makes exports: the rows of one snapshot in the shape of a media type, kept while they are few, else passed on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Protocol

from evload.api.answers import columnar, export_columns
from evload.api.answers.cache import Answer, Headers
from evload.api.answers.columnar import Columnar
from evload.api.answers.finding import (
    IN_A_THREAD_FROM_BYTES,
    Answers,
    Question,
    detail_answer,
    unknown_members,
    without_asking,
)
from evload.api.answers.in_flight import PIECE_BYTES
from evload.api.answers.places import Places
from evload.api.answers.ranges import ACCEPTED
from evload.api.answers.threshold import users_in_range
from evload.api.contract.endpoints import NOTHING_IN_RANGE, UNKNOWN_MEMBERS, Endpoint
from evload.api.contract.exports import file_name
from evload.api.contract.media_types import CSV, PARQUET
from evload.api.contract.params import Params, Range, Times, values_for
from evload.database.errors import DatabaseUnavailable
from evload.queries import Typed, query
from evload.snapshots import MOST_AT_ONCE, Snapshot, Snapshots, Take
from evload.watch import BEHIND, DataVersion, SiteState

KEPT_BYTES = 8_000_000  # of one export
ALL_KEPT_BYTES = 32_000_000  # of all that are under way
BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
WAIT_SECONDS = 30.0
WAIT_FOR_WRITER_SECONDS = 300.0

Begin = Callable[[DataVersion, Headers], Awaitable[Take]]
"""Begins to send an export, before its end is known."""


class Table(Protocol):
    async def begin(self) -> None: ...
    async def write(self, rows: bytes) -> None: ...
    async def end(self) -> None: ...


class CsvTable:
    """What Postgres gives, below a line of names."""

    def __init__(self, columns: Typed, params: Params, take: Take) -> None:
        names = export_columns.delimiter(params).join(name for name, _ in columns)
        self._head = f"{BYTE_ORDER_MARK if params.has_decimal_comma else ''}{names}\n".encode()
        self._take = take

    async def begin(self) -> None:
        await self._take(self._head)

    async def write(self, rows: bytes) -> None:
        await self._take(rows)

    async def end(self) -> None:
        pass


class Kept:
    """Collects an export up to a bound; beyond that it is passed on."""

    def __init__(self, exports: "Exports", begin: Callable[[], Awaitable[Take]]) -> None:
        self._exports = exports
        self._begin = begin
        self._pass_on: Take | None = None
        self._counted_bytes = 0
        self.bytes = bytearray()

    @property
    def is_whole(self) -> bool:
        return self._pass_on is None

    async def take(self, data: bytes) -> None:
        if self._pass_on is not None:
            await self._pass_on(data)
            return
        self.bytes += data
        if not self._has_room(len(data)):
            self._pass_on = await self._begin()
            await self._pass_on_kept(self._pass_on)

    def forget(self) -> None:
        self._exports.kept_bytes -= self._counted_bytes
        self._counted_bytes = 0

    def _has_room(self, size_bytes: int) -> bool:
        self._counted_bytes += size_bytes
        self._exports.kept_bytes += size_bytes
        return self._counted_bytes <= KEPT_BYTES and self._exports.kept_bytes <= ALL_KEPT_BYTES

    async def _pass_on_kept(self, pass_on: Take) -> None:
        while self.bytes:
            piece = bytes(memoryview(self.bytes)[:PIECE_BYTES])
            del self.bytes[:PIECE_BYTES]
            await pass_on(piece)
        self.forget()


class Exports:
    def __init__(self, snapshots: Snapshots, answers: Answers, *, max_waiting: int) -> None:
        self._snapshots = snapshots
        self._answers = answers
        self._columnar = Columnar()
        self._places = Places(MOST_AT_ONCE, max_waiting=max_waiting, wait_seconds=WAIT_SECONDS)
        self._writers = Places(columnar.MOST_AT_ONCE, max_waiting=max_waiting, wait_seconds=WAIT_FOR_WRITER_SECONDS)
        self.kept_bytes = 0

    def close(self) -> None:
        self._columnar.close()

    async def make(self, question: Question, state: SiteState, begin: Begin) -> Answer | None:
        """Makes the answer. Returns None if it was too large to be kept, and has been sent."""
        endpoint, params, _ = question
        writer = nullcontext() if endpoint.media_type is CSV else self._writers.one()
        if state.is_empty:
            if _may_be_empty(question):
                async with writer:
                    return await self._table_of(question, state, state.data_version, None, begin)
            return detail_answer(endpoint, state.data_version, endpoint.unknown)
        if answer := without_asking(question, state):
            return answer
        async with writer, self._places.one(), self._snapshots.take() as snapshot:
            number, id_, *unknown = await snapshot.fetch_row(query(UNKNOWN_MEMBERS).text, params.members)
            version, detail = DataVersion(number, id_), unknown_members(unknown)
            if self._answers.is_older(version, state.data_version):
                raise DatabaseUnavailable(BEHIND)
            made: Answer | None = detail_answer(endpoint, version, detail) if detail else None
            if made is None and question.is_limited:
                text, values = users_in_range(params)
                made = self._answers.below_threshold(question, await snapshot.fetch_row(text, values))
            if made is None:
                made = await self._table_of(question, state, version, snapshot, begin)
        if made is not None:
            await self._answers.keep(question, made, state)
        return made

    async def _table_of(
        self, question: Question, state: SiteState, version: DataVersion, snapshot: Snapshot | None, begin: Begin
    ) -> Answer | None:
        endpoint, params, _ = question
        disposition = f'attachment; filename="{file_name(endpoint, params, state.zone)}"'
        headers = [(b"content-disposition", disposition.encode())]

        async def begin_to_send() -> Take:
            await self._answers.follow(version, state)
            return await begin(version, headers)

        kept = Kept(self, begin_to_send)
        try:
            async with self._table(question, state, kept.take) as table:
                if not (snapshot and await _copy(question, snapshot, table)):
                    if snapshot and not _may_be_empty(question):
                        return detail_answer(endpoint, version, await _why_nothing(question, snapshot))
                    await table.begin()
                await table.end()
            if not kept.is_whole:
                return None
            return await _of_bytes(endpoint, version, bytes(kept.bytes), [*headers, ACCEPTED])
        finally:
            kept.forget()

    @asynccontextmanager
    async def _table(self, question: Question, state: SiteState, take: Take) -> AsyncIterator[Table]:
        endpoint, params, _ = question
        columns = export_columns.columns(endpoint, params)
        if endpoint.media_type is CSV:
            yield CsvTable(columns, params, take)
            return
        zones = {Times.LOCAL: None, Times.OFFSET: state.zone.key, Times.UTC: "UTC"}
        is_parquet = endpoint.media_type is PARQUET
        async with self._columnar.table(
            columns, zones[Times(params.shown_times)], take, is_parquet=is_parquet
        ) as table:
            yield table


def _may_be_empty(question: Question) -> bool:
    """Whether no rows are an answer. In a range they are not, as everywhere."""
    endpoint, params, _ = question
    has_range = isinstance(params, Range) and (params.start_date or params.end_date)
    return endpoint.may_be_empty and not has_range


async def _copy(question: Question, snapshot: Snapshot, table: Table) -> bool:
    """Tells whether there were any rows."""
    endpoint, params, _ = question
    has_rows = False

    async def write(rows: bytes) -> None:
        nonlocal has_rows
        if not has_rows:
            has_rows = True
            await table.begin()
        await table.write(rows)

    values = values_for(endpoint.query_for(params).param_names, params)
    await snapshot.copy(export_columns.text(endpoint, params), values, export_columns.delimiter(params), write)
    return has_rows


async def _why_nothing(question: Question, snapshot: Snapshot) -> str:
    endpoint, params, _ = question
    if endpoint.subject is None:
        return NOTHING_IN_RANGE
    found = query(endpoint.subject.exists_query)
    *_, exists = await snapshot.fetch_row(found.text, values_for(found.param_names, params))
    return NOTHING_IN_RANGE if exists else endpoint.subject.unknown


async def _of_bytes(endpoint: Endpoint, version: DataVersion, body: bytes, headers: Headers) -> Answer:
    """Makes the answer; a large one in a thread, as hashing it would hold up the others."""

    def made() -> Answer:
        return Answer(endpoint.path, version, 200, body, endpoint.media_type, headers)

    return await asyncio.to_thread(made) if len(body) >= IN_A_THREAD_FROM_BYTES else made()
