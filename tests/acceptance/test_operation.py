"""What those who keep evload running look at, across workers: health, metrics, events, the access log."""

import json
import re
import signal
import socket
import time
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.processes import Api, Shell, wait_until
from tests.locks import PATIENCE_SECONDS

FILE = (
    "date_from;date_to;User_ID;session_ID;Synthetic_3_6kW;Synthetic_7_2kW;Flex_3_6kW;Flex_7_2kW\n"
    "01.01.2020 10:00;01.01.2020 11:00;Z;1;{energy};1;1;1\n"
)
SEEN_WITHIN_SECONDS = 1.0


def count_of(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def fresh_get(api: Api, path: str) -> httpx2.Response:
    """On a connection of its own, so that any worker may answer."""
    return httpx2.get(api.address + path, trust_env=False, timeout=PATIENCE_SECONDS)


def test_metrics_are_right_across_workers(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).serving("serve", "--workers", "2") as api:
        for _ in range(40):
            assert fresh_get(api, "/kpi/total-energy").status_code == 200
        fresh_get(api, "/nowhere")
        name = 'evload_requests_total{route="/kpi/total-energy",status="200"}'
        other = 'evload_requests_total{route="other",status="404"}'

        def is_known_to_all() -> bool:  # each worker tells the others four times a second
            texts = [fresh_get(api, "/metrics").text for _ in range(8)]
            return all(count_of(text, name) == 40 and count_of(text, other) == 1 for text in texts)

        wait_until(is_known_to_all)
        for _ in range(10):
            text = fresh_get(api, "/metrics").text
            assert count_of(text, name) == 40
            assert count_of(text, other) == 1
            assert count_of(text, 'evload_request_seconds_count{route="/kpi/total-energy"}') == 40
            assert count_of(text, 'evload_request_seconds_bucket{route="/kpi/total-energy",le="+Inf"}') == 40
            assert count_of(text, "evload_cache_hits_total") + count_of(text, "evload_cache_misses_total") == 40
            assert count_of(text, "evload_stored_rows") == 5
            assert count_of(text, "evload_database_up") == 1
            assert count_of(text, "evload_database_requests") <= 2  # asking for metrics asks the database


def test_every_worker_sees_a_load_within_a_second(loaded_dsn: str, shell: Shell, tmp_path: Path) -> None:
    with shell.on(loaded_dsn).serving("serve", "--workers", "2") as api:
        for number in range(3):
            path = tmp_path / f"{number}.csv"
            path.write_text(FILE.format(energy=number))
            shell.on(loaded_dsn).succeed("load", path)
            committed = time.monotonic()
            version = str(2 + number)
            while {fresh_get(api, "/kpi/total-energy").headers["x-data-version"] for _ in range(12)} != {version}:
                assert time.monotonic() - committed < SEEN_WITHIN_SECONDS


def test_health(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).serving("serve") as api:
        assert api.json("/livez") == {"status": "alive"}
        assert api.json("/readyz") == {"status": "ready", "data_version": 1}
        assert "evload serve, listening" in shell.on(loaded_dsn).succeed("status")


def test_events_tell_the_version_and_its_changes(loaded_dsn: str, shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(FILE.format(energy=1))
    with shell.on(loaded_dsn).serving("serve") as api:
        with api.client.stream("GET", "/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert until(lines, "data")[1:] == ["event: data_version", 'data: {"data_version":1}']
            shell.on(loaded_dsn).succeed("load", path)
            assert until(lines, "data")[-1] == 'data: {"data_version":2}'
        with api.client.stream("GET", "/events", headers={"Last-Event-ID": "9" * 5000}) as stream:
            last, *_, data = until(stream.iter_lines(), "data")
            assert data == 'data: {"data_version":2}'
        with api.client.stream("GET", "/events", headers={"Last-Event-ID": last.removeprefix("id: ")}) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry")
            path.write_text(FILE.format(energy=3))
            shell.on(loaded_dsn).succeed("load", path)
            assert until(lines, "data")[-1] == 'data: {"data_version":3}'


def test_head_of_events_ends_at_once(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).serving("serve") as api:
        with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(
                b"HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            received = b"".join(iter(partial(connection.recv, 65536), b""))
        head, _, rest = received.partition(b"\r\n\r\n")
        assert b"content-type: text/event-stream" in head
        assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
        assert rest.endswith(b'{"status":"alive"}')
        assert count_of(api.get("/metrics").text, "evload_event_streams") == 0


def until(lines: "object", start: str) -> list[str]:
    """The lines of an event, up to the one that starts so."""
    found: list[str] = []
    for line in lines:  # type: ignore[attr-defined]
        if line and not line.startswith("retry"):
            found.append(line)
        if line.startswith(start):
            return found
    raise AssertionError(found)


def test_event_streams_do_not_keep_evload_from_ending(loaded_dsn: str, shell: Shell) -> None:
    for workers in ("1", "2"):
        with shell.on(loaded_dsn).serving("serve", "--workers", workers) as api, api.client.stream("GET", "/events"):
            began = time.monotonic()
            assert api.running.stop(signal.SIGTERM).code == 0
            assert time.monotonic() - began < PATIENCE_SECONDS / 6


def logged_clients(shell: Shell, forwarded: str) -> list[str]:
    with shell.with_(EVLOAD_ACCESS_LOG="1").serving("serve") as api:
        for _ in range(2):
            assert api.get("/kpi/summary", headers={"X-Forwarded-For": forwarded}).status_code == 200
        ended = api.running.stop()
    return [json.loads(line)["client"] for line in ended.stdout.splitlines() if line.startswith("{")]


def test_the_access_log_believes_the_proxies_that_it_was_told_of(loaded_dsn: str, shell: Shell) -> None:
    here, forwarded = shell.on(loaded_dsn), "198.51.100.7, 203.0.113.9"
    assert logged_clients(here, forwarded) == ["127.0.0.1"] * 2
    assert logged_clients(here.with_(EVLOAD_FORWARDED_ALLOW_IPS="10.0.0.0/8"), forwarded) == ["127.0.0.1"] * 2
    assert logged_clients(here.with_(EVLOAD_FORWARDED_ALLOW_IPS="127.0.0.1"), forwarded) == ["203.0.113.9"] * 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "http://127.0.0.1:{}"),
        (("--host", "0.0.0.0", "--open"), "http://127.0.0.1:{}"),
        (("--host", "::", "--open"), "http://[::1]:{}"),
    ],
)
def test_every_address_that_is_said_can_be_opened(
    loaded_dsn: str, shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    with shell.on(loaded_dsn).with_(EVLOAD_ROOT_PATH="ev/").serving("serve", *arguments) as api:
        told = re.findall(r"http://\S+", api.running.out.read_text())
        port = str(httpx2.URL(told[0]).port)
        assert len(told) == 4
        for address in told:
            assert address.startswith(f"{said.format(port)}/ev")
            answer = httpx2.get(address, headers={"Accept": "text/html"}, trust_env=False)
            assert answer.status_code == (307 if address == told[0] else 200), address


def test_a_root_path_that_evload_has_itself_is_refused(loaded_dsn: str, shell: Shell) -> None:
    said = shell.on(loaded_dsn).with_(EVLOAD_ROOT_PATH="/load").fail("serve", "--port", "0")
    assert said == "Error: EVLOAD_ROOT_PATH is /load, and evload has a path /load of its own. Choose another one.\n"


def test_the_access_log_is_json_on_request(loaded_dsn: str, shell: Shell) -> None:
    with shell.on(loaded_dsn).with_(EVLOAD_ACCESS_LOG="1").serving("serve") as api:
        for _ in range(2):
            api.json("/kpi/total-energy?measure=flex_3_6_kwh")
        ended = api.running.stop()
    entries = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    assert [(one["method"], one["path"], one["query"], one["status"]) for one in entries] == [
        ("GET", "/kpi/total-energy", "measure=flex_3_6_kwh", 200)
    ] * 2
    assert all(one["bytes"] > 0 and one["milliseconds"] > 0 for one in entries)
