"""Writes rows in the binary format of COPY, which Postgres reads in two thirds of the time that its texts take.

A block holds few different values: each is written out once, and the rows put together what they have.
https://www.postgresql.org/docs/current/sql-copy.html describes the format, `src/backend/utils/adt` the types in it.
"""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat

import polars as pl

BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = struct.pack(">h", -1)

# Of 2000-01-01, where Postgres counts from.
EPOCH_MICROSECONDS = 946_684_800_000_000
HOUR_MICROSECONDS = 3_600_000_000

# So many rows stay in the processor's cache while their fields are put together.
AT_ONCE = 16384
# What a charger at home gives in an hour: their pieces are made once.
COMMON_WH = (1 << 13) - 1

_FIELD_COUNT = struct.Struct(">h")
_LENGTH = struct.Struct(">i")
_INTEGER = struct.Struct(">ii")
_TWO_INSTANTS = struct.Struct(">iqiq")
# The length, the number of digits to the base of 10,000, the first one's weight, the sign, three decimals, the digits.
_KWH = struct.Struct(">ihhhhhh")
_LARGE_KWH = struct.Struct(">ihhhhhhh")
_NULL = _LENGTH.pack(-1)
# Neither a name nor an offset of a column contains it.
_MARK = b"\xffthe rows follow\xff"


@dataclass(frozen=True)
class Field:
    """One field of each row, or several that belong together: `index` says which of the `pieces` it is."""

    index: pl.Series
    pieces: pl.Series


def integer(value: int) -> bytes:
    return _INTEGER.pack(4, value)


def integers(values: Iterable[int]) -> pl.Series:
    return _pieces(map(_INTEGER.pack, repeat(4), values))


def texts(values: pl.Series) -> pl.Series:
    """Of values without a null."""
    return _pieces(_LENGTH.pack(len(text)) + text for text in map(str.encode, values))


def hours(starts: pl.Series) -> pl.Series:
    """Start and end of the hour that begins then; some hour where nothing is known, as in a row that is rejected."""
    since_epoch = starts.dt.epoch("us").fill_null(EPOCH_MICROSECONDS) - EPOCH_MICROSECONDS
    ends = since_epoch + HOUR_MICROSECONDS
    return _pieces(map(_TWO_INSTANTS.pack, repeat(8), since_epoch, repeat(8), ends))


def kwh(wh: pl.Series) -> Field:
    """Writes whole Wh below 10^11, or null, as numeric with three decimals."""
    if (wh.max() or 0) <= COMMON_WH:  # type: ignore[operator]
        return Field((wh + 1).fill_null(0), _common_kwh())
    different = wh.drop_nulls().unique().sort()
    return Field(wh.rank("dense").fill_null(0), _pieces([_NULL, *map(_kwh, different)]))


def rows(fields: Sequence[Field], count: int, *constants: bytes) -> Iterator[memoryview]:
    """Rows of `count` fields: first those that are the same in all rows, then each row's own."""
    begin = _pieces([_FIELD_COUNT.pack(count) + b"".join(constants)])
    own = [Field(fields[0].index, begin + fields[0].pieces), *fields[1:]]
    tables = [_pieces([_MARK]), *{id(field.pieces): field.pieces for field in own}.values()]
    offsets = {id(table): sum(map(len, tables[:number])) for number, table in enumerate(tables)}
    pieces, mark = pl.concat(tables, rechunk=True), pl.Series([0], dtype=pl.UInt32)
    index = pl.DataFrame(
        {str(number): (field.index + offsets[id(field.pieces)]).cast(pl.UInt32) for number, field in enumerate(own)}
    )
    for part in index.iter_slices(AT_ONCE):
        row_by_row = part.select(pl.concat_arr(pl.all()).reshape((-1,))).to_series()
        yield _joined(pieces[pl.concat([mark, row_by_row])])


def _joined(pieces: pl.Series) -> memoryview:
    """One after the other, as they lie in an Arrow stream, from after the mark on."""
    stream = io.BytesIO()
    pieces.to_frame().write_ipc_stream(stream, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    size, written = int(pieces.bin.size().sum()), stream.getbuffer()
    start = bytes(written[: len(written) - size + len(_MARK)]).index(_MARK) + len(_MARK)
    return written[start : start + size - len(_MARK)]


@cache
def _common_kwh() -> pl.Series:
    """Gives null, then all energies from 0."""
    return _pieces([_NULL, *map(_kwh, range(COMMON_WH + 1))])


def _kwh(wh: int) -> bytes:
    whole, decimals = wh // 1000, wh % 1000 * 10
    if whole < 10_000:
        return _KWH.pack(12, 2, 0, 0, 3, whole, decimals)
    return _LARGE_KWH.pack(14, 3, 1, 0, 3, whole // 10_000, whole % 10_000, decimals)


def _pieces(values: Iterable[bytes]) -> pl.Series:
    return pl.Series(list(values), dtype=pl.Binary)
