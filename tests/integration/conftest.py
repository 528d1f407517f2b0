"""The generated file with locations: the part of a user id before its dash."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import polars as pl
import pytest

from evload.ingest.load import LoadOptions, load_file
from tests.conftest import Databases
from tests.independent import raw_rows

LOCATION = re.compile(r"^([^-]+)")


@pytest.fixture(scope="session")
async def located_dsn(databases: Databases, template: str, generated_file: Path) -> AsyncIterator[str]:
    made = await databases.create(template)
    await load_file(made, generated_file, LoadOptions(location_pattern=LOCATION))
    yield made
    await databases.drop(made)


@pytest.fixture(scope="session")
def located_rows(generated_file: Path) -> pl.DataFrame:
    location = pl.col("user_id").str.extract(LOCATION.pattern).fill_null("").alias("location_id")
    return raw_rows(generated_file, "Europe/Oslo").with_columns(location)
