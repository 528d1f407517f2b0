"""Questions about some users and locations: what is drawn for them, and which rows they are about."""

from decimal import Decimal

import polars as pl
from hypothesis import strategies as st

from tests.independent import MEASURES


def of_members(rows: pl.DataFrame, users: list[str], locations: list[str]) -> pl.DataFrame:
    """All rows, in which the energies of others than these are taken away."""
    kept = pl.lit(True)
    if users:
        kept = kept & pl.col("user_id").is_in(users).fill_null(False)
    if locations:
        kept = kept & pl.col("location_id").is_in(locations)
    return rows.with_columns(pl.when(kept).then(pl.col(name)).otherwise(Decimal(0)).alias(name) for name in MEASURES)


def known_at(rows: pl.DataFrame, users: list[str], locations: list[str]) -> list[str]:
    """Those of the users who charged at these locations: others are unknown there."""
    there = rows.filter(pl.col("location_id").is_in(locations)) if locations else rows
    return [user for user in users if user in set(there["user_id"])]


def some(of: pl.Series) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(set(of.drop_nulls()) - {""})), max_size=4, unique=True)
