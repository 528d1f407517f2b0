"""`/sessions` and `/kpi/sessions`: every number a second time from the lines of a file, on random ranges."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.api.contract.exports import EXPORTS
from evload.ingest.load import load_file
from evload.measures import NAMES
from evload.schema import settle_timezone
from tests.conftest import Databases, api_client
from tests.exported import rows_of
from tests.files import FIRST, write
from tests.independent import NOTHING, rounded
from tests.integration.test_sessions_loaded import options
from tests.session_files import OSLO, Session, write_sessions
from tests.strategies import examples, ranges
from tests.views import assert_views_agree
from tests.zones import HARD_CHANGES

WITHOUT = {
    "detail": "There are no charging sessions here: the files that were loaded hold hours and no sessions",
}
FIRST_DAY, LAST_DAY = datetime(2024, 3, 29, tzinfo=UTC), datetime(2024, 4, 2, tzinfo=UTC)
ENERGIES = st.sampled_from([0, 1, 500, 1_005, 3_600, 3_600, 7_201, 40_000])


@st.composite
def drawn_sessions(draw: st.DrawFn) -> list[Session]:
    """Around the night in which the clock goes on, with equal energies and all that may be unknown."""
    found = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        plugged = draw(st.none() | st.integers(0, 900))
        charging = draw(st.none() | st.integers(0, plugged or 0))
        at = FIRST_DAY + timedelta(minutes=draw(st.integers(0, 5 * 24 * 60)))
        user, site = draw(st.sampled_from(["A", "B", "C,1"])), draw(st.sampled_from(["", "north", "south"]))
        found.append(Session(str(number), user, site, at, plugged, charging, draw(ENERGIES)))
    return found


def hours(minutes: int | None) -> float | None:
    return None if minutes is None else rounded(Decimal(minutes) / 60, Decimal("0.0001"))


def shown(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).replace(tzinfo=None).isoformat()


def as_answered(session: Session) -> dict[str, Any]:
    return {
        "session_id": int(session.id),
        "source_session_id": session.id,
        "user_id": session.user,
        "location_id": session.site,
        "plug_in_at": shown(session.plug_in_at, OSLO),
        "plug_out_at": shown(session.plug_out_at, OSLO),
        "energy_kwh": float(session.kwh),
        "plugged_hours": hours(session.plugged_minutes),
        "charging_hours": hours(session.charging_minutes),
        "idle_hours": hours(session.idle_minutes),
    }


def mean(values: Sequence[int | Decimal]) -> float | None:
    return rounded(sum(map(Decimal, values), Decimal(0)) / len(values)) if values else None


def kpis(sessions: list[Session], days: int) -> dict[str, Any]:
    idle = [(one.idle_minutes, one.plugged_minutes) for one in sessions if one.idle_minutes is not None]
    all_plugged = sum(plugged or 0 for _, plugged in idle)
    plugged = [Decimal(one.plugged_minutes) / 60 for one in sessions if one.plugged_minutes is not None]
    all_idle = sum(minutes for minutes, _ in idle)
    return {
        "sessions": len(sessions),
        "sessions_per_day": rounded(Decimal(len(sessions)) / days) if days else None,
        "mean_energy_kwh": mean([one.kwh for one in sessions]),
        "median_energy_kwh": rounded(Decimal(median(one.kwh for one in sessions))) if sessions else None,
        "mean_plugged_hours": mean(plugged),
        "mean_idle_hours": mean([Decimal(minutes) / 60 for minutes, _ in idle]),
        "idle_share": rounded(Decimal(all_idle) / all_plugged, Decimal("0.001")) if all_plugged else None,
    }


@examples(20)
@given(sessions=drawn_sessions(), data=st.data())
async def test_random_sessions_users_locations_and_ranges(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory,
    sessions: list[Session], data: st.DataObject,
) -> None:  # fmt: skip
    dsn = await databases.create(template)
    quoted = [Session(**{**vars(one), "user": f'"{one.user}"'}) for one in sessions]
    await load_file(dsn, write_sessions(tmp_path_factory.mktemp("s") / "a.csv", *quoted), options())
    async with api_client(dsn) as client:
        for _ in range(4):
            start, end = data.draw(ranges(OSLO, FIRST_DAY - timedelta(days=1), LAST_DAY + timedelta(days=2)))
            if start and end and start.instant > end.instant:
                start, end = None, None
            user = data.draw(st.sampled_from([None, *sorted({one.user for one in sessions})]))
            site = data.draw(st.sampled_from([None, *sorted({one.site for one in sessions} - {""})]))
            asked = {"start_date": start and start.text, "end_date": end and end.text, "location_id": site}
            asked["user_id"] = user and f'"{user}"'
            found = [
                one
                for one in sorted(sessions, key=lambda one: (one.plug_in_at, int(one.id)))
                if (not start or one.plug_in_at >= start.instant) and (not end or one.plug_in_at <= end.instant)
                if user in (None, one.user) and site in (None, one.site)
            ]
            params = {name: value for name, value in asked.items() if value}
            if user and site and not any((one.user, one.site) == (user, site) for one in sessions):
                for path in ("/kpi/sessions", "/sessions"):  # such a user is unknown there
                    assert (await client.get(path, params=params)).status_code == 404
                continue
            in_range = {name: value for name, value in params.items() if name.endswith("date")}
            answer = await client.get("/load/daily", params=in_range)
            days = len(answer.json()) if answer.status_code == 200 else 0
            answer = await client.get("/kpi/sessions", params=params)
            expected: object = kpis(found, days) if found or days else NOTHING
            assert (answer.status_code, answer.json()) == (200 if found or days else 404, expected), params
            pages: list[dict[str, Any]] = []
            answer = await client.get("/sessions", params={**params, "limit": 3})
            if not found:
                assert (answer.status_code, answer.json()) == (404, NOTHING)
                continue
            pages += answer.json()
            while answer.links:
                assert len(answer.json()) == 3
                answer = await client.get(answer.links["next"]["url"])
                pages += answer.json()
            assert pages == [as_answered(one) for one in found]
    await databases.drop(dsn)


@pytest.mark.parametrize(("zone", "change"), HARD_CHANGES)
async def test_ranges_that_cut_days_of_odd_clocks(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path, zone: str, change: datetime
) -> None:
    await settle_timezone(connection, zone)
    sessions = [
        Session(str(number), "A", "", change + timedelta(minutes=47 * number - 3_000), 60, 20, 137 * number % 5_000)
        for number in range(1, 128)
    ]
    await load_file(dsn, write_sessions(tmp_path / "a.csv", *sessions), options())
    await assert_views_agree(connection)
    dice = Random(3)
    async with api_client(dsn) as client:
        for _ in range(12):
            start, end = sorted(change + timedelta(minutes=dice.randint(-2_000, 2_000)) for _ in range(2))
            found = [one for one in sessions if start <= one.plug_in_at <= end]
            params = {"start_date": f"{start:%Y-%m-%dT%H:%MZ}", "end_date": f"{end:%Y-%m-%dT%H:%MZ}"}
            answer = await client.get("/load/daily", params=params)
            days = len(answer.json()) if answer.status_code == 200 else 0
            expected: object = kpis(found, days) if found or days else NOTHING
            assert (await client.get("/kpi/sessions", params=params)).json() == expected, params


async def test_exports_have_all_sessions_as_the_pages_have_them(dsn: str, tmp_path: Path) -> None:
    at = datetime(2024, 3, 31, 0, 30, tzinfo=UTC)
    sessions = [Session(str(number), "A", "", at + timedelta(hours=number), 60, 10, 1_000) for number in range(1, 31)]
    await load_file(dsn, write_sessions(tmp_path / "a.csv", *sessions), options())
    async with api_client(dsn) as client:
        pages = (await client.get("/sessions?limit=1000")).json()
        assert len(pages) == 30
        for export in (one for one in EXPORTS if one.path.startswith("/sessions.")):
            params = export.read_params([], {}, OSLO, NAMES)
            found = rows_of(export, params, (await client.get(export.path)).content)
            assert [{**row, "location_id": row["location_id"] or ""} for row in found] == pages
            some = rows_of(export, params, (await client.get(f"{export.path}?limit=2")).content)
            assert some == found[:2]


async def test_times_of_sessions_are_shown_as_asked(dsn: str, tmp_path: Path) -> None:
    session = Session("1", "A", "", datetime(2024, 3, 31, 0, 30, tzinfo=UTC), 60, None, 1_000)
    await load_file(dsn, write_sessions(tmp_path / "a.csv", session), options())
    async with api_client(dsn) as client:
        shown_times = [(await client.get(f"/sessions?times={times}")).json()[0] for times in ("offset", "utc")]
    assert [one["plug_in_at"] for one in shown_times] == ["2024-03-31T01:30:00+01:00", "2024-03-31T00:30:00Z"]
    assert [one["plug_out_at"] for one in shown_times] == ["2024-03-31T03:30:00+02:00", "2024-03-31T01:30:00Z"]


@pytest.mark.parametrize("path", ["/sessions", "/kpi/sessions"])
async def test_hourly_files_have_no_sessions_and_are_told_so(dsn: str, tmp_path: Path, path: str) -> None:
    await load_file(dsn, write(tmp_path / "a.csv", FIRST))
    async with api_client(dsn) as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (404, WITHOUT)


@pytest.mark.parametrize("place", ["17", "2024-13-01T00:00:00.000000Z_1", "2024-01-01T00:00:00.000000Z_", "x"])
async def test_only_what_a_page_said_leads_on(client: Any, place: str) -> None:
    answer = await client.get("/sessions", params={"after": place})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "after"]
