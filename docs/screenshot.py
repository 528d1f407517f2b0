"""Makes the dashboard's pictures in `docs/` from the bundled sample: `uv run docs/screenshot.py`. Needs a Chromium."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.acceptance.browser import launched, visiting

FOLDER = Path(__file__).parent
EVLOAD = Path(sys.executable).with_name("evload")
SITE = {"EVLOAD_SITE_NAME": "Fjordgata garages"}
MOST_BYTES = 100_000


@dataclass(frozen=True)
class Picture:
    name: str
    address: str = ""
    width: int = 1280
    height: int = 1530
    is_dark: bool = False
    is_paper: bool = False
    options: dict[str, Any] = field(default_factory=dict)


PHONE = {"is_mobile": True, "has_touch": True}
CAPACITY = "?limit_kva=40&power_factor=0.95&base_kw=5&steps=0,10,20,30#capacity"
OCTOBER = "?start_date=2025-10&end_date=2025-10"
PICTURES = (
    Picture("dashboard.png", width=1000, height=850),
    Picture("dashboard-capacity.png", CAPACITY, 1000, 780),
    Picture("dashboard-months.png", "?start_date=2025-09&end_date=2025-10#months", 1060, 720, is_dark=True),
    Picture("dashboard-user.png", f"{OCTOBER}&user_id=BjL1-2", 1060, 780),
    Picture("dashboard-phone.png", "?limit_kw=40#capacity", 390, 1150, is_dark=True, options=PHONE),
    Picture("dashboard-paper.png", OCTOBER, 700, 860, is_paper=True),
)


@contextmanager
def serving() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        command: list[str | Path] = [EVLOAD, "up", "--data-dir", folder, "--port", "0"]
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, text=True, env={**os.environ, **SITE}, **streams) as running:  # noqa: S603
            assert running.stdout is not None
            try:
                yield next(found[1] for line in running.stdout if (found := re.search(r"serves on (\S+)", line)))
            finally:
                running.terminate()


async def take(browser: Browser, address: str, picture: Picture) -> None:
    size = {"width": picture.width, "height": picture.height}
    scheme = "dark" if picture.is_dark else "light"
    async with visiting(browser, address, viewport=size, color_scheme=scheme, **picture.options) as visit:
        await visit.open(picture.address)
        await visit.page.locator("#sample").evaluate("note => note.remove()")
        if picture.is_paper:
            await visit.page.emulate_media(media="print")
            await visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
            await visit.page.wait_for_timeout(500)
        await visit.page.screenshot(path=FOLDER / picture.name)


async def take_all(address: str) -> None:
    async with launched() as browser:
        for picture in PICTURES:
            await take(browser, address, picture)
            taken = (FOLDER / picture.name).stat().st_size
            print(f"{picture.name}: {taken:,} bytes")
            assert taken < MOST_BYTES, picture.name


if __name__ == "__main__":
    with serving() as found:
        asyncio.run(take_all(found))
