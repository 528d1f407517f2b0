"""`/dashboard`: the page out of `evload/dashboard/`, and Plotly out of its package, which is never imported."""

import asyncio
import hashlib
import importlib.util
import re
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from evload.api.answers.cache import compressed
from evload.api.answers.representation import Negotiation, is_held

FOLDER = Path(__file__).parents[2] / "dashboard"
# In this order they make one script: what a module needs stands before it.
MODULES = (
    "format.js", "address.js", "server.js", "figures.js", "panel.js", "cards.js", "hours.js", "users.js", "page.js",
)  # fmt: skip
# Imports have no meaning there; comments and indents are for those who read the modules.
LEFT_AT_HOME = re.compile(r"^import [^;]*;\n|^ *//.*\n|(?<=;) // .*|^ */\*\*.*\*/\n|^ +|^\n", re.MULTILINE)
INDENT = re.compile(r"^ +", re.MULTILINE)
SPACE_IN_STYLE = re.compile(r"/\*.*?\*/|\s*([{};])\s*")
EXPORT = re.compile(r"^export (?=async |class |const |function |let )", re.MULTILINE)
# Around all of Plotly stands a function that is handed to another one. Browsers read such a function twice, to find its
# end and to run it, and more often where a debugger looks on: two to four tenths of a second for 5 MB.
WRAPPER = re.compile(
    rb"\A(/\*\*[^/]*\*/\n)\(\s*function\(root, factory\) \{[^}]*\} else \{[^}]*\}\s*\} \([^{]*=> \{\n"
    rb"(.*)\nreturn Plotly;\n\}\)\);?\s*\Z",
    re.DOTALL,
)
# Plotly writes style attributes, and draws pictures for download by way of blobs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
IMMUTABLE = "public, max-age=31536000, immutable"
Handler = Callable[[Request], Awaitable[Response]]


class File:
    """What goes out for a path. It is read and compressed once for each encoding, when a client wants it or before."""

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


def script() -> str:
    """The modules as one file: a browser has six connections to a server, and one of them listens to `/events`."""
    texts = ((FOLDER / name).read_text(encoding="utf-8") for name in MODULES)
    return "\n".join(EXPORT.sub("", LEFT_AT_HOME.sub("", text)) for text in texts)


def page(script_address: str, plotly_address: str) -> str:
    style = SPACE_IN_STYLE.sub(r"\1", (FOLDER / "page.css").read_text(encoding="utf-8"))
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    for name, value in (("style", style), ("script", script_address), ("plotly", plotly_address)):
        text = text.replace(f"[[{name}]]", value)
    return INDENT.sub("", text)


def plotly() -> bytes:
    """Without its wrapper; a release that has another one is sent as it is."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    return WRAPPER.sub(rb"\1\2", (Path(spec.origin).parent / "package_data/plotly.min.js").read_bytes())


PLOTLY = File("text/javascript", IMMUTABLE, plotly)


async def prepare() -> None:
    """Makes what the first visitor would have to wait for."""
    await PLOTLY.prepare(b"zstd")


async def _welcome(otherwise: Handler, request: Request) -> Response:
    """People look at the dashboard; programs get what they always got."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/dashboard", 307, {"Vary": "Accept"})
    response = await otherwise(request)
    response.headers["Vary"] = "Accept"
    return response


def routes(welcome: Handler) -> list[BaseRoute]:
    joined = script().encode()
    # Relative, so that the page also works below a proxy's prefix.
    script_address = f"dashboard/assets/{hashlib.blake2b(joined, digest_size=8).hexdigest()}/dashboard.js"
    plotly_address = f"dashboard/assets/{version('plotly')}/plotly.min.js"
    html = page(script_address, plotly_address).encode()
    files = {
        "/dashboard": File("text/html", "no-cache", lambda: html),
        f"/{script_address}": File("text/javascript", IMMUTABLE, lambda: joined),
        f"/{plotly_address}": PLOTLY,
    }
    return [
        Route("/", partial(_welcome, welcome)),
        *(Route(path, file.respond) for path, file in files.items()),
    ]
