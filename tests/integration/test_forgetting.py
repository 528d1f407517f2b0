"""Users that are forgotten: nothing of them is left in the database, and no load and no unload brings it back."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload import tokens
from evload.ingest import batches
from evload.ingest.export_user import document_of
from evload.ingest.failures import LoadFailure, record
from evload.ingest.forget import Erasure, UnknownUser, forget
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.model import parse_mapping
from evload.tokens import Role
from tests.conftest import Databases, api_client
from tests.everything_kept import places_of
from tests.files import FILLER, FIRST, SECOND, write
from tests.integration.test_batches import CONTENTS, HEADERS, contents, row
from tests.locks import PATIENCE_SECONDS
from tests.session_files import MAPPING, Session, write_sessions
from tests.strategies import examples
from tests.views import assert_views_agree, stored

GONE = "user-Gone-7"
STAYS = "user-Stays-8"
AGAIN = LoadOptions(again=True)
NAMED = Named("mine", parse_mapping(MAPPING, "mine"))
OF_SESSIONS = LoadOptions(named=NAMED, again=True)
TEN = datetime(2024, 5, 10, 10, 20, tzinfo=UTC)


def of(user: str, *lines: str) -> list[str]:
    return [line.replace("A-1", user) for line in lines]


def session(user: str, id_: str = "s-1", wh: int = 9_000, hours: int = 0) -> Session:
    return Session(id_, user, "north", TEN + timedelta(hours=hours), 300, 120, wh)


async def load_all(dsn: str, tmp_path: Path) -> None:
    """Rows and sessions of two users, loaded, overwritten and corrected; a file is named like one of them."""
    both = [*of(GONE, FIRST, SECOND), *of(STAYS, SECOND), FILLER]
    await load_file(dsn, write(tmp_path / "a.csv", *both))
    changed = [*of(GONE, SECOND.replace("1,62", "2")), *of(STAYS, SECOND.replace("1,62", "3"))]
    await load_file(dsn, write(tmp_path / f"{GONE}.csv", *changed))
    sessions = (session(GONE), session(GONE, "", hours=24), session(STAYS, "s-2", hours=48))
    await load_file(dsn, write_sessions(tmp_path / "s.csv", *sessions), OF_SESSIONS)
    await load_file(dsn, write_sessions(tmp_path / "t.csv", session(GONE, wh=5_000)), OF_SESSIONS)


async def assert_forgotten(connection: asyncpg.Connection) -> None:
    assert await places_of(connection, GONE) == []
    await assert_views_agree(connection)


async def test_nothing_of_a_forgotten_user_is_left(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_all(dsn, tmp_path)
    await connection.execute("ANALYZE")
    kept = {"hourly_load", "hidden_load", "charging_session", "hidden_session", "user_day", "load_batch", "user_period"}
    found = {place.rpartition(".")[2] for place in await places_of(connection, GONE)}
    assert found >= {*kept, "user_location", "pg_statistic"}
    others = await connection.fetch("SELECT * FROM hourly_load WHERE user_id <> $1 ORDER BY index", GONE)
    version = await connection.fetchval("SELECT data_version FROM site")
    erasure = await forget(dsn, GONE, None)
    assert (erasure.sessions, erasure.data_version, erasure.was_known) == (2, version + 1, False)
    assert erasure.rows > 10
    assert erasure.overwritten > 2
    await assert_forgotten(connection)
    assert await connection.fetch("SELECT * FROM hourly_load ORDER BY index") == others
    assert [tuple(one) for one in await connection.fetch("SELECT user_id FROM charging_session")] == [(STAYS,)]
    counted = "SELECT stored_rows, stored_sessions, (SELECT count(*) FROM hourly_load) FROM site"
    assert tuple(await connection.fetchrow(counted) or ()) == (len(others), 1, len(others))
    names = await connection.fetch("SELECT file_name FROM load_batch ORDER BY batch_id")
    assert [one[0] for one in names] == ["a.csv", "forgotten.csv", "s.csv", "t.csv"]


async def test_what_is_kept_of_failed_loads_tells_no_forgotten_user(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """Neither of those before nor of those after."""
    await load_file(dsn, write(tmp_path / "a.csv", *of(GONE, FIRST)))
    reasons = {f'is odd: ["{GONE}"]': 3}
    failure = LoadFailure(f"x_{GONE}.csv", f"x_{GONE}.csv: has columns: when, {GONE}", 3, reasons)
    await record(dsn, failure, LoadOptions(), "1")
    erasure = await forget(dsn, GONE, None)
    assert erasure.rejecting == [f"x_{GONE}.csv.rejects*.csv, of a load that failed"]
    await record(dsn, LoadFailure(f"x_{GONE}.csv", f"no such thing: {GONE}"), LoadOptions(), "2")
    await record(dsn, LoadFailure(f"{GONE}.csv", f"no such thing: {GONE}"), LoadOptions(pseudonym_key=bytes(32)), "3")
    kept = await connection.fetch("SELECT file_name, reason FROM failed_load ORDER BY attempt")
    assert [tuple(one) for one in kept[:2]] == [
        ("x_forgotten.csv", "x_forgotten.csv: has columns: when, forgotten"),
        ("x_forgotten.csv", "no such thing: forgotten"),
    ]
    assert "is not kept where users are pseudonyms" in kept[2]["reason"]
    await connection.execute("DELETE FROM failed_load WHERE attempt = '3'")  # its key is not that of the database
    await connection.execute("ANALYZE failed_load")
    await assert_forgotten(connection)


async def test_the_last_user_can_be_forgotten(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", *of(GONE, FIRST, SECOND)))
    await load_file(dsn, write_sessions(tmp_path / "s.csv", session(GONE)), OF_SESSIONS)
    await connection.execute("ANALYZE")
    await forget(dsn, GONE, None)
    await assert_forgotten(connection)
    assert all(not rows for rows in (await contents(dsn))[:8])
    assert (await forget(dsn, GONE, None)).was_known


@pytest.mark.parametrize("is_first", [True, False], ids=["into an empty table", "beside other rows"])
async def test_loads_leave_a_forgotten_user_out(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, is_first: bool
) -> None:
    path = write(tmp_path / f"{GONE}.csv", *of(GONE, FIRST, SECOND), *of(STAYS, SECOND))
    first = await load_file(dsn, path)
    await forget(dsn, GONE, None)
    if is_first:
        await batches.unload(dsn, first.batch_id)
    report = await load_file(dsn, path, AGAIN)
    assert (report.forgotten, report.rows_read, report.rejected, report.rejects_file) == (2, 3, 0, None)
    assert "2 rows of forgotten users were left out" in report.as_text()
    assert {one[0] for one in await stored(connection)} == {STAYS}
    await assert_forgotten(connection)


async def test_a_file_of_a_forgotten_user_alone_changes_nothing(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    rows, sessions = write(tmp_path / "a.csv", *of(GONE, FIRST)), write_sessions(tmp_path / "s.csv", session(GONE))
    await load_file(dsn, rows)
    version = (await forget(dsn, GONE, None)).data_version
    for path, options in ((rows, AGAIN), (sessions, OF_SESSIONS)):
        report = await load_file(dsn, path, options)
        assert (report.forgotten, report.inserted, report.sessions, report.data_version) == (1, 0, 0, version)
    await assert_forgotten(connection)


async def test_rejected_rows_of_a_forgotten_user_reach_no_rejects_file(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    broken = "22.12.2018 00:00;22.12.2018 03:00;A-1;1;1;1;1;1"
    ragged = "22.12.2018 00:00;A-1;1"
    torn = FIRST.replace("A-1", f'"{GONE}\nx"')
    lines = [*of(GONE, FIRST, broken, ragged), *of(STAYS, SECOND, broken), torn]
    await load_file(dsn, write(tmp_path / "a.csv", *of(GONE, FIRST)))
    await forget(dsn, GONE, None)
    report = await load_file(dsn, write(tmp_path / "b.csv", *lines), LoadOptions(rejects_dir=tmp_path))
    assert (report.forgotten, report.rejected) == (2, 3)
    rejects = (tmp_path / "b.csv.rejects.csv").read_text()
    assert GONE not in rejects
    assert [line.partition(",")[0] for line in rejects.splitlines()] == ["line", "4", "6", "7"]
    assert GONE not in report.as_json()


OTHER_FORMATS = {
    "intervals": "timestamp,user,kwh\n" + "".join(
        f"2020-01-01 10:{minute:02},{user},1\n" for user in (GONE, STAYS) for minute in (0, 15, 30, 45)
    ),
    "wide": f"timestamp,{GONE},{STAYS}\n2020-01-01 10:00,1,2\n2020-01-01 11:00,1,x\n",
    "zaptec": orjson.dumps([
        {"Id": id_, "DeviceId": "d", "StartDateTime": start, "EndDateTime": "2020-01-01T12:00:00Z", "Energy": 3,
         "UserId": user, "EnergyDetails": []}
        for id_, user, start in (("1", GONE, "2020-01-01T10:00Z"), ("2", STAYS, "2020-01-01T10:00Z"), ("3", GONE, "x"))
    ]).decode(),
}  # fmt: skip
WIDE = 'kind = "wide"\nstart = "timestamp"\ncolumns = ["user*"]\nunit = "kWh"\nmeasure = "metered_kwh"\nstep = "60m"\n'


@pytest.mark.parametrize(("name", "forgotten"), [("intervals", 4), ("wide", 2), ("zaptec", 2)])
async def test_every_kind_of_file_leaves_a_forgotten_user_out(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, name: str, forgotten: int
) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", *of(GONE, FIRST)))
    await forget(dsn, GONE, None)
    path = tmp_path / "b.csv"
    path.write_text(OTHER_FORMATS[name])
    named = Named("wide", parse_mapping(WIDE, "wide")) if name == "wide" else None
    report = await load_file(dsn, path, LoadOptions(named=named, rejects_dir=tmp_path))
    assert report.forgotten == forgotten
    users = await connection.fetch("SELECT DISTINCT user_id FROM hourly_load WHERE user_id <> ''")
    assert [one[0] for one in users] == [STAYS]
    assert all(GONE not in rejects.read_text() for rejects in tmp_path.glob("*.rejects*.csv"))
    await assert_forgotten(connection)


async def test_a_user_of_a_source_is_named_with_it(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", *of(GONE, FIRST))
    await load_file(dsn, path, LoadOptions(source="depot"))
    with pytest.raises(UnknownUser, match=f"Nothing is kept about a user {GONE}, so nothing was changed"):
        await forget(dsn, GONE, None)
    await forget(dsn, f"depot/{GONE}", None)
    assert (await load_file(dsn, path, LoadOptions(source="depot", again=True))).forgotten == 1
    await assert_forgotten(connection)
    assert (await load_file(dsn, path)).inserted == 1


async def test_a_session_that_named_another_user_before_goes_as_a_whole(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write_sessions(tmp_path / "s.csv", session(STAYS)), OF_SESSIONS)
    corrected = await load_file(dsn, write_sessions(tmp_path / "t.csv", session(GONE)), OF_SESSIONS)
    await forget(dsn, GONE, None)
    await batches.unload(dsn, corrected.batch_id)
    for table in ("hourly_load", "hidden_load", "charging_session", "hidden_session"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE location_id <> ''") == 0
    await assert_forgotten(connection)


of_two_users = st.tuples(
    st.integers(0, 3), st.integers(0, 2), st.sampled_from(["A;1", "A;2", "B;1", "NA;NA"]),
    st.sampled_from(["", "north"]), st.sampled_from(["NA", "1", "2,5"]), st.sampled_from(["NA", "3"]),
)  # fmt: skip
histories = st.lists(
    st.tuples(st.just("load"), st.lists(of_two_users, min_size=1, max_size=6))
    | st.tuples(st.just("unload"), st.integers(0, 11)),
    min_size=2,
    max_size=5,
)


@examples(10)
@given(before=histories, after=histories)
async def test_what_is_left_is_what_files_without_the_user_would_give(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, Any]],
    after: list[tuple[str, Any]],
) -> None:
    """Whatever is loaded and taken out before the user is forgotten, and afterwards."""
    folder = tmp_path_factory.mktemp("files")
    dsn, fresh = await databases.create(template), await databases.create(template)
    loads: list[tuple[int, int]] = []
    try:
        history = [*before, ("load", [(0, 0, "A;1", "", "1", "3")]), ("forget", 0), *after]
        for number, (kind, what) in enumerate(history):
            if kind == "forget":
                await forget(dsn, "A", None)
            elif kind == "load":
                lines = [row(*one) for one in what] + [row(3, 2, "NA;NA", "", "NA", "NA")]
                path, without = folder / f"{number}.csv", folder / f"{number}-without.csv"
                path.write_text("\n".join([HEADERS[0], *lines]) + "\n")
                without.write_text("\n".join([HEADERS[0], *(line for line in lines if ";A;" not in line)]) + "\n")
                loads.append(
                    ((await load_file(dsn, path, AGAIN)).batch_id, (await load_file(fresh, without, AGAIN)).batch_id)
                )
            elif loads:
                one, other = loads.pop(what % len(loads))
                await batches.unload(dsn, one)
                await batches.unload(fresh, other)
        # A measure stays held that the user's rows alone had, with 0 everywhere.
        compared = [place for place, query in enumerate(CONTENTS) if "measure" not in query.split("FROM")[1]]
        found, expected = await contents(dsn), await contents(fresh)
        assert [found[place] for place in compared] == [expected[place] for place in compared]
        connection = await asyncpg.connect(dsn)
        await assert_views_agree(connection)
        await connection.close()
    finally:
        await databases.drop(dsn)
        await databases.drop(fresh)


async def test_forgetting_waits_for_a_load_of_the_same_user_and_takes_out_what_it_brought(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """The load has read its rows already, and waits for another change to end."""
    await load_file(dsn, write(tmp_path / "a.csv", *of(STAYS, SECOND)))
    path = write(tmp_path / "b.csv", *of(GONE, FIRST, SECOND))
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(7302155)")
        loading = asyncio.create_task(load_file(dsn, path))
        await waiters(connection, 1)
        forgetting = asyncio.create_task(forget(dsn, GONE, None))
        await waiters(connection, 2)
        next_load = asyncio.create_task(load_file(dsn, path, AGAIN))
        await waiters(connection, 3)
    assert (await loading).inserted == 2
    assert (await forgetting).rows == 2
    assert (await next_load).forgotten == 2
    await assert_forgotten(connection)


async def waiters(connection: asyncpg.Connection, expected: int) -> None:
    counted = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (
            await connection.fetchval(
                f"{counted} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            < expected
        ):
            await asyncio.sleep(0.02)


async def test_a_forgetting_that_is_ended_in_between_changes_nothing(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """Its session of Postgres is ended where it waits to change the row of the site, after all else."""
    await load_all(dsn, tmp_path)
    before, hidden = await contents(dsn), await connection.fetch("SELECT * FROM hidden_load ORDER BY 1, 2, 3, 4, 5")
    async with connection.transaction():
        await connection.execute("SELECT FROM site FOR UPDATE")
        forgetting = asyncio.create_task(forget(dsn, GONE, None))
        blocked = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (pid := await connection.fetchval(blocked)) is None:
                await asyncio.sleep(0.02)
                await connection.execute("SELECT pg_stat_clear_snapshot()")
        await connection.fetchval("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(Exception, match="nothing was changed"):
            await forgetting
    assert await contents(dsn) == before
    assert await connection.fetch("SELECT * FROM hidden_load ORDER BY 1, 2, 3, 4, 5") == hidden
    assert await connection.fetchval("SELECT count(*) FROM forgotten_user") == 0
    assert isinstance(await forget(dsn, GONE, None), Erasure)
    await assert_forgotten(connection)


async def test_all_that_is_kept_about_a_user_is_exported(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_all(dsn, tmp_path)
    document = orjson.loads(await document_of(dsn, GONE, None))
    tables = {
        "rows": "hourly_load", "overwritten_rows": "hidden_load", "sessions": "charging_session",
        "overwritten_sessions": "hidden_session", "days": "user_day", "months_and_years": "user_period",
    }  # fmt: skip
    for name, table in tables.items():
        count = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", GONE)
        assert len(document[name]) == count > 0, name
        assert {one["user_id"] for one in document[name]} == {GONE}
    assert document["rows"][0]["date_from"] == "2018-12-21T10:00:00+01:00"
    assert document["locations"] == ["", "north"]
    assert [one["file_name"] for one in document["loads"]] == ["a.csv", f"{GONE}.csv", "s.csv", "t.csv"]
    assert STAYS not in orjson.dumps(document).decode()
    with pytest.raises(UnknownUser, match="Nothing is kept about a user nobody-9, so no file was written"):
        await document_of(dsn, "nobody-9", None)


async def test_tokens_forget_a_user_and_one_that_is_for_nobody_else_sees_nothing(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_all(dsn, tmp_path)
    alone = await tokens.create(dsn, GONE, Role.READER, (GONE,), (), None)
    both = await tokens.create(dsn, "both", Role.READER, (GONE, STAYS), (), None)
    await connection.execute("ANALYZE token")
    await forget(dsn, GONE, None)
    await assert_forgotten(connection)
    async with api_client(dsn) as client:
        for made, found in ((alone, (403, None)), (both, (200, [STAYS]))):
            answer = await client.get("/users", headers={"Authorization": f"Bearer {made.token}"})
            assert (answer.status_code, answer.json() if answer.status_code == 200 else None) == found
