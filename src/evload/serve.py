"""Runs the API under uvicorn until a signal ends it: in this process, or in several workers."""

import asyncio
import errno
import fcntl
import gc
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors.multiprocess import Multiprocess

from evload.api.operations.metrics import Metrics
from evload.api.operations.middleware import STREAMS
from evload.api.root_path import RootPath
from evload.api.server.app import ROUTES, App
from evload.api.server.connection import is_told_here
from evload.api.server.export_handler import BrokenOff
from evload.api.server.fast_path import protocol_class
from evload.api.server.host_names import is_loopback
from evload.errors import EvloadError
from evload.logs import open_log
from evload.settings import Settings
from evload.signals import STOP_SIGNALS, ignore_stop_signals
from evload.streams import keep_running_without_readers

WORKER_START_SECONDS = 60.0
DRAIN_SECONDS = 30
BACKLOG = 2048
METRICS_PREFIX = "evload-metrics-"
OWNED_WITHIN_SECONDS = 10.0  # from making a file to locking it, on the busiest machine
Announce = Callable[[], None]

log = logging.getLogger(__name__)


class CannotListen(EvloadError):
    """The address cannot be listened on."""


class CannotServe(EvloadError):
    message = "The API could not start. The lines above say why."


def listen(host: str, port: int) -> socket.socket:
    """Opens the listening socket. Commands do so before long work, so that a busy port is reported at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # bound alone, another evload could bind the same port
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise CannotListen(f"Port {port} of {host} is in use. Choose another one with --port.") from error
        raise CannotListen(f"evload cannot listen on {host}, port {port}: {error}.") from error
    listener.set_inheritable(True)
    return listener


def is_reached_by_others(listener: socket.socket) -> bool:
    return not is_loopback(listener.getsockname()[0])


def serve(settings: Settings, listener: socket.socket, workers: int, announce: Announce) -> None:
    """Serves until SIGINT, SIGTERM or SIGHUP, and finishes the requests under way."""
    RootPath(settings.root_path).check((*ROUTES, *STREAMS))
    with _metrics_file() as metrics_file:
        config = Config(
            partial(_app, settings, metrics_file, listener.getsockname()[0], in_worker=workers > 1),
            factory=True,
            workers=workers,
            loop="uvloop",
            http=protocol_class(),
            lifespan="on",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        if workers > 1:
            _Workers(config, listener, announce).run()
        else:
            _Server(config, announce).run(sockets=[listener])


@contextmanager
def _metrics_file() -> Iterator[Path]:
    """Makes the file in which workers share their metrics, with all the room that it will need.

    Removes those that killed processes left.
    """
    _remove_files_left()
    with ExitStack() as until_served:
        try:
            file = until_served.enter_context(tempfile.NamedTemporaryFile(prefix=METRICS_PREFIX))
            fcntl.flock(file, fcntl.LOCK_EX)
            Metrics(Path(file.name), ROUTES).close()
        except OSError as error:
            raise CannotServe(
                f"evload cannot keep its metrics in the temporary folder: {error.strerror}."
                " Make room there, or let TMPDIR name another folder."
            ) from error
        yield Path(file.name)


def _remove_files_left() -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{METRICS_PREFIX}*"):
        with suppress(OSError), left.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # their owner lives
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # one of its workers does
            if time.time() - left.stat().st_mtime > OWNED_WITHIN_SECONDS:
                left.unlink()


class Config(uvicorn.Config):
    """Keeps a stop signal from being lost while uvicorn starts.

    uvicorn installs its signal handlers between these two calls. When it has served, it restores the handlers from
    before and raises the signals again that arrived; these must then be ignored, or they would interrupt closing down.
    """

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop] | None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # a signal now waits until `load` unblocks it
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
        """Handles SIGHUP like the other stop signals; uvicorn itself does not handle it."""
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

    def keep_subprocess_alive(self) -> None:
        before = [worker.pid for worker in self.processes]
        super().keep_subprocess_alive()
        for ended, worker in zip(before, self.processes, strict=True):
            if worker.pid != ended:
                log.warning(
                    "Worker %s ended, and %s took its place", ended, worker.pid, extra={"event": "worker_ended"}
                )

    def handle_hup(self) -> None:
        """Ends evload and its workers when the terminal is closed."""
        self.should_exit.set()


def _app(settings: Settings, metrics_file: Path, bound_to: str, *, in_worker: bool) -> ASGIApp:
    """Builds the application. uvicorn calls it in each serving process, after its loop and signal handlers are set."""
    if in_worker:
        keep_running_without_readers()
        open_log(settings.log_format, settings.log_level)
    app = App(settings, metrics_file, bound_to=bound_to)
    for number in STOP_SIGNALS:
        _also_on(number, partial(asyncio.get_running_loop().call_soon_threadsafe, app.closing.set))
    if in_worker:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it reaches workers too; the parent ends them
        threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    gc.freeze()  # what exists now lives as long as the process: collecting it delays requests
    return app.asgi


def _is_news(record: logging.LogRecord) -> bool:
    """Drops the log record of a request that was cut off because evload ended, or on purpose, and some more."""
    is_cut_off = record.exc_info and isinstance(record.exc_info[1], (asyncio.CancelledError, BrokenOff))
    return not (is_cut_off or is_told_here(record))


def _also_on(number: int, act: Callable[[], object]) -> None:
    """Calls `act` before the signal's handler: event streams must end, as uvicorn waits for every response."""
    before = signal.getsignal(number)

    def handle(signalled: int, frame: FrameType | None) -> None:
        act()
        if callable(before):
            before(signalled, frame)

    signal.signal(number, handle)


def _end_with_parent() -> None:
    """Ends a worker whose parent was killed: it would keep the port for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
