"""Charging sessions: loaded, loaded again, taken out and dropped, always together with the hours that they became."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import batches
from evload.ingest.converting.charging import POWERS
from evload.ingest.load import LoadOptions, load_file
from evload.ingest.mapping.columns import Named
from evload.ingest.mapping.model import parse_mapping
from tests.conftest import Databases
from tests.files import HEADER
from tests.integration.test_batches import contents
from tests.session_files import MAPPING, Session, write_sessions
from tests.strategies import examples
from tests.views import assert_views_agree

NAMED = Named("mine", parse_mapping(MAPPING, "mine"))
TEN = datetime(2024, 5, 10, 10, 20, tzinfo=UTC)
RUNNING = Session("s-1", "A", "north", TEN, 60, 30, 2_000)
FINISHED = Session("s-1", "A", "north", TEN, 300, 120, 9_000)


def options(source: str = "", powers: tuple[str, ...] | None = None) -> LoadOptions:
    return LoadOptions(named=NAMED, again=True, source=source, powers=powers)


async def kwh_by_hour(connection: asyncpg.Connection) -> list[tuple[int, Decimal]]:
    rows = await connection.fetch(
        "SELECT extract(hour FROM date_from AT TIME ZONE 'UTC')::int, synthetic_3_6_kwh FROM hourly_load"
        " WHERE user_id <> '' AND synthetic_3_6_kwh > 0 ORDER BY date_from"
    )
    return [tuple(row) for row in rows]


async def test_a_session_is_stored_with_the_number_of_its_rows(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    report = await load_file(dsn, write_sessions(tmp_path / "a.csv", FINISHED), options())
    assert (report.sessions, report.sessions_inserted, report.sessions_updated) == (1, 1, 0)
    stored = await connection.fetchrow("SELECT * FROM charging_session")
    assert stored is not None
    assert (stored["source_session_id"], stored["user_id"], stored["location_id"]) == ("s-1", "A", "north")
    assert (stored["plug_in_at"], stored["plug_out_at"]) == (TEN, TEN + timedelta(hours=5))
    assert (stored["energy_kwh"], stored["charging_seconds"]) == (Decimal("9.000"), 7200)
    of_rows = await connection.fetch("SELECT DISTINCT session_id FROM hourly_load WHERE user_id = 'A'")
    assert [one["session_id"] for one in of_rows] == [stored["session_id"]]
    assert await connection.fetchval("SELECT stored_sessions FROM site") == 1


async def test_a_session_that_goes_on_replaces_itself_and_keeps_its_number(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_file(dsn, write_sessions(tmp_path / "a.csv", RUNNING), options())
    number = await connection.fetchval("SELECT session_id FROM charging_session")
    report = await load_file(dsn, write_sessions(tmp_path / "b.csv", FINISHED), options())
    assert (report.sessions_inserted, report.sessions_updated, report.rows_withdrawn) == (0, 1, 0)
    found = await connection.fetch("SELECT session_id, energy_kwh FROM charging_session")
    assert [tuple(one) for one in found] == [(number, Decimal(9))]
    assert await kwh_by_hour(connection) == [(10, Decimal("2.4")), (11, Decimal("3.6")), (12, Decimal("3.0"))]
    await assert_views_agree(connection)


@pytest.mark.parametrize(
    "corrected",
    [
        RUNNING,
        Session("s-1", "B", "north", TEN, 300, 120, 9_000),
        Session("s-1", "A", "south", TEN + timedelta(days=40), 300, 120, 9_000),
    ],
    ids=["shorter", "another user", "another time"],
)
async def test_a_session_that_is_corrected_leaves_no_hour_of_what_it_was(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, databases: Databases, template: str, corrected: Session
) -> None:
    fresh, first = await databases.create(template), write_sessions(tmp_path / "a.csv", FINISHED)
    second = write_sessions(tmp_path / "b.csv", corrected)
    await load_file(dsn, first, options())
    report = await load_file(dsn, second, options())
    assert report.rows_withdrawn == (5 if corrected is RUNNING else 6)
    assert sum(kwh for _, kwh in await kwh_by_hour(connection)) == corrected.kwh
    assert await connection.fetchval("SELECT array_agg(DISTINCT user_id) FROM user_location") == [corrected.user]
    await assert_views_agree(connection)
    await batches.unload(dsn, report.batch_id)
    await load_file(fresh, first, options())
    assert await contents(dsn) == await contents(fresh)
    await databases.drop(fresh)


async def test_a_source_keeps_equal_ids_apart(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    path = write_sessions(tmp_path / "a.csv", FINISHED)
    await load_file(dsn, path, options())
    report = await load_file(dsn, path, LoadOptions(named=NAMED, source="depot"))
    assert (report.sessions_inserted, report.already_loaded_as) == (1, None)
    assert (await load_file(dsn, path, LoadOptions(named=NAMED, source="depot"))).already_loaded_as == report.batch_id
    found = await connection.fetch("SELECT source, user_id, location_id FROM charging_session ORDER BY source")
    assert [tuple(one) for one in found] == [("", "A", "north"), ("depot", "depot/A", "depot/north")]
    found = await connection.fetch("SELECT user_id, location_id FROM user_location ORDER BY 1")
    assert [tuple(one) for one in found] == [("A", "north"), ("depot/A", "depot/north")]


async def test_a_source_goes_before_the_ids_of_hourly_files_too(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        f"{HEADER};location\n21.12.2018 10:00;21.12.2018 11:00;A-1;1;1;1;NA;NA;\n"
        "21.12.2018 11:00;21.12.2018 12:00;NA;NA;NA;NA;NA;NA;\n"
    )
    await load_file(dsn, path, LoadOptions(source="depot"))
    found = await connection.fetch("SELECT user_id, location_id FROM hourly_load ORDER BY date_from")
    assert [tuple(one) for one in found] == [("depot/A-1", ""), ("", "")]


async def test_a_dry_run_of_sessions_changes_nothing(dsn: str, tmp_path: Path) -> None:
    await load_file(dsn, write_sessions(tmp_path / "a.csv", FINISHED), options())
    before = await contents(dsn)
    path = write_sessions(tmp_path / "b.csv", RUNNING)
    report = await load_file(dsn, path, LoadOptions(named=NAMED, dry_run=True))
    assert (report.sessions_updated, report.rows_withdrawn) == (1, 5)
    assert await contents(dsn) == before


async def test_a_session_that_changes_nothing_else_is_a_new_data_version(dsn: str, tmp_path: Path) -> None:
    await load_file(dsn, write_sessions(tmp_path / "a.csv", Session("1", "A", "", TEN, 300, None, 9_000)), options())
    longer = Session("1", "A", "", TEN, 300, 170, 9_000)
    report = await load_file(dsn, write_sessions(tmp_path / "b.csv", longer), options())
    assert (report.updated, report.sessions_updated, report.data_version) == (0, 1, 2)
    assert (await batches.unload(dsn, report.batch_id)).data_version == 3


def zaptec(path: Path, stop: datetime | None, *flowed: tuple[datetime, float], user: str = "ann") -> Path:
    record = {
        "Id": "z",
        "DeviceId": "ZAP1",
        "UserId": user,
        "StartDateTime": TEN.isoformat(),
        "EndDateTime": stop and stop.isoformat(),
        "Energy": sum(kwh for _, kwh in flowed),
        "EnergyDetails": [{"Timestamp": at.isoformat(), "Energy": kwh} for at, kwh in flowed],
    }
    path.write_text(json.dumps([record]))
    return path


async def test_a_record_that_went_on_for_days_leaves_no_hour_of_what_it_was(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    later = [TEN + timedelta(days=days) for days in (1, 30, 360)]
    await load_file(dsn, zaptec(tmp_path / "a.json", None, *((at, 1.0) for at in later)))
    hour = (TEN + timedelta(minutes=30), 3.0)
    report = await load_file(dsn, zaptec(tmp_path / "b.json", TEN + timedelta(hours=1), hour, user="bob"))
    assert report.sessions_updated == 1
    rows = await connection.fetch("SELECT DISTINCT user_id, metered_kwh FROM hourly_load WHERE user_id <> ''")
    assert {row["user_id"] for row in rows} == {"bob"}
    await assert_views_agree(connection)


@pytest.mark.parametrize("powers", [None, *((power,) for power in POWERS)])
async def test_all_rows_of_a_session_lie_where_they_are_looked_for(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, powers: tuple[str, ...] | None
) -> None:
    """Charging at the lowest power goes on long after the plug-out, and a record may say early or late energy."""
    largest = Session("1", "A", "north", TEN, 10, None, 9_998_000)
    await load_file(dsn, write_sessions(tmp_path / "a.csv", largest), LoadOptions(named=NAMED, powers=powers))
    early, late = TEN - timedelta(minutes=59), TEN + timedelta(days=366)
    await load_file(dsn, zaptec(tmp_path / "a.json", None, (early, 1.0), (late, 1.0)), LoadOptions(powers=powers))
    outside = await connection.fetchval(
        "SELECT count(*) FROM session_version JOIN hourly_load USING (user_id, session_id, batch_id)"
        " WHERE date_from <= after_hour OR date_from > last_hour"
    )
    assert outside == 0


sessions = st.builds(
    Session,
    st.sampled_from(["1", "2", "x", "y", ""]),
    st.sampled_from(["A", "B"]),
    st.sampled_from(["", "north"]),
    st.builds(
        lambda month, hour, minute: datetime(2024, month, 10, hour, minute, tzinfo=UTC),
        st.integers(3, 5),
        st.integers(9, 11),
        st.sampled_from([0, 20, 59]),
    ),
    st.sampled_from([None, 0, 30, 130]),
    st.sampled_from([None, 20]),
    st.sampled_from([0, 1, 900, 3_000, 8_001]),
)
session_files = st.lists(sessions, min_size=1, max_size=5, unique_by=lambda session: session.key)
hourly_files = st.lists(
    st.tuples(
        st.integers(3, 5), st.integers(9, 13), st.sampled_from(["A;1", "A;2", "B;1", "NA;NA"]), st.integers(0, 3)
    ),
    min_size=1,
    max_size=4,
)
powers = st.sampled_from([None, *((power,) for power in POWERS)])
histories = st.lists(
    st.tuples(st.just("sessions"), st.tuples(session_files, st.sampled_from(["", "", "depot"]), powers))
    | st.tuples(st.just("hours"), hourly_files)
    | st.tuples(st.just("unload"), st.integers(0, 11))
    | st.tuples(st.just("drop"), st.integers(4, 5)),
    min_size=2,
    max_size=10,
)


def written(folder: Path, number: int, kind: str, what: Any) -> tuple[Path, LoadOptions]:
    path = folder / f"{number}.csv"
    if kind == "sessions":
        return write_sessions(path, *what[0]), options(*what[1:])
    lines = [f"10.{m:02}.2024 {h:02}:00;10.{m:02}.2024 {h + 1:02}:00;{who};{e};NA;NA;NA" for m, h, who, e in what]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path, LoadOptions(again=True)


async def done(dsn: str, step: tuple[Path, LoadOptions] | date) -> int:
    if isinstance(step, date):
        await batches.drop_before(dsn, step)
        return 0
    return (await load_file(dsn, *step)).batch_id


@examples(25)
@given(history=histories)
async def test_unload_leaves_what_the_remaining_loads_of_sessions_and_hours_alone_would_give(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    dsn, fresh = await databases.create(template), await databases.create(template)
    steps: list[tuple[int, tuple[Path, LoadOptions] | date]] = []
    for number, (kind, what) in enumerate(history):
        loads = [batch for batch, _ in steps if batch]
        if kind == "unload" and loads:
            batch = loads[what % len(loads)]
            await batches.unload(dsn, batch)
            steps = [step for step in steps if step[0] != batch]
        elif kind != "unload":
            step = date(2024, what, 1) if kind == "drop" else written(folder, number, kind, what)
            steps.append((await done(dsn, step), step))
    for _, step in steps:
        await done(fresh, step)
    assert await contents(dsn) == await contents(fresh)
    connection = await asyncpg.connect(dsn)
    await assert_views_agree(connection)
    await connection.close()
    await databases.drop(dsn)
    await databases.drop(fresh)


async def test_an_id_that_comes_twice_in_a_file_counts_once(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """In its hours as among the sessions."""
    report = await load_file(dsn, write_sessions(tmp_path / "a.csv", FINISHED, RUNNING), options())
    assert (report.sessions, report.rejected) == (1, 1)
    assert await kwh_by_hour(connection) == [(10, Decimal("2.4")), (11, Decimal("3.6")), (12, Decimal("3.0"))]
    assert await connection.fetchval("SELECT array_agg(energy_kwh) FROM charging_session") == [FINISHED.kwh]
