"""Serves `/docs` and `/redoc`: Swagger UI and Redoc from the package `offapi`, without requests to other hosts."""

import importlib.util
from functools import partial
from importlib.metadata import version
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from evload.api.contract.media_types import JSON
from evload.api.contract.openapi import document
from evload.api.root_path import RootPath

# No page may contact another host: Redoc would load its maker's logo and report its use.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}

# Addresses are relative, so that the pages also work below a prefix of which evload was not told.
SWAGGER = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>evload API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/assets/{version}/swagger_style.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/{version}/swagger_bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
SWAGGER_START = """SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true});
"""
REDOC = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>evload API</title>
<link rel="icon" href="data:,">
</head>
<body>
<redoc spec-url="openapi.json"></redoc>
<script type="module" src="docs/assets/{version}/redoc.js"></script>
</body>
</html>
"""
ASSETS = {
    "swagger_bundle.js": "text/javascript",
    "swagger_style.css": "text/css",
    "redoc.js": "text/javascript",
}


def _assets_folder() -> Path:
    """Finds the folder without importing the package, which would read every bundle into memory."""
    spec = importlib.util.find_spec("offapi")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


async def _fixed(response: Response, request: Request) -> Response:
    return response


async def _asset(path: Path, media_type: str, request: Request) -> Response:
    """Sends a file that browsers may cache for ever, as its address holds the version."""
    return FileResponse(path, media_type=media_type, headers={"Cache-Control": "public, max-age=31536000, immutable"})


def routes(root_path: RootPath) -> list[BaseRoute]:
    offapi = version("offapi")
    folder = _assets_folder()
    pages = {
        "/openapi.json": Response(orjson.dumps(document(root_path)), media_type=JSON.content_type),
        "/docs": HTMLResponse(SWAGGER.format(version=offapi), headers=HEADERS),
        "/docs/start.js": Response(SWAGGER_START, media_type="text/javascript"),
        "/redoc": HTMLResponse(REDOC.format(version=offapi), headers=HEADERS),
    }
    return [
        *(Route(path, partial(_fixed, page)) for path, page in pages.items()),
        *(
            Route(f"/docs/assets/{offapi}/{name}", partial(_asset, folder / name, media_type))
            for name, media_type in ASSETS.items()
        ),
    ]
