"""What a signal does in the moments when uvicorn takes the signals over."""

import signal
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from evload.serve import Config
from evload.signals import STOP_SIGNALS


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOP_SIGNALS, ids=lambda number: number.name)
def test_a_signal_before_uvicorn_installs_its_handlers_is_not_lost(number: signal.Signals) -> None:
    config = Config(nothing, log_config=None)
    config.get_loop_factory()
    signal.raise_signal(number)
    server = uvicorn.Server(config)
    signal.signal(number, server.handle_exit)
    assert not server.should_exit
    config.load()
    assert server.should_exit


def test_an_application_that_cannot_be_loaded_leaves_no_signal_waiting() -> None:
    config = Config("evload.serve:nowhere", log_config=None)
    config.get_loop_factory()
    with pytest.raises(SystemExit):
        config.load()
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(STOP_SIGNALS)
