"""Loads a file the usual way with pandas: read_csv, a cleaning per column, to_sql. Run by loading.py, in a process of
its own, as neither pandas nor psycopg2 belongs to evload. Prints rows and seconds, without what Python's imports take.
"""

import json
import sys
import time

import pandas as pd
from sqlalchemy import create_engine

TABLE = """
CREATE TABLE hrly_ev_load (
    index integer PRIMARY KEY,
    date_from timestamp,
    date_to timestamp,
    user_id varchar,
    session_id integer,
    synthetic_3_6_kwh numeric(6, 3),
    synthetic_7_2_kwh numeric(6, 3),
    flex_3_6_kwh numeric(6, 3),
    flex_7_2_kwh numeric(6, 3)
)
"""
INDEX = "CREATE INDEX hrly_ev_load_date_from ON hrly_ev_load (date_from)"
DATES = ["date_from", "date_to"]
ENERGIES = ["synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh"]


def cleaned(path: str) -> pd.DataFrame:
    rows = pd.read_csv(path, sep=";")
    rows.columns = [*DATES, "user_id", "session_id", *ENERGIES]
    for name in DATES:
        rows[name] = pd.to_datetime(rows[name], format="%d.%m.%Y %H:%M")
    for name in ENERGIES:
        rows[name] = pd.to_numeric(rows[name].astype(str).str.replace(",", "."), errors="coerce")
    rows["session_id"] = pd.to_numeric(rows["session_id"], errors="coerce").astype("Int64")
    return rows


def main(dsn: str, path: str) -> None:
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql(INDEX)
    began = time.perf_counter()
    rows = cleaned(path)
    rows.to_sql("hrly_ev_load", engine, if_exists="append", index=True, index_label="index")
    print(json.dumps({"rows": len(rows), "seconds": time.perf_counter() - began}))


main(*sys.argv[1:])
