"""Computes every sum and view again from the stored rows, for instance after rows were changed by hand."""

import asyncio
from io import BytesIO

import asyncpg
import polars as pl

from evload.ingest.block import Block
from evload.ingest.frames import MEASURES, rejected
from evload.ingest.storing.first_totals import FirstTotals
from evload.ingest.storing.totals import bring_up_to_date, lock_writers
from evload.ingest.storing.transaction import write_transaction
from evload.queries import query

BLOCK_BYTES = 8 << 20
MOST_KWH = 1e6
STORED = pl.Schema(
    {
        "date_from": pl.Int64(),
        "user_id": pl.String(),
        "session_id": pl.Int32(),
        "location_id": pl.String(),
        **dict.fromkeys(MEASURES, pl.Float64()),
    }
)


async def refresh(dsn: str) -> int:
    """Returns the new data version."""
    rows = _StoredRows()
    try:
        async with write_transaction(dsn, "refresh") as connection:
            await lock_writers(connection)
            miscounted = await connection.fetchrow(query("totals/miscounted").text)
            assert miscounted is not None
            await connection.execute(query("totals/hold_measures").text)
            await connection.copy_from_query(query("totals/stored_rows").text, output=rows.take, format="csv")
            await connection.execute(query("totals/forget_all").text)
            version = await bring_up_to_date(connection, **miscounted, refresh_all=True, put_totals=rows.put)
            await connection.execute(query("totals/fill_users").text)
            return version
    finally:
        await rows.close()


class _StoredRows:
    """Adds up rows that arrive as CSV, each piece whole rows: one block in a thread while the next one arrives."""

    def __init__(self) -> None:
        self._totals = FirstTotals()
        self._arrived = bytearray()
        self._adding: asyncio.Future[None] | None = None
        self._are_as_loaded = True

    async def close(self) -> None:
        await asyncio.gather(*filter(None, [self._adding]), return_exceptions=True)  # it uses the totals
        self._totals.close()

    async def take(self, data: bytes) -> None:
        self._arrived += data
        if len(self._arrived) >= BLOCK_BYTES:
            await self._add()

    async def put(self, connection: asyncpg.Connection) -> bool:
        await self._add()
        await self._added()
        return self._are_as_loaded and await self._totals.put(connection)

    async def _add(self) -> None:
        await self._added()
        arrived, self._arrived = bytes(self._arrived), bytearray()
        if arrived:
            self._adding = asyncio.ensure_future(asyncio.to_thread(self._add_up, arrived))

    async def _added(self) -> None:
        if self._adding:
            await asyncio.shield(self._adding)

    def _add_up(self, csv: bytes) -> None:
        rows = pl.read_csv(BytesIO(csv), has_header=False, schema=STORED, empty_string_is_null=False)
        # No load stores such energies, but a hand may: Postgres adds them up.
        odd = pl.any_horizontal(~pl.col(MEASURES).is_between(0, MOST_KWH))
        self._are_as_loaded = self._are_as_loaded and not rows.select(odd.any()).item()
        if self._are_as_loaded:
            self._totals.add(_block(rows))


def _block(rows: pl.DataFrame) -> Block:
    hours = rows.select("date_from").unique().with_row_index("hour_index")
    sessions = rows.select("user_id", "session_id").unique().with_row_index("session_index")
    locations = rows.select("location_id").unique().with_row_index("location_index")
    for names in (hours, sessions, locations):
        rows = rows.join(names, on=names.columns[1:], how="left")
    energies = [(pl.col(name) * 1000).round().cast(pl.Int64).alias(f"{name}_wh") for name in MEASURES]
    return Block(
        rows=rows.select("hour_index", "session_index", "location_index", *energies),
        hours=hours.select(pl.col("date_from").cast(pl.Datetime("us", "UTC"))),
        sessions=sessions,
        locations=locations["location_id"],
        rejects=rejected(),
        rows_read=rows.height,
        coerced=0,
    )
