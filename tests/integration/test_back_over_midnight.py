"""Clocks that are set back over midnight, into the day before: random hours of such a night, and ranges that cut it."""

import re
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import asyncpg
import httpx2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evload.ingest.load import LoadOptions, load_file
from evload.schema import settle_timezone
from tests.conftest import Databases, api_client
from tests.files import HEADER
from tests.independent import NOTHING, Expected, last_7_days
from tests.independent_grid import Planned
from tests.integration.test_series_and_grid import CLASSES, PERIODS, RULES, without_steps
from tests.integration.test_user_days import stored_rows
from tests.members import known_at, of_members
from tests.strategies import Bound, examples
from tests.views import assert_views_agree
from tests.zones import BACK_OVER_MIDNIGHT, first_showing, last_showing, wall

MEASURE = "synthetic_3_6_kwh"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LOCATION = re.compile(r"^([^-]+)")
USERS = ("A-1", "A-2", "B-1", "NA")
MEMBERS: tuple[tuple[list[str], list[str]], ...] = (([], []), ([], ["A"]), (["A-1"], []), (["A-1", "B-1"], ["A"]))
Slot = tuple[int, str, int, int]

nights = st.sampled_from(BACK_OVER_MIDNIGHT)
# Hour after the change, user, session, energy: of the night and the days beside it, which are cut, or of other months.
slots = st.tuples(
    st.one_of(st.integers(-30, 30), st.integers(-4, 4), st.sampled_from([-800, -72, 72, 800, 1600])),
    st.sampled_from(USERS),
    st.integers(1, 2),
    st.integers(0, 3),
)
files = st.lists(st.lists(slots, min_size=1, max_size=25), min_size=1, max_size=3)
minutes = st.one_of(st.integers(-36 * 60, 36 * 60), st.integers(-240, 240))


def write(path: Path, first: datetime, file: list[Slot]) -> Path:
    lines = []
    for hour, user, session, energy in file:
        at = first + hour * HOUR
        who = "NA;NA" if user == "NA" else f"{user};{session}"
        lines.append(f"{at:%Y-%m-%dT%H:%M}Z;{at + HOUR:%Y-%m-%dT%H:%M}Z;{who};{energy};NA;NA;NA")
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


@st.composite
def bounds(draw: st.DrawFn, name: str, change: datetime, *, is_end: bool) -> Bound:
    instant, zone = change + draw(minutes) * MINUTE, ZoneInfo(name)
    form = draw(st.sampled_from(["instant", "instant", "clock", "date"]))
    if form == "instant":
        return Bound(f"{instant:%Y-%m-%dT%H:%M}Z", instant)
    local = wall(instant, zone)
    showing, text = last_showing if is_end else first_showing, f"{local:%Y-%m-%dT%H:%M}"
    if form == "date":
        text, local = text[:10], datetime.combine(local, time.max if is_end else time.min)
    return Bound(text, showing(local, change, zone))


@st.composite
def ranges(draw: st.DrawFn, name: str, change: datetime) -> tuple[Bound | None, Bound | None]:
    start = draw(st.none() | bounds(name, change, is_end=False))
    end = draw(st.none() | bounds(name, change, is_end=True))
    return (None, end) if start and end and start.instant > end.instant else (start, end)


class Asking:
    """Asks about a range and some members, and compares with the rows."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        rows: pl.DataFrame,
        name: str,
        span: tuple[Bound | None, Bound | None],
        members: tuple[list[str], list[str]],
    ) -> None:
        self._client = client
        (start, end), (users, locations) = span, members
        instants = start.instant if start else None, end.instant if end else None
        self.query = {"start_date": start and start.text, "end_date": end and end.text}
        self.query |= {"user_id": ",".join(users), "location_id": ",".join(locations)}
        kept = rows.filter(
            (pl.col("user_id").is_in(users) if users else pl.lit(True))
            & (pl.col("location_id").is_in(locations) if locations else pl.lit(True))
        )
        self._own = Expected.between(kept, MEASURE, name, *instants).rows
        self.expected = Expected.between(of_members(rows, users, locations), MEASURE, name, *instants)
        self.planned = Planned.of(self.expected, self._own)

    async def get(self, path: str, **more: str) -> Any:
        bare, _, given = path.partition("?")
        params = {name: value for name, value in (self.query | more | dict(parse_qsl(given))).items() if value}
        answer = await self._client.get(bare, params=params)
        assert answer.status_code in (200, 404), answer.text
        return answer.json()

    async def check(self) -> None:
        has_hours = bool(self.expected.hours())
        for path, wanted in self._aggregates().items() if has_hours else ():
            assert await self.get(path) == (wanted or NOTHING), (path, self.query)
        for by in (*PERIODS, *CLASSES):
            wanted = self.planned.series(by) if has_hours else NOTHING
            assert await self.get("/series", by=by) == wanted, (by, self.query)
        if has_hours:
            await self._check_grid()

    def _aggregates(self) -> dict[str, object]:
        expected = self.expected
        answers = {**expected.loads(), **expected.lists(), **expected.kpis(), "/kpi/summary": expected.summary()}
        has_members = self.query["user_id"] or self.query["location_id"]
        return answers if has_members else answers | {"/users/summary": expected.users()}

    async def _check_grid(self) -> None:
        assert await self.get("/grid/summary") == self.planned.summary(), self.query
        for per in ("hour", "day"):
            assert await self.get("/grid/peaks", per=per, limit="7") == self.planned.peaks(7, per, self._own), (
                self.query
            )
        for rule, given_by_rule in RULES.items():
            demand = await self.get("/grid/billed-demand", rule=rule)
            months = self.planned.billed_demand(*given_by_rule, lambda at: True)
            assert [without_steps(month) for month in demand] == months, (rule, self.query)


@examples(10)
@given(data=st.data(), night=nights, files=files, minute=st.sampled_from([0, -1, 29]))
async def test_every_answer(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    night: tuple[str, datetime],
    files: list[list[Slot]],
    minute: int,
) -> None:
    (name, change), folder = night, tmp_path_factory.mktemp("files")
    dsn = await databases.create(template)
    connection = await asyncpg.connect(dsn)
    try:
        await settle_timezone(connection, name)
        for number, file in enumerate(files):
            path = write(folder / f"{number}.csv", change + minute * MINUTE, file)
            await load_file(dsn, path, LoadOptions(strict=True, again=True, location_pattern=LOCATION))
            await assert_views_agree(connection)
        location = pl.col("user_id").str.extract(LOCATION.pattern).fill_null("").alias("location_id")
        rows = (await stored_rows(connection, name)).with_columns(location)
        asked = [(data.draw(ranges(name, change)), data.draw(st.sampled_from(MEMBERS))) for _ in range(3)]
        async with api_client(dsn) as client:
            for span, (users, locations) in asked:
                locations = [one for one in locations if one in set(rows["location_id"])]
                members = known_at(rows, users, locations), locations
                await Asking(client, rows, name, span, members).check()
            latest = (await client.get("/kpi/daily-average-last-7-days")).json()
            assert latest == last_7_days(rows, MEASURE, name)
    finally:
        await connection.close()
        await databases.drop(dsn)
