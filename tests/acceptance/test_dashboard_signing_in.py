"""The dashboard of an evload that asks for tokens: signing in, what a token may see, and its end."""

import pytest
from playwright.async_api import Browser

from tests.acceptance.browser import PATIENCE_MS, visiting
from tests.acceptance.conftest import copied
from tests.acceptance.processes import Shell
from tests.conftest import Databases
from tests.files import write


@pytest.mark.parametrize("role", ["public", "reader"])
async def test_signing_in_shows_what_the_token_may_see_until_its_end(
    browser: Browser, databases: Databases, charging_template: str, shell: Shell, role: str
) -> None:
    async with copied(databases, charging_template) as dsn:
        shell = shell.on(dsn)
        token = shell.succeed("token", "create", "wall", "--role", role).strip()
        with shell.serving("serve") as api:
            async with visiting(browser, api.address) as visit:
                page = visit.page
                await page.goto(f"{api.address}/dashboard")
                await page.wait_for_url("**/sign-in")
                await page.get_by_label("Token").fill(token)
                await page.get_by_role("button", name="Sign in").click()
                await page.wait_for_url("**/dashboard")
                await visit.is_("ready")
                assert await page.locator("#users").is_visible() == (role == "reader")
                asked = [request.url for request in visit.requests]
                assert any("/users/summary" in url for url in asked) == (role == "reader")
                assert not any(token in url for url in asked)
                assert await page.evaluate("document.cookie") == ""
                await visit.shows("body[data-connection=live]")
                if role == "reader":
                    await page.get_by_role("button", name="Sign out").click()
                else:
                    shell.succeed("token", "revoke", "wall")
                await page.wait_for_url("**/sign-in", timeout=PATIENCE_MS)
                visit.messages.clear()  # of what was refused before the page gave way
        assert token not in api.running.err.read_text()


async def test_a_wrong_token_is_told_on_the_page(
    browser: Browser, databases: Databases, charging_template: str, shell: Shell
) -> None:
    async with copied(databases, charging_template) as dsn:
        shell = shell.on(dsn)
        shell.succeed("token", "create", "wall", "--role", "public")
        with shell.serving("serve") as api:
            async with visiting(browser, api.address) as visit:
                await visit.page.goto(f"{api.address}/sign-in")
                await visit.page.get_by_label("Token").fill("wrong")
                await visit.page.get_by_role("button", name="Sign in").click()
                await visit.shows(".banner:has-text('not known here')")
                visit.messages.clear()  # the browser tells of the 401


async def test_months_of_few_users_have_no_count_and_the_others_are_shown(
    browser: Browser, dsn: str, shell: Shell
) -> None:
    here = shell.on(dsn)
    rows = [
        f"{day:02}.{month:02}.2020 10:00;{day:02}.{month:02}.2020 11:00;{user};1;1,5;1,5;NA;NA"
        for month, user in ((1, "A-1"), (1, "A-2"), (1, "A-3"), (2, "A-1"))
        for day in (3, 4)
    ]
    here.succeed("load", write(here.folder / "rows.csv", *rows))
    token = here.succeed("token", "create", "wall", "--role", "public").strip()
    with here.with_(EVLOAD_MIN_USERS="2").serving("serve") as api:
        async with visiting(browser, api.address) as visit:
            page = visit.page
            await page.goto(f"{api.address}/sign-in")
            await page.get_by_label("Token").fill(token)
            await page.get_by_role("button", name="Sign in").click()
            await page.wait_for_url("**/dashboard")
            await page.goto(f"{api.address}/dashboard?compare=none#months")
            await visit.is_("ready")
            users = await page.locator("#periods tbody tr td:nth-child(6)").all_inner_texts()
            assert users == ["3", "\u2013"]
            visit.messages.clear()  # the browser tells of the 403
