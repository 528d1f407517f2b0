"""A first load adds up while it copies. `evload refresh`, which adds up the rows in SQL, must say the same."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import asyncpg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import load
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.read import LoadFile
from evload.ingest.storing import sums
from evload.ingest.storing.totals import refresh
from evload.queries import Query, query
from evload.schema import settle_timezone
from tests.conftest import Databases
from tests.files import write
from tests.strategies import examples
from tests.views import assert_views_agree
from tests.zones import CHANGES, ZONES

TABLES = (
    "SELECT hour::text, hourly_sum::text FROM hourly_sum ORDER BY hour",
    "SELECT day::text, user_id, user_day::text FROM user_day ORDER BY day, user_id",
)
# Also where a float cannot tell which way Postgres rounds.
ENERGIES = (
    "NA", "", "much", "0", "-0", "0,0005", "0.00049999999999999999999999", "1.0005", "2,0015", "5e-4", "49e-5",
    "1E-320", "999,999", "+7.2", ".5", "3.", "0.30000000000000004", "1.23449999999999999999999999999",
)  # fmt: skip
BROKEN = ("-1", "1000")

rows = st.tuples(
    st.sampled_from([0, 5, 22, 23, 27, 28, 29, 46, 47, 52, 53, 80]),  # hour: around midnights, so that sessions go on
    st.sampled_from([0, 0, 0, 0, 30]),  # minute
    st.sampled_from(["A-1;1", "A-1;1", "A-1;2", "B;1", "Å;1", " A-1 ;1", "NA;NA", ";"]),
    st.sampled_from([*ENERGIES, *BROKEN]),
    st.sampled_from(ENERGIES),
)


def line(first: datetime, row: tuple[int, int, str, str, str]) -> str:
    hour, minute, who, one, other = row
    start = first + timedelta(hours=hour, minutes=minute)
    return f"{start:%Y-%m-%dT%H:%M}Z;{start + timedelta(hours=1):%Y-%m-%dT%H:%M}Z;{who};{one};{other};0.001;{one}"


async def kept(connection: asyncpg.Connection) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in await connection.fetch(table)] for table in TABLES]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The names of the queries that bring the views up to date."""
    names: list[str] = []

    def noted(name: str) -> Query:
        names.append(name)
        return query(name)

    with mock.patch("evload.ingest.storing.totals.query", noted):
        yield names


@examples(60)
@given(
    zone=st.sampled_from(ZONES),
    first=st.sampled_from(CHANGES),
    rows=st.lists(rows, min_size=1, max_size=40),
    block_bytes=st.sampled_from([100, 400, 100_000]),
    small_bytes=st.sampled_from([1, 1 << 20]),
    at_once=st.sampled_from([1, 3, 1000]),
)
async def test_a_first_load_and_a_refresh_say_the_same(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    zone: str,
    first: datetime,
    rows: list[tuple[int, int, str, str, str]],
    block_bytes: int,
    small_bytes: int,
    at_once: int,
) -> None:
    folder = tmp_path_factory.mktemp("files")
    good = line(first, (1, 0, "B;2", "1", "1"))
    path = write(folder / "a.csv", good, *(line(first - timedelta(days=1), row) for row in rows))
    dsn = await databases.create(template)
    connection = await asyncpg.connect(dsn)
    try:
        await settle_timezone(connection, zone)
        with (
            mock.patch.object(load, "LoadFile", partial(LoadFile, block_bytes=block_bytes)),
            mock.patch.object(sums, "SMALL_BYTES", small_bytes),
            mock.patch.object(sums, "SESSIONS_AT_ONCE", at_once),
        ):
            await load_file(dsn, path, LoadOptions(folder))
        await assert_views_agree(connection)
        loaded = await kept(connection)
        await refresh(dsn)
        assert await kept(connection) == loaded
    finally:
        await connection.close()
        await databases.drop(dsn)


ONE_DAY = [f"2024-01-01T{hour:02}:00Z;2024-01-01T{hour + 1:02}:00Z;A-1;1;1;2;3;4" for hour in range(20)]
MIXED_UP = [f"2024-01-{day:02}T08:00Z;2024-01-{day:02}T09:00Z;U-{day};1;1;2;3;4" for day in range(1, 31)]
IN_SQL = "totals/compute_all_user_days"


async def test_a_first_load_is_not_added_up_again(dsn: str, tmp_path: Path, statements: list[str]) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", *ONE_DAY))
    assert IN_SQL not in statements


def few_sessions_at_once(patch: pytest.MonkeyPatch, _: Path) -> None:
    patch.setattr(sums, "SESSIONS_AT_ONCE", 10)


def full_disk(patch: pytest.MonkeyPatch, _: Path) -> None:
    patch.setattr(sums, "SpooledTemporaryFile", lambda _: Path("/dev/full").open("wb"))  # noqa: SIM115


def no_place_for_temporary_files(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr(tempfile, "tempdir", str(folder / "missing"))
    patch.setattr(sums, "SMALL_BYTES", 1)


def zone_tables_of_another_year(patch: pytest.MonkeyPatch, _: Path) -> None:
    moved = pl.col("date_from").dt.offset_by("5h").dt.date()
    patch.setattr(sums.Sums, "_with_days", lambda _, hours: hours.with_columns(day=moved))


@pytest.mark.parametrize(
    ("trouble", "rows"),
    [
        (few_sessions_at_once, MIXED_UP),  # sums that are as many as the rows are no help
        (full_disk, ONE_DAY),
        (no_place_for_temporary_files, ONE_DAY),
        (zone_tables_of_another_year, ONE_DAY),  # what Postgres takes for a day holds
    ],
)
async def test_where_the_loader_cannot_postgres_adds_up(
    dsn: str,
    connection: asyncpg.Connection,
    tmp_path: Path,
    statements: list[str],
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[pytest.MonkeyPatch, Path], None],
    rows: list[str],
) -> None:
    trouble(monkeypatch, tmp_path)
    await load_file(dsn, write(tmp_path / "a.csv", *rows))
    assert IN_SQL in statements
    await assert_views_agree(connection)
