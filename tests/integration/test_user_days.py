"""What each user did on each day: equal to the rows whatever is loaded and taken out, and so are the answers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import batches
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.refresh import refresh
from evload.queries import query
from evload.schema import settle_timezone
from tests.conftest import Databases, api_client
from tests.files import HEADER
from tests.independent import MEASURES, NOTHING, Expected, no_data
from tests.strategies import Bound, examples, ranges
from tests.views import assert_views_agree
from tests.zones import CHANGES, ZONES

SORTS = ("energy_kwh", "hours", "sessions", "user_id", "first_day", "last_day")
Slot = tuple[int, int, str, int, int]

slots = st.tuples(
    st.sampled_from([0, 5, 22, 23, 27, 28, 29, 46, 52, 53, 80]),  # hour: few, around midnights, so that rows meet
    st.sampled_from([0, 0, 0, 30]),  # minute: a file may hold hours that do not begin on the full one
    st.sampled_from(["A-1", "A-1", "B", "NA"]),
    st.integers(1, 2),  # session
    st.integers(0, 3),  # energy
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.lists(slots, min_size=1, max_size=12)),
        st.tuples(st.just("load"), st.lists(slots, min_size=1, max_size=12)),
        st.tuples(st.just("unload"), st.integers(0, 5)),
        st.tuples(st.just("drop"), st.integers(-1, 4)),
        st.tuples(st.just("refresh"), st.none()),
    ),
    min_size=3,
    max_size=7,
)


def line(first: datetime, slot: Slot) -> str:
    hour, minute, user, session, energy = slot
    start = first + timedelta(hours=hour, minutes=minute)
    who = "NA;NA" if user == "NA" else f"{user};{session}"
    return f"{start:%Y-%m-%dT%H:%M}Z;{start + timedelta(hours=1):%Y-%m-%dT%H:%M}Z;{who};{energy};NA;0,001;{energy}"


async def do(dsn: str, kind: str, what: Any, first: datetime, path: Path, loaded: list[int]) -> None:
    if kind == "load":
        path.write_text("\n".join([HEADER, *(line(first, slot) for slot in what)]) + "\n")
        loaded.append((await load_file(dsn, path, LoadOptions(strict=True, again=True))).batch_id)
    elif kind == "unload" and loaded:
        await batches.unload(dsn, loaded.pop(what % len(loaded)))
    elif kind == "drop":
        await batches.drop_before(dsn, (first + timedelta(days=what)).date())
    elif kind == "refresh":
        await refresh(dsn)


async def stored_rows(connection: asyncpg.Connection, timezone: str) -> pl.DataFrame:
    """The rows as `tests.independent` wants them."""
    found = await connection.fetch(
        f"SELECT date_from, nullif(user_id, '') AS user_id, session_id, {', '.join(MEASURES)} FROM hourly_load"
    )
    key = {"date_from": pl.Datetime("us", "UTC"), "user_id": pl.String(), "session_id": pl.Int32()}
    energies = dict.fromkeys(MEASURES, pl.Decimal(18, 3))
    local = pl.col("date_from").dt.convert_time_zone(timezone)
    rows = pl.DataFrame([tuple(row) for row in found], schema={**key, **energies}, orient="row")
    return rows.with_columns(local.dt.replace_time_zone(None).alias("local_from"), local.dt.date().alias("day"))


async def check_summary(
    dsn: str,
    rows: pl.DataFrame,
    timezone: str,
    held: list[str],
    asked: list[tuple[str, str, int, Bound | None, Bound | None]],
) -> None:
    async with api_client(dsn) as client:
        for measure, sort, limit, start, end in asked:
            if start and end and start.instant > end.instant:
                start, end = None, None
            params = {"measure": measure, "sort": sort, "limit": str(limit)}
            params |= {name: b.text for name, b in (("start_date", start), ("end_date", end)) if b}
            answer = await client.get("/users/summary", params=params)
            instants = (start.instant if start else None, end.instant if end else None)
            expected = Expected.between(rows, measure, timezone, *instants).users(sort, limit)
            told = (answer.status_code, answer.json())
            if rows.height and measure not in held:
                assert told == (404, no_data(rows.clear(), measure)), params
            else:
                assert told == ((200, expected) if expected else (404, NOTHING)), params


@examples(40)
@given(data=st.data(), name=st.sampled_from(ZONES), steps=steps)
async def test_the_days_of_users_follow_the_rows(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    name: str,
    steps: list[tuple[str, Any]],
) -> None:
    first = data.draw(st.sampled_from(CHANGES)) - timedelta(days=1)
    folder, loaded = tmp_path_factory.mktemp("files"), list[int]()
    dsn = await databases.create(template)
    connection = await asyncpg.connect(dsn)
    try:
        await settle_timezone(connection, name)
        for number, (kind, what) in enumerate(steps):
            await do(dsn, kind, what, first, folder / f"{number}.csv", loaded)
            await assert_views_agree(connection)
        rows = await stored_rows(connection, name)
        held = await connection.fetchval("SELECT array(SELECT measure FROM measure WHERE is_held)")
        span = first.replace(tzinfo=UTC), first.replace(tzinfo=UTC) + timedelta(days=5)
        bounds = [data.draw(ranges(ZoneInfo(name), *span)) for _ in range(6)]
        choices = st.tuples(st.sampled_from(list(MEASURES)), st.sampled_from(SORTS), st.integers(1, 4))
        await check_summary(dsn, rows, name, held, [(*data.draw(choices), start, end) for start, end in bounds])
    finally:
        await connection.close()
        await databases.drop(dsn)


async def test_a_day_that_begins_twice(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    """Added up one by one, as the table is not empty any more: the first of the two midnights belongs to the day."""
    await settle_timezone(connection, "America/Havana")
    loaded: list[int] = []
    await do(dsn, "load", [(0, 0, "A-1", 1, 1)], datetime(2024, 11, 3), tmp_path / "before.csv", loaded)
    twice = [(4, 0, "A-1", 2, 1), (5, 0, "A-1", 3, 1), (30, 0, "A-1", 2, 1)]
    await do(dsn, "load", twice, datetime(2024, 11, 3), tmp_path / "twice.csv", loaded)
    days = await connection.fetch("SELECT day::text, hours, sessions_begun FROM user_day ORDER BY day")
    assert [tuple(day) for day in days] == [("2024-11-02", 1, 1), ("2024-11-03", 2, 2), ("2024-11-04", 1, 0)]
    await assert_views_agree(connection)


async def test_the_days_of_many_users_are_added_up_at_once(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """More users and days than are worth looking up one by one."""
    first = datetime(2024, 1, 1)
    loaded: list[int] = []
    few = [(hour, 0, "A-1", 1, 1) for hour in (0, 23, 24)]
    await do(dsn, "load", few, first, tmp_path / "few.csv", loaded)
    many = [(24 * (number % 20), number % 2 * 30, f"U-{number // 20}", 1, 2) for number in range(10_200)]
    await do(dsn, "load", many, first, tmp_path / "many.csv", loaded)
    await assert_views_agree(connection)
    assert await connection.fetchval("SELECT count(*) FROM user_day") == 10_202
    await batches.unload(dsn, loaded[1])
    await assert_views_agree(connection)
    assert await connection.fetchval("SELECT count(*) FROM user_day") == 2


async def test_no_plan_reads_more_rows_than_those_of_the_days_that_are_cut(generated_dsn: str) -> None:
    """Also the plan that Postgres makes without knowing the range."""
    connection = await asyncpg.connect(generated_dsn)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    types = ", ".join(kind for _, kind in query("users/summary").params)
    await connection.execute(f"PREPARE asked ({types}) AS {query('users/summary').text}")
    asked = "'flex_3_6_kwh', '2019-03-03 10:00', '2019-05-05 09:00', 'hours', 20, NULL"
    (plan,) = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked ({asked})"))
    await connection.close()
    assert all(node.get("Node Type") != "Seq Scan" for node in nodes(plan["Plan"]) if reads(node) == {"hourly_load"})
    alone = [
        node for node in nodes(plan["Plan"]) if node["Node Type"] == "Aggregate" and reads(node) == {"hourly_load"}
    ]
    assert alone, "the rows are joined before the hours are known that they lie between"


async def test_a_page_of_users_reads_their_rows_alone(generated_dsn: str) -> None:
    """Also the plan that Postgres makes without knowing the users, whose rows may come after all others."""
    connection = await asyncpg.connect(generated_dsn)
    user, rows = await connection.fetchrow(
        "SELECT user_id, count(*) FROM hourly_load WHERE user_id <> '' GROUP BY user_id ORDER BY 2 LIMIT 1"
    )  # type: ignore[misc]
    await connection.execute("SET plan_cache_mode = force_generic_plan; SET random_page_cost = 1.1")
    asked = query("load/hourly_loads_of_users")
    await connection.execute(f"PREPARE page ({', '.join(kind for _, kind in asked.params)}) AS {asked.text}")
    explained = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page (0, 20, NULL, ARRAY['{user}'])"
    (plan,) = json.loads(await connection.fetchval(explained))
    await connection.close()
    reading = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "hourly_load"]
    assert reading
    read = sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in reading)
    assert read <= rows


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def reads(plan: dict[str, Any]) -> set[str]:
    return {node[key] for node in nodes(plan) for key in ("Relation Name", "CTE Name") if key in node}
