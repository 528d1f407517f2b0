"""Cleaning, compared row by row with a slow second implementation of the same rules."""

import csv
import io
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.cleaning.clean import clean
from evload.ingest.frames import KEYS, MEASURES
from tests.strategies import examples
from tests.unit.ingest.reading import raw_blocks, said, table
from tests.unit.ingest.reference import Accepted, Rejected, judge

COLUMNS = (*KEYS, *MEASURES[:4])
RAW = pl.Schema({"line": pl.Int64(), **dict.fromkeys(COLUMNS, pl.String())})

DAYS_OF_CHANGE = {
    "Europe/Oslo": (datetime(2019, 3, 31), datetime(2019, 10, 27)),
    "America/New_York": (datetime(2019, 3, 10), datetime(2019, 11, 3)),
    "Australia/Lord_Howe": (datetime(2019, 4, 7), datetime(2019, 10, 6)),
    "UTC": (datetime(2020, 2, 29), datetime(2038, 1, 19)),
}
FORMATS = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f")
NO_DATES = ("", "NA", "31.02.2019 10:00", "21.12.2018", "1.2.2019 3:00", "21.12.0018 10:00", "2019-13-01T00:00",
            "2019-01-01T24:01", "01.01.2019 24:00:01", "2019-01-01T10:60", "2019-01-01T10:00:60", "21/12/2018 10:00",
            "21.12.2018\u00a010:00", "2018-12-21\u200bT10:00", "31.12.2099 24:00", "date_from", "x\0y",
            "2100-01-01T00:00", "1899-12-31T23:00", "2019-01-01T10:00+99:00", "٢١.12.2018 10:00")  # fmt: skip
NUMBERS = ("0", "0,87", "0.87", "4,00E-16", "1e400", "1e-400000", "-1e-400000", "0e99999", "-0", "-0,0", "-0,0001",
           "999,999", "999.9990", "999.9990000000000000001", "9.99999e2", "9.9999901e2", "1000", "+3.6", ".5", "5.",
           "9" * 400, "0." + "0" * 400 + "1", "0." + "0" * 20 + "1e21", "000003,60",
           "0.0005", "1,0005", "5e-4", "0.000499999999999999999999", "2.00149999999999999999999")  # fmt: skip
JUNK = ("136,666,667", "abc", "NaN", "inf", "-Infinity", "1.234,5", "1_0", "0x10", "1e", "e5", ".", "-", "--1", "1 0",
        "٣", "NULL", "na", "3.6 kWh", "1e+", "½", "1\u00a0234,5")  # fmt: skip


def blanks_around(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blanks = st.sampled_from(("", "", "", " ", "\t", "\u00a0", "\u200b", "\ufeff \u2009", "\u202f\u200e"))
    return st.builds("{}{}{}".format, blanks, texts, blanks)


@st.composite
def dates(draw: st.DrawFn, zone: str) -> tuple[str, str]:
    start = draw(st.sampled_from(DAYS_OF_CHANGE[zone])) + timedelta(minutes=30 * draw(st.integers(-2, 10)))
    end = start + timedelta(minutes=draw(st.sampled_from((60, 60, 60, 0, 30, 90, 120, -60, 1500))))
    offsets = draw(
        st.sampled_from((("", ""), ("", ""), ("Z", "Z"), ("+01:00", "+0100"), ("+02", "+01"), ("-0430", "")))
    )
    return written(draw, start) + offsets[0], written(draw, end) + offsets[1]


def written(draw: st.DrawFn, time: datetime) -> str:
    """A midnight is at times the 24:00 of the day that it ends."""
    form = draw(st.sampled_from(FORMATS))
    if time.hour or time.minute or draw(st.booleans()):
        return time.strftime(form)
    return (time - timedelta(days=1)).strftime(form.replace("%H", "24"))


energies = blanks_around(
    st.sampled_from(("", "NA", *NUMBERS))
    | st.sampled_from(NUMBERS + JUNK)
    | st.decimals(-1, 1001, places=3).map(str)
    | st.decimals(0, 8, places=2).map(lambda number: str(number).replace(".", ","))
    | st.text("0123456789.,eE+-", max_size=8)
)
users = st.sampled_from(
    ("AdO3-4", "AdO3-4", "NA", "", "Zähler 7", "Za\u0308hler 7", "\u212b\u0323", "a\0b", "N A", "Ad\nO3")
)
sessions = st.sampled_from(("0", "1", "3211", "12.0", "12,0", "+7", "-2147483648", "2147483647", "2147483648", "NA", "",
                            "x", "1.5", "1e3", "9" * 30, "7.", "1\u202f000"))  # fmt: skip


@st.composite
def rows(draw: st.DrawFn, zone: str) -> list[str]:
    date_from, date_to = draw(dates(zone))
    if draw(st.integers(0, 9)) == 0:
        date_from = draw(st.sampled_from(NO_DATES))
    if draw(st.integers(0, 9)) == 0:
        date_to = draw(st.sampled_from(NO_DATES))
    who = draw(st.sampled_from((("AdO3-4", "2"), ("NA", "NA"), None))) or (draw(users), draw(sessions))
    return [
        *(draw(blanks_around(st.just(text))) for text in (date_from, date_to, *who)),
        *(draw(energies) for _ in "1234"),
    ]


tables = st.sampled_from(sorted(DAYS_OF_CHANGE)).flatmap(
    lambda zone: st.tuples(st.just(zone), st.lists(rows(zone), min_size=1, max_size=30))
)


@given(tables)
@examples(150)
def test_cleaning_equals_the_reference_row_by_row(table: tuple[str, list[list[str]]]) -> None:
    zone, texts = table
    raw = pl.DataFrame([(line, *row) for line, row in enumerate(texts, 2)], schema=RAW, orient="row")
    cleaned = clean(raw, zone)
    expected = {line: judge(row, list(COLUMNS), zone) for line, row in enumerate(texts, 2)}
    accepted = {line: verdict for line, verdict in expected.items() if isinstance(verdict, Accepted)}

    assert cleaned.rejects.rows() == [
        (line, verdict.column, texts[line - 2][COLUMNS.index(verdict.column)][:200], verdict.reason)
        for line, verdict in expected.items()
        if isinstance(verdict, Rejected)
    ]
    assert said(cleaned).rows() == [
        (line, verdict.start, verdict.user, verdict.session, *map(_wh, verdict.energies))
        for line, verdict in accepted.items()
    ]
    assert cleaned.coerced == sum(verdict.coerced for verdict in accepted.values())


numbers = st.decimals(0, 99, places=4) | st.sampled_from([Decimal("0.0005"), Decimal("999.99"), Decimal("4E-16")])
plain = st.tuples(numbers, st.sampled_from((".", ","))).map(lambda drawn: str(drawn[0]).replace(".", drawn[1]))
measures = st.lists(st.lists(st.sampled_from(("", "NA")) | plain, min_size=4, max_size=4), min_size=1, max_size=30)


@given(measures, st.lists(st.lists(energies, min_size=4, max_size=4), max_size=2), st.sampled_from((";", ",")))
@examples(300)
def test_energies_parsed_as_floats_equal_their_texts(
    plain: list[list[str]], odd: list[list[str]], separator: str
) -> None:
    rows = [["21.12.2018 10:00", "21.12.2018 11:00", "AdO3-4", "2", *measures] for measures in plain + odd]
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator="\n").writerows([COLUMNS, *rows])
    read = [block.rows for block in raw_blocks(file.getvalue().encode())]
    texts = pl.DataFrame([(line, *row) for line, row in enumerate(rows, 2)], schema=RAW, orient="row")

    assert len(read) == 1
    got, wanted = clean(read[0], "UTC"), clean(texts, "UTC")
    assert said(got).equals(said(wanted))
    assert got.rejects.equals(wanted.rejects)
    assert got.coerced == wanted.coerced


@pytest.mark.parametrize("energy", ["0", "0,87", "3.6", "999,9", "4,00E-16", "", "NA"])
def test_plain_energies_are_parsed_as_floats(energy: str) -> None:
    assert _measure_type(energy) == pl.Float64


@pytest.mark.parametrize("energy", ["-0", "-1e-400000", "999,999", "0,0005", "inf", "nan", "1e400", "3,6 ", "much"])
def test_energies_that_a_float_cannot_tell_are_parsed_as_texts(energy: str) -> None:
    assert _measure_type(energy) == pl.String


def _measure_type(energy: str) -> pl.DataType:
    file = table("21.12.2018 10:00;21.12.2018 11:00;AdO3-4;2;0,87;0,87;NA;" + energy)
    dtype: pl.DataType = next(raw_blocks(file.encode())).rows.schema[COLUMNS[-1]]
    return dtype


def _wh(number: Decimal | None) -> int | None:
    return None if number is None else int(number.quantize(Decimal("0.001"), ROUND_HALF_UP) * 1000)
