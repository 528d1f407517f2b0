"""The dashboard for everybody: keyboard, screen reader, phone, dark, print."""

import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser

from tests.acceptance.browser import Visit, visiting
from tests.acceptance.processes import Api

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
DARK = "rgb(14, 20, 18)"
VIEWS = (
    "start_date=2019-10&end_date=2019-12#months",
    "start_date=2019-10&limit_kva=60&power_factor=0.9&steps=0,10,20#capacity",
    "user_id=%3D1%2B1&start_date=2019-12&end_date=banana",
)
GRAVE = ("serious", "critical")
PANELS = ("daily", "hours", "rhythm", "spread", "duration", "active")


async def grave_findings(visit: Visit) -> list[tuple[str, str]]:
    results = await Axe().run(visit.page)
    return [
        (found["id"], node["html"])
        for found in results.response["violations"]
        for node in found["nodes"]
        if found["impact"] in GRAVE
    ]


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_axe_finds_nothing_grave(browser: Browser, charging_api: Api, device: dict[str, Any]) -> None:
    async with visiting(browser, charging_api.address, **device, reduced_motion="reduce") as visit:
        await visit.open("?start_date=2019-12-30")
        for panel in PANELS:
            await visit.page.locator(f"#{panel} summary").click()
        await visit.shows("#active table")
        await check_light_and_dark(visit)
        for view in VIEWS:
            await visit.open(f"?{view}")
            await check_light_and_dark(visit)
        await visit.page.goto(f"{visit.address}/dashboard?start_date=2023-01-01")
        await visit.is_("empty")
        await check_light_and_dark(visit)


async def check_light_and_dark(visit: Visit) -> None:
    for scheme in ("light", "dark"):
        await visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        dark = await visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == DARK
        assert dark == (scheme == "dark")
        assert await grave_findings(visit) == [], scheme


async def test_a_phone_needs_no_scrolling_sideways(browser: Browser, charging_api: Api) -> None:
    async with visiting(browser, charging_api.address, **PHONE) as visit:
        await visit.open()
        for view in ("", *VIEWS):
            await visit.page.goto("about:blank")
            await visit.page.set_viewport_size({"width": 320, "height": 800})
            await visit.open(f"?{view}")
            assert await visit.page.evaluate("document.documentElement.scrollWidth") <= 320
            cut = "parts => parts.filter(part => part.scrollWidth > part.clientWidth).map(part => part.outerHTML)"
            assert await visit.page.locator("#views, #peaks .body").evaluate_all(cut) == []
            await visit.page.set_viewport_size({"width": 390, "height": 800})
            assert await visit.page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_every_chart_has_a_name_and_a_table(visit: Visit, charging_api: Api) -> None:
    await visit.open()
    days = charging_api.json("/load/daily")
    for panel in PANELS:
        assert len(await visit.page.locator(f"#{panel}-chart").get_attribute("aria-label") or "") > 30
        assert await visit.page.locator(f"#{panel} table").count() == 0  # made when it is opened
        await visit.page.locator(f"#{panel} summary").focus()
        await visit.page.keyboard.press("Enter")
        await visit.shows(f"#{panel} table")
    assert await visit.page.locator("#daily tbody tr").count() == len(days)
    assert "kWh" in await visit.text("#daily thead")


async def test_all_of_it_can_be_reached_by_keyboard(visit: Visit) -> None:
    await visit.open()
    reached = set()
    for _ in range(80):
        await visit.page.keyboard.press("Tab")
        name = await visit.page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id")
        reached.add(name)
    assert {
        "All",
        "7 days",
        "start",
        "end",
        "add-users",
        "1 day",
        "CSV",
        "PNG",
        "Show as table",
        "API documentation",
    } <= reached
    assert any(len(name) > 100 for name in reached) is True  # the measures


async def test_numbers_are_written_as_the_reader_writes_them(browser: Browser, charging_api: Api) -> None:
    total = charging_api.json("/kpi/total-energy")["total_energy_kwh"]
    async with visiting(browser, charging_api.address, locale="de-DE", timezone_id="Pacific/Auckland") as visit:
        await visit.open()
        shown = await visit.text("[data-kpi=total_energy_kwh] .figure")
        assert shown == f"{total:,.2f}kWh".translate(str.maketrans(",.", ".,"))
        # The reader's own time zone moves nothing.
        hour = charging_api.json("/kpi/summary")["peak_hour"]
        assert f"{hour[11:16]}" in await visit.text("[data-kpi=peak_hourly_load_kwh]")
        assert "Europe/Oslo" in await visit.text("#clock")


PAGES = {
    "start_date=2019-10-01&end_date=2019-12-31": 2,
    "start_date=2019-10-01&end_date=2019-12-31#months": 1,
    "limit_kva=60&power_factor=0.9&base_kw=5#capacity": 2,
}


@pytest.mark.parametrize("view", PAGES, ids=["overview", "months", "capacity"])
async def test_it_prints_on_few_pages(visit: Visit, view: str) -> None:
    await visit.open(f"?{view}")
    for form in ("A4", "Letter"):
        paper = await visit.page.pdf(format=form)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == PAGES[view], form


async def test_paper_says_what_was_asked(visit: Visit) -> None:
    await visit.open("?start_date=2019-11&end_date=2019-11&limit_kva=60&power_factor=0.9&base_kw=5#capacity")
    assert (await visit.text("#subject")).endswith("limit 60 kVA, power factor 0.9, base load 5 kW")
    await visit.page.get_by_role("link", name="Months").click()
    await visit.shows("#periods td")
    await visit.page.locator("#subject:has-text('compared with')").wait_for(state="attached")
    assert re.search(r"compared with 1\W+31 Oct 2019", await visit.text("#subject"))


async def test_it_prints_white_and_as_wide_as_the_paper(browser: Browser, charging_api: Api) -> None:
    async with visiting(browser, charging_api.address, color_scheme="dark") as visit:
        await visit.open()
        await visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        await visit.page.wait_for_timeout(100)
        chart = await visit.chart("daily")
        assert chart["layout"]["paper_bgcolor"] == "#fff"
        assert 500 < chart["layout"]["width"] < 700
        await visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
        await visit.page.wait_for_timeout(100)
        assert (await visit.chart("daily"))["layout"]["paper_bgcolor"] != "#fff"
