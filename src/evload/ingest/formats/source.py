"""Reads the bytes of a file: counted, hashed and unpacked on the way."""

import codecs
import gzip
import hashlib
import io
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError, ZstdFile
else:
    from backports.zstd import ZstdError, ZstdFile

from evload.ingest.formats.problem import UnreadableFile
from evload.ingest.formats.workbook import unzipped

__all__ = ["Source", "UnreadableFile", "open_source", "os_errors_explained"]

UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
ZIP = b"PK\x03\x04"

READ_BYTES = 1 << 20
READ_AHEAD_BYTES = 512


class HashingReader(io.RawIOBase):
    """Counts and hashes what is read through it."""

    def __init__(self, stream: io.RawIOBase | io.BufferedIOBase) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.bytes_read = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a plain stream never gives None here
        count = self._stream.readinto(buffer) or 0
        self._hash.update(buffer[:count])
        self.bytes_read += count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class Utf16Reader(io.RawIOBase):
    """Gives a text in UTF-16 as UTF-8."""

    def __init__(self, name: str, stream: io.BufferedReader) -> None:
        self._name = name
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as above
        is_end = False
        while not (self._rest or is_end):
            data = self._stream.read(len(buffer))
            is_end = not data
            try:
                self._rest = self._decoder.decode(data, final=is_end).encode()
            except UnicodeDecodeError:
                raise UnreadableFile(self._name, "is damaged: it is not UTF-16 throughout; save it as UTF-8") from None
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


@dataclass(frozen=True)
class Source:
    """An open file. `bytes_total` is None for a pipe."""

    name: str
    path: Path
    reader: HashingReader
    stream: "io.BufferedReader[HashingReader]"
    block_bytes: int
    bytes_total: int | None

    def start(self) -> bytes:
        return self.stream.peek(READ_AHEAD_BYTES)[:READ_AHEAD_BYTES]

    def unpacked(self) -> BinaryIO:
        """Gives the stream itself, or what is packed in it, UTF-16 as UTF-8. The bytes decide, not the file's name."""
        start, stream = self.start(), cast("io.BufferedReader", self.stream)
        if start.startswith(GZIP):
            stream = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=self.stream)))
        elif start.startswith(ZSTD):
            stream = io.BufferedReader(cast("io.RawIOBase", ZstdFile(self.stream)))
        elif start.startswith(ZIP):
            if self.bytes_total is None:
                raise UnreadableFile(self.name, "is a zip archive, which cannot be read from a pipe; give the file")
            stream = cast("io.BufferedReader", unzipped(self.name, self.path))
        if isinstance(stream, io.BufferedReader) and stream.peek(2).startswith(UTF16_BOMS):
            return io.BufferedReader(Utf16Reader(self.name, stream))
        return stream


@contextmanager
def open_source(path: Path, block_bytes: int) -> Iterator[Source]:
    """Raises UnreadableFile for whatever keeps the file from being read, also while it is read."""
    name = path.name or str(path)
    with os_errors_explained(name), HashingReader(path.open("rb", buffering=0)) as reader:
        stream = io.BufferedReader(reader, READ_BYTES)
        yield Source(name, path, reader, stream, block_bytes, path.stat().st_size if path.is_file() else None)


@contextmanager
def os_errors_explained(name: str) -> Iterator[None]:
    """Turns what the system says about a file that cannot be read or unpacked into words for its owner."""
    try:
        yield
    except FileNotFoundError:
        raise UnreadableFile(name, "does not exist; check the path") from None
    except IsADirectoryError:
        raise UnreadableFile(name, "is a folder; give a file") from None
    except PermissionError:
        raise UnreadableFile(name, "may not be read by this user; change its permissions") from None
    except EOFError:
        raise UnreadableFile(name, "is cut off: its archive ends too early; copy or pack it again") from None
    except (zlib.error, gzip.BadGzipFile, ZstdError, zipfile.BadZipFile):
        raise UnreadableFile(name, "is damaged: its archive cannot be unpacked; copy or pack it again") from None
    except OSError as error:
        raise UnreadableFile(name, f"cannot be read ({error.strerror}); try again or copy it elsewhere") from None
