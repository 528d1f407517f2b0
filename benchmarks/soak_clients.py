"""The clients of the soak: what they ask, and what they were told."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from urllib.request import urlopen

from soak_checks import PATHS, Polls

ANSWER_WITHIN_SECONDS = 30.0
PAUSE_SECONDS = 0.02
ANSWERS = (200, 304, 404)  # 404: a user whose rows were all taken out
CLEAN_ERRORS = (500, 503)
BROKEN = (OSError, asyncio.IncompleteReadError)


class Poller:
    """One client with one connection, which it opens again when it breaks."""

    def __init__(self, port: int, polls: Polls, number: int) -> None:
        self._port, self._polls = port, polls
        self._random = random.Random(number)
        self._known: dict[str, tuple[str, bytes]] = {}

    async def run(self) -> None:
        while True:
            fault = self._polls.fault
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                self._polls.failed("no connection", fault, is_clean=True)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            try:
                await self._poll(reader, writer)
            finally:
                writer.close()

    async def _poll(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            path, fault, database = self._random.choice(PATHS), self._polls.fault, self._polls.database
            known = self._known.get(path) if self._random.random() < 0.5 else None
            condition = f"If-None-Match: {known[0]}\r\n" if known else ""
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{condition}\r\n".encode())
            try:
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    status, headers, body = await read_answer(reader)
            except TimeoutError:
                return self._polls.failed("no answer in time", fault, is_clean=False)
            except BROKEN:
                return self._polls.failed("broken connection", fault, is_clean=True)
            self._note(path, status, headers, body, known, fault, database)
            if headers.get("connection") == "close":
                return None
            await asyncio.sleep(PAUSE_SECONDS)

    def _note(
        self,
        path: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        known: tuple[str, bytes] | None,
        fault: str,
        database: int,
    ) -> None:
        if status in ANSWERS:
            if status == 304:
                assert known is not None
                body = known[1]
            self._known[path] = headers["etag"], body
            version = int(headers["x-data-version"])
            if fault or self._polls.fault:
                self._polls.of_either[path, version].add(body)
            else:
                self._polls.bodies[path, version, database].add(body)
            self._polls.counts[str(status)] += 1
        else:
            self._polls.failed(str(status), fault, is_clean=status in CLEAN_ERRORS and _is_detail(body))


def _is_detail(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and found.keys() == {"detail"} and isinstance(found["detail"], str)


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    status = int(head[0].split()[1])
    body = b"" if status == 304 else await reader.readexactly(int(headers["content-length"]))
    return status, headers, body


async def is_healthy(ports: Sequence[int], workers: int) -> bool:
    """Ready, and able to ask Postgres: in as many tries as should reach every worker."""
    return all(await asyncio.gather(*(asyncio.to_thread(_answers, port) for port in ports for _ in range(workers * 2))))


def _answers(port: int) -> bool:
    fresh = f"/kpi/total-energy?start_date=1999-01-01T00:00:00.{random.randrange(10**6):06}"
    try:
        for path in ("/readyz", fresh):
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                answer.read()
    except OSError:
        return False
    return True
