"""How long the dashboard takes to open, in a fresh Chromium each time. Needs Debian's `chromium`.

uv run python benchmarks/opening.py [--times 7] [--file FILE] [--at ADDRESS ...]
"""

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Playwright, async_playwright

from common import evload, fresh_server, machine, serving, table, write_results

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.acceptance.browser import QUIET, READER, chromium

# The page marks the moment at which it is complete; then it only needs to be painted.
COMPLETE = """() => new Promise((resolve) => {
  const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  const seen = (list) => list.getEntriesByName("complete").length && painted();
  new PerformanceObserver(seen).observe({ type: "mark", buffered: true });
})"""
# Where that took longer than was waited, it is waited for, and the debugger's share is in the figure.
MARK = """() => new Promise((resolve) => {
  const seen = (list) => list.getEntriesByName("complete").slice(0, 1).forEach((mark) => resolve(mark.startTime));
  new PerformanceObserver(seen).observe({ type: "mark", buffered: true });
})"""
SETTLED_SECONDS = 0.7
OPENED_WITHIN_SECONDS = 2.5


async def with_debugger(playwright: Playwright, address: str) -> float:
    """As Playwright opens it: milliseconds until all of it was painted."""
    browser = await playwright.chromium.launch(executable_path=chromium(), args=QUIET)
    try:
        page = await browser.new_page(**READER)
        await page.goto(address, wait_until="commit")
        return float(await page.evaluate(COMPLETE))
    finally:
        await browser.close()


async def as_people_do(playwright: Playwright, address: str) -> float:
    """With nobody looking on until it is done: milliseconds until all of it was drawn."""
    with chromium_alone() as port:
        await asyncio.sleep(SETTLED_SECONDS)
        new_tab = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?{address}", method="PUT")
        await asyncio.to_thread(lambda: urllib.request.urlopen(new_tab).read())
        await asyncio.sleep(OPENED_WITHIN_SECONDS)
        async with attached(playwright, port) as browser:
            pages = [page for context in browser.contexts for page in context.pages if page.url.startswith(address)]
            return float(await pages[0].evaluate(MARK))


@contextmanager
def chromium_alone() -> Iterator[str]:
    """A browser with a profile of its own. Gives the port at which it can be asked."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless", "--window-size=1280,900", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
        command = [chromium(), *QUIET, *options, "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                yield next(found[1] for line in process.stderr if (found := re.search(r"ws://\S+?:(\d+)/", line)))
            finally:
                process.terminate()


@asynccontextmanager
async def attached(playwright: Playwright, port: str) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
    try:
        yield browser
    finally:
        await browser.close()


async def measure(addresses: list[str], times: int) -> list[dict[str, Any]]:
    """In turns."""
    ways = {"with Playwright": with_debugger, "by itself": as_people_do}
    found: dict[tuple[str, str], list[float]] = {(way, address): [] for way in ways for address in addresses}
    async with async_playwright() as playwright:
        for _ in range(times):
            for way, address in found:
                found[way, address].append(await ways[way](playwright, f"{address}/dashboard"))
    return [
        {"opened": way, "address": address, "median_ms": round(statistics.median(taken)), "worst_ms": round(max(taken))}
        | {"first_ms": round(taken[0]), "times": times}
        for (way, address), taken in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7, help="openings of each kind")
    parser.add_argument("--file", type=Path, help="what to load; otherwise generated data")
    parser.add_argument(
        "--at", action="append", default=[], help="measure what runs at this address; several take turns"
    )
    chosen = parser.parse_args()
    if chosen.at:
        print(shown(asyncio.run(measure(chosen.at, chosen.times))))
        return
    with fresh_server() as server:
        dsn = server.database("opening")
        file = chosen.file.absolute() if chosen.file else server.folder / "sample.csv"
        if not chosen.file:
            evload(dsn, "sample", file, "--users", "97", "--days", "408")
        evload(dsn, "load", file)
        with serving(dsn) as address:
            results = asyncio.run(measure([address], chosen.times))
        print(shown(results))
        write_results("opening", {"machine": machine(dsn), "openings": results})


def shown(results: list[dict[str, Any]]) -> str:
    return table(list(results[0]), [list(result.values()) for result in results])


if __name__ == "__main__":
    main()
