"""The log: one line per event, floods counted, and nothing that its reader does reaches those who log."""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evload.logs import TOLD, LogHandler
from evload.streams import MAX_WAITING_BYTES, LineWriter, write_all

PATIENCE_SECONDS = 10
SHORT_SECONDS = 0.4


@contextmanager
def logged(path: Path, *, as_json: bool = False, counted_seconds: float = 60) -> Iterator[logging.Logger]:
    log = logging.Logger("evload.test")
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    handler = LogHandler(as_json=as_json, number=number, counted_seconds=counted_seconds)
    log.addHandler(handler)
    try:
        yield log
    finally:
        handler.flush()
        os.close(number)


def test_a_line_of_text_has_time_level_and_message(tmp_path: Path) -> None:
    with logged(tmp_path / "log") as log:
        log.warning("Malformed request from %s", "10.0.0.1\nforged\x1b[2J")
    (line,) = (tmp_path / "log").read_text().splitlines()
    moment, level, message = line.split(" ", 2)
    assert time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")
    assert (level, message) == ("WARNING", r"Malformed request from 10.0.0.1\nforged\x1b[2J")


def test_a_line_of_json_has_event_and_traceback(tmp_path: Path) -> None:
    with logged(tmp_path / "log", as_json=True) as log:
        log.info("Started", extra={"event": "started"})
        try:
            raise ValueError("odd\n☃")
        except ValueError:
            log.exception("It failed")
    first, second = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert (first["level"], first["event"], first["message"]) == ("info", "started", "Started")
    assert first["process"] == os.getpid()
    assert (second["level"], second["event"]) == ("error", "other")
    assert second["traceback"].endswith("ValueError: odd\n☃")


def test_a_message_that_does_not_fit_its_arguments_is_told_all_the_same(tmp_path: Path) -> None:
    with logged(tmp_path / "log") as log:
        log.warning("%d of %d", 1)
    assert "%d of %d" in (tmp_path / "log").read_text()


def test_a_flood_is_counted_and_told_at_the_end(tmp_path: Path) -> None:
    with logged(tmp_path / "log") as log:
        for number in range(1000):
            log.warning("Malformed request from %s", number)
        log.warning("Something else")
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == TOLD + 2
    assert lines[-2].endswith("Something else")
    assert lines[-1].endswith(f"from 999 ({1000 - TOLD} more like this in 60 seconds)")


def test_a_flood_is_told_again_and_again_while_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with logged(path, counted_seconds=SHORT_SECONDS) as log:
        until = time.monotonic() + PATIENCE_SECONDS
        while path.read_text().count("more like this") < 2:
            assert time.monotonic() < until
            log.warning("Malformed")
            time.sleep(0.001)
    told = [line for line in path.read_text().splitlines() if "more like this" not in line]
    assert TOLD < len(told) <= 4 * TOLD


def test_a_traceback_is_not_repeated_with_the_count(tmp_path: Path) -> None:
    with logged(tmp_path / "log") as log:
        for _ in range(TOLD + 5):
            try:
                raise ValueError("odd")
            except ValueError:
                log.exception("It failed")
    assert (tmp_path / "log").read_text().count("Traceback") == TOLD


def test_a_pipe_whose_reader_left_takes_lines() -> None:
    read, write = os.pipe()
    os.close(read)
    writer = LineWriter(write)
    for _ in range(1000):
        writer.write(b"line\n")
    writer.flush()
    os.close(write)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_reader_that_stopped_holds_nobody_up(blocking: bool) -> None:
    """Lines are dropped once too many wait, and go on when the reader does."""
    read, write = os.pipe()
    os.set_blocking(write, blocking)
    writer, line = LineWriter(write), b"x" * 999 + b"\n"
    began = time.monotonic()
    for _ in range(2 * MAX_WAITING_BYTES // len(line)):
        writer.write(line)
    writer.flush()  # gives up
    assert time.monotonic() - began < PATIENCE_SECONDS
    received: list[bytes] = []

    def read_all() -> None:
        while piece := os.read(read, 65_536):
            received.append(piece)

    reader = threading.Thread(target=read_all)
    reader.start()
    until = time.monotonic() + PATIENCE_SECONDS
    while sum(map(len, received)) < MAX_WAITING_BYTES - len(line):
        assert time.monotonic() < until
        time.sleep(0.01)
    writer.write(b"last\n")
    writer.flush()
    os.close(write)
    reader.join(PATIENCE_SECONDS)
    whole = b"".join(received)
    assert whole.endswith(b"\nlast\n")
    assert set(whole.splitlines()) == {line.strip(), b"last"}
    os.close(read)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_takes_lines() -> None:
    number = os.open("/dev/full", os.O_WRONLY)
    write_all(number, b"line\n")
    os.close(number)
