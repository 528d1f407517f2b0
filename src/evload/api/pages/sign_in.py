"""`/sign-in` trades a token for a cookie, which a browser sends along by itself; `/sign-out` takes it away again."""

from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from evload.api.contract.scope import COOKIE
from evload.api.errors import problem
from evload.api.pages.dashboard import FOLDER, address_of_style

MAX_BODY_BYTES = 4096
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer", browsers send forms with `Origin: null`
    "Cache-Control": "no-store",
}
NOT_KNOWN = "This token is not known here, was revoked, or has expired."
FOREIGN = "Another site's page sent this. Open the address of this evload itself, and sign in there."


class SignIn:
    def __init__(self, admits: Callable[[bytes], bool], root_path: str) -> None:
        """`admits` judges a token."""
        self._admits = admits
        self._path = root_path or "/"

    async def enter(self, request: Request) -> Response:
        if request.method != "POST":
            return _page("")
        if _is_foreign(request):
            return problem(403, FOREIGN)
        token = await _token_in(request)
        if not token or not self._admits(token.encode()):
            return _page(NOT_KNOWN, 401)
        response = RedirectResponse("dashboard", 303, HEADERS)
        response.set_cookie(
            COOKIE, token, path=self._path, secure=_is_secure(request), httponly=True, samesite="strict"
        )
        return response

    async def leave(self, request: Request) -> Response:
        if _is_foreign(request):
            return problem(403, FOREIGN)
        response = RedirectResponse("sign-in", 303, HEADERS)
        response.delete_cookie(COOKIE, path=self._path, secure=_is_secure(request), httponly=True, samesite="strict")
        return response


def _is_secure(request: Request) -> bool:
    """The browser says by which scheme it asks, also through a proxy."""
    return request.headers.get("origin", "").startswith("https://")


def _is_foreign(request: Request) -> bool:
    """Whether a page of another site sent the form. Browsers say so where they may; a program says nothing."""
    return request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


async def _token_in(request: Request) -> str:
    """Reads the form's token: of printable ASCII, as those that are made, so that it may stand in a cookie."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            return ""
    token = parse_qs(body.decode("latin-1")).get("token", [""])[0].strip()
    return token if token.isascii() and token.isprintable() else ""


def _page(said: str, status: int = 200) -> Response:
    text = (FOLDER / "sign_in.html").read_text(encoding="utf-8").replace("[[style]]", address_of_style())
    said = f'<p class="banner" role="alert">{escape(said)}</p>' if said else ""
    return HTMLResponse(text.replace("[[said]]", said), status, HEADERS)


def routes(admits: Callable[[bytes], bool], root_path: str) -> list[BaseRoute]:
    pages = SignIn(admits, root_path)
    return [
        Route("/sign-in", pages.enter, methods=["GET", "POST"]),
        Route("/sign-out", pages.leave, methods=["POST"]),
    ]
