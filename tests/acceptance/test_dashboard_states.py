"""The dashboard on odd data: two hours of one user, megawatts, only metered energy, sessions, the sample."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Page

from tests.acceptance.browser import Visit, visiting_in
from tests.acceptance.conftest import copied
from tests.acceptance.processes import Api, Shell
from tests.conftest import Databases
from tests.session_files import MAPPING, Session, write_sessions

VIEWS = ("", "#months", "?limit_kw=200000#capacity")
MEGAWATTS = """date_from;date_to;User_ID;session_ID;metered_kwh
21.12.2018 10:00;21.12.2018 11:00;A-1;1;150000
21.12.2018 11:00;21.12.2018 12:00;A-1;1;20000,5
"""


@pytest.fixture(scope="module")
async def odd_api(databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.csv").write_text(MEGAWATTS, encoding="utf-8")
    async with copied(databases, template) as dsn:
        shell = Shell(folder).on(dsn)
        shell.succeed("load", "odd.csv")
        with shell.with_(EVLOAD_SITE_NAME="Harbour & ferries").serving("serve") as serving:
            yield serving


@pytest.fixture
async def odd_visit(tab: Page, odd_api: Api) -> AsyncIterator[Visit]:
    async with visiting_in(tab, odd_api.address) as visit:
        yield visit


async def test_two_hours_of_one_user_are_shown_in_every_view(odd_visit: Visit, odd_api: Api) -> None:
    for view in VIEWS:
        await odd_visit.page.goto("about:blank")
        await odd_visit.open(view)
        assert "NaN" not in await odd_visit.text("#figures")
        assert "undefined" not in await odd_visit.text("#figures")
        assert "users of this range" not in await odd_visit.text("#figures")  # there is one
    await odd_visit.open()
    curve = (await odd_visit.chart("duration"))["data"][0]
    assert (curve["x"], curve["line"]["shape"]) == ([0, 50, 100], "vh")


async def test_large_figures_are_megawatts(odd_visit: Visit, odd_api: Api) -> None:
    await odd_visit.open()
    total = odd_api.json("/kpi/total-energy")["total_energy_kwh"]
    assert await odd_visit.text("[data-kpi=total_energy_kwh] .figure") == f"{total / 1000:.2f}MWh"
    assert await odd_visit.text("[data-kpi=peak_hourly_load_kwh] .figure") == "150.00MW"
    daily = await odd_visit.chart("daily")
    assert daily["data"][0]["y"] == [total / 1000]
    assert daily["layout"]["yaxis"]["title"]["text"] == "MWh per day"


async def test_the_default_measure_is_one_that_there_is(odd_visit: Visit) -> None:
    await odd_visit.open()
    assert await odd_visit.page.locator("#measure").input_value() == "metered_kwh"
    assert "measure" not in odd_visit.page.url


async def test_the_site_has_its_name_in_title_paper_and_files(odd_visit: Visit) -> None:
    await odd_visit.open("#months")
    assert await odd_visit.text("h1") == "Harbour & ferries"
    assert await odd_visit.page.title() == "Harbour & ferries · Months and years · 21 Dec 2018 · Metered"
    assert await odd_visit.text("#subject") == "21 Dec 2018 · Metered"
    assert not await odd_visit.page.locator("#subject").is_visible()
    await odd_visit.page.emulate_media(media="print")
    await odd_visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert await odd_visit.page.locator("#subject").is_visible()
    assert not await odd_visit.page.locator("#presets").is_visible()
    await odd_visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    await odd_visit.page.emulate_media(media="screen")
    async with odd_visit.page.expect_download() as download:
        await odd_visit.page.locator("#periods .tools").get_by_text("CSV").click()
    name = (await download.value).suggested_filename
    assert name == "Harbour-ferries_months_metered-kwh_2018-12-21_2018-12-21.csv"


async def test_a_picture_says_what_it_shows_and_of_which_site(odd_visit: Visit) -> None:
    await odd_visit.open("?user_id=A-1")
    await odd_visit.page.evaluate(
        "() => { Plotly.toImage = async ({ layout }) => { window.pictured = layout.title.text; return 'data:,' } }"
    )
    await odd_visit.page.locator("#daily .tools").get_by_text("PNG").click()
    title = await odd_visit.page.evaluate("window.pictured")
    assert title.startswith("<b>Daily energy</b>")
    assert "Harbour &amp; ferries · 21 Dec 2018 · Metered · user A-1" in title


SESSIONS = 1203
FIRST = datetime(2024, 1, 8, 6, tzinfo=UTC)


def sessions() -> Iterator[Session]:
    """More than a page of them, with two that tell no charging time."""
    for number in range(SESSIONS):
        plugged = 30 + 7 * (number % 200)
        charging = None if number < 2 else plugged - number % 25
        at = FIRST + timedelta(hours=number)
        yield Session(f"s{number}", f"u{number % 5}", f"p{number % 3}", at, plugged, charging, 500 * (number % 90))


@pytest.fixture(scope="module")
async def sessions_api(
    databases: Databases, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("sessions")
    (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    write_sessions(folder / "sessions.csv", *sessions())
    async with copied(databases, template) as dsn:
        shell = Shell(folder).on(dsn)
        shell.succeed("load", "--format", "mapping.toml", "sessions.csv")
        with shell.serving("serve") as serving:
            yield serving


async def test_sessions_are_shown_as_the_api_tells_them(tab: Page, sessions_api: Api) -> None:
    async with visiting_in(tab, sessions_api.address) as visit:
        await visit.open("#sessions")
        kpis = sessions_api.json("/kpi/sessions")
        assert kpis["sessions"] == SESSIONS
        for name in ("sessions", "sessions_per_day", "mean_energy_kwh", "median_energy_kwh", "mean_plugged_hours"):
            shown = re.match(r"[\d.,]+", await visit.text(f"[data-kpi={name}] .figure"))
            assert shown
            assert float(shown[0].replace(",", "")) == kpis[name], name
        share = await visit.text("[data-kpi=idle_share] .figure")
        assert float(share.removesuffix(" %")) == pytest.approx(100 * kpis["idle_share"], abs=0.051)
        rows = [row for page in pages(sessions_api) for row in page]
        starts = (await visit.chart("plug-in"))["data"][0]["y"]
        assert starts == [sum(row["plug_in_at"][11:13] == f"{hour:02}" for row in rows) for hour in range(24)]
        taken = (await visit.chart("taken"))["data"][0]["y"]
        assert taken == [sum(min(row["energy_kwh"] // 5, 15) == index for row in rows) for index in range(16)]
        idle = (await visit.chart("idle"))["data"][0]["y"]
        assert sum(idle) == SESSIONS - 2
        await visit.open("?location_id=p1&user_id=u1#sessions")
        of_some = sessions_api.json("/kpi/sessions?location_id=p1&user_id=u1")["sessions"]
        assert await visit.text("[data-kpi=sessions] .figure") == f"{of_some}"


def pages(api: Api) -> Iterator[list[dict[str, Any]]]:
    path: str | None = "/sessions?limit=1000"
    while path:
        answer = api.get(path)
        yield answer.json()
        found = re.match(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        path = found[1] if found else None


async def test_energy_by_location_is_that_of_the_api(tab: Page, sessions_api: Api) -> None:
    async with visiting_in(tab, sessions_api.address) as visit:
        await visit.open("#months")
        parts = {one["name"]: one["y"] for one in (await visit.chart("period-locations"))["data"]}
        rows = sessions_api.json("/series?by=month&split=location")
        assert set(parts) == {"p0", "p1", "p2"}
        for name, values in parts.items():
            assert values == [row["energy_kwh"] for row in rows if row["location_id"] == name]


async def test_the_sample_is_marked(tab: Page, loaded_dsn: str, shell: Shell) -> None:
    connection = await asyncpg.connect(loaded_dsn)
    await connection.execute("UPDATE load_batch SET is_sample = true")
    await connection.close()
    with shell.on(loaded_dsn).serving("serve") as api:
        async with visiting_in(tab, api.address) as visit:
            await visit.open()
            assert await visit.page.locator("#sample").is_visible()
            assert "generated" in await visit.text("#sample")
            assert "hours were not observed" in await visit.text("#unobserved")
