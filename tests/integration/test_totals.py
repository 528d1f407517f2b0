"""The closed and the recent part of the views: always equal to the rows, and only refreshed when they must be."""

from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import batches
from evload.ingest.load import load_file
from tests.conftest import Databases
from tests.files import write
from tests.strategies import examples
from tests.views import assert_views_agree

FIRST_DAY = datetime(2024, 1, 1)


def row(hour: datetime, energy: str = "1", user: str = "A-1") -> str:
    end = hour + timedelta(hours=1)
    return f"{hour:%d.%m.%Y %H:%M};{end:%d.%m.%Y %H:%M};{user};1;{energy};{energy};NA;NA"


async def part(connection: asyncpg.Connection, name: str) -> list[str]:
    found = await connection.fetch(f"SELECT (hour AT TIME ZONE 'Europe/Oslo')::text AS hour FROM {name} ORDER BY 1")
    return [one["hour"] for one in found]


async def test_recent_is_the_latest_month_and_the_one_before(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    hours = [datetime(2024, 1, 31, 23), datetime(2024, 2, 1), datetime(2024, 3, 5, 7)]
    await load_file(dsn, write(tmp_path / "a.csv", *map(row, hours)))
    assert await part(connection, "hourly_closed") == ["2024-01-31 23:00:00"]
    assert await part(connection, "hourly_recent") == ["2024-02-01 00:00:00", "2024-03-05 07:00:00"]
    await load_file(dsn, write(tmp_path / "b.csv", row(datetime(2024, 4, 1))))
    assert await part(connection, "hourly_closed") == ["2024-01-31 23:00:00", "2024-02-01 00:00:00"]
    await assert_views_agree(connection)


async def test_a_new_day_leaves_the_closed_part_alone(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    hours = [datetime(2024, 1, 5, 7), datetime(2024, 3, 5, 7)]
    await load_file(dsn, write(tmp_path / "a.csv", *map(row, hours)))
    # A mark that only a refresh of the closed part would wipe out.
    await connection.execute("UPDATE hourly_sum SET flex_3_6_kwh = 77 WHERE hour < '2024-02-01'")
    await load_file(dsn, write(tmp_path / "b.csv", row(datetime(2024, 3, 6, 7))))
    assert await connection.fetchval("SELECT flex_3_6_kwh FROM hourly_closed") == 0
    assert len(await part(connection, "hourly_recent")) == 2


async def test_a_correction_of_an_old_hour_reaches_the_closed_part(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    hours = [datetime(2024, 1, 5, 7), datetime(2024, 3, 5, 7)]
    await load_file(dsn, write(tmp_path / "a.csv", *map(row, hours)))
    await load_file(dsn, write(tmp_path / "b.csv", row(hours[0], "5")))
    assert await connection.fetchval("SELECT synthetic_3_6_kwh FROM hourly_closed") == 5
    await assert_views_agree(connection)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 9)), min_size=1, max_size=6)),
        st.tuples(st.just("unload"), st.integers(0, 5)),
        st.tuples(st.just("drop"), st.integers(0, 200)),
    ),
    min_size=1,
    max_size=8,
)


@examples(25)
@given(steps=steps)
async def test_whatever_is_loaded_and_taken_out_the_views_agree(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    dsn = await databases.create(template)
    connection = await asyncpg.connect(dsn)
    loaded: list[int] = []
    for number, (kind, what) in enumerate(steps):
        if kind == "load":
            rows = [row(FIRST_DAY + timedelta(days=day, hours=10 + energy), str(energy)) for day, energy in what]  # type: ignore[attr-defined]
            loaded.append((await load_file(dsn, write(folder / f"{number}.csv", *rows))).batch_id)
        elif kind == "unload" and loaded:
            await batches.unload(dsn, loaded.pop(what % len(loaded)))  # type: ignore[operator]
        elif kind == "drop":
            await batches.drop_before(dsn, (FIRST_DAY + timedelta(days=what)).date())  # type: ignore[arg-type]
        await assert_views_agree(connection)
    users = await connection.fetch("SELECT DISTINCT user_id FROM user_location")
    assert users == await connection.fetch("SELECT DISTINCT user_id FROM hourly_load")
    await connection.close()
    await databases.drop(dsn)
