"""Puts the parts of one worker together: the ASGI application, and what it opens and closes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from evload.api import errors
from evload.api.answers.cache import Cache
from evload.api.answers.cors import Cors
from evload.api.answers.export import Exports
from evload.api.answers.finding import (
    LARGE_ANSWERS_AT_ONCE,
    MAX_BODY_BYTES,
    USUAL_BODY_BYTES,
    Answers,
    Question,
)
from evload.api.answers.in_flight import InFlight
from evload.api.answers.renewal import Renewal
from evload.api.answers.representation import Representations
from evload.api.answers.threshold import Threshold
from evload.api.contract.endpoints import ENDPOINTS, Endpoint
from evload.api.contract.exports import EXPORTS
from evload.api.contract.media_types import JSON
from evload.api.operations.access import access
from evload.api.operations.events import Events
from evload.api.operations.health import Health
from evload.api.operations.metrics import Metrics
from evload.api.operations.middleware import RequestMetrics, with_access_log
from evload.api.pages import dashboard, documentation, sign_in
from evload.api.root_path import RootPath
from evload.api.server.access import Access, Opening
from evload.api.server.export_handler import ExportHandler
from evload.api.server.fast_path import FastPath
from evload.api.server.guard import CHECKS, Check, Guard, GuardedApp
from evload.api.server.handler import Handler
from evload.api.server.host_names import Hosts, is_loopback
from evload.database.pool import Database
from evload.settings import Settings
from evload.snapshots import Snapshots
from evload.tokens import digest
from evload.watch import SiteState, Watch

WELCOME = orjson.dumps("Welcome to from EV Charging Project!")
LOOPBACK = "127.0.0.1"
PAGES = ("/", "/dashboard", "/sign-in", "/sign-out", "/docs", "/redoc", "/openapi.json")
OTHER_ROUTES = (*PAGES, "/access", "/livez", "/readyz", "/metrics")
ROUTES = (*OTHER_ROUTES, *(endpoint.path for endpoint in (*ENDPOINTS, *EXPORTS)))


async def welcome(request: Request) -> Response:
    return Response(WELCOME, media_type=JSON.content_type)


class App:
    def __init__(
        self,
        settings: Settings,
        metrics_file: Path,
        checks: tuple[Check, ...] = CHECKS,
        bound_to: str = LOOPBACK,
    ) -> None:
        """`bound_to` is the address that it is served on."""
        assert settings.database_url is not None
        self.closing = asyncio.Event()
        self._root_path = RootPath(settings.root_path)
        self._site_name = settings.site_name
        self._cache: Cache[Question] = Cache(settings.cache_megabytes * 1_000_000, Question.size_bytes)
        self._metrics = Metrics(metrics_file, ROUTES)
        self._database = self._connections(settings, settings.pool_size, USUAL_BODY_BYTES)
        self._large = self._connections(settings, LARGE_ANSWERS_AT_ONCE, MAX_BODY_BYTES)
        self._snapshots = Snapshots(settings.database_url)
        self._access = Access(_opening(settings, bound_to), settings.requests_per_second)
        self._watch = Watch(settings.database_url, self._site_changed, self._access.take)
        threshold = Threshold(settings.min_users, settings.max_share)
        self._answers = Answers(self._database, self._large, self._watch, self._cache, self._root_path, threshold)
        self._exports = Exports(self._snapshots, self._answers, max_waiting=settings.max_waiting_requests)
        self._renewal = Renewal(self._answers, self._cache)
        cors = Cors(settings.cors_origins)
        self._representations = Representations(self._cache, cors, settings.max_age_seconds)
        guard = Guard(self._access, Hosts(bound_to, settings.allowed_hosts), checks)
        trusted = settings.forwarded_allow_ips
        self.asgi = self._asgi(cors, guard, trusted, access_log=settings.access_log)

    @property
    def _all_connections(self) -> tuple[Database | Snapshots, ...]:
        return self._database, self._large, self._snapshots

    def _connections(self, settings: Settings, size: int, max_body_bytes: int) -> Database:
        assert settings.database_url is not None
        return Database(
            settings.database_url,
            pool_size=size,
            max_waiting_requests=settings.max_waiting_requests,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            max_body_bytes=max_body_bytes,
            busy=lambda more: self._metrics.add("database_requests", more),
        )

    def _asgi(self, cors: Cors, guard: Guard, trusted: tuple[str, ...], *, access_log: bool) -> ASGIApp:
        """Layers the application, the outermost last. The guard stands before everything that answers."""
        self.starlette = Starlette(
            routes=self._routes(),
            middleware=[Middleware(CORSMiddleware, **cors.middleware_options)],
            exception_handlers=errors.HANDLERS,
            lifespan=lambda _: self.lifespan(),
        )
        self.starlette.router.redirect_slashes = False  # it would redirect to whatever the client calls the host
        counted = RequestMetrics(GuardedApp(self.starlette, guard, cors), self._metrics)
        fast_path = FastPath(counted, self._cache, self._representations, self._metrics, guard, self._root_path)
        return with_access_log(fast_path, trusted) if access_log else fast_path

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        for connections in self._all_connections:
            await connections.open()
        await self._watch.open()
        sharing = asyncio.create_task(self._metrics.share())
        preparing = asyncio.create_task(dashboard.prepare(self._site_name))
        try:
            with suppress(asyncio.CancelledError):  # a second Ctrl-C makes uvicorn cancel the lifespan
                yield
        finally:
            sharing.cancel()
            preparing.cancel()
            await self._watch.close()
            self._access.close()
            self._renewal.cancel()
            self._exports.close()
            for connections in self._all_connections:
                await connections.close()
            self._metrics.close()

    async def _site_changed(self, before: SiteState | None, now: SiteState) -> None:
        if before is not None and before.measures != now.measures:
            self._cache.clear()  # the default measure may be another one: then addresses ask for something else
        if before is not None and before.zone != now.zone:
            self._cache.clear()
            for connections in self._all_connections:
                await connections.forget_site_clock()
        await self._renewal.replace_answers(now)

    def _routes(self) -> list[BaseRoute]:
        parts = (self._answers, self._watch, self._cache, self._representations, self._metrics, InFlight())
        health = Health(self._database, self._watch, self._metrics)
        # Starlette tries routes in order, so those that are asked most come first. A path parameter takes slashes
        # (`:path`), as user ids may hold some; its route comes last, or it would match the paths of others.
        by_use = sorted(ENDPOINTS, key=lambda endpoint: not endpoint.path.startswith("/kpi/"))
        data = [
            *(_route(endpoint, Handler(endpoint, *parts)) for endpoint in by_use),
            *(_route(export, ExportHandler(export, self._exports, self.closing, *parts)) for export in EXPORTS),
        ]
        return [
            *(route for route in data if not route.param_convertors),
            *dashboard.routes(welcome, self._root_path, self._site_name),
            *sign_in.routes(lambda token: self._access.scope_for(digest(token)) is not None, self._root_path.text),
            Route("/access", access),
            Route("/events", Events(self._watch, self._metrics, self.closing).stream),
            Route("/livez", health.livez),
            Route("/readyz", health.readyz),
            Route("/metrics", health.metrics),
            *documentation.routes(self._root_path),
            *(route for route in data if route.param_convertors),
        ]


def _opening(settings: Settings, bound_to: str) -> Opening:
    if settings.open:
        return Opening.ALWAYS
    return Opening.WHILE_NO_TOKEN if is_loopback(bound_to) else Opening.NEVER


def _route(endpoint: Endpoint, handler: Handler) -> Route:
    return Route(endpoint.path.replace("}", ":path}"), handler, methods=["GET"])
