"""Parquet with the types that its writers give it."""

import base64
import hashlib
import re
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest

from evload.ingest.formats.parquet_reader import ROWS_PER_BLOCK
from evload.ingest.read import UnreadableFile
from tests.unit.ingest.reading import read

START = datetime(2018, 12, 21, 9, tzinfo=UTC)
TYPED = pl.DataFrame(
    {
        "date_from": [START, START],
        "date_to": [START + timedelta(hours=1)] * 2,
        "user_id": ["AdO3-4", None],
        "session_id": [2, None],
        "synthetic_3_6_kwh": [0.87, None],
        "synthetic_7_2_kwh": [Decimal("0.870"), None],
        "flex_3_6_kwh": [1, None],
        "flex_7_2_kwh": ["4,00E-16", None],
    }
)
CLEAN = [
    (1, START, "AdO3-4", 2, 870, 870, 1000, 0),
    (2, START, "", 0, None, None, None, None),
]
# As pyarrow writes it: the keys, and a `flex_3_6_kwh` of decimal256(60, 3).
DECIMAL_OF_60_DIGITS = (
    "c-jka3^EjD5ET;@(-CC?GT21fWEdD2m_V435lB|hRMtV%0gEgH4#4<DltnVfltF^6I5{IVH&K*}L6k?8NrE#au_QG<ttdZNmB9yO",
    "3|N#MELxI}B34?QS`?p|f-J^WoLXF*nV*Lw%qMCh$|S*)mXlf$ZyawHpIx4z$^~>|g-#5J1S%0@l9Z8*QDcx1<&jinV~|90gD6l^",
    "%tp*cjl)w0=raaUCI%azayCgdu=kMkz+4E|;X+Uc)ctTB4UB}eAbAh2YY%Q+d=OnIeh2GI6H8P3fuv6prc3M^lNgg42asaWP$)<&",
    "DlAPc(M>KW&`m5V$}d+aODzIfuV7@RXP{>&83PPpWW;b87~KKDR0sesIb1U",
)
OSLO = pl.col("date_from", "date_to").dt.convert_time_zone("Europe/Oslo")


def stored(frame: pl.DataFrame, folder: Path) -> Path:
    path = folder / "loads [1].parquet"
    frame.write_parquet(path)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [OSLO],
        [OSLO.dt.replace_time_zone(None)],
        [OSLO.dt.replace_time_zone(None).dt.cast_time_unit("ns")],
        [OSLO.dt.strftime("%d.%m.%Y %H:%M")],
        [pl.col("date_from", "date_to").dt.cast_time_unit("ms")],
        [pl.col("user_id").cast(pl.Categorical), pl.col("session_id").cast(pl.Float64)],
        [pl.col("session_id").cast(pl.Float64).fill_null(float("nan"))],
        [pl.col("session_id").cast(pl.String)],
    ],
)
def test_supported_column_types_are_read(tmp_path: Path, changes: list[pl.Expr]) -> None:
    path = stored(TYPED.with_columns(changes), tmp_path)
    reading = read(path)
    assert reading.rows.rows() == CLEAN
    assert (reading.rejects, reading.coerced, reading.rows_read) == ([], 0, 2)
    assert reading.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert reading.file.bytes_read == reading.file.bytes_total


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (pl.col("date_from").dt.date(), "date_from is of type Date; write it as a timestamp or a text"),
        (pl.col("date_to").dt.epoch(), "date_to is of type Int64; write it as a timestamp or a text"),
        (pl.col("user_id").is_null(), "user_id is of type Boolean; write it as a text or an integer"),
        (pl.lit(START).alias("session_id"), "session_id is of type Datetime(time_unit='us', time_zone='UTC');"
         " write it as a number or a text"),
        (pl.concat_list("flex_3_6_kwh"), "flex_3_6_kwh is of type List(Int64); write it as a number or a text"),
    ],
)  # fmt: skip
def test_unsupported_column_types_refuse_the_file(tmp_path: Path, change: pl.Expr, problem: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read(stored(TYPED.with_columns(change), tmp_path))
    assert str(refusal.value) == f"loads [1].parquet: the column {problem}"


def with_schema(path: Path, old: bytes, new: bytes) -> None:
    """Writes another name into the Arrow schema that a Parquet file carries as text, in as many bytes."""
    content = path.read_bytes()
    stored = max(re.findall(rb"[A-Za-z0-9+/=]{200,}", content), key=len)
    schema = base64.b64decode(stored)
    assert old in schema
    path.write_bytes(content.replace(stored, base64.b64encode(schema.replace(old, new))).replace(old, new))


@pytest.mark.parametrize("zone", ["+05:30", "-03:30", "UTC-07"])
def test_a_zone_that_polars_does_not_know_is_read_as_instants(tmp_path: Path, zone: str) -> None:
    path = stored(TYPED.with_columns(pl.col("date_from", "date_to").dt.convert_time_zone("Israel")), tmp_path)
    with_schema(path, b"Israel", zone.encode())
    assert read(path).rows.rows() == CLEAN


def test_a_column_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = stored(TYPED.with_columns(user_iX=pl.col("user_id")), tmp_path)
    with_schema(path, b"user_iX", b"user_id")
    with pytest.raises(UnreadableFile, match=r"has more than one column user_id; keep one of each$"):
        read(path)


def test_a_decimal_that_polars_cannot_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(zlib.decompress(base64.b85decode("".join(DECIMAL_OF_60_DIGITS))))
    problem = r"flex_3_6_kwh is of type Decimal\(precision=60, scale=3\); write it as a decimal of at most 38 digits"
    with pytest.raises(UnreadableFile, match=problem):
        read(path)


def test_missing_columns_and_no_rows_refuse_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="has no column session_ID, only date_from, date_to"):
        read(stored(TYPED.drop("session_id"), tmp_path))
    with pytest.raises(UnreadableFile, match=r"has no column of a measure \(Synthetic_3_6kW, .*Metered_kWh\), only"):
        read(stored(TYPED.drop(cs.ends_with("_kwh")), tmp_path))
    with pytest.raises(UnreadableFile, match="has no rows; load a file with rows under its header"):
        read(stored(TYPED.clear(), tmp_path))


@pytest.mark.parametrize("keep", [12, 200, -8])
def test_a_file_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = stored(TYPED, tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnreadableFile, match="is damaged: it cannot be read as Parquet; copy or write it again"):
        read(path)


def test_content_overwritten_in_the_middle_loads_nothing(tmp_path: Path) -> None:
    path = stored(TYPED, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\xff" * 400 + content[408:])
    with pytest.raises(UnreadableFile, match="is damaged: it cannot be read as Parquet; copy or write it again"):
        read(path)


def test_rows_are_rejected_and_energies_coerced_as_in_text(tmp_path: Path) -> None:
    energies = [-0.5, 1000.0, float("nan"), 1e-7]
    many = pl.concat([TYPED[:1]] * 4).with_columns(pl.Series("synthetic_3_6_kwh", energies))
    reading = read(stored(many, tmp_path))
    assert reading.rejects == [
        (1, "synthetic_3_6_kwh", "-0.5", "energy is negative"),
        (2, "synthetic_3_6_kwh", "1000.0", "energy is above 999.999 kWh"),
    ]
    assert reading.column("synthetic_3_6_kwh_wh") == [None, 0]
    assert reading.coerced == 1


def test_a_large_file_is_read_in_blocks_with_continuous_line_numbers(tmp_path: Path) -> None:
    rows = ROWS_PER_BLOCK * 2 + 10
    reading = read(stored(pl.concat([TYPED[:1]] * 10).sample(rows, with_replacement=True), tmp_path))
    assert reading.column("line") == list(range(1, rows + 1))
