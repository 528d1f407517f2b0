"""Serves `/livez`, `/readyz` and `/metrics` to load balancers and Prometheus."""

import asyncio
import time
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from evload.api.contract.media_types import JSON
from evload.api.errors import problem
from evload.api.operations.metrics import Metrics, Plain
from evload.database.pool import Database
from evload.errors import EvloadError
from evload.queries import query
from evload.watch import Watch

NO_STORE = {"Cache-Control": "no-store"}
KEEP_SECONDS = 2.0
FROM_DATABASE = {
    "data_version": Plain("evload_data_version", "gauge", "Version of the data, counted up by every change."),
    "stored_rows": Plain("evload_stored_rows", "gauge", "Rows stored."),
    "stored_sessions": Plain("evload_stored_sessions", "gauge", "Charging sessions stored."),
    "latest_hour": Plain("evload_latest_hour_timestamp_seconds", "gauge", "When the latest loaded hour began."),
    "changed_at": Plain("evload_last_refresh_timestamp_seconds", "gauge", "When the views were last refreshed."),
    "refresh_seconds": Plain("evload_last_refresh_duration_seconds", "gauge", "How long that took."),
    "loaded_at": Plain("evload_last_load_timestamp_seconds", "gauge", "When a file was last loaded."),
    "load_seconds": Plain("evload_last_load_duration_seconds", "gauge", "How long that took."),
    "loads": Plain("evload_loads_total", "counter", "Files loaded."),
    "failed_loads": Plain("evload_failed_loads_total", "counter", "Files that could not be loaded."),
    "rejected_rows": Plain("evload_rejected_rows_total", "counter", "Rows left out, as they cannot be right."),
    "looked_at": Plain(
        "evload_watch_last_look_timestamp_seconds", "gauge", "When evload watch last looked at its folder."
    ),
    "waiting_files": Plain("evload_watch_waiting_files", "gauge", "Files in watched folders that are to be loaded."),
    "database_bytes": Plain("evload_database_size_bytes", "gauge", "Size of the database on disk."),
    "wal_bytes": Plain("evload_wal_size_bytes", "gauge", "Size of the write-ahead log of the Postgres server."),
}


class Health:
    def __init__(self, database: Database, watch: Watch, metrics: Metrics) -> None:
        self._database = database
        self._watch = watch
        self._metrics = metrics
        self._asking = asyncio.Lock()
        self._asked: tuple[float, list[str]] | None = None

    async def livez(self, request: Request) -> Response:
        return Response(b'{"status":"alive"}', headers=NO_STORE, media_type=JSON.content_type)

    async def readyz(self, request: Request) -> Response:
        """Reports what the watch knows: it asks the database every second, so no query is needed here."""
        if self._watch.problem is not None:
            return problem(503, str(self._watch.problem), NO_STORE)
        body = orjson.dumps({"status": "ready", "data_version": self._watch.state.data_version.number})
        return Response(body, headers=NO_STORE, media_type=JSON.content_type)

    async def metrics(self, request: Request) -> Response:
        ready = Plain("evload_ready", "gauge", "Whether database, schema and data version are as they must be.")
        is_ready = int(self._watch.problem is None)
        lines = [*self._metrics.lines(), *ready.lines(is_ready), *await self._kept_database_lines()]
        return PlainTextResponse("\n".join(lines) + "\n", headers=NO_STORE)

    async def _kept_database_lines(self) -> list[str]:
        """Asks the database once for all who scrape at the same time."""
        async with self._asking:
            if self._asked is None or time.monotonic() - self._asked[0] > KEEP_SECONDS:
                self._asked = (time.monotonic(), await self._database_lines())
            return self._asked[1]

    async def _database_lines(self) -> list[str]:
        up = Plain("evload_database_up", "gauge", "Whether the database answers.")
        try:
            row = await self._database.fetch_row(query("site/metrics").text, [])
        except EvloadError:
            return up.lines(0)
        lines = up.lines(1)
        for column, metric in FROM_DATABASE.items():
            value = row[column]
            if value is not None:
                lines += metric.lines(value.timestamp() if isinstance(value, datetime) else value)
        return lines
