"""Reads a zip archive with one file in it, or the first sheet of an Excel workbook, as the bytes of a text."""

import io
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from evload.ingest.formats.problem import UnreadableFile

DAMAGED = "is damaged: its archive cannot be unpacked; copy or pack it again"
WORKBOOK_PART = "[Content_Types].xml"
# What macOS packs beside a file.
NOT_MEANT = ("__MACOSX/", ".")


def unzipped(name: str, path: Path) -> BinaryIO:
    try:
        archive = zipfile.ZipFile(path)
        files = [one.filename for one in archive.infolist() if not one.is_dir()]
        if WORKBOOK_PART in files:
            archive.close()
            return _sheet_as_text(name, path)
        files = [file for file in files if not file.startswith(NOT_MEANT)]
        if len(files) != 1:
            raise UnreadableFile(name, f"is a zip archive of {len(files):,} files; unpack it and load them")
        return io.BufferedReader(cast("io.RawIOBase", archive.open(files[0])))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        needs_password = "password" in str(error) or "encrypted" in str(error)
        problem = "is packed with a password; unpack it and load the file in it" if needs_password else DAMAGED
        raise UnreadableFile(name, problem) from None


def _sheet_as_text(name: str, path: Path) -> BinaryIO:
    try:
        import fastexcel
    except ImportError:
        problem = "is an Excel workbook; install `evload[excel]`, which reads it, or save the table as CSV"
        raise UnreadableFile(name, problem) from None
    try:
        sheet = fastexcel.read_excel(path.read_bytes()).load_sheet(0, header_row=None, dtypes="string")
    except fastexcel.FastExcelError as error:
        raise UnreadableFile(name, f"is damaged: it cannot be read as a workbook ({error}); save it again") from None
    text = sheet.to_polars().fill_null("").write_csv(include_header=False)
    return cast("BinaryIO", io.BufferedReader(io.BytesIO(text.encode())))
