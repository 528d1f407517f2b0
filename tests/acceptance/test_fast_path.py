"""What is in memory goes out at once to whoever keeps the connection. Others get the same, the long way."""

import re
import socket

import pytest

from tests.acceptance.processes import FORGETFUL, Api, Shell

PATHS = (
    "/kpi/total-energy", "/users", "/load/A-1/hourly", "/load/%C3%98%20b%2F2/hourly", "/kpi/daily?limit=x",
    "/kpi/peak-hourly?_=1", "/kpi/peak-hourly?measure=flex_3_6_kwh&measure=flex_3_6_kwh", "/users?user=A-1",
    "/kpi/total-energy#?measure=flex_3_6_kwh", "/load/daily.csv?decimal=,", "/load/A-1/hourly.parquet", "/users.arrow",
)  # fmt: skip
HEADERS: dict[str, tuple[str, ...]] = {
    "none": (),
    "a browser's": ("Accept-Encoding: gzip, deflate, br, zstd", "User-Agent: x", "Accept: */*"),
    "another origin": ("Origin: https://elsewhere.example",),
    "no origin": ("Origin:",),
    "two origins": ("Origin: http://localhost:3000", "Origin: https://elsewhere.example"),
    "an old etag": ('If-None-Match: "0-0"',),
    "any etag": ("If-None-Match: *",),
    "a body": ("Content-Length: 0",),
    "a part": ("Range: bytes=1-7",),
    "no part": ("Range: bytes=999999-",),
}  # fmt: skip


def ask(api: Api, path: str, headers: tuple[str, ...], *, times: int) -> list[bytes]:
    """What comes back over one connection, which is closed with the last answer, without what differs by nature."""
    request = "\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", *headers, ""))
    last = f"{request}Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection, connection.makefile("rb") as file:
        connection.sendall((f"{request}\r\n" * (times - 1) + last).encode())
        received = file.read()
    return [b"HTTP/1.1 " + answer for answer in comparable(received).split(b"HTTP/1.1 ")[1:]]


def comparable(received: bytes) -> bytes:
    return re.sub(rb"date: [^\r]+\r\n|connection: close\r\n|;dur=[0-9.]+", b"", received)


def ask_in_turn(api: Api, path: str, headers: tuple[str, ...], *, times: int) -> list[bytes]:
    """Each request waits for the answer to the one before, as a dashboard's do."""
    request = "\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", "")).encode()
    found = []
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection, connection.makefile("rb") as file:
        for _ in range(times):
            connection.sendall(request)
            head = b"".join(iter(file.readline, b"\r\n")) + b"\r\n"
            length = re.search(rb"content-length: (\d+)", head)
            found.append(comparable(head + file.read(int(length[1]) if length else 0)))
    return found


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("path", PATHS)
def test_the_way_does_not_matter(api: Api, path: str, headers: tuple[str, ...]) -> None:
    ask(api, path, headers, times=2)  # from Postgres; then from memory, which remembers the words
    *at_once, the_long_way = ask(api, path, headers, times=4)
    assert at_once == [the_long_way] * 3
    assert ask_in_turn(api, path, headers, times=4) == [the_long_way] * 4


@pytest.mark.parametrize("origins", ["http://localhost:3000", "*"])
def test_a_server_that_keeps_no_answers_gives_the_same(served_dsn: str, shell: Shell, origins: str) -> None:
    here = shell.on(served_dsn).with_(EVLOAD_CORS_ORIGINS=origins)
    with here.serving("serve") as hot, here.with_(**FORGETFUL).serving("serve") as cold:
        for path in PATHS:
            for headers in HEADERS.values():
                ask(hot, path, headers, times=2)
                found, wanted = ([untimed(one) for one in ask(api, path, headers, times=3)] for api in (hot, cold))
                assert found == wanted


def untimed(answer: bytes) -> bytes:
    return re.sub(rb"server-timing: [^\r]+\r\n", b"", answer)


def test_a_path_with_an_escaped_percent_sign_is_another_user(api: Api) -> None:
    known = ask(api, "/load/A-1/hourly", (), times=3)
    for escaped in ("/load/%41-1/hourly", "/load/%2541-1/hourly", "/load/A-1/hourly"):
        found = ask(api, escaped, (), times=3)
        assert (found[-1] == known[-1]) == (escaped != "/load/%2541-1/hourly")


def test_all_of_them_are_counted(api: Api) -> None:
    def counted() -> float:
        found = re.search(
            r'evload_requests_total\{route="/kpi/peak-daily",status="200"\} (\d+)', api.get("/metrics").text
        )
        return float(found[1]) if found else 0.0

    before = counted()
    ask(api, "/kpi/peak-daily", (), times=7)
    ask_in_turn(api, "/kpi/peak-daily", (), times=5)
    assert counted() == before + 12


def test_on_an_untested_uvicorn_the_fast_path_is_off_and_answers_are_the_same(
    api: Api, served_dsn: str, shell: Shell
) -> None:
    (shell.folder / "sitecustomize.py").write_text('import uvicorn\n\nuvicorn.__version__ = "99.0.0"\n')
    with shell.on(served_dsn).with_(PYTHONPATH=str(shell.folder)).serving("serve") as other:
        for path in PATHS:
            for headers in HEADERS.values():
                for server in (api, other):
                    ask(server, path, headers, times=2)
                assert ask_in_turn(other, path, headers, times=3) == ask_in_turn(api, path, headers, times=3)
        said = other.running.stop().stderr
    assert said.count("fast path for connections is off") == 1
    assert "99.0.0" in said
    assert "fast path" not in api.running.err.read_text()
