"""Large answers take turns and too large ones stay in Postgres; every answer that is given is the right one."""

import asyncio
import json
from datetime import date, timedelta

import pytest
from starlette.types import Message

from evload.api.answers.cache import Answer
from evload.api.answers.in_flight import SMALL_BYTES, InFlight, send_body
from evload.api.server import app
from evload.database.errors import TooBusy
from tests.conftest import api_client
from tests.unit.api.test_cache import answer

USUAL_BYTES, MOST_BYTES = 500, 5000
PATHS = ("/load/daily", "/load/hourly", "/kpi/daily", "/load/User-1/hourly")
DAYS = (1, 2, 5, 20, 50, 100, 300)


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "USUAL_BODY_BYTES", USUAL_BYTES)
    monkeypatch.setattr(app, "MAX_BODY_BYTES", MOST_BYTES)


@pytest.mark.usefixtures("small_bounds")
async def test_an_answer_is_the_right_one_or_422_if_it_is_too_large(
    generated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = date(2019, 2, 1)
    ranges = [f"start_date={start}&end_date={start + timedelta(days)}" for days in DAYS]
    asked = ["/users", "/kpi/total-energy", *(f"{path}?{one}" for path in PATHS for one in ranges)]
    async with api_client(generated_dsn) as bounded:
        answers = [await bounded.get(path) for path in asked]
        again = [await bounded.get(path) for path in asked]
        monkeypatch.undo()
        async with api_client(generated_dsn) as free:
            right = [await free.get(path) for path in asked]
    assert [(one.status_code, one.content) for one in again] == [(one.status_code, one.content) for one in answers]
    kinds = set()
    for path, found, wanted in zip(asked, answers, right, strict=True):
        if wanted.status_code == 200 and len(wanted.content) > MOST_BYTES:
            assert found.status_code == 422, path
            (problem,) = json.loads(found.content)["detail"]
            assert "shorter range" in problem["msg"]
        else:
            assert (found.status_code, found.content) == (wanted.status_code, wanted.content), path
        kinds.add((len(wanted.content) > USUAL_BYTES, found.status_code))
    assert {(False, 200), (True, 200), (True, 422)} <= kinds


def large(size_bytes: int = SMALL_BYTES) -> Answer:
    return answer(b"x" * size_bytes)


def test_answers_on_their_way_are_bounded_and_counted_once_for_all_readers() -> None:
    in_flight = InFlight(2 * SMALL_BYTES)
    one, two, three = large(), large(), large()
    with in_flight.held(one):
        with in_flight.held(two), in_flight.held(one), in_flight.held(two):
            with pytest.raises(TooBusy, match="large answers"), in_flight.held(three):
                pass
            with in_flight.held(answer()), in_flight.held(one):
                pass
        with pytest.raises(RuntimeError), in_flight.held(three):
            raise RuntimeError
        with in_flight.held(three), pytest.raises(TooBusy), in_flight.held(two):
            pass
    with in_flight.held(two), in_flight.held(three):
        pass


@pytest.mark.parametrize("size_bytes", [0, 1, 262_143, 262_144, 262_145, 1_000_000])
def test_the_pieces_of_a_body_are_the_body(size_bytes: int) -> None:
    body = bytes(index % 251 for index in range(size_bytes))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(send_body(send, body))
    assert b"".join(message["body"] for message in sent) == body
    assert [message["more_body"] for message in sent] == [True] * (len(sent) - 1) + [False]
