"""Cutting a text into records: line numbers and fields, whatever is quoted and wherever a block ends."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.formats.text import RECORDS_AT_ONCE
from tests.strategies import examples
from tests.unit.ingest.reading import HEADER, ROW, raw_blocks, read, table, written

texts = st.text(st.sampled_from('ab""\n\r;, ø\t\''), max_size=12)


def parsed(content: bytes, block_bytes: int) -> Iterator[tuple[int, str]]:
    """The line and the user of each row, without the blanks around it that cleaning takes off."""
    for block in raw_blocks(content, block_bytes):
        yield from block.rows.select("line", pl.col("user_id").str.strip_chars()).rows()


@given(
    st.lists(st.none() | texts, max_size=12),
    st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)),
    st.sampled_from((";", ",")),
    st.sampled_from(("\n", "\r\n")),
    st.integers(1, 300),
    st.booleans(),
)
@examples(300)
def test_what_the_csv_module_writes_is_read_back_with_its_lines(
    users: list[str | None], quoting: int, separator: str, line_end: str, block_bytes: int, open_end: bool
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
    writer.writerow(HEADER.split(";"))
    expected = []
    for user in users:
        if user is None:
            out.write(line_end)
        else:
            expected.append((1 + out.getvalue().count("\n"), user.strip()))
            writer.writerow([*ROW.split(";")[:2], user, *ROW.split(";")[3:]])
    content = out.getvalue()
    if open_end:
        content = content.removesuffix(line_end)
    assert list(parsed(content.encode(), block_bytes)) == expected


@pytest.mark.parametrize("user", ['5" cable', '5" x 3"', 'a"b""c', '"Ad"O3', "it's", '""', '"a""b"'])
@pytest.mark.parametrize("block_bytes", [50, 1 << 20])
def test_a_quote_inside_a_field_is_a_character(user: str, block_bytes: int) -> None:
    rows = table(ROW.replace("AdO3-4", user), ROW, ROW.replace("AdO3-4", user))
    read_as = next(csv.reader([user]))[0]
    assert list(parsed(rows.encode(), block_bytes)) == [(2, read_as), (3, "AdO3-4"), (4, read_as)]


def test_ragged_rows_that_make_up_for_each_other_are_both_found(tmp_path: Path) -> None:
    reading = read(written(tmp_path, table(f"{ROW};", ROW.rsplit(";", 1)[0], ROW)))
    assert [(line, reason) for line, _, _, reason in reading.rejects] == [
        (2, "has 9 fields, 8 are expected"),
        (3, "has 7 fields, 8 are expected"),
    ]
    assert reading.column("line") == [4]


def test_rows_between_two_stray_quotes_are_rejected_with_them(tmp_path: Path) -> None:
    opened, closed = ROW.replace("AdO3-4", '"AdO3-4'), ROW.replace("AdO3-4", 'AdO3-4"')
    as_one_user = read(written(tmp_path, table(ROW, opened, ROW, closed, ROW)))
    assert as_one_user.rejects == [
        (3, "User_ID", f"AdO3-4;2;0,87;0,87;NA;0,114\n{ROW}\n21.12.2018 10:00;21.12.2018 11:00;AdO3-4",
         "has a line break, as where a closing quote is missing")
    ]  # fmt: skip
    assert as_one_user.column("line") == [2, 6]
    ragged = read(written(tmp_path, table(ROW, opened, ROW, ROW.replace("NA", '"NA'), ROW)))
    assert [(line, reason) for line, _, _, reason in ragged.rejects] == [
        (3, "has 4 fields over 3 lines, as a quote opens and is closed later, 8 are expected")
    ]
    assert ragged.column("line") == [2, 6]


@examples(200)
@given(content=st.binary(max_size=300) | texts.map(str.encode), block_bytes=st.integers(1, 300))
def test_block_boundaries_do_not_change_the_rows(content: bytes, block_bytes: int) -> None:
    def outcome(size: int) -> object:
        try:
            return list(parsed(table(ROW, ROW).encode() + content, size))
        except Exception as error:
            return type(error), str(error)

    assert outcome(block_bytes) == outcome(1 << 20)


def test_a_block_of_short_broken_lines_comes_in_parts() -> None:
    parts = list(raw_blocks(f"{HEADER}\n".encode() + b";\n" * (2 * RECORDS_AT_ONCE + 1)))
    assert [part.rejects.height for part in parts] == [RECORDS_AT_ONCE, RECORDS_AT_ONCE, 1]
    assert [part.rejects["line"][0] for part in parts] == [2, RECORDS_AT_ONCE + 2, 2 * RECORDS_AT_ONCE + 2]
