"""Hours without rows: how many a load reports, and what `fill_gaps` stores for them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest import batches
from evload.ingest.gaps import hours_between
from evload.ingest.load import LoadOptions, NothingLoaded, load_file
from tests.conftest import Databases
from tests.files import FIRST, write
from tests.integration.test_batches import contents
from tests.strategies import examples
from tests.views import assert_views_agree

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
# Days on which a clock is set: by an hour, at midnight, by half an hour, and never.
CHANGES = {
    "Europe/Oslo": ("2019-03-30", "2019-10-26"),
    "America/Havana": ("2020-10-31", "2020-03-07"),
    "Australia/Lord_Howe": ("2019-04-06", "2019-10-05"),
    "Asia/Kolkata": ("2019-04-06",),
}
FILL = LoadOptions(fill_gaps=True, again=True)
KEEP = LoadOptions(again=True)


def hours_of(zone: str, day: str, days: int) -> list[datetime]:
    """Every instant at which a clock on the wall shows a whole hour, in UTC."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    quarters = (start + number * QUARTER for number in range(96 * days))
    return [moment for moment in quarters if moment.astimezone(ZoneInfo(zone)).minute == 0]


def lines(hours: Iterable[datetime], what: str = "A;1;1;1;1;1") -> list[str]:
    return [f"{hour:%Y-%m-%dT%H:%MZ};{hour + HOUR:%Y-%m-%dT%H:%MZ};{what}" for hour in sorted(hours)]


@st.composite
def sites(draw: st.DrawFn) -> tuple[str, list[datetime], list[list[datetime]]]:
    """A zone, the hours of some days there, and which of them three files have."""
    zone = draw(st.sampled_from(list(CHANGES)))
    hours = hours_of(zone, draw(st.sampled_from(CHANGES[zone])), 3)
    some = st.sets(st.sampled_from(hours), min_size=1, max_size=8).map(sorted)
    return zone, hours, draw(st.lists(some, min_size=3, max_size=3))


def between(hours: list[datetime], file: list[datetime], rows: Iterable[datetime]) -> list[datetime]:
    """The hours from the first to the last of a file that are not among `rows`."""
    return [hour for hour in hours if file[0] <= hour <= file[-1] and hour not in set(rows)]


@examples(150)
@given(site=sites())
def test_the_hours_between_two_are_those_of_the_clock(site: tuple[str, list[datetime], list[list[datetime]]]) -> None:
    zone, hours, (file, *_) = site
    found = [hour for before, after in pairwise(file) for hour in hours_between(before, after, ZoneInfo(zone))]
    assert found == between(hours, file, file)


async def site_in(databases: Databases, template: str, zone: str) -> str:
    dsn = await databases.create(template)
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE site SET timezone = $1", zone)
    await connection.close()
    return dsn


@examples(3)
@given(site=sites())
async def test_a_filled_file_is_stored_as_one_that_has_these_filler_rows_itself(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    site: tuple[str, list[datetime], list[list[datetime]]],
) -> None:
    """And so it stays when a load between is taken out that had rows in these hours."""
    zone, hours, files = site
    folder = tmp_path_factory.mktemp("files")
    dsn, other = await site_in(databases, template, zone), await site_in(databases, template, zone)
    observed: set[datetime] = set()
    loaded = []
    for number, (file, options) in enumerate(zip(files, (FILL, KEEP, FILL), strict=True)):
        missing = between(hours, file, file) if options.fill_gaps else []
        observed |= {*file, *missing}
        report = await load_file(dsn, write(folder / f"{number}.csv", *lines(file)), options)
        assert report.hours_filled == len(missing)
        assert report.hours_without_rows == len(between(hours, file, observed))
        assert report.unchanged + report.inserted + report.updated == len(file) + len(missing)
        loaded.append(report.batch_id)
        if options.fill_gaps:
            explicit = write(folder / "explicit.csv", *lines(file), *lines(missing, "NA;NA;NA;NA;NA;NA"))
            await load_file(other, explicit, KEEP)
    await batches.unload(dsn, loaded[1])
    assert await contents(dsn) == await contents(other)
    await databases.drop(dsn)
    await databases.drop(other)


async def test_filled_hours_are_observed_and_take_real_rows_later(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    later = FIRST.replace("21.12.2018 1", "22.12.2018 1")
    filled = await load_file(dsn, write(tmp_path / "a.csv", FIRST, later), LoadOptions(fill_gaps=True))
    assert (filled.inserted, filled.hours_filled, filled.hours_without_rows) == (25, 23, 0)
    assert "23 hours without a row were filled" in filled.as_text()
    assert await connection.fetchval("SELECT count(*) FROM hourly_totals") == 25
    real = await load_file(dsn, write(tmp_path / "b.csv", FIRST.replace("10:00", "12:00").replace("11:00", "13:00")))
    assert (real.inserted, real.hours_without_rows) == (1, 0)
    assert await connection.fetchval("SELECT count(*) FROM hourly_totals") == 25
    await assert_views_agree(connection)
    await batches.unload(dsn, filled.batch_id)
    assert await connection.fetchval("SELECT count(*) FROM hourly_load") == 1


async def test_a_dry_run_tells_the_hours_without_rows(dsn: str, tmp_path: Path) -> None:
    later = FIRST.replace("21.12.2018 1", "22.12.2018 1")
    report = await load_file(dsn, write(tmp_path / "a.csv", FIRST, later), LoadOptions(dry_run=True))
    assert (report.hours_without_rows, report.hours_filled) == (23, 0)
    assert "23 hours between its first and its last have no row" in report.as_text()
    assert "--fill-gaps" in report.as_text()


async def test_a_wrong_year_is_counted_quickly_and_not_filled(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", FIRST, FIRST.replace("2018", "2091"))
    with pytest.raises(NothingLoaded, match=r"from 2018-12-21 to 2091-12-21.*correct or take out"):
        await load_file(dsn, path, FILL)
    assert await connection.fetchval("SELECT count(*) FROM load_batch") == 0
    assert (await load_file(dsn, path)).hours_without_rows == (
        datetime(2091, 12, 21) - datetime(2018, 12, 21)
    ) // HOUR - 1
