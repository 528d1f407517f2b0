"""Giving back the disk of rows that were taken out: the same database afterwards, but smaller, and read meanwhile."""

import asyncio
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from evload.backup.programs import run
from evload.ingest import compact as compacting
from evload.ingest.batches import drop_before
from evload.ingest.compact import NotGivenBack, compact
from evload.ingest.load import load_file
from evload.queries import query
from tests.asking import fetchval
from tests.conftest import Databases, api_client
from tests.files import write

MORE = "05.01.2019 09:00;05.01.2019 10:00;A-1;9;3,6;7,2;0;0"


async def schema_of(dsn: str, file: Path) -> list[str]:
    await run("pg_dump", ["--schema-only", f"--file={file}"], "no dump", dsn)
    lines = file.read_text().splitlines()
    return sorted(line for line in lines if not line.startswith(("--", "\\")))


async def size(dsn: str) -> int:
    return int(
        str(await fetchval(dsn, "SELECT pg_total_relation_size('hourly_load') + pg_total_relation_size('user_day')"))
    )


async def test_after_a_drop_the_rows_take_little_more_disk_than_a_fresh_load(
    dsn: str, databases: Databases, template: str, generated_file: Path, tmp_path: Path
) -> None:
    await load_file(dsn, generated_file)
    day = date(2019, 7, 1)
    await drop_before(dsn, day)
    await compact(dsn)
    lines = generated_file.read_text().splitlines()
    kept = [line for line in lines[1:] if "-".join(reversed(line[:10].split("."))) >= f"{day}"]
    fresh = await databases.create(template)
    await load_file(fresh, write(tmp_path / "rest.csv", *kept))
    rows = "SELECT count(*) FROM hourly_load"
    assert await fetchval(dsn, rows) == await fetchval(fresh, rows)
    assert await size(dsn) <= 1.3 * await size(fresh)
    await databases.drop(fresh)


async def test_compacted_database_is_the_same(dsn: str, generated_file: Path, tmp_path: Path) -> None:
    await load_file(dsn, generated_file)
    await fetchval(dsn, "DO $$ BEGIN CREATE ROLE compact_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    await fetchval(dsn, "GRANT SELECT, REFERENCES ON hourly_load TO compact_reader")
    await fetchval(dsn, "GRANT SELECT ON hourly_load TO PUBLIC")
    schema = await schema_of(dsn, tmp_path / "before.sql")
    rows = "SELECT md5(string_agg(stored::text, ';' ORDER BY index)) FROM hourly_load AS stored"
    before, latest = await fetchval(dsn, rows), await fetchval(dsn, "SELECT max(index) FROM hourly_load")
    await compact(dsn)
    assert await schema_of(dsn, tmp_path / "after.sql") == schema
    assert await fetchval(dsn, rows) == before
    await load_file(dsn, write(tmp_path / "more.csv", MORE))
    assert await fetchval(dsn, query("site/is_sound").text)
    assert await fetchval(dsn, f"SELECT index > {latest} FROM hourly_load ORDER BY batch_id DESC LIMIT 1")
    await fetchval(dsn, "REVOKE ALL ON hourly_load FROM compact_reader, PUBLIC")
    await fetchval(dsn, "DROP ROLE compact_reader")


async def test_polls_go_on_while_the_disk_is_given_back(dsn: str, generated_file: Path) -> None:
    await load_file(dsn, generated_file)
    async with api_client(dsn, cache_megabytes=0) as client:
        user = (await client.get("/users")).json()[0]
        paths = (f"/load/{user}/hourly", f"/kpi/summary?user_id={user}", "/kpi/summary", "/hourly_loads")
        right = {path: (await client.get(path)).text for path in paths}
        giving_back = asyncio.create_task(compact(dsn))
        polls = 0
        while not giving_back.done():
            answers = await asyncio.gather(*(client.get(path) for path in paths))
            assert {path: answer.text for path, answer in zip(paths, answers, strict=True)} == right
            polls += 1
        await giving_back
        assert polls > 3


async def test_long_readers_are_not_waited_for_in_the_way_of_others(
    dsn: str, generated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load_file(dsn, generated_file)
    monkeypatch.setattr(compacting, "TRIES", 2)
    reader = await asyncpg.connect(dsn)
    async with reader.transaction():
        rows = await reader.fetchval("SELECT count(*) FROM hourly_load")
        with pytest.raises(NotGivenBack):
            await compact(dsn)
        assert await fetchval(dsn, "SELECT count(*) FROM hourly_load") == rows
    await reader.close()
    assert await fetchval(dsn, "SELECT to_regclass('hourly_load_kept') IS NULL")
