"""Files of every format, and damage to them."""

import gzip
import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import polars as pl

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COLUMNS = ("date_from", "date_to", "User_ID", "session_ID", "Synthetic_3_6kW", "Synthetic_7_2kW", "Flex_7_2kW")
ROWS = [
    (f"{day:02}.11.2025 {hour:02}:00", f"{day:02}.11.2025 {hour + 1:02}:00", f"u{day % 5}", day, hour / 2, 1.0, None)
    for day in range(1, 29)
    for hour in range(23)
]
FRAME = pl.DataFrame(ROWS, schema=COLUMNS, orient="row")
MOMENTS = pl.lit(datetime(2025, 11, 1, tzinfo=UTC)), pl.lit(datetime(2025, 11, 1, 1, tzinfo=UTC))
CSV_PIECES = (
    b'"',
    b'";"',
    b"\r",
    b"\0",
    b";",
    b"\n\n",
    b"\xff",
    b'""',
    b"=1+1",
    b"\xe2\x80\xa8",
    b"1e999",
    b"-",
    b",,",
)


def _parquet(frame: pl.DataFrame, **options: Any) -> bytes:
    stream = io.BytesIO()
    frame.write_parquet(stream, **options)
    return stream.getvalue()


CSV = FRAME.write_csv(separator=";", decimal_comma=True, null_value="NA").encode()
FILES: dict[str, bytes] = {
    "text": CSV,
    "utf-16": CSV.decode().encode("utf-16"),
    "gzip": gzip.compress(CSV),
    "zstd": zstd.compress(CSV),
    "parquet": _parquet(FRAME),
    "parquet, plain": _parquet(FRAME, compression="uncompressed"),
    "parquet, snappy": _parquet(FRAME, compression="snappy", row_group_size=100),
    "parquet, gzip": _parquet(FRAME, compression="gzip"),
    "parquet, timestamps": _parquet(FRAME.with_columns(date_from=MOMENTS[0], date_to=MOMENTS[1])),
}


def _flipped(draw: Random, data: bytearray) -> None:
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _overwritten(draw: Random, data: bytearray) -> None:
    for _ in range(draw.randrange(2, 60)):
        data[draw.randrange(len(data))] = draw.randrange(256)


def _cut(draw: Random, data: bytearray) -> None:
    del data[draw.randrange(len(data)) :]


def _inserted(draw: Random, data: bytearray) -> None:
    place = draw.randrange(len(data))
    data[place:place] = draw.choice((draw.choice(CSV_PIECES), draw.randbytes(draw.randrange(1, 50))))


def _reversed(draw: Random, data: bytearray) -> None:
    start, end = sorted(draw.randrange(len(data)) for _ in range(2))
    data[start:end] = data[start:end][::-1]


def _zeroed(draw: Random, data: bytearray) -> None:
    place = draw.randrange(len(data))
    data[place : place + 20] = bytes(20)


def _end_flipped(draw: Random, data: bytearray) -> None:
    """Where a Parquet file says what is in it."""
    data[-draw.randrange(1, 900)] ^= 1 << draw.randrange(8)


def _doubled(draw: Random, data: bytearray) -> None:
    data += bytes(data)


DAMAGES: tuple[Callable[[Random, bytearray], None], ...] = (
    _flipped, _end_flipped, _overwritten, _cut, _inserted, _reversed, _zeroed, _doubled
)  # fmt: skip


def damaged(draw: Random) -> tuple[str, bytes]:
    """Gives the kind of a file, and its bytes after one damage."""
    kind, damage = draw.choice(sorted(FILES)), draw.choice(DAMAGES)
    data = bytearray(FILES[kind])
    damage(draw, data)
    return f"{kind}, {damage.__name__.strip('_').replace('_', ' ')}", bytes(data)
