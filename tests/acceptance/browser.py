"""The dashboard as people meet it: Debian's Chromium, driven by Playwright."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Request, async_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
READER: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
PATIENCE_MS = 10_000
NOT_ASKED_FOR = ("data:", "blob:", "about:")


def chromium() -> str:
    for name in CHROMIUM:
        if found := shutil.which(name):
            return found
    if os.environ.get("EVLOAD_TEST_BROWSER") == "required":
        pytest.fail("EVLOAD_TEST_BROWSER=required, but there is no Chromium")
    pytest.skip("no Chromium here; Debian's package is called chromium")


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=QUIET)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visit:
    """A tab, and what went on in it."""

    page: Page
    address: str
    requests: list[Request] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    async def open(self, query: str = "") -> None:
        await self.page.goto(f"{self.address}/dashboard{query}")
        await self.is_("ready")

    async def is_(self, state: str) -> None:
        await self.page.locator(f"body[data-state={state}]").wait_for(timeout=PATIENCE_MS)

    async def shows(self, selector: str) -> None:
        await self.page.locator(selector).first.wait_for(timeout=PATIENCE_MS)

    async def text(self, selector: str) -> str:
        return (await self.page.locator(selector).first.text_content()) or ""

    async def kpis(self) -> dict[str, float]:
        """What the cards show, read off the page."""
        cards = await self.page.locator(".kpi").all()
        found = {}
        for card in cards:
            name = await card.get_attribute("data-kpi")
            shown = await card.locator(".figure").text_content()
            assert name
            assert shown
            number = re.match(r"[\d,.]+", shown)
            assert number, shown
            found[name] = float(number[0].replace(",", ""))
        return found

    async def chart(self, panel: str) -> dict[str, Any]:
        """What Plotly was given to draw."""
        drawn = "(id) => { const {data, layout} = document.getElementById(id); return structuredClone({data, layout}) }"
        chart: dict[str, Any] = await self.page.evaluate(drawn, f"{panel}-chart")
        return chart

    def paths(self) -> list[str]:
        return [urlsplit(request.url).path for request in self.requests if not request.url.startswith(NOT_ASKED_FOR)]

    def check_nothing_went_outside(self) -> None:
        outside = [one.url for one in self.requests if not one.url.startswith((self.address, *NOT_ASKED_FOR))]
        assert not outside


@asynccontextmanager
async def visiting(browser: Browser, address: str, *, quiet: bool = True, **options: Any) -> AsyncIterator[Visit]:
    """In a browser that knows nothing yet. `quiet`: nothing may be said in the console."""
    context = await browser.new_context(**{**READER, **options})
    context.set_default_timeout(PATIENCE_MS)
    try:
        async with visiting_in(await context.new_page(), address, quiet=quiet) as visit:
            yield visit
    finally:
        await context.close()


@asynccontextmanager
async def visiting_in(tab: Page, address: str, *, quiet: bool = True) -> AsyncIterator[Visit]:
    """In a tab that may have been used before: where Plotly was read once, the page opens in a third of the time."""
    visit = Visit(tab, address)
    listeners: dict[Any, Callable[[Any], None]] = {
        "request": lambda request: visit.requests.append(request),
        "console": lambda message: visit.messages.append(message.text),
        "pageerror": lambda error: visit.messages.append(str(error)),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    try:
        yield visit
        await tab.goto("about:blank")
    finally:
        for event, listener in listeners.items():
            tab.remove_listener(event, listener)
    visit.check_nothing_went_outside()
    assert not (quiet and visit.messages), visit.messages
