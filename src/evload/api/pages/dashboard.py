"""`/dashboard` serves the page and the modules of `evload/dashboard/`, and Plotly out of its package."""

import asyncio
import hashlib
import importlib.util
import re
from collections.abc import Awaitable, Callable
from functools import cache, partial
from html import escape
from importlib.metadata import version
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from evload.api.answers.cache import compressed
from evload.api.answers.representation import Negotiation, is_held
from evload.api.root_path import RootPath
from evload.measures import MEASURES

FOLDER = Path(__file__).parents[2] / "dashboard"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}
# Plotly writes style attributes, and draws pictures for download by way of blobs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
OPEN = re.compile(r"\[\[(\w+)\]\]")
IMMUTABLE = "public, max-age=31536000, immutable"
Respond = Callable[[Request], Awaitable[Response]]


class File:
    """A file answers requests with its bytes, compressed once for each encoding: on request, or ahead by `prepare`."""

    def __init__(self, media_type: str, cache_control: str, read: Callable[[], bytes]) -> None:
        self._media_type = media_type
        self._cache_control = cache_control
        self._read = read
        self._negotiation = Negotiation()
        self._made: dict[bytes, tuple[bytes, str]] = {}
        """Body and ETag by encoding."""

    async def respond(self, request: Request) -> Response:
        encoding = self._negotiation.encoding(request.headers.get("accept-encoding", "").encode("latin-1"))
        await self.prepare(encoding)
        body, etag = self._made[encoding]
        headers = {**HEADERS, "Cache-Control": self._cache_control, "ETag": etag}
        if is_held(request.headers.get("if-none-match", "").encode("latin-1"), etag.encode()):
            return Response(status_code=304, headers=headers)
        if encoding:
            headers["Content-Encoding"] = encoding.decode()
        return Response(body, headers=headers, media_type=self._media_type)

    async def prepare(self, encoding: bytes) -> None:
        if encoding not in self._made:
            self._made[encoding] = await asyncio.to_thread(self._make, encoding)

    def _make(self, encoding: bytes) -> tuple[bytes, str]:
        body = compressed(self._read(), encoding) if encoding else self._read()
        return body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def plotly() -> bytes:
    """Reads Plotly without the function around all of it, which browsers would parse twice: a tenth of the opening.

    A release with another wrapper is sent as it is.
    """
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    whole = (Path(spec.origin).parent / "package_data/plotly.min.js").read_bytes()
    head, begin, rest = whole.partition(b" : this, () => {\n")
    body, end, _ = rest.rpartition(b"\nreturn Plotly;\n}));")
    licence = head[: head.find(b"*/\n") + 3]
    return licence + body if begin and end else whole


@cache
def assets() -> dict[str, bytes]:
    """Reads the modules and the style: content by address.

    The hash of them all stands in the address, so that browsers keep them, and never mix two releases. Addresses are
    relative, so that the page also works below a proxy's prefix.
    """
    contents = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}
    digest = hashlib.blake2b(repr(contents).encode(), digest_size=8).hexdigest()
    return {f"dashboard/assets/{digest}/{name}": content for name, content in contents.items()}


def page(site_name: str, asset_addresses: list[str], plotly_address: str) -> str:
    """Fills in what `page.html` leaves open: the site's name, addresses and measures."""
    address_of = {address.rpartition("/")[2]: address for address in asset_addresses}
    modules = [address for name, address in address_of.items() if name.endswith(".js")]
    values = {
        "style": address_of["page.css"],
        "script": address_of["page.js"],
        "plotly": plotly_address,
        "preloads": "\n".join(f'<link rel="modulepreload" href="{address}">' for address in modules),
        "site": escape(site_name),
        "measures": "".join(f'<option value="{one.name}">{escape(one.title)}</option>' for one in MEASURES),
    }
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    return OPEN.sub(lambda found: values[found[1]], text)


def address_of_style() -> str:
    return next(address for address in assets() if address.endswith(".css"))


@cache
def files(site_name: str) -> dict[str, File]:
    """Collects all that the dashboard of a site is made of: files by path."""
    contents = assets()
    plotly_address = f"dashboard/assets/plotly-{version('plotly')}/plotly.min.js"
    html = page(site_name, list(contents), plotly_address).encode()
    return {
        "/dashboard": File("text/html", "no-cache", lambda: html),
        f"/{plotly_address}": File("text/javascript", IMMUTABLE, plotly),
        **{
            f"/{address}": File(MEDIA_TYPES[Path(address).suffix], IMMUTABLE, partial(bytes, content))
            for address, content in contents.items()
        },
    }


async def prepare(site_name: str) -> None:
    """Compresses all files ahead, so that the first visitor does not wait for it."""
    for file in files(site_name).values():
        await file.prepare(b"zstd")


async def _welcome(otherwise: Respond, root_path: RootPath, request: Request) -> Response:
    """`/` sends browsers to the dashboard, and answers programs as ever."""
    if "text/html" in request.headers.get("accept", ""):
        # Relative, it also works below a prefix that evload was not told; `/ev` without a slash needs the whole path.
        address = f"{root_path.text}/dashboard" if root_path.text else "dashboard"
        return RedirectResponse(address, 307, {"Vary": "Accept"})
    response = await otherwise(request)
    response.headers["Vary"] = "Accept"
    return response


def routes(welcome: Respond, root_path: RootPath, site_name: str) -> list[BaseRoute]:
    return [
        Route("/", partial(_welcome, welcome, root_path)),
        *(Route(path, file.respond) for path, file in files(site_name).items()),
    ]
