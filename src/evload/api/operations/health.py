"""Serves `/livez`, `/readyz` and `/metrics` to load balancers and Prometheus."""

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from evload.api.contract.media_types import JSON
from evload.api.errors import problem
from evload.api.operations.metrics import Metrics
from evload.database.pool import Database
from evload.errors import EvloadError
from evload.queries import query
from evload.watch import Watch

NO_STORE = {"Cache-Control": "no-store"}
FROM_DATABASE = {
    "data_version": ("evload_data_version", "Version of the data, counted up by every change."),
    "stored_rows": ("evload_stored_rows", "Rows stored."),
    "stored_sessions": ("evload_stored_sessions", "Charging sessions stored."),
    "changed_at": ("evload_last_refresh_timestamp_seconds", "When the views were last refreshed."),
    "refresh_seconds": ("evload_last_refresh_duration_seconds", "How long that took."),
    "loaded_at": ("evload_last_load_timestamp_seconds", "When a file was last loaded."),
    "load_seconds": ("evload_last_load_duration_seconds", "How long that took."),
}


class Health:
    def __init__(self, database: Database, watch: Watch, metrics: Metrics) -> None:
        self._database = database
        self._watch = watch
        self._metrics = metrics

    async def livez(self, request: Request) -> Response:
        return Response(b'{"status":"alive"}', headers=NO_STORE, media_type=JSON.content_type)

    async def readyz(self, request: Request) -> Response:
        """Reports what the watch knows: it asks the database every second, so no query is needed here."""
        if self._watch.problem is not None:
            return problem(503, str(self._watch.problem), NO_STORE)
        body = orjson.dumps({"status": "ready", "data_version": self._watch.state.data_version.number})
        return Response(body, headers=NO_STORE, media_type=JSON.content_type)

    async def metrics(self, request: Request) -> Response:
        lines = [*self._metrics.lines(), *await self._database_lines()]
        return PlainTextResponse("\n".join(lines) + "\n", headers=NO_STORE)

    async def _database_lines(self) -> list[str]:
        name = "evload_database_up"
        lines = [f"# HELP {name} Whether the database answers.", f"# TYPE {name} gauge"]
        try:
            row = await self._database.fetch_row(query("site/metrics").text, [])
        except EvloadError:
            return [*lines, f"{name} 0"]
        lines.append(f"{name} 1")
        for column, (name, text) in FROM_DATABASE.items():
            value = row[column]
            if value is not None:
                number = value.timestamp() if hasattr(value, "timestamp") else value
                lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {number}"]
        return lines
