"""Undo and retention: rows and views stay equal, and an unload leaves what the other loads alone would give."""

from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import batches
from evload.ingest.load import LoadOptions, load_file
from evload.measures import NAMES as MEASURES
from tests.conftest import Databases
from tests.files import FILLER, FIRST, SECOND, write
from tests.strategies import examples
from tests.views import assert_views_agree, stored

AGAIN = LoadOptions(again=True)


async def users(connection: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch("SELECT DISTINCT user_id FROM user_location ORDER BY 1")]


async def test_unload_takes_a_batch_out_again(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, FILLER))
    before = await stored(connection)
    added = await load_file(dsn, write(tmp_path / "b.csv", FIRST, SECOND.replace("A-1", "B")))
    removal = await batches.unload(dsn, added.batch_id)
    assert (removal.removed, removal.restored, removal.data_version) == (1, 0, 3)
    assert await stored(connection) == before
    assert await users(connection) == ["A-1"]
    await assert_views_agree(connection)


async def test_unload_restores_what_the_load_had_overwritten(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND))
    before = await stored(connection)
    second = await load_file(dsn, write(tmp_path / "b.csv", SECOND.replace("1,62", "2"), FILLER))
    removal = await batches.unload(dsn, second.batch_id)
    assert (removal.removed, removal.restored, removal.data_version) == (1, 1, 3)
    assert await stored(connection) == before
    await assert_views_agree(connection)


async def test_a_row_that_two_loads_brought_stays_with_the_other(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    first = await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND))
    await load_file(dsn, write(tmp_path / "b.csv", SECOND))
    removal = await batches.unload(dsn, first.batch_id)
    assert (removal.removed, removal.restored) == (1, 1)
    assert [str(row[3]) for row in await stored(connection)] == ["1.620"]
    await assert_views_agree(connection)


CONTENTS = (
    "SELECT user_id, location_id, date_from, session_id, occurrence, "
    f"{', '.join(MEASURES)} FROM hourly_load ORDER BY user_id, date_from, session_id, occurrence",
    "SELECT * FROM user_location ORDER BY 1, 2",
    "SELECT * FROM hourly_totals ORDER BY hour",
    "SELECT * FROM daily_totals ORDER BY measure, day",
    "SELECT * FROM monthly_closed ORDER BY measure, month",
    "SELECT * FROM user_day ORDER BY day, user_id",
    "SELECT * FROM user_period ORDER BY period, start, user_id",
    "SELECT * FROM hourly_sum ORDER BY hour, location_id",
    "SELECT measure, is_held FROM measure ORDER BY rank",
    "SELECT timezone, recent_since, stored_rows, stored_sessions FROM site",
    "SELECT source, session_key, source_session_id, session_id, user_id, location_id, plug_in_at, plug_out_at,"
    " charging_seconds, energy_kwh, last_hour FROM charging_session ORDER BY source, session_key",
)


async def contents(dsn: str) -> list[list[tuple[object, ...]]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [[tuple(row) for row in await connection.fetch(query)] for query in CONTENTS]
    finally:
        await connection.close()


HEADERS = (
    "date_from;date_to;User_ID;session_ID;location;Synthetic_3_6kW;Flex_7_2kW",
    "date_from;date_to;User_ID;session_ID;location;Synthetic_3_6kW;metered_kwh",
)
file_rows = st.lists(
    st.tuples(
        st.integers(0, 3),  # month
        st.integers(0, 2),  # hour
        st.sampled_from(["A;1", "A;2", "B;1", "NA;NA"]),
        st.sampled_from(["", "north", "south"]),
        st.sampled_from(["NA", "0", "1", "2,5"]),
        st.sampled_from(["NA", "3"]),
    ),
    min_size=1,
    max_size=8,
)
histories = st.lists(
    st.tuples(st.just("load"), st.tuples(st.sampled_from(HEADERS), file_rows))
    | st.tuples(st.just("unload"), st.integers(0, 11)),
    min_size=2,
    max_size=12,
)


def row(month: int, hour: int, session: str, location: str, *energies: str) -> str:
    day = f"10.{month + 1:02}.2024"
    return ";".join((f"{day} {hour:02}:00", f"{day} {hour + 1:02}:00", session, location, *energies))


@examples(25)
@given(history=histories)
async def test_unload_leaves_what_the_remaining_loads_alone_would_give(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    dsn, fresh = await databases.create(template), await databases.create(template)
    loaded: dict[int, Path] = {}
    for number, (kind, what) in enumerate(history):
        if kind == "load":
            path = folder / f"{number}.csv"
            path.write_text("\n".join([what[0], *(row(*one) for one in what[1])]) + "\n")
            loaded[(await load_file(dsn, path, AGAIN)).batch_id] = path
        elif loaded:
            batch = list(loaded)[what % len(loaded)]
            await batches.unload(dsn, batch)
            del loaded[batch]
    for path in loaded.values():
        await load_file(fresh, path, AGAIN)
    assert await contents(dsn) == await contents(fresh)
    await databases.drop(dsn)
    await databases.drop(fresh)


async def test_a_batch_that_is_out_can_be_loaded_again(dsn: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", FIRST)
    await batches.unload(dsn, (await load_file(dsn, path)).batch_id)
    assert (await load_file(dsn, path)).inserted == 1


async def test_only_what_is_loaded_can_be_taken_out(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(batches.NoSuchBatch, match="There is no batch 7"):
        await batches.find(dsn, 7)
    report = await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    await batches.unload(dsn, report.batch_id)
    with pytest.raises(batches.NoSuchBatch, match="was taken out already"):
        await batches.find(dsn, report.batch_id)


async def test_drop_ends_the_retention_of_old_days(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    late = "21.12.2018 23:00;22.12.2018 00:00;B;1;1;1;1;1"
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, late, FILLER))
    removal = await batches.drop_before(dsn, date(2018, 12, 22))
    assert (removal.removed, removal.data_version) == (2, 2)
    assert [row[0] for row in await stored(connection)] == [""]
    assert await users(connection) == []
    await assert_views_agree(connection)
    assert (await batches.drop_before(dsn, date(2018, 12, 22))).data_version == 2


async def test_everything_can_be_dropped(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    await batches.drop_before(dsn, date(2030, 1, 1))
    await assert_views_agree(connection)
    assert await connection.fetchval("SELECT recent_since FROM site") is not None
    assert (await load_file(dsn, write(tmp_path / "b.csv", SECOND))).inserted == 1
    await assert_views_agree(connection)
