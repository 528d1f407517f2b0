"""A first load adds up while it copies. `evload refresh`, which reads the rows, and SQL must say the same."""

import re
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import load, on_disk, parted
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.read import LoadFile
from evload.ingest.refresh import refresh
from evload.ingest.storing import first_totals
from evload.schema import settle_timezone
from tests.conftest import Databases
from tests.files import write
from tests.strategies import examples
from tests.views import assert_views_agree
from tests.zones import CHANGES, ZONES

TABLES = (
    "SELECT hour::text, location_id, hourly_sum::text FROM hourly_sum ORDER BY hour, location_id",
    "SELECT day::text, user_id, user_day::text FROM user_day ORDER BY day, user_id",
    "SELECT * FROM user_period ORDER BY period, start, user_id",
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


@examples(60)
@given(
    zone=st.sampled_from(ZONES),
    first=st.sampled_from(CHANGES),
    rows=st.lists(rows, min_size=1, max_size=40),
    block_bytes=st.sampled_from([100, 400, 100_000]),
    parts=st.sampled_from([1, 2, 32]),
)
async def test_a_first_load_a_refresh_and_sql_say_the_same(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    zone: str,
    first: datetime,
    rows: list[tuple[int, int, str, str, str]],
    block_bytes: int,
    parts: int,
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
            mock.patch.object(parted, "PARTS", parts),
        ):
            await load_file(dsn, path, LoadOptions(folder))
        await assert_views_agree(connection)
        loaded = await kept(connection)
        await refresh(dsn)
        assert await kept(connection) == loaded
        with mock.patch.object(first_totals.FirstTotals, "put", mock.AsyncMock(return_value=False)):
            await refresh(dsn)
        assert await kept(connection) == loaded
    finally:
        await connection.close()
        await databases.drop(dsn)


ONE_DAY = [f"2024-01-01T{hour:02}:00Z;2024-01-01T{hour + 1:02}:00Z;A-1;1;1;2;3;4" for hour in range(20)]


def full_disk(patch: pytest.MonkeyPatch, _: Path) -> None:
    patch.setattr(on_disk, "TemporaryFile", lambda: Path("/dev/full").open("r+b", buffering=0))  # noqa: SIM115


def no_place_for_temporary_files(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr(tempfile, "tempdir", str(folder / "missing"))


@pytest.mark.parametrize("trouble", [full_disk, no_place_for_temporary_files])
async def test_where_the_loader_has_no_room_postgres_adds_up(
    dsn: str,
    connection: asyncpg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[pytest.MonkeyPatch, Path], None],
) -> None:
    trouble(monkeypatch, tmp_path)
    await load_file(dsn, write(tmp_path / "a.csv", *ONE_DAY))
    await assert_views_agree(connection)


async def test_locations_are_added_up_apart(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    pattern = re.compile("^([A-Z]+)-[0-9]+$")
    rows = [row.replace("A-1", user) for row in ONE_DAY for user in ("A-1", "A-2", "B-1", "C")]
    await load_file(dsn, write(tmp_path / "a.csv", *rows), LoadOptions(location_pattern=pattern))
    await assert_views_agree(connection)
    sums = "SELECT location_id, sum(synthetic_3_6_kwh)::int AS kwh FROM hourly_sum GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in await connection.fetch(sums)] == [("", 20), ("A", 40), ("B", 20)]
