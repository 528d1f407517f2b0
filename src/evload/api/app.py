"""The ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from evload.api import documentation, errors
from evload.api.endpoints import ENDPOINTS
from evload.api.handler import Site, handler_for
from evload.database import Database
from evload.settings import Settings

WELCOME = orjson.dumps("Welcome to from EV Charging Project!")


async def welcome(request: Request) -> Response:
    return Response(WELCOME, media_type="application/json")


def _routes(database: Database) -> list[BaseRoute]:
    site = Site(database)
    # `:path` because a user id may hold a slash. The route comes last: it would take `/load/hourly`'s siblings.
    fixed_first = sorted(ENDPOINTS, key=lambda endpoint: "{" in endpoint.path)
    return [
        Route("/", welcome),
        *documentation.routes(),
        *(Route(e.path.replace("}", ":path}"), handler_for(e, database, site)) for e in fixed_first),
    ]


def create_app(settings: Settings) -> Starlette:
    assert settings.database_url is not None
    database = Database(
        settings.database_url,
        pool_size=settings.pool_size,
        max_waiting_requests=settings.max_waiting_requests,
        statement_timeout_seconds=settings.statement_timeout_seconds,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()

    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        allow_credentials=True,
        expose_headers=["Link", "Retry-After"],
    )
    return Starlette(routes=_routes(database), middleware=[cors], exception_handlers=errors.HANDLERS, lifespan=lifespan)
