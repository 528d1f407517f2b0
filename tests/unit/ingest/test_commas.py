"""Tables whose commas stand both between the fields and in the numbers: no row is read as what it does not say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.read import UnreadableFile
from tests.strategies import examples
from tests.unit.ingest.reading import HEADER, read, table, written

COMMAS = HEADER.replace(";", ",")
TIMES = "21.12.2018 10:00,21.12.2018 11:00"

whole = st.sampled_from(["0", "1", "12", "NA", "", "much"])
decimals = st.sampled_from(["0,87", "12,5", ",5", "5,", "4,00E-16", "1.234,5", "-1,5", "+0,1", " 0,25", "1 234,5 kWh"])
users = st.sampled_from(["U-1", "17", "NA"])
energies = st.lists(whole | decimals, min_size=4, max_size=4)


@st.composite
def rows(draw: st.DrawFn) -> str:
    """Some lack their last fields, so that they have as many as the header by chance."""
    fields = [TIMES, draw(users), "1", *draw(energies)]
    return ",".join(fields[: len(fields) - draw(st.sampled_from([0, 0, 1, 2, 3]))])


@st.composite
def full_rows(draw: st.DrawFn) -> str:
    values = draw(st.permutations([draw(decimals), *draw(energies)[1:]]))
    return ",".join([TIMES, draw(users), "1", *values])


@given(st.lists(rows(), max_size=12), full_rows(), st.integers(0, 12), st.sampled_from([1, 100, 1 << 20]))
@examples(200)
def test_decimal_commas_between_commas_refuse_the_file(
    tmp_path: Path, others: list[str], full: str, place: int, block_bytes: int
) -> None:
    others.insert(place, full)
    with pytest.raises(UnreadableFile, match="commas seem to stand in the numbers too; write decimal points, quote"):
        read(written(tmp_path, table(*others, header=COMMAS)), block_bytes=block_bytes)


WHOLE_ROW, POINT_ROW = f"{TIMES},U-1,1,0,87,NA,NA", f"{TIMES},U-1,1,0.5,87,NA,NA"


@pytest.mark.parametrize(
    ("good", "ragged"),
    [
        (POINT_ROW, f"{TIMES},U-1,1,0,87,NA,0,1"),
        (POINT_ROW, f"{WHOLE_ROW},"),
        (WHOLE_ROW, f"{TIMES},U-1,1,NA,NA,NA,0.114,"),
        (WHOLE_ROW, f"{TIMES},Doe, John,1,NA,NA,NA,NA"),
        (WHOLE_ROW, f"{TIMES},U-1,1,0,87,NA"),
        (f'{TIMES},U-1,1,"0,5","87",NA,NA', f"{TIMES},U-1,1,NA,NA,NA,NA,soon"),
        (f'{TIMES},U-1,1,"0,5","87",NA,NA', f"{TIMES},U-1,1,0,0,0,0,1"),
    ],
)
def test_other_rows_with_too_many_or_too_few_fields_are_rejected(tmp_path: Path, good: str, ragged: str) -> None:
    reading = read(written(tmp_path, table(good, ragged, good, header=COMMAS)))
    assert [(line, value) for line, _, value, _ in reading.rejects] == [(3, ragged)]
    assert reading.column("synthetic_7_2_kwh_wh") == [87_000, 87_000]
