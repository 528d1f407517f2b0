"""The watch ends when it is told to, whatever it does just then."""

import asyncio

from evload.watch import SiteState, Watch


async def test_a_watch_that_is_closed_at_any_moment_ends(dsn: str) -> None:
    async def changed(before: SiteState | None, after: SiteState) -> None:
        pass

    async with asyncio.timeout(60):
        for number in range(60):
            watch = Watch(dsn, changed)
            await watch.open()
            for _ in range(number % 12):
                await asyncio.sleep(0)
            watch.wake()
            await watch.close()
