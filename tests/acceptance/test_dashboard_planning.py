"""The dashboard's views for planners: capacity, months and years, filters. Every number against what the API says."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.acceptance.browser import Visit, visiting, visiting_in
from tests.acceptance.conftest import ODD_USERS
from tests.acceptance.processes import Api

RANGE = "start_date=2019-10-01&end_date=2019-12-31"


async def cards(visit: Visit, within: str) -> dict[str, float | None]:
    """The values of the cards, where the figure that is shown is that value, rounded."""
    found: dict[str, float | None] = {}
    for card in await visit.page.locator(f"#{within} .kpi").all():
        name, value = await card.get_attribute("data-kpi"), await card.get_attribute("data-value")
        shown = re.match(r"-?[\d.,]+", (await card.locator(".figure").text_content()) or "")
        assert name
        found[name] = float(value) if value else None
        if value and shown:
            assert float(shown[0].replace(",", "")) == pytest.approx(float(value), abs=0.51), name
    return found


async def cells(visit: Visit, panel: str) -> list[list[str]]:
    rows = await visit.page.locator(f"#{panel} tbody tr, #{panel} tfoot tr").all()
    return [await row.locator("td").all_text_contents() for row in rows]


def number(text: str) -> float:
    return float(text.replace(",", "").replace("%", "").replace("+", ""))


@pytest.mark.parametrize(
    "limit", ["limit_kw=40", "limit_kva=60&power_factor=0.9&base_kw=20", "limit_kw=5"], ids=["kW", "kVA", "too low"]
)
async def test_capacity_shows_what_the_api_says(visit: Visit, charging_api: Api, limit: str) -> None:
    await visit.open(f"?{RANGE}&{limit}#capacity")
    headroom = charging_api.json(f"/grid/headroom?{RANGE}&{limit}")
    grid = charging_api.json(f"/grid/summary?{RANGE}")
    shown = await cards(visit, "capacity-kpis")
    for name in ("peak_kw", "load_factor", "hours_of_use", "coincidence_factor", "admd_kw", "users"):
        assert shown[name] == grid[name], name
    for name in ("headroom_kw", "limit_kw", "hours_above", "hours_above_80_percent"):
        assert shown[name] == headroom[name], name
    if headroom["headroom_kw"] < 0:
        assert "does not fit" in await visit.text("#room")
    else:
        room = await visit.text("[data-kpi=more_users_safe] .figure")
        assert [int(number(one)) for one in re.findall(r"[\d,]+", room)] == sorted(
            {headroom["more_users_safe"], headroom["more_users_expected"]}
        )
        assert f"{headroom['more_users_safe']:,} more, if all of them charge in the peak hour" in await visit.text(
            "#room"
        )
    base = 20 if "base_kw" in limit else 0
    curve = (await visit.chart("curve"))["data"]
    assert curve[1]["y"] == [headroom["limit_kw"] - base] * 2
    points = charging_api.json(f"/load/duration-curve?{RANGE}&points=400")
    assert curve[0]["y"][1:] == [one["hourly_energy_kwh"] for one in points]
    admd = charging_api.json(f"/grid/admd?{RANGE}")
    drawn = (await visit.chart("admd"))["data"][0]
    assert (drawn["x"], drawn["y"]) == ([one["users"] for one in admd], [one["kw_per_user"] for one in admd])


async def test_the_highest_hours_are_those_of_the_api(visit: Visit, charging_api: Api) -> None:
    await visit.open(f"?{RANGE}#capacity")
    peaks = charging_api.json(f"/grid/peaks?{RANGE}&limit=10")
    shown = await cells(visit, "peaks")
    assert len(shown) == len(peaks)
    for (_, load, users), peak in zip(shown, peaks, strict=True):
        assert number(load) == pytest.approx(peak["load_kw"], abs=0.0051)
        assert int(users) == peak["users"]
    assert await visit.page.locator("[data-kpi=headroom_kw]").count() == 0  # nobody typed a limit


async def test_a_limit_is_typed_and_stands_in_the_address(visit: Visit, charging_api: Api) -> None:
    await visit.open(f"?{RANGE}#capacity")
    await visit.page.get_by_label("Limit of the connection").fill("80")
    await visit.page.get_by_label("Unit of the limit").select_option("kva")
    await visit.page.get_by_label("Power factor").fill("0.95")
    await visit.page.get_by_label("Base load").fill("12.5")
    await visit.page.keyboard.press("Enter")
    await visit.shows("#view-capacity[data-limit='limit_kva=80&power_factor=0.95&base_kw=12.5']")
    assert visit.page.url.endswith("limit_kva=80&power_factor=0.95&base_kw=12.5#capacity")
    asked = f"{RANGE}&limit_kva=80&power_factor=0.95&base_kw=12.5"
    assert (await cards(visit, "capacity-kpis"))["headroom_kw"] == charging_api.json(f"/grid/headroom?{asked}")[
        "headroom_kw"
    ]


@pytest.mark.parametrize("tariff", ["rule=no&steps=0,10,20,50", "rule=be", "rule=de", "rule=us"])
async def test_billed_demand_is_that_of_the_api(visit: Visit, charging_api: Api, tariff: str) -> None:
    await visit.open(f"?{RANGE}&{tariff}#capacity")
    months = charging_api.json(f"/grid/billed-demand?{RANGE}&{tariff}")
    bars = (await visit.chart("demand"))["data"][0]
    assert bars["y"] == [one["demand_kw"] for one in months]
    await visit.page.locator("#demand summary").click()
    await visit.shows("#demand table")
    for shown, month in zip(await cells(visit, "demand"), months, strict=True):
        assert number(shown[1]) == month["demand_kw"]
        assert shown[4] == ("yes" if month["complete"] else "no")
        assert all(f"{one['load_kw']:,.2f}" in shown[2] for one in month["peaks"])
    assert ("at least" in await visit.text("#demand .about")) == ("rule=no" not in tariff)


FIGURES = ("energy_kwh", "peak_kw", None, "load_factor")


def check_figures(shown: list[str], row: dict[str, Any]) -> None:
    for text, name in zip(shown[1:], FIGURES, strict=False):
        if name:
            expected = row[name]
            assert text == "\N{EN DASH}" if expected is None else number(text) == pytest.approx(expected, abs=0.0051)


def is_cut(row: dict[str, Any]) -> bool:
    """Whether the range holds only a part of the period: by more than the hour of the clock change."""
    start, end = (datetime.fromisoformat(row[name]) for name in ("start", "end"))
    return bool((end - start) / timedelta(hours=1) - row["hours"] > 1)


@pytest.mark.parametrize("by", ["month", "quarter", "year"])
async def test_periods_are_those_of_the_api(visit: Visit, charging_api: Api, by: str) -> None:
    await visit.open(f"?start_date=2019-03&end_date=2019-12&compare=none&by={by}#months")
    asked = "start_date=2019-03-01&end_date=2019-12-31"
    rows = charging_api.json(f"/series?by={by}&{asked}")
    (total,) = charging_api.json(f"/series?by=total&{asked}")
    *shown, last = await cells(visit, "periods")
    assert len(shown) == len(rows)
    for line, row in zip(shown, rows, strict=True):
        check_figures(line, row)
    check_figures(last, total)
    assert number(last[5]) == charging_api.json(f"/grid/summary?{asked}")["users"]
    energies = (await visit.chart("period-energy"))["data"]
    assert energies[0]["y"] == [row["energy_kwh"] for row in rows]
    assert (await visit.chart("period-peak"))["data"][0]["y"] == [row["peak_kw"] for row in rows]
    incomplete = [row for row in rows if not row["complete"] or is_cut(row)]
    assert await visit.page.locator("#periods tbody .part").count() == len(incomplete)


async def test_each_month_says_its_users(visit: Visit, charging_api: Api) -> None:
    await visit.open("?start_date=2019-10&end_date=2019-12#months")
    shown = await cells(visit, "periods")
    for line, month in zip(shown, ("2019-10", "2019-11", "2019-12"), strict=False):
        assert number(line[5]) == charging_api.json(f"/grid/summary?start_date={month}&end_date={month}")["users"]


async def test_months_are_compared_as_the_api_compares_them(visit: Visit, charging_api: Api) -> None:
    query = "start_date=2019-11-01&end_date=2019-12-31"
    await visit.open(f"?{query}#months")
    rows = charging_api.json(f"/series?by=month&{query}&compare=previous")
    lines = await cells(visit, "periods")
    for line, row in zip(lines, rows, strict=False):
        assert number(line[8]) == pytest.approx(row["previous_energy_kwh"], abs=0.0051)
        assert number(line[10]) == pytest.approx(row["previous_peak_kw"], abs=0.0051)
    september, october, total = lines
    assert (september[7], september[9], september[11]) == ("Sept 2019", "\N{EN DASH}", "384 of 720")
    assert number(october[9]) == pytest.approx(rows[1]["change_percent"], abs=0.051)
    assert (total[9], total[11]) == ("\N{EN DASH}", "1,129 of 1,465")  # two months, and the hour of the clock change
    assert re.search(r"the months before: 1 Sept\W+31 Oct 2019", await visit.text("#periods .about"))
    table = visit.page.locator("#periods .body")
    assert await table.evaluate("table => table.scrollWidth <= table.clientWidth")
    before, now = (await visit.chart("period-energy"))["data"]
    assert before["y"] == [row["previous_energy_kwh"] for row in rows]
    assert now["y"] == [row["energy_kwh"] for row in rows]


async def test_a_month_is_chosen_by_its_name(visit: Visit, charging_api: Api) -> None:
    await visit.open("#months")
    await visit.page.get_by_role("button", name="Nov 2019").focus()
    await visit.page.keyboard.press("Enter")
    await visit.page.wait_for_url(re.compile("start_date=2019-11-01&end_date=2019-11-30"))
    await visit.is_("ready")
    assert len(await cells(visit, "periods")) == 2  # and the total
    assert await visit.page.evaluate("document.activeElement.textContent") == "Nov 2019"


async def test_a_part_of_one_name_is_enough(visit: Visit, charging_api: Api) -> None:
    await visit.open(f"?{RANGE}")
    field = visit.page.get_by_label("User", exact=True)
    some = charging_api.json("/users")[-1]
    for typed, found in ((some.lower(), some), ("% & MORE", "50% & more?#")):
        await field.fill(typed)
        await field.press("Enter")
        await visit.shows(f"#chips .chip:has-text('{found}')")
        await visit.is_("ready")
    await field.fill("b")  # several have it
    await field.press("Enter")
    message = await field.evaluate("field => field.validationMessage")
    assert (
        message
        == "There is no user \N{LEFT DOUBLE QUOTATION MARK}b\N{RIGHT DOUBLE QUOTATION MARK}. Choose one from the list."
    )


async def test_the_room_says_what_it_counts(visit: Visit, charging_api: Api) -> None:
    """Users of other months than that of the peak, and a base load that leaves nothing."""
    longer = "start_date=2019-10-01&end_date=2019-12-01"  # some charged on the last day alone
    await visit.open(f"?{longer}&limit_kw=300#capacity")
    grid = charging_api.json(f"/grid/summary?{longer}")
    month = grid["peak_at"][:7]
    then = charging_api.json(f"/grid/summary?start_date={month}&end_date={month}")["users"]
    assert then < grid["users"]
    told = f"{grid['users']} users have rows in this range, {then} in the month of the peak"
    assert told in await visit.text("#room")
    await visit.open(f"?start_date={month}&end_date={month}&limit_kw=300#capacity")
    assert "have rows in this range" not in await visit.text("#room")
    await visit.open(f"?{longer}&limit_kw=10&base_kw=12#capacity")
    assert "The base load alone is above the limit" in await visit.text("#room")


async def test_filters_are_found_by_typing_and_stand_in_the_address(visit: Visit, charging_api: Api) -> None:
    await visit.open(f"?{RANGE}")
    user, other = charging_api.json("/users")[-1], ODD_USERS[2]
    field = visit.page.get_by_label("User", exact=True)
    await field.fill(user[:1].lower())
    await visit.page.locator(f"#known-users option[value='{user}']").wait_for(state="attached")
    offered = visit.page.locator("#known-users option")
    assert await offered.count() == sum(user[:1].lower() in one.lower() for one in charging_api.json("/users"))
    await field.fill(user)
    await field.press("Enter")
    await visit.shows(f"#chips .chip:has-text('{user}')")
    await field.fill(other)
    await field.press("Enter")
    await visit.page.locator("#chips .chip").nth(1).wait_for()
    await visit.is_("ready")
    query = f"{RANGE}&user_id={user}&user_id=%3D1%2B1"
    assert (await visit.kpis())["total_energy_kwh"] == charging_api.json(f"/kpi/total-energy?{query}")[
        "total_energy_kwh"
    ]
    assert "user_id=%3D1%2B1" in visit.page.url
    split = charging_api.json(f"/series?by=total&split=user&{query}")
    assert sorted(await visit.page.locator("#users .user").all_text_contents()) == sorted(
        one["user_id"] for one in split
    )
    await visit.page.get_by_role("link", name="Capacity").click()
    await visit.shows("#capacity-kpis .kpi")
    await visit.is_("ready")
    assert (await cards(visit, "capacity-kpis"))["peak_kw"] == charging_api.json(f"/grid/summary?{query}")["peak_kw"]
    await field.fill("nobody at all")
    await field.press("Enter")
    assert await field.evaluate("field => field.validationMessage.includes('There is no user')")
    await visit.page.get_by_role("button", name=f"Without the user {user}").click()
    await visit.page.locator("#chips .chip").nth(1).wait_for(state="detached")
    await visit.page.go_back()
    await visit.page.locator("#chips .chip").nth(1).wait_for()


async def test_a_reader_with_decimal_commas_gets_them_in_the_csv(
    browser: Browser, charging_api: Api, tmp_path: Path
) -> None:
    """The hours of a month, as an Excel of that language opens them."""
    query = "start_date=2019-11-01&end_date=2019-11-30"
    async with visiting(browser, charging_api.address, locale="nb-NO") as visit:
        await visit.open(f"?{query}")
        async with visit.page.expect_download() as download:
            await visit.page.locator("#hours .tools").get_by_text("CSV").click()
        await (await download.value).save_as(tmp_path / "hours.csv")
    expected = charging_api.get(f"/load/hourly.csv?{query}&decimal=,").content
    assert (tmp_path / "hours.csv").read_bytes() == expected
    assert re.search(rb";\d+,\d", expected)


async def test_a_question_that_is_refused_is_told_and_not_asked_again(tab: Page, charging_api: Api) -> None:
    async with visiting_in(tab, charging_api.address, quiet=False) as visit:
        steps = ",".join(map(str, range(201)))  # one more than the API takes
        await visit.page.goto(f"{visit.address}/dashboard?steps={steps}#capacity")
        await visit.shows("#banner:has-text('evload refuses that: steps: Input should be up to 200')")
        asked = visit.paths().count("/grid/billed-demand")
        await visit.page.wait_for_timeout(2_500)
        assert visit.paths().count("/grid/billed-demand") == asked
        assert "Trying again" not in await visit.text("#banner")


async def test_a_view_opens_at_the_top(visit: Visit) -> None:
    """No part of the page is called as the address calls the view, or browsers would scroll there."""
    for view in ("months", "capacity"):
        await visit.page.goto("about:blank")
        await visit.open(f"#{view}")
        assert await visit.page.evaluate("scrollY") == 0
        assert await visit.page.locator(f"#view-{view}").is_visible()


async def test_a_view_without_sessions_offers_none(tab: Page, charging_api: Api) -> None:
    async with visiting_in(tab, charging_api.address) as visit:
        await visit.open()
        assert not await visit.page.get_by_role("link", name="Sessions").is_visible()
        assert not await visit.page.locator("#sample").is_visible()
