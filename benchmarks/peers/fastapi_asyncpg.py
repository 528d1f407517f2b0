"""Peer (b): FastAPI and asyncpg over evload's own views, as a good engineer would write it.

FastAPI encodes response models straight to JSON in pydantic's Rust; its ORJSONResponse is slower and deprecated.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import AfterValidator, BaseModel

ZONE = ZoneInfo("Europe/Oslo")
POOL_SIZE = 8  # evload's default

TOTAL_ENERGY = """
SELECT round(sum(energy_kwh), 2)::float8 AS total_energy_kwh
FROM periods_in_range($1::text, $2::timestamptz, $3::timestamptz)
"""
USER_HOURLY = """
SELECT index, date_from::timestamp, date_to::timestamp, user_id, session_id,
    synthetic_3_6_kwh::float8, synthetic_7_2_kwh::float8, flex_3_6_kwh::float8, flex_7_2_kwh::float8
FROM hourly_load AS stored
WHERE user_id = $1
    AND ($2::timestamptz IS NULL OR stored.date_from >= $2)
    AND ($3::timestamptz IS NULL OR stored.date_from <= $3)
ORDER BY stored.date_from, index
"""


class HourlyLoad(BaseModel):
    index: int
    date_from: datetime
    date_to: datetime
    user_id: str
    session_id: int
    synthetic_3_6_kwh: float | None
    synthetic_7_2_kwh: float | None
    flex_3_6_kwh: float | None
    flex_7_2_kwh: float | None


class TotalEnergy(BaseModel):
    total_energy_kwh: float


def on_site_clock(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


Measure = Literal["synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh"]
Moment = Annotated[datetime, AfterValidator(on_site_clock)]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = {"TimeZone": ZONE.key, "jit": "off", "plan_cache_mode": "force_generic_plan"}  # as evload does
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=POOL_SIZE, max_size=POOL_SIZE, server_settings=settings
    ) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


def get_pool(request: Request) -> asyncpg.Pool:
    pool: asyncpg.Pool = request.app.state.pool
    return pool


Pool = Annotated[asyncpg.Pool, Depends(get_pool)]


@app.get("/load/{user_id}/hourly", response_model=list[HourlyLoad])
async def user_hourly(
    pool: Pool, user_id: str, start_date: Moment | None = None, end_date: Moment | None = None
) -> list[dict[str, Any]]:
    rows = await pool.fetch(USER_HOURLY, user_id, start_date, end_date)
    if not rows:
        raise HTTPException(404, "No data found for given user")
    return [dict(row) for row in rows]  # checked and encoded in Rust


@app.get("/kpi/total-energy")
async def total_energy(
    pool: Pool,
    start_date: Moment | None = None,
    end_date: Moment | None = None,
    measure: Measure = "synthetic_3_6_kwh",
) -> TotalEnergy:
    if start_date and end_date and start_date > end_date:
        raise HTTPException(400, "start_date must be before end_date")
    found = await pool.fetchval(TOTAL_ENERGY, measure, start_date, end_date)
    if found is None:
        raise HTTPException(404, "No data found between given datetime range")
    return TotalEnergy(total_energy_kwh=found)
