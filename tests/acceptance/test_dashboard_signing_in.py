"""The dashboard of an evload that asks for tokens: signing in, what a token may see, and its end."""

import pytest
from playwright.async_api import Browser

from tests.acceptance.browser import PATIENCE_MS, visiting
from tests.acceptance.conftest import copied
from tests.acceptance.processes import Shell
from tests.conftest import Databases


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
