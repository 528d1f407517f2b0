"""A Postgres that answers nothing and closes nothing: requests are told so soon after the statement timeout."""

import asyncio
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.acceptance.processes import Shell, assert_plain_500, postgres_pids, wait_until
from tests.acceptance.test_troubles import parallel_client

STATEMENT_TIMEOUT_SECONDS = 0.5
MORE_SECONDS = 2.5
CROWD = 40


async def test_misses_are_told_soon_while_postgres_is_frozen(here: Shell, data_dir: Path) -> None:
    limited = here.with_(EVLOAD_STATEMENT_TIMEOUT_SECONDS=str(STATEMENT_TIMEOUT_SECONDS))
    with limited.serving("up") as api:
        async with parallel_client(api) as client:
            hot = [await client.get("/kpi/total-energy") for _ in range(3)]
            await asyncio.gather(*(client.get(f"/kpi/daily?start_date=2018-11-{day}") for day in range(10, 20)))
            frozen = [psutil.Process(pid) for pid in postgres_pids(data_dir)]
            for process in frozen:
                process.suspend()
            try:
                for month in (1, 2):  # on connections that are open, and on new ones
                    began = time.monotonic()
                    asked = [client.get(f"/load/daily?start_date=2017-0{month}-01T00:00:{n:02d}") for n in range(CROWD)]
                    answers = await asyncio.gather(*asked)
                    assert time.monotonic() - began < STATEMENT_TIMEOUT_SECONDS + MORE_SECONDS
                    assert {answer.status_code for answer in answers} <= {500, 503}
                    for answer in answers:
                        if answer.status_code == 500:
                            assert_plain_500(answer)
                assert (await client.get("/kpi/total-energy")).content == hot[0].content
            finally:
                for process in frozen:
                    process.resume()
        wait_until(lambda: api.get("/load/daily?start_date=2017-03-01").status_code == 200)
