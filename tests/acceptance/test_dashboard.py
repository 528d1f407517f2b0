"""What the dashboard shows, against what the API says."""

import re
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.async_api import Browser, Page

from tests.acceptance.browser import Visit, visiting, visiting_in
from tests.acceptance.conftest import ODD_USERS
from tests.acceptance.processes import Api, Shell

KPIS = {
    "total_energy_kwh": "/kpi/total-energy",
    "avg_daily_energy_kwh": "/kpi/daily-average",
    "peak_daily_energy_kwh": "/kpi/peak-daily",
    "peak_hourly_load_kwh": "/kpi/peak-hourly",
    "avg_active_charging_hours_per_day": "/kpi/avg-active-hours-per-day",
}
MOST_REQUESTS = 11
"""Besides those for files that browsers keep."""
MOST_OWN_BYTES = 58_000
KEPT = "/dashboard/assets/"
PANELS = ("daily", "hours", "rhythm", "spread", "duration", "active")


def kpis_of(api: Api, query: str) -> dict[str, float]:
    found = {name: api.json(path + query)[name] for name, path in KPIS.items()}
    last = api.json(
        "/kpi/daily-average-last-7-days" + query.partition("&end_date=")[0]
    )  # the card shows the latest ones
    return {**found, "last_7_days_avg_daily_energy_kwh": last["avg_daily_energy_kwh"]}


async def test_the_cards_show_what_the_api_says(visit: Visit, charging_api: Api) -> None:
    for query in (
        "",
        "?start_date=2019-11-03&end_date=2019-12-01",
        "?measure=flex_7_2_kwh&start_date=2019-12-01",
    ):
        await visit.open(query)
        assert await visit.kpis() == kpis_of(charging_api, query)


async def test_the_charts_show_what_the_api_says(visit: Visit, charging_api: Api) -> None:
    query = "?start_date=2019-10-01&end_date=2019-12-10"
    await visit.open(query)
    days, active = (charging_api.json(path + query) for path in ("/load/daily", "/kpi/daily_utilization"))
    daily = (await visit.chart("daily"))["data"]
    assert daily[0]["x"] == [one["day"] for one in days]
    assert daily[0]["y"] == [one["daily_energy_kwh"] for one in days]
    for index, mean in enumerate(daily[1]["y"]):
        seven = daily[0]["y"][max(index - 6, 0) : index + 1]
        assert mean is None if index < 6 else mean == pytest.approx(sum(seven) / 7, abs=0.0006)
    assert (await visit.chart("active"))["data"][0]["y"] == [one["active_hours"] for one in active]
    shown = (await visit.chart("rhythm"))["data"][0]["z"]
    for one in charging_api.json("/load/profile" + query):
        assert shown[one["weekday"] - 1][one["hour"]] == one["mean_energy_kwh"]
    curve = (await visit.chart("duration"))["data"][0]
    heights = [one["hourly_energy_kwh"] for one in charging_api.json("/load/duration-curve" + query)]
    assert curve["y"] == [heights[0], *heights]  # drawn from the first moment on
    assert (curve["x"][0], curve["x"][-1]) == (0, 100)
    spread = (await visit.chart("spread"))["data"]
    for one in charging_api.json("/load/profile" + query):
        hour = 24 * (one["weekday"] - 1) + one["hour"]
        band = [line["y"][hour] for line in spread]
        assert band == [one["p10_kwh"], one["p90_kwh"], one["p50_kwh"]]


async def test_many_days_are_drawn_as_one_shape_with_gaps(visit: Visit, charging_api: Api) -> None:
    await visit.open()
    days = charging_api.json("/kpi/daily")
    assert len(days) > 200
    charts = {"daily": "daily_energy_kwh", "hours": "peak_hourly_load_kwh", "active": "active_hours"}
    for panel, value in charts.items():
        shape = (await visit.chart(panel))["data"][0]
        points = dict(zip(shape["x"], shape["y"], strict=True))
        assert {x[:10] for x, y in points.items() if y is not None} == {one["day"] for one in days}
        assert all(points[f"{one['day']}T00:00:00"] == one[value] for one in days)
        assert points["2019-06-09T00:00:00"] is None  # the summer without data begins


# Without a range, with one and the days before it, and with a short one that shows its hours.
@pytest.mark.parametrize("query", ["", "?start_date=2019-10-01", "?start_date=2019-12-27", "?user_id=%3D1%2B1"])
async def test_opening_it_takes_few_requests_and_bytes(visit: Visit, charging_api: Api, query: str) -> None:
    await visit.open(query)
    await visit.page.wait_for_load_state("load")
    paths = visit.paths()
    assert len(paths) == len(set(paths)), paths
    kept = [path for path in paths if path.startswith(KEPT)]
    assert len(paths) - len(kept) <= MOST_REQUESTS, paths
    own = ["/dashboard", *(path for path in kept if "plotly" not in path)]
    assert sum(int(charging_api.get(path).headers["content-length"]) for path in own) < MOST_OWN_BYTES
    assert "/events" in paths


async def test_the_zoom_fetches_the_hours_that_it_needs(visit: Visit, charging_api: Api) -> None:
    await visit.open()
    assert "/load/hourly" not in visit.paths()
    await visit.page.get_by_role("button", name="See 7 days").click()
    await visit.shows("#hours[data-detail=hours]")
    await visit.page.get_by_role("button", name="Earlier").click()
    await visit.shows("#hours-chart[aria-label*='December 2019'], #hours-chart[aria-label*='Dec 2019']")
    chart = await visit.chart("hours")
    first, last = chart["layout"]["xaxis"]["range"]
    assert visit.paths().count("/load/hourly") == 1
    shown = dict(zip(chart["data"][0]["x"], chart["data"][0]["y"], strict=True))
    hours = charging_api.json(f"/load/hourly?start_date={first}&end_date={last}")
    assert len(hours) > 100
    assert all(shown[one["hour"]] == one["hourly_energy_kwh"] for one in hours)


async def test_dragging_over_the_hourly_load_zooms_into_it(visit: Visit) -> None:
    await visit.open()
    await visit.page.locator("#rhythm h2").scroll_into_view_if_needed()
    box = await visit.page.locator("#hours-chart .nsewdrag").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    await visit.page.mouse.move(box["x"] + 300, middle)
    await visit.page.mouse.down()
    await visit.page.mouse.move(box["x"] + 420, middle, steps=4)
    await visit.page.mouse.up()
    await visit.shows("#hours[data-detail=hours]")
    assert visit.paths().count("/load/hourly") == 1


async def test_a_view_is_shared_by_its_address(visit: Visit) -> None:
    await visit.open()
    await visit.page.get_by_label("Measure").select_option("synthetic_7_2_kwh")
    await visit.page.get_by_role("button", name="30 days", exact=True).click()
    await visit.shows(".presets [aria-pressed=true]:text-is('30 days')")
    await visit.is_("ready")
    address, cards = visit.page.url, await visit.kpis()
    assert "measure=synthetic_7_2_kwh&start_date=2019-12-04" in address
    await visit.page.go_back()
    await visit.shows(".presets [aria-pressed=true]:text-is('All')")
    await visit.page.goto(address)
    await visit.is_("ready")
    assert await visit.kpis() == cards
    assert await visit.page.get_by_label("Measure").input_value() == "synthetic_7_2_kwh"
    assert await visit.page.get_by_role("button", name="30 days", exact=True).get_attribute("aria-pressed") == "true"


async def test_a_range_is_compared_with_the_one_before(visit: Visit, charging_api: Api) -> None:
    await visit.open("?start_date=2019-11-11&end_date=2019-11-20")
    now, before = (
        charging_api.json(f"/kpi/summary?start_date={start}&end_date={end}")
        for start, end in (("2019-11-11", "2019-11-20"), ("2019-11-01", "2019-11-10"))
    )
    for name in KPIS:
        change = re.search(r"([-+]?[\d.]+)% vs before", await visit.text(f"[data-kpi={name}]"))
        assert change, name
        assert float(change[1]) == pytest.approx(100 * (now[name] / before[name] - 1), abs=0.11)
    assert "vs before" not in await visit.text("[data-kpi=last_7_days_avg_daily_energy_kwh]")
    assert re.search(r"\b1\W+10 Nov 2019", await visit.text("#compared"))


async def test_what_a_range_is_compared_with_is_chosen(visit: Visit, charging_api: Api) -> None:
    await visit.open("?start_date=2019-11&end_date=2019-11")
    months = ("2019-11", "2019-10")
    now, before = (charging_api.json(f"/kpi/summary?start_date={month}&end_date={month}") for month in months)
    change = re.search(r"([-+]?[\d.]+)% vs before", await visit.text("[data-kpi=total_energy_kwh]"))
    assert change
    assert float(change[1]) == pytest.approx(100 * (now["total_energy_kwh"] / before["total_energy_kwh"] - 1), abs=0.11)
    await visit.page.get_by_label("Compare with").select_option("year")
    await visit.shows("#compared:has-text('Nothing was observed')")
    assert "compare=year" in visit.page.url
    await visit.page.get_by_label("Compare with").select_option("none")
    await visit.page.locator("#compared:empty").wait_for(state="hidden")


async def test_one_day_and_one_hour_are_drawn_right(visit: Visit, charging_api: Api) -> None:
    query = "?start_date=2019-12-10&end_date=2019-12-10"
    await visit.open(query)
    daily = await visit.chart("daily")
    assert len(daily["data"]) == 1  # no mean of seven days
    assert daily["layout"]["xaxis"]["range"] == ["2019-12-10T00:00:00", "2019-12-11T00:00:00"]
    bar = daily["data"][0]
    assert 0 < bar["offset"] < bar["offset"] + bar["width"] < 24 * 3_600_000
    heat = (await visit.chart("rhythm"))["data"][0]
    assert heat["zmin"] == 0
    assert heat["zmax"] == max(one["mean_energy_kwh"] for one in charging_api.json(f"/load/profile{query}"))


async def test_an_empty_range_says_so_and_offers_everything(visit: Visit) -> None:
    for query in ("?start_date=2019-06-20&end_date=2019-07-20", "?start_date=2023-01-01"):
        await visit.page.goto(f"{visit.address}/dashboard{query}")
        await visit.is_("empty")
        assert "Nothing was observed" in await visit.text("#notice")
    assert "1 Mar 2019" in await visit.text("#extent")
    assert not await visit.page.locator("#figures").is_visible()
    await visit.page.get_by_role("button", name="Show all").click()
    await visit.is_("ready")
    assert await visit.page.locator("#figures").is_visible()


async def test_what_cannot_be_read_of_an_address_is_told(visit: Visit, charging_api: Api) -> None:
    await visit.open("?measure=volts&start_date=2019-02-31&end_date=soon&user=x&_=1")
    assert await visit.kpis() == kpis_of(charging_api, "")
    told = await visit.text("#unread")
    assert all(one in told for one in ("measure=volts", "start_date=2019-02-31", "end_date=soon", "user is nothing"))
    await visit.page.get_by_role("button", name="7 days", exact=True).click()
    await visit.page.locator("#unread").wait_for(state="hidden")
    await visit.open("?start_date=2019-11&end_date=2019-11")  # a month is read as the API reads it
    assert await visit.kpis() == kpis_of(charging_api, "?start_date=2019-11-01&end_date=2019-11-30")
    assert not await visit.page.locator("#unread").is_visible()


async def test_a_measure_that_was_never_loaded_is_told(tab: Page, charging_api: Api) -> None:
    async with visiting_in(tab, charging_api.address, quiet=False) as visit:
        await visit.page.goto(f"{visit.address}/dashboard?measure=metered_kwh&start_date=2019-12-01")
        await visit.is_("empty")
        assert "never loaded" in await visit.text("#notice-title")
        assert await visit.page.locator("#measure option[value=metered_kwh]").is_disabled()
        await visit.page.locator("#show-all").click()
        await visit.is_("ready")
        assert await visit.kpis() == kpis_of(charging_api, "?start_date=2019-12-01")


async def test_an_empty_database_says_what_to_do(tab: Page, empty_api: Api) -> None:
    async with visiting_in(tab, empty_api.address, quiet=False) as visit:
        await visit.page.goto(f"{visit.address}/dashboard")
        await visit.is_("empty")
        assert "evload load" in await visit.text("#notice")
        assert "NaN" not in await visit.text("body")


def as_id(user: str) -> str:
    """As the API reads it: as a line of CSV."""
    quoted = user.replace('"', '""')
    return f'"{quoted}"'


async def test_any_user_has_a_page_and_a_way_back(visit: Visit, charging_api: Api) -> None:
    query = "?start_date=2019-12-01&end_date=2019-12-01"
    await visit.open(query)
    for user in ODD_USERS:
        await visit.page.get_by_role("button", name=user, exact=True).click()
        await visit.shows("#who:visible")
        await visit.is_("ready")
        assert await visit.text("#who h2") == user
        of_user = f"{query}&{urlencode({'user_id': as_id(user)})}"
        expected = {name: charging_api.json(path + of_user)[name] for name, path in KPIS.items()}
        shown = await visit.kpis()
        assert {name: shown[name] for name in KPIS} == expected
        assert expected["peak_hourly_load_kwh"] == 3.5
        hours = (await visit.chart("hours"))["data"][0]
        assert max(filter(None, hours["y"])) == 3.5
        await visit.page.get_by_role("button", name="All users").click()
        await visit.page.locator("#who").wait_for(state="hidden")
        await visit.is_("ready")
        assert await visit.page.evaluate("document.activeElement.textContent") == user


async def test_a_user_is_shared_by_address(visit: Visit) -> None:
    await visit.open("?" + urlencode({"user_id": as_id(ODD_USERS[1])}))
    assert await visit.text("#who h2") == ODD_USERS[1]


async def test_unknown_users_are_named(tab: Page, charging_api: Api) -> None:
    async with visiting_in(tab, charging_api.address, quiet=False) as visit:
        await visit.page.goto(f"{visit.address}/dashboard?user_id=nobody")
        await visit.is_("empty")
        assert "There is no user nobody." in await visit.text("#notice")
        await visit.page.locator("#show-all").click()
        await visit.is_("ready")
        assert await visit.kpis() == kpis_of(charging_api, "")


SOURCES = {
    "daily": "/kpi/daily", "hours": "/load/hourly", "rhythm": "/load/profile", "spread": "/load/profile",
    "duration": "/load/duration-curve", "active": "/kpi/daily_utilization", "users": "/users/summary?sort=energy_kwh",
}  # fmt: skip


async def saved(visit: Visit, panel: str, form: str, folder: Path) -> Path:
    async with visit.page.expect_download() as download:
        await visit.page.locator(f"#{panel} .tools").get_by_text(form, exact=True).click()
    file = await download.value
    path = folder / file.suggested_filename
    await file.save_as(path)
    return path


async def test_every_chart_can_be_taken_along(visit: Visit, tmp_path: Path, charging_api: Api) -> None:
    """As the API gives it, whatever the screen shows of it, under a name that says what it is."""
    await visit.open()
    named = "Charging-site_.+_synthetic-3-6-kwh_2019-03-01_2020-01-02"
    for panel, path in SOURCES.items():
        csv_file, parquet = [await saved(visit, panel, form, tmp_path) for form in ("CSV", "Parquet")]
        assert csv_file.read_bytes() == charging_api.get(with_suffix(path, ".csv")).content
        assert parquet.read_bytes() == charging_api.get(with_suffix(path, ".parquet")).content
        assert re.fullmatch(rf"{named}\.csv", csv_file.name)
        if panel != "users":
            picture = await saved(visit, panel, "PNG", tmp_path)
            assert picture.read_bytes().startswith(b"\x89PNG")
            assert re.fullmatch(rf"{named}\.png", picture.name)


def with_suffix(path: str, suffix: str) -> str:
    bare, _, query = path.partition("?")
    return f"{bare}{suffix}?{query}"


async def test_the_hours_that_are_seen_are_taken_along(visit: Visit, tmp_path: Path, charging_api: Api) -> None:
    await visit.open("?zoom=2019-11-04T00:00~2019-11-11T00:00")
    await visit.shows("#hours[data-detail=hours]")
    path = await saved(visit, "hours", "CSV", tmp_path)
    query = "?start_date=2019-11-04&end_date=2019-11-10"
    assert path.read_bytes() == charging_api.get(f"/load/hourly.csv{query}").content
    assert path.name.endswith("_2019-11-04_2019-11-10.csv")


async def test_a_zoom_is_shared_by_the_address(visit: Visit) -> None:
    await visit.open()
    await visit.page.get_by_role("button", name="See 7 days").click()
    await visit.shows("#hours[data-detail=hours]")
    seen = (await visit.chart("hours"))["layout"]["xaxis"]["range"]
    address = visit.page.url
    assert "zoom=2019-12-27T00" in address
    await visit.page.goto("about:blank")
    await visit.page.goto(address)
    await visit.is_("ready")
    assert (await visit.chart("hours"))["layout"]["xaxis"]["range"] == seen
    await visit.page.get_by_role("button", name="30 days", exact=True).click()  # another range is seen as a whole
    await visit.shows(".presets [aria-pressed=true]:text-is('30 days')")
    assert "zoom" not in visit.page.url


async def test_the_users_are_sorted_by_a_column(visit: Visit, charging_api: Api) -> None:
    async def first_user(column: str, order: str) -> str:
        await visit.shows(f"#users th[aria-sort={order}] [data-sort={column}]")
        await visit.is_("ready")
        assert await visit.page.locator("#users th[aria-sort]").count() == 1
        return await visit.text("#users .user")

    await visit.open()
    assert await first_user("energy_kwh", "descending") == charging_api.json("/users/summary")[0]["user_id"]
    for column, order in (("user_id", "ascending"), ("hours", "descending"), ("sessions", "descending")):
        await visit.page.locator(f"#users [data-sort={column}]").focus()
        await visit.page.keyboard.press("Enter")
        expected = charging_api.json(f"/users/summary?sort={column}&limit=10")
        assert await first_user(column, order) == expected[0]["user_id"]
        assert await visit.page.locator("#users .user").all_text_contents() == [one["user_id"] for one in expected]
        assert await visit.page.evaluate("document.activeElement.dataset.sort") == column
    assert visit.page.url.endswith("?sort=sessions")
    await visit.open("?sort=hours")
    assert await first_user("hours", "descending") == charging_api.json("/users/summary?sort=hours")[0]["user_id"]


async def test_80_000_rows(browser: Browser, generated_dsn: str, shell: Shell) -> None:
    with shell.on(generated_dsn).serving("serve") as api:
        async with visiting(browser, api.address) as visit:
            await visit.open()
            assert await visit.kpis() == kpis_of(api, "")
            assert len([path for path in visit.paths() if not path.startswith(KEPT)]) <= MOST_REQUESTS


def test_browsers_are_sent_to_it_and_nobody_else(api: Api) -> None:
    sent = api.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (sent.status_code, sent.headers["location"]) == (307, "dashboard")
    assert api.json("/") == "Welcome to from EV Charging Project!"
    assert api.get("/").headers["vary"].startswith("Accept")


def test_its_files_are_compressed_and_kept_for_good(api: Api) -> None:
    page = api.get("/dashboard")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    held = api.get("/dashboard", headers={"If-None-Match": page.headers["etag"]})
    assert (held.status_code, held.content) == (304, b"")
    kept = set(re.findall(r'(?:src|href)="(dashboard/assets/[^"]+)"', page.text))
    assert len(kept) > 10
    for script in kept:
        plain, packed = (one_in(api, script, encoding) for encoding in ("identity", "gzip"))
        assert (
            plain.headers["cache-control"] == packed.headers["cache-control"] == "public, max-age=31536000, immutable"
        )
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) * 0.7
        assert packed.content == plain.content
        head = api.client.head(f"/{script}", headers={"Accept-Encoding": "gzip"})
        assert (head.status_code, head.headers["content-length"]) == (200, packed.headers["content-length"])


def one_in(api: Api, path: str, encoding: str) -> httpx2.Response:
    return api.get(f"/{path}", headers={"Accept-Encoding": encoding})
