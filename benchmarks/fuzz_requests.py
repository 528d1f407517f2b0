"""Random requests for the protocol fuzzer: usual ones, odd ones, and some that no client should send."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from evload.api.contract.endpoints import ENDPOINTS
from evload.api.contract.exports import EXPORTS

Spell = Callable[[str], str]

USERS = (
    "a b", "a/b", "a#b", "a?b", "a%b", "%41", "%2541", "Ø", "a+b", "..", ".", "a;b", "a\\b", "a&b=c", "<b>x</b>",
    "a//b", "a/./b", "a/../b", "hourly", "+1", "a:b", "a@b", "a=b", "~", "'", "users", "a|b", "{x}", "%", "%%", "%zz",
    "a%2Fb", "A-1",
)  # fmt: skip
KNOWN = {endpoint.path: (*endpoint.query_parameters, "_") for endpoint in (*ENDPOINTS, *EXPORTS)}
RANGED = [endpoint.path for endpoint in (*ENDPOINTS, *EXPORTS) if "{" not in endpoint.path]
OTHER_PATHS = (
    "/", "/dashboard", "/livez", "/docs", "/redoc", "/openapi.json", "/nothing", "/kpi", "//kpi/total-energy",
    "/kpi/total-energy/", "/kpi/../kpi/total-energy", "/./kpi/total-energy", "/kpi%2Ftotal-energy",
    "/%6bpi/total-energy", "/load//hourly", "/load/%00/hourly", "*",
)  # fmt: skip
DATES = (
    "2025-11-01", "2025-11-02T08:00", "2025-11-02T08:00:00", "2025-10-26T02:00", "2025-10-26T02:30:00", "2025-10-26",
    "1761436800", "1761436800000", "2025-11-02T08:00:00+01:00", "2025-11-02T08:00:00 01:00", "2025-11-02T07:00Z",
    "0001-01-01", "9999-12-31", "x", "", "2025-02-30", "20251102", "2025-W44-7", "2025-10", "2025", "-1", "+0", "1e5",
    "2025-11-02 08:00", "\uff12\uff10\uff12\uff15-11-02",
)  # fmt: skip
VALUES: dict[str, Sequence[str]] = {
    "measure": ("synthetic_3_6_kwh", "synthetic_7_2_kwh", "flex_3_6_kwh", "flex_7_2_kwh", "metered_kwh", "x", ""),
    "points": ("2", "3", "1000", "0", "x", "200", "2.0", " 5"),
    "limit": ("1", "20", "1000", "1001", "0", "007", "+3"),
    "after": ("0", "10", "99999999", "9223372036854775807", "9223372036854775808", "-1"),
    "sort": ("energy_kwh", "hours", "sessions", "user_id", "first_day", "last_day", "x"),
    "user_id": ("a b", "%41", "nobody", ""),
}
NAMES = (*VALUES, "start_date", "end_date", "foo", "_", "START_DATE", "start_date ", "")
METHODS = ("GET",) * 14 + ("HEAD",) * 3 + ("OPTIONS", "POST", "PUT", "DELETE", "get", "QUERY", "PATCH", "TRACE")
ENCODINGS = (
    "gzip", "zstd", "gzip, deflate, br, zstd", "gzip;q=0", "zstd;q=0, gzip", "identity", "*", "GZIP", "",
    "gzip;q=0.000", "br;q=1, zstd;q=0.0", " gzip ", "gzip\t,zstd;q=0 ",
)  # fmt: skip
ORIGINS = (
    "http://localhost:3000", "http://127.0.0.1:3000", "https://evil.example", "null", "", "HTTP://LOCALHOST:3000",
    "http://localhost:3000 ",
)  # fmt: skip
HOSTS = ("127.0.0.1", "localhost", "evil.example", "a, b", "")
ETAGS = ("*", '"x"', 'W/"x"', "", "garbage", '"1-2", *')
RARE_HEADERS: tuple[tuple[float, str, Sequence[str]], ...] = (
    (0.2, "Accept", ("text/html", "application/json", "*/*")),
    (0.2, "User-Agent", ("x", "\u00e9")),
    (0.1, "Cookie", ("a=b",)),
    (0.05, "Range", ("bytes=0-9", "bytes=-5", "bytes=9-", "bytes=999999-", "bytes=5-2", "lines=1-2", "bytes=0-1,4-5")),
    (0.1, "Cache-Control", ("no-cache", "no-store", "only-if-cached")),
    (0.1, "X-Forwarded-For", ("1.2.3.4",)),
    (0.1, "X-Forwarded-Host", ("evil.example",)),
    (0.05, "X-Forwarded-Proto", ("https",)),
    (0.1, "Access-Control-Request-Method", ("GET", "FOO")),
    (0.05, "Access-Control-Request-Headers", ("x-a",)),
    (0.05, "Authorization", ("Basic eA==",)),
    (0.06, "Connection", ("keep-alive", "Keep-Alive, x")),
    (0.05, "Content-Length", ("0",)),
    (0.05, "Range", ("bytes=0-3",)),
    (0.05, "If-Modified-Since", ("Thu, 06 Nov 2025 06:32:48 GMT",)),
    (0.03, "If-Match", ("*",)),
    (0.03, "TE", ("trailers",)),
    (0.03, "X-Original-URL", ("/users",)),
    (0.03, "X-HTTP-Method-Override", ("DELETE",)),
    (0.02, "Accept_Encoding", ("gzip",)),
    (0.02, "Last-Event-ID", ("1",)),
)
ALLOWED_RAW = "!$&'()*+,;=:@/~#?%\\|{}^`\"<>[]"


@dataclass(frozen=True)
class Request:
    method: str
    version: str
    head: bytes
    """Request line and headers, without the empty line that ends them."""

    @property
    def data(self) -> bytes:
        return self.head + b"\r\n"

    def with_header(self, name: str, value: str) -> "Request":
        return Request(self.method, self.version, self.head + f"{name}: {value}\r\n".encode("latin-1"))


def _every_byte(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _raw(text: str) -> str:
    return quote(text, safe=ALLOWED_RAW if text.isascii() else "")


SPELLINGS: tuple[Spell, ...] = (quote, lambda text: quote(text, safe=""), _every_byte, _raw)


def random_request(draw: Random, etags: Sequence[str]) -> Request:
    method = draw.choice(METHODS)
    version = "1.0" if draw.random() < 0.05 else "1.1"
    lines = _headers(draw, etags)
    draw.shuffle(lines)
    head = f"{method} {_target(draw)} HTTP/{version}\r\n" + "".join(f"{line}\r\n" for line in lines)
    return Request(method, version, head.encode("latin-1"))


def _target(draw: Random) -> str:
    path = _path(draw)
    query = _query(draw, path)
    target = path + (f"?{query}" if query or draw.random() < 0.05 else "")
    odd = draw.random()
    if odd < 0.03:
        return draw.choice(("http://evil.example", "http://localhost")) + target
    if odd < 0.06:
        return target + draw.choice(("#frag", "?again=1"))
    return target


def _path(draw: Random) -> str:
    kind = draw.random()
    if kind < 0.55:
        return draw.choice(RANGED)
    if kind < 0.85:
        return f"/load/{draw.choice(SPELLINGS)(draw.choice((*USERS, 'nobody')))}/hourly"
    return draw.choice(OTHER_PATHS)


def _query(draw: Random, path: str) -> str:
    """Mostly parameters that the endpoint has, each once: others are refused before anything else is looked at."""
    known = KNOWN.get(path, KNOWN["/load/{user_id}/hourly"])
    count = draw.choice((0, 0, 1, 1, 2, 3, 4))
    is_usual = draw.random() < 0.8
    names = draw.sample(known, min(count, len(known))) if is_usual else draw.choices(NAMES, k=count)
    return draw.choice(("&",) * 8 + (";", "&&")).join(_parameter(draw, name) for name in names)


def _parameter(draw: Random, name: str) -> str:
    value = draw.choice(SPELLINGS)(draw.choice(VALUES.get(name, DATES)))
    return quote(name) + draw.choice(("=", "=", "=", "")) + value.replace(" ", "%20")


def _headers(draw: Random, etags: Sequence[str]) -> list[str]:
    found = [("Host", draw.choice(HOSTS))] if draw.random() < 0.97 else []
    found += _repeated(draw, 0.6, "Accept-Encoding", ENCODINGS)
    found += _repeated(draw, 0.4, "Origin", ORIGINS)
    if draw.random() < 0.3:
        known = etags if etags and draw.random() < 0.7 else ETAGS
        found.append(("If-None-Match", spelled_etag(draw, draw.choice(known))))
    found += [(name, draw.choice(values)) for chance, name, values in RARE_HEADERS if draw.random() < chance]
    return [_line(draw, name, value) for name, value in found]


def _repeated(draw: Random, chance: float, name: str, values: Sequence[str]) -> list[tuple[str, str]]:
    """A header that stands twice at times."""
    if draw.random() >= chance:
        return []
    return [(name, draw.choice(values)) for _ in range(draw.choice((1, 1, 1, 2)))]


def _line(draw: Random, name: str, value: str) -> str:
    spelled = draw.choice((name, name.lower(), name.upper(), name))
    return spelled + draw.choice((": ", ": ", ":", ":  ", ":\t")) + value + draw.choice(("", "", "", " "))


def spelled_etag(draw: Random, etag: str) -> str:
    return draw.choice((etag, etag, f"W/{etag}", f'"a", {etag}', f'{etag} , "b"', f" {etag}", etag.replace('"', "")))
