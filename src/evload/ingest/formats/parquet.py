"""The format Parquet: its columns become the texts that a CSV file would hold, some rows at a time.

`parquet_reader` reads the files, in a process of its own, which waits some seconds for another one.
"""

import atexit
import json
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from evload.ingest.formats.columns import find_columns, is_published, mapped_columns, named_by_columns
from evload.ingest.formats.format import Format, RawBlock
from evload.ingest.formats.parquet_reader import DAMAGED
from evload.ingest.formats.source import Source, UnreadableFile
from evload.ingest.frames import rejected
from evload.ingest.mapping.columns import Named

CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGTRAP)
GONE = "cannot be read: the process that reads Parquet was ended, as where memory runs out; try again"
# -P: a folder `evload` where the command runs is none of ours.
READER = ("-P", "-m", "evload.ingest.formats.parquet_reader")

Reader = subprocess.Popen[bytes]
_idle: list[Reader] = []


class ParquetTable:
    """A table that is in no published format is asked for a second time, by the columns that its mapping reads."""

    preamble: Sequence[Sequence[str]] = ()

    def __init__(self, source: Source, wanted: Named | None = None) -> None:
        if source.bytes_total is None:
            raise UnreadableFile(source.name, "is Parquet, which cannot be read from a pipe; give the file itself")
        self._bytes = source.bytes_total
        self._answers = _answers(source.name, source.path, [] if wanted else None)
        head, _ = next(self._answers)
        self._rows, spelled = head["rows"], head["spelled"]
        self.named = None if not wanted and is_published(spelled) else named_by_columns(source.name, wanted, spelled)
        if self.named is None:
            self.columns = find_columns(source.name, spelled)
            return
        self._answers.close()
        self.columns = mapped_columns(source.name, self.named, spelled)
        self._answers = _answers(source.name, source.path, list(self.columns.index.values()))
        next(self._answers)

    def __iter__(self) -> Iterator[RawBlock]:
        line = 1
        for _, block in self._answers:
            rows = pl.read_ipc_stream(block).with_row_index("line", line).cast({"line": pl.Int64})
            line += rows.height
            yield RawBlock(rows, rejected(), self._bytes * (line - 1) // self._rows)


def _answers(name: str, path: Path, columns: list[int] | None) -> Generator[tuple[dict[str, Any], bytes], None, None]:
    """Gives what the reader says of a file: its columns and rows, then each block. Raises UnreadableFile."""
    reader, said = _asked(path, columns)
    is_idle = False
    try:
        while not is_idle:
            message, block = _understood(name, reader, said)
            is_idle = "problem" in message or message["left"] == 0
            if "problem" in message:
                raise UnreadableFile(name, message["problem"])
            yield message, block
            said = b"" if is_idle else _line(reader)
    finally:
        if is_idle:
            _idle.append(reader)
        else:
            _end(reader)


def _asked(path: Path, columns: list[int] | None) -> tuple[Reader, bytes]:
    """Gives a reader that was told to read a file, and the first line of its answer. One that waited may be gone."""
    question = json.dumps({"path": str(path.absolute()), "columns": columns}).encode() + b"\n"
    while True:
        try:
            reader, is_new = _idle.pop(), False
        except IndexError:
            reader, is_new = _started(), True
        assert reader.stdin is not None
        with suppress(BrokenPipeError):
            reader.stdin.write(question)
            reader.stdin.flush()
        if (said := _line(reader)) or is_new:
            return reader, said
        _end(reader)


def _started() -> Reader:
    command = [sys.executable, *READER]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603


def _line(reader: Reader) -> bytes:
    assert reader.stdout is not None
    return reader.stdout.readline()


def _understood(name: str, reader: Reader, said: bytes) -> tuple[dict[str, Any], bytes]:
    """Raises UnreadableFile if the reader broke at the file."""
    assert reader.stdout is not None
    if said:
        message: dict[str, Any] = json.loads(said)
        block = reader.stdout.read(message.get("bytes", 0))
        if len(block) == message.get("bytes", 0):
            return message, block
    raise UnreadableFile(name, DAMAGED if -reader.wait() in CRASHES else GONE)


def _end(reader: Reader) -> None:
    reader.kill()
    with suppress(BrokenPipeError):  # what it was never told
        reader.communicate()


@atexit.register
def _end_idle() -> None:
    while _idle:
        _end(_idle.pop())


PARQUET = Format(recognises=lambda start: start.startswith(b"PAR1"), open=ParquetTable)
