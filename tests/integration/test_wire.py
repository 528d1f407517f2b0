"""What is written in COPY's binary format is what Postgres reads."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from unittest import mock

import asyncpg
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.storing import wire
from tests.strategies import examples

TABLE = """
CREATE TEMPORARY TABLE received (
    of_all text, place integer, date_from timestamptz, date_to timestamptz, user_id text, kwh numeric(9, 3),
    other_kwh numeric(6, 3)
)
"""
HOUR = timedelta(hours=1)

rows = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda time: time.replace(tzinfo=UTC)),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=300),
    st.none()
    | st.sampled_from([0, 1, 9, 10, 999, 9_999, 999_999, 10_000_000, 999_999_999])
    | st.integers(0, 999_999_999),
    st.none() | st.integers(0, 9_000),
)


@examples(100)
@given(rows=st.lists(rows, min_size=1, max_size=20), at_once=st.sampled_from([1, 7, 8192]))
async def test_binary_copy_round_trip(
    connection: asyncpg.Connection, rows: list[tuple[int, datetime, str, int | None, int | None]], at_once: int
) -> None:
    index, starts, users, wh, other_wh = (list(column) for column in zip(*rows, strict=True))
    numbers = pl.int_range(len(rows), eager=True)
    fields = [
        wire.Field(numbers, wire.integers(pl.Series(index, dtype=pl.Int32))),
        wire.Field(numbers, wire.hours(pl.Series(starts, dtype=pl.Datetime("us", "UTC")))),
        wire.Field(numbers, wire.texts(pl.Series(users))),
        wire.kwh(pl.Series(wh, dtype=pl.Int64)),
        wire.kwh(pl.Series(other_wh, dtype=pl.Int64)),
    ]
    of_all = wire.texts(pl.Series(["all"])).item()
    with mock.patch.object(wire, "AT_ONCE", at_once):
        sent = BytesIO(b"".join([wire.BEGIN, *wire.rows(fields, 7, of_all), wire.END]))
    await connection.execute(f"DROP TABLE IF EXISTS received; {TABLE}")
    await connection.copy_to_table("received", source=sent, format="binary")

    received = await connection.fetch("SELECT *, kwh::text AS text FROM received ORDER BY ctid")
    assert [tuple(row)[:7] for row in received] == [
        ("all", place, start, start + HOUR, user, _kwh(energy), _kwh(other))
        for place, start, user, energy, other in rows
    ]
    assert [row["text"] for row in received] == [None if energy is None else f"{_kwh(energy):.3f}" for energy in wh]


def _kwh(wh: int | None) -> Decimal | None:
    return None if wh is None else Decimal(wh) / 1000
