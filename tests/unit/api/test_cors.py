import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Receive, Scope, Send

from evload.api.answers.cache import Headers
from evload.api.answers.cors import Cors

BEFORE = [(b"content-type", b"application/json"), (b"vary", b"Accept-Encoding"), (b"x-data-version", b"1")]


async def headers_of_the_middleware(cors: Cors, before: Headers, origin: bytes | None) -> Headers:
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(before)})

    async def keep(message: Message) -> None:
        sent.append(message)

    headers = [] if origin is None else [(b"origin", origin)]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "app": Starlette()}
    await CORSMiddleware(application, **cors.middleware_options)(scope, None, keep)  # type: ignore[arg-type]
    found: Headers = sent[0]["headers"]
    return found


@pytest.mark.parametrize("origin", [None, b"", b"https://a.example", b"https://b.example", b"null"])
@pytest.mark.parametrize("before", [BEFORE, BEFORE[:1]], ids=["vary", "no vary"])
@pytest.mark.parametrize("allowed", [(), ("https://a.example",), ("*",)], ids=str)
async def test_the_headers_are_those_of_the_middleware(
    allowed: tuple[str, ...], before: Headers, origin: bytes | None
) -> None:
    cors = Cors(allowed)
    assert cors.added_to(before, origin) == await headers_of_the_middleware(cors, before, origin)


async def test_origins_of_one_kind_get_the_same_headers() -> None:
    cors = Cors(("https://a.example",))
    assert cors.kind_of(b"https://b.example") == cors.kind_of(b"null") != cors.kind_of(b"https://a.example")
    everybody = Cors(("*",))
    assert everybody.kind_of(b"https://b.example") == everybody.kind_of(b"https://a.example") != everybody.kind_of(None)


@pytest.mark.parametrize("allowed", [("*",), ("https://a.example", "*")], ids=str)
@pytest.mark.parametrize("origin", [b"https://a.example", b"https://b.example", b"null", b""])
async def test_any_origin_is_let_in_without_credentials(allowed: tuple[str, ...], origin: bytes) -> None:
    headers = dict(Cors(allowed).added_to(BEFORE, origin))
    assert headers[b"access-control-allow-origin"] == b"*"
    assert b"access-control-allow-credentials" not in headers
