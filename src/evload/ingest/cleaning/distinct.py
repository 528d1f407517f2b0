"""The different values of two columns of texts, of which there are far fewer than rows."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Distinct:
    """`texts` has each pair once, `index` says for each row where its pair is."""

    texts: pl.DataFrame
    index: pl.Series


def distinct(columns: pl.DataFrame) -> Distinct:
    """Texts become numbers first, one column at a time: pairs of numbers are told apart several times as fast."""
    first, second = (column.cast(pl.Categorical(pl.Categories.random())).to_physical() for column in columns)
    pairs = (first.cast(pl.UInt64) * (1 << 32) + second).alias("pair")
    rows = pairs.arg_unique()
    for numbers in (first, second):  # one column alone may tell the pairs apart
        each = numbers[rows]
        if each.n_unique() == len(rows) and each.max() == len(rows) - 1:
            return Distinct(columns[rows[each.arg_sort()]], numbers)
    known = pairs[rows].to_frame().with_row_index("index")
    index = pairs.to_frame().join(known, on="pair", how="left", maintain_order="left")
    return Distinct(columns[rows], index["index"])
