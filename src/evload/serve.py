"""Runs the API under uvicorn until a signal ends it: in this process, or in several workers."""

import asyncio
import errno
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors.multiprocess import Multiprocess

from evload.api.server.app import App
from evload.api.server.protocol import HotProtocol
from evload.errors import EvloadError
from evload.settings import Settings
from evload.signals import STOP_SIGNALS, ignore_stop_signals

WORKER_START_SECONDS = 60.0
DRAIN_SECONDS = 30
BACKLOG = 2048
Announce = Callable[[], None]


class CannotListen(EvloadError):
    """The address cannot be listened on."""


class CannotServe(EvloadError):
    """The API could not start. The lines above say why."""


def listen(host: str, port: int) -> socket.socket:
    """Taken before the long work begins, so that a busy port is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # until then another evload could bind the same port
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise CannotListen(f"Port {port} of {host} is in use. Choose another one with --port.") from error
        raise CannotListen(f"evload cannot listen on {host}, port {port}: {error}.") from error
    listener.set_inheritable(True)
    return listener


def serve(settings: Settings, listener: socket.socket, workers: int, announce: Announce) -> None:
    """Blocks until SIGINT, SIGTERM or SIGHUP; requests in flight are finished first."""
    with tempfile.NamedTemporaryFile(prefix="evload-metrics-") as metrics:
        config = Config(
            partial(_app, settings, Path(metrics.name), in_worker=workers > 1),
            factory=True,
            workers=workers,
            loop="auto" if sys.platform == "win32" else "uvloop",
            http=HotProtocol,
            lifespan="on",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        if workers > 1:
            _Workers(config, listener, announce).run()
        else:
            _Server(config, announce).run(sockets=[listener])


class Config(uvicorn.Config):
    """uvicorn takes the signals between these two calls, gives them back when it has served, and raises again those
    that came. All is done by then but for closing down, which they must not cut short.
    """

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop] | None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # one that came now would be ignored, and lost
        ignore_stop_signals()
        return super().get_loop_factory()

    def load(self) -> None:
        try:
            super().load()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Announce) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            raise CannotServe
        self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn itself does not take SIGHUP."""
        signal.signal(signal.SIGHUP, self.handle_exit)
        with super().capture_signals():
            yield
        ignore_stop_signals()


class _Workers(Multiprocess):
    def __init__(self, config: uvicorn.Config, listener: socket.socket, announce: Announce) -> None:
        super().__init__(config, [listener])
        self._announce = announce

    def init_processes(self) -> None:
        super().init_processes()
        if all(worker.wait_until_ready(WORKER_START_SECONDS, self.should_exit) for worker in self.processes):
            self._announce()

    def handle_hup(self) -> None:
        """The terminal was closed: that ends evload, and its workers."""
        self.should_exit.set()


def _app(settings: Settings, metrics_file: Path, *, in_worker: bool) -> ASGIApp:
    """Called by uvicorn in the process that serves, once its loop runs and its signal handlers are set."""
    app = App(settings, metrics_file)
    for number in STOP_SIGNALS:
        _also_on(number, partial(asyncio.get_running_loop().call_soon_threadsafe, app.closing.set))
    if in_worker:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it reaches the whole terminal; the parent decides
        threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.getLogger("uvicorn.error").addFilter(_not_cancelled)
    gc.freeze()  # what is there now stays; looking through it again and again only delays requests
    return app.asgi


def _not_cancelled(record: logging.LogRecord) -> bool:
    """That a request was cut off by an end that no longer waited for it is not."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _also_on(number: int, act: Callable[[], object]) -> None:
    """Event streams never end by themselves, so they must be told before uvicorn waits for them."""
    before = signal.getsignal(number)

    def handle(signalled: int, frame: FrameType | None) -> None:
        act()
        if callable(before):
            before(signalled, frame)

    signal.signal(number, handle)


def _end_with_parent() -> None:
    """A worker whose parent was killed would keep the port for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
