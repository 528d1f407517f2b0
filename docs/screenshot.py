"""Makes `docs/dashboard.png` from the bundled sample: `uv run docs/screenshot.py`. Needs a Chromium."""

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.acceptance.browser import launched, visiting

PICTURE = Path(__file__).with_name("dashboard.png")
EVLOAD = Path(sys.executable).with_name("evload")


@contextmanager
def serving() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        command: list[str | Path] = [EVLOAD, "up", "--data-dir", folder, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:  # noqa: S603
            assert running.stdout is not None
            try:
                yield next(found[1] for line in running.stdout if (found := re.search(r"serves on (\S+)", line)))
            finally:
                running.terminate()


async def take(address: str) -> None:
    async with launched() as browser:
        size = {"width": 1280, "height": 1530}
        async with visiting(browser, address, viewport=size, color_scheme="light") as visit:
            await visit.open()
            await visit.page.screenshot(path=PICTURE)


if __name__ == "__main__":
    with serving() as found:
        asyncio.run(take(found))
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
