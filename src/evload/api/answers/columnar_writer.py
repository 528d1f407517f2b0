"""The process that writes Parquet and Arrow for `columnar`: `python -m evload.api.answers.columnar_writer`.

It keeps polars, with its memory and its threads, out of the process that answers. A line of stdin says what is
wanted: `{"is_parquet", "columns", "zone"}`, the columns with their types in Postgres. Pieces of CSV follow, of whole
rows each, and an empty one; the answer comes in pieces as well.
"""

import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

import polars as pl
from polars.io.plugins import register_io_source

from evload.api.answers.pieces import LENGTH

NICENESS = 10
BLOCK_BYTES = 4_000_000
ROWS_PER_GROUP = 50_000
PIECE_BYTES = 262_144

KINDS: dict[str, pl.DataType] = {
    "int4": pl.Int32(),
    "int8": pl.Int64(),
    "numeric": pl.Float64(),  # the nearest to the decimal, as every reader of the JSON has it
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "timestamptz": pl.Datetime("us"),
    "text": pl.String(),
    "json": pl.String(),
}
# https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
ARROW_END = b"\xff\xff\xff\xff\0\0\0\0"


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when it is enough
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    while wanted := _next():
        schema = pl.Schema({name: KINDS[kind] for name, kind in wanted["columns"]})
        blocks = (_in_zone(block, wanted["zone"]) for block in _of_equal_height(_blocks(schema)))
        out = _Pieces(sys.stdout.buffer)
        if wanted["is_parquet"]:
            _write_parquet(_in_zone(schema.to_frame(), wanted["zone"]).schema, blocks, out)
        else:
            _write_arrow(blocks, out)
        out.end()


def _next() -> dict[str, Any] | None:
    line = sys.stdin.buffer.readline()
    return json.loads(line) if line else None


class _Pieces(io.RawIOBase):
    """A file whose bytes leave in pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        for at in range(0, len(view), PIECE_BYTES):
            piece = view[at : at + PIECE_BYTES]
            self._file.write(LENGTH.pack(len(piece)))
            self._file.write(piece)
        return len(view)

    def end(self) -> None:
        self._file.write(LENGTH.pack(0))
        self._file.flush()


def _pieces() -> Iterator[bytes]:
    file = sys.stdin.buffer
    while head := file.read(LENGTH.size):
        (size,) = LENGTH.unpack(head)
        if not size:
            return
        yield file.read(size)
    os._exit(1)  # whoever asked is gone


def _blocks(schema: pl.Schema) -> Iterator[pl.DataFrame]:
    """One at least, which has no rows where there are none."""
    block, is_empty = bytearray(), True
    for piece in _pieces():
        block += piece
        if len(block) >= BLOCK_BYTES:
            yield _read(block, schema)
            block, is_empty = bytearray(), False
    if block or is_empty:
        yield _read(block, schema)


def _of_equal_height(blocks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """So that equal rows give equal bytes, however they came. The last one has what is left."""
    rest: pl.DataFrame | None = None
    for block in blocks:
        rest = block if rest is None else pl.concat([rest, block])
        while rest.height > ROWS_PER_GROUP:
            yield rest.head(ROWS_PER_GROUP).rechunk()
            rest = rest.slice(ROWS_PER_GROUP)
    if rest is not None:
        yield rest.rechunk()


def _read(block: bytearray, schema: pl.Schema) -> pl.DataFrame:
    """A null is an empty field without quotes."""
    return pl.read_csv(bytes(block), has_header=False, schema=schema) if block else schema.to_frame()


def _in_zone(block: pl.DataFrame, zone: str | None) -> pl.DataFrame:
    if zone is None:
        return block
    times = pl.col(name for name, kind in block.schema.items() if isinstance(kind, pl.Datetime))
    return block.with_columns(times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone))


def _write_parquet(schema: pl.Schema, blocks: Iterator[pl.DataFrame], out: _Pieces) -> None:
    lazy = register_io_source(lambda *_: blocks, schema=schema)
    lazy.sink_parquet(cast("IO[bytes]", out), row_group_size=ROWS_PER_GROUP)


def _write_arrow(blocks: Iterator[pl.DataFrame], out: _Pieces) -> None:
    """Each block is a stream by itself: of these the first one's schema stands for all, and one end."""
    for number, block in enumerate(blocks):
        stream = io.BytesIO()
        block.write_ipc_stream(stream, compat_level=pl.CompatLevel.oldest())
        written = stream.getbuffer()
        begin = 2 * LENGTH.size + int.from_bytes(written[4:8], "little") if number else 0
        out.write(written[begin : len(written) - len(ARROW_END)])
    out.write(ARROW_END)


if __name__ == "__main__":
    main()
