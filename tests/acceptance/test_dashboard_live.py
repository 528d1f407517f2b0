"""The dashboard stays right while data changes and the server comes and goes."""

import time
from pathlib import Path

from playwright.async_api import Browser

from tests.acceptance.browser import Visit, visiting
from tests.acceptance.conftest import copied
from tests.acceptance.processes import Api, Shell
from tests.conftest import Databases

NEW_DAY = (
    "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW\n"
    "{day} 10:00;{day} 11:00;NEW;9900;3,6;7,2;NA;NA\n"
)
SEEN_WITHIN_SECONDS = 2.0


def write_day(path: Path, day: str) -> Path:
    path.write_text(NEW_DAY.format(day=day))
    return path


async def test_a_load_shows_without_a_reload_and_keeps_zoom_and_focus(
    browser: Browser, databases: Databases, charging_template: str, shell: Shell, tmp_path: Path
) -> None:
    async with copied(databases, charging_template) as dsn:
        shell = shell.on(dsn)
        with shell.serving("serve") as api:
            async with visiting(browser, api.address) as visit:
                await visit.open("?start_date=2019-12-27")
                await visit.shows(".presets [aria-pressed=true]:text-is('7 days')")
                await visit.page.get_by_role("button", name="See 1 day").click()
                await visit.shows("#hours .zoom [aria-pressed=true]:text-is('1 day')")
                await visit.page.get_by_label("Measure").focus()
                before = (await visit.chart("hours"))["layout"]["xaxis"]["range"]
                await visit.page.evaluate("window.sameWindow = true")
                shell.succeed("load", write_day(tmp_path / "day.csv", "03.01.2020"))
                committed = time.monotonic()
                await visit.shows("[data-kpi=last_7_days_avg_daily_energy_kwh]:has-text('3 Jan 2020')")
                assert time.monotonic() - committed < SEEN_WITHIN_SECONDS
                await visit.is_("ready")
                assert await visit.page.evaluate("window.sameWindow")
                assert "start_date=2019-12-28" in visit.page.url  # the last seven days move on
                assert await visit.page.evaluate("document.activeElement.id") == "measure"
                assert "New data" in await visit.text("#announcement")
                assert (await visit.chart("hours"))["layout"]["xaxis"]["range"] == before


async def test_the_server_goes_away_and_comes_back(
    browser: Browser, databases: Databases, charging_template: str, shell: Shell, tmp_path: Path
) -> None:
    async with copied(databases, charging_template) as dsn:
        shell = shell.on(dsn)
        with shell.serving("serve") as first:
            port = str(first.port)
            async with visiting(browser, first.address, quiet=False) as visit:
                await visit.open()
                cards = await visit.kpis()
                first.running.stop()
                await visit.shows("body[data-connection=away]")
                await visit.shows("#banner:has-text('cannot be reached')")
                assert await visit.kpis() == cards
                assert await visit.page.locator("body[data-state=ready]").count() == 1
                with shell.serving("serve", "--port", port) as second:  # with the data that the page knows
                    await visit.shows("body[data-connection=live]")
                    await visit.page.locator("#banner").wait_for(state="hidden")
                    second.running.stop()
                    await visit.shows("body[data-connection=away]")
                shell.succeed("load", write_day(tmp_path / "day.csv", "03.01.2020"))
                with shell.serving("serve", "--port", port):
                    await visit.shows("#extent:has-text('3 Jan 2020')")
                    await visit.shows("body[data-connection=live]")
                    await visit.page.locator("#banner").wait_for(state="hidden")
                    assert (await visit.kpis())["total_energy_kwh"] == round(cards["total_energy_kwh"] + 3.6, 2)


async def test_an_hour_in_the_future_is_told_and_leaves_the_rest_as_it_was(
    browser: Browser, databases: Databases, charging_template: str, shell: Shell, tmp_path: Path
) -> None:
    async with copied(databases, charging_template) as dsn:
        shell = shell.on(dsn)
        with shell.serving("serve") as api:
            async with visiting(browser, api.address) as visit:
                await visit.open("?start_date=2019-12-27")
                week = await visit.kpis()
                report = shell.succeed("load", write_day(tmp_path / "day.csv", "21.12.2091"))
                assert "1 hour lies in the future, 2091-12-21 10:00" in report
                await visit.shows("#extent:has-text('hours in the future up to 21 Dec 2091')")
                await visit.shows(".presets [aria-pressed=true]:text-is('7 days')")
                assert await visit.kpis() == week
                assert await visit.page.locator("#end").input_value() == "2020-01-02"
                await visit.open()
                assert (await visit.chart("daily"))["layout"]["xaxis"]["range"][1] < "2021"
                await visit.open("?end_date=2091-12-31")
                assert (await visit.kpis())["peak_daily_energy_kwh"] >= week["peak_daily_energy_kwh"]
                assert "2091" in (await visit.chart("daily"))["layout"]["xaxis"]["range"][1]


async def test_without_events_it_polls(
    browser: Browser, databases: Databases, charging_template: str, shell: Shell, tmp_path: Path
) -> None:
    async with copied(databases, charging_template) as dsn:
        shell = shell.on(dsn)
        with shell.serving("serve") as api:
            async with visiting(browser, api.address, quiet=False) as visit:
                await visit.page.route("**/events", lambda route: route.fulfill(status=503))
                await visit.open()
                await visit.shows("body[data-connection=polling]")
                shell.succeed("load", write_day(tmp_path / "day.csv", "03.01.2020"))
                await visit.shows("#extent:has-text('3 Jan 2020')")


async def test_an_answer_to_an_earlier_choice_is_not_shown(visit: Visit, charging_api: Api) -> None:
    await visit.open()
    for name in ("90 days", "30 days", "7 days", "All", "7 days"):
        await visit.page.locator("#presets").get_by_text(name, exact=True).click()
    await visit.shows(".presets [aria-pressed=true]:text-is('7 days')")
    await visit.is_("ready")
    expected = charging_api.json("/kpi/total-energy?start_date=2019-12-27")["total_energy_kwh"]
    assert (await visit.kpis())["total_energy_kwh"] == expected
