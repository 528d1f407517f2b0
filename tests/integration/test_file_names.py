"""Files with any name that a file system takes: they load, and their names are stored and told without raw bytes."""

import gzip
import os
from pathlib import Path

import asyncpg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.errors import EvloadError, shown
from evload.ingest.load import LoadOptions, load_file
from tests.files import BROKEN, FIRST, write
from tests.strategies import examples

NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: not {0, ord("/")} & set(name) and name.strip(b"."))
AGAIN = LoadOptions(again=True)


def named(folder: Path, name: bytes) -> Path:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    try:
        write(path, FIRST, BROKEN)
    except OSError:
        pytest.skip("this file system takes no such name")
    return path


@examples(25)
@given(name=NAMES)
async def test_a_file_of_any_name_loads_and_is_stored_without_raw_bytes(
    dsn: str, connection: asyncpg.Connection, tmp_path_factory: pytest.TempPathFactory, name: bytes
) -> None:
    folder = tmp_path_factory.mktemp("names")
    path = named(folder, name)
    report = await load_file(dsn, path, LoadOptions(folder, again=True))
    stored = await connection.fetchval("SELECT file_name FROM load_batch ORDER BY batch_id DESC LIMIT 1")
    assert stored == report.file == shown(path.name)
    assert stored.isprintable()
    assert all(line.isprintable() for line in report.as_text().splitlines())
    assert report.as_json()
    assert report.rejects_file
    assert Path(report.rejects_file).read_text().count("\n") == 2
    path.write_bytes(gzip.compress(b"nothing"))
    with pytest.raises(EvloadError) as error:
        await load_file(dsn, path, AGAIN)
    assert str(error.value).isprintable()


async def test_a_parquet_file_whose_name_is_not_utf8_loads(dsn: str, tmp_path: Path) -> None:
    path = named(tmp_path, b"bad\xff.parquet")
    frame = pl.read_csv(write(tmp_path / "a.csv", FIRST), separator=";", infer_schema=False)
    with path.open("wb") as file:
        frame.write_parquet(file)
    report = await load_file(dsn, path)
    assert (report.file, report.inserted) == (r"bad\xff.parquet", 1)
