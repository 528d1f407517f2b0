"""Peer (a): the design that the seed's README describes. FastAPI, the ORM, aggregates from the raw table each time."""

import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, Integer, Numeric, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1))
SessionLocal = sessionmaker(engine, autoflush=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class HrlyEVLoad(Base):
    __tablename__ = "hrly_ev_load"

    index: Mapped[int] = mapped_column(Integer, primary_key=True)
    date_from: Mapped[datetime] = mapped_column(DateTime, index=True)
    date_to: Mapped[datetime] = mapped_column(DateTime)
    user_id: Mapped[str | None] = mapped_column(String)
    session_id: Mapped[int | None] = mapped_column(Integer)
    synthetic_3_6_kwh: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    synthetic_7_2_kwh: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    flex_3_6_kwh: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    flex_7_2_kwh: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))


class HourlyLoad(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    index: int
    date_from: datetime
    date_to: datetime
    user_id: str | None
    session_id: int | None
    synthetic_3_6_kwh: float | None
    synthetic_7_2_kwh: float | None
    flex_3_6_kwh: float | None
    flex_7_2_kwh: float | None


class TotalEnergy(BaseModel):
    total_energy_kwh: float


def get_db() -> Iterator[Session]:
    session = SessionLocal()
    try:
        yield session
    finally:
        session.close()


Db = Annotated[Session, Depends(get_db)]


@app.get("/load/{user_id}/hourly", response_model=list[HourlyLoad])
def user_hourly(
    db: Db,
    user_id: str,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
) -> list[HrlyEVLoad]:
    found = select(HrlyEVLoad).where(HrlyEVLoad.user_id == user_id)
    if start_date:
        found = found.where(HrlyEVLoad.date_from >= start_date)
    if end_date:
        found = found.where(HrlyEVLoad.date_from <= end_date)
    rows = list(db.scalars(found.order_by(HrlyEVLoad.date_from, HrlyEVLoad.index)))
    if not rows:
        raise HTTPException(404, "No data found for given user")
    return rows


@app.get("/kpi/total-energy", response_model=TotalEnergy)
def total_energy(db: Db, start_date: datetime | None = None, end_date: datetime | None = None) -> TotalEnergy:
    if start_date and end_date and start_date > end_date:
        raise HTTPException(400, "start_date must be before end_date")
    total = select(func.sum(HrlyEVLoad.synthetic_3_6_kwh))
    if start_date:
        total = total.where(HrlyEVLoad.date_from >= start_date)
    if end_date:
        total = total.where(HrlyEVLoad.date_from <= end_date)
    found = db.scalar(total)
    if found is None:
        raise HTTPException(404, "No data found between given datetime range")
    return TotalEnergy(total_energy_kwh=round(float(found), 2))
