"""`evload refresh` and loads repair what a restore or a change by hand left behind."""

from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import batches
from evload.ingest.load import load_file
from evload.ingest.refresh import refresh
from tests.conftest import Databases, api_client
from tests.endpoints import EVERY_PATH
from tests.files import FILLER, FIRST, SECOND, write
from tests.strategies import examples
from tests.views import assert_views_agree, row_count

VIEWS = ("hourly_closed", "hourly_recent", "daily_closed", "daily_recent", "monthly_closed")
LATER = "05.03.2019 09:00;05.03.2019 10:00;B-2;4;1;2;3;4"
OTHER = "06.03.2019 09:00;06.03.2019 10:00;C-3;5;1;2;3;4"


async def empty(connection: asyncpg.Connection, *views: str) -> None:
    """As `pg_restore` leaves a view whose refresh failed."""
    for view in views:
        await connection.execute(f"REFRESH MATERIALIZED VIEW {view} WITH NO DATA")


async def answers(dsn: str) -> dict[str, tuple[int, str]]:
    async with api_client(dsn) as client:
        return {path: ((found := await client.get(path)).status_code, found.text) for path in EVERY_PATH}


@pytest.mark.parametrize("views", [*((view,) for view in VIEWS), VIEWS], ids=" ".join)
async def test_refresh_fills_views_that_are_not_populated(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, views: tuple[str, ...]
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND, FILLER, LATER))
    before = await answers(dsn)
    await empty(connection, *views)
    await refresh(dsn)
    assert await answers(dsn) == before
    await assert_views_agree(connection)


@pytest.mark.parametrize("view", VIEWS)
async def test_changes_fill_views_that_are_not_populated(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, view: str
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND, FILLER, LATER))
    await empty(connection, view)
    batch = (await load_file(dsn, write(tmp_path / "b.csv", OTHER))).batch_id
    await assert_views_agree(connection)
    await empty(connection, view)
    await batches.unload(dsn, batch)
    await assert_views_agree(connection)


async def test_a_first_load_fills_views_that_are_not_populated(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await empty(connection, *VIEWS)
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, LATER))
    assert await row_count(dsn) == 2


@pytest.mark.parametrize("view", VIEWS)
async def test_questions_to_views_that_are_not_populated_say_what_to_do(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, view: str
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST, SECOND, FILLER, LATER))
    before = await answers(dsn)
    await empty(connection, view)
    found = await answers(dsn)
    failed = {path for path, answer in found.items() if answer != before[path]}
    assert failed
    assert all(found[path][0] == 500 and "`evload refresh`" in found[path][1] for path in failed)


ENERGIES = st.sampled_from(["NULL", "0", "0.001", "999.999", "1.5", "-0.25", "'NaN'"])
BY_HAND = st.tuples(
    st.integers(0, 60),
    st.sampled_from(["", "A-1", "A 'b'", '"', '"";,', "line\nfeed", "\r", "\\.", "\ttab", "Ø", "NULL"]),
    st.sampled_from(["", "G", "G,1\n", '"']),
    st.integers(0, 2),
    ENERGIES,
    ENERGIES,
)


@examples(20)
@given(rows=st.lists(BY_HAND, max_size=12), with_nan=st.booleans())
async def test_refresh_follows_whatever_was_changed_by_hand(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, str, str, int, str, str]],
    with_nan: bool,
) -> None:
    dsn = await databases.create(template)
    connection = await asyncpg.connect(dsn)
    try:
        await load_file(dsn, write(tmp_path_factory.mktemp("files") / "a.csv", FIRST, SECOND, FILLER))
        for occurrence, (hours, user, location, session, one, other) in enumerate(rows):
            one, other = (energy if with_nan or "NaN" not in energy else "-7" for energy in (one, other))
            await connection.execute(
                "INSERT INTO hourly_load (date_from, date_to, user_id, location_id, session_id, occurrence, batch_id,"
                f" synthetic_3_6_kwh, metered_kwh) VALUES ('2018-12-20'::timestamptz + $1 * interval '30 minutes',"
                f" '2018-12-20'::timestamptz + $1 * interval '30 minutes' + interval '1 hour', $2, $3, $4, $5, 1,"
                f" {one}, {other})",
                hours, user, location, session, occurrence + 1,
            )  # fmt: skip
        await connection.execute("DELETE FROM hourly_load WHERE occurrence = 0 AND user_id = 'A-1'")
        await refresh(dsn)
        located = await connection.fetch("SELECT user_id, location_id FROM user_location ORDER BY 1, 2")
        assert [tuple(row) for row in located] == sorted({(user, location) for _, user, location, *_ in rows if user})
        assert await connection.fetchval("SELECT stored_rows FROM site") == len(rows) + 1
        if not any("'NaN'" in row for row in rows):
            await assert_views_agree(connection)
    finally:
        await connection.close()
        await databases.drop(dsn)
