"""Loads each complete file of a folder and moves it away. What is no fault of the file leaves it where it is."""

import asyncio
import hashlib
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import orjson

from evload import schema
from evload.database.connecting import looking
from evload.errors import EvloadError, shown
from evload.ingest.drop_folder.attempts import MOST_KILLS, Attempts
from evload.ingest.drop_folder.folder import DONE, FAILED, Complete, DropFolder
from evload.ingest.drop_folder.places import Place, finish_moves, forget_rejects, place_in, rejects_of
from evload.ingest.drop_folder.troubles import Troubles
from evload.ingest.failures import LoadFailure, record
from evload.ingest.formats.source import UnreadableFile
from evload.ingest.known import FileChanged
from evload.ingest.load import load_file
from evload.ingest.options import LoadOptions
from evload.ingest.rejects import CannotWriteRejects, NothingLoaded
from evload.ingest.report import LoadReport
from evload.ingest.storing.transaction import RowsRefused
from evload.queries import query

FAULTS_OF_THE_FILE = (NothingLoaded, UnreadableFile, RowsRefused)
NOTE_EVERY_SECONDS = 10.0
KILLED = (
    "evload was killed {} times while it loaded this file, most likely as there was not enough memory."
    " Split the file, or load it where there is more."
)


@dataclass(frozen=True)
class Outcome:
    """What became of a file, and where it is now."""

    report: LoadReport | LoadFailure
    place: Place

    @property
    def is_failure(self) -> bool:
        return isinstance(self.report, LoadFailure)

    def as_json(self) -> bytes:
        return orjson.dumps({**asdict(self.report), "moved_to": shown(self.place.file)})

    def as_text(self) -> str:
        if isinstance(self.report, LoadFailure):
            return f"Error: {self.report.error.rstrip('.')}. It is now {shown(self.place.file)}."
        return f"{self.report.as_line()}. It is now {shown(self.place.file)}."


class Watcher:
    """Looks while it loads as well, so that a long load is not taken for a dead watcher.

    `name` is what the database knows the folder by.
    """

    def __init__(
        self,
        folder: DropFolder,
        name: str,
        options: LoadOptions,
        every_seconds: float,
        say: Callable[[str], None],
        tell: Callable[[Outcome], None],
    ) -> None:
        self._folder = folder
        self._attempts = Attempts(folder)
        self._name = name
        self._options = replace(options, rejects_dir=folder.rejects_dir)
        self._every_seconds = every_seconds
        self._say = say
        self._tell = tell
        self._complete: list[Complete] = []
        self._has_looked = asyncio.Event()
        self._noted = (0.0, -1)

    async def run(self, dsn: str, pseudonym_key: bytes | None) -> None:
        self._options = replace(self._options, pseudonym_key=pseudonym_key)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_looking(dsn))
            tasks.create_task(self._keep_loading(dsn))

    async def _keep_looking(self, dsn: str) -> None:
        troubles = Troubles(self._say)
        while True:
            try:
                look = await asyncio.to_thread(self._folder.look)
                self._complete = look.complete
                self._has_looked.set()
                if look.left_alone:
                    self._say(f"{shown(self._folder.path)}: left alone: {', '.join(look.left_alone)}.")
                await self._note(dsn, look.waiting)
                troubles.are_over()
            except OSError as error:
                troubles.met(f"{shown(self._folder.path)}: cannot be read ({error.strerror}).")
            except EvloadError as error:
                troubles.met(f"{error}")
            await asyncio.sleep(self._every_seconds)

    async def _note(self, dsn: str, waiting: int) -> None:
        now = time.monotonic()
        noted_at, noted = self._noted
        if waiting == noted and now - noted_at < NOTE_EVERY_SECONDS:
            return
        self._noted = (0.0, -1)
        async with looking(dsn, "drop folder") as connection:
            await schema.check(connection)
            await connection.execute(query("ingest/note_look").text, self._name, waiting)
        self._noted = (now, waiting)

    async def _keep_loading(self, dsn: str) -> None:
        troubles = Troubles(self._say)
        while True:
            await self._has_looked.wait()
            self._has_looked.clear()
            for file in self._complete:
                while file.is_unchanged():
                    try:
                        await self._take(dsn, file)
                        troubles.are_over()
                        break
                    except EvloadError as error:
                        pause = troubles.met(f"{error}")
                    except OSError as error:
                        pause = troubles.met(
                            f"{shown(file.path.name)}: cannot be loaded and moved away ({error.strerror})."
                        )
                    await asyncio.sleep(pause)

    async def _take(self, dsn: str, file: Complete) -> None:
        """Raises EvloadError and OSError for what is no fault of the file."""
        finish_moves(self._folder)
        forget_rejects(self._folder, but_of=file.path)
        attempt = _attempt(file)
        if (kills := self._attempts.kills(attempt)) >= MOST_KILLS:
            await self._fail(dsn, file, LoadFailure(shown(file.path.name), KILLED.format(kills)))
            return
        try:
            with self._attempts.begun(attempt):
                report = await load_file(dsn, file.path, self._options)
        except FileChanged as error:
            self._say(f"{error}")
            return
        except FAULTS_OF_THE_FILE as error:
            await self._fail(dsn, file, LoadFailure.of(file.path, error))
            return
        except CannotWriteRejects as error:  # whose advice is about an option of `load`
            raise error.__cause__ or error from error
        except (EvloadError, OSError):
            raise
        except Exception as error:  # a fault of evload's own, which must not keep it from other files
            traceback.print_exc()
            failure = LoadFailure(shown(file.path.name), f"evload failed on this file: {type(error).__name__}.")
            await self._fail(dsn, file, failure)
            return
        self._move(file, place_in(self._folder, DONE, file.path.name), report)

    async def _fail(self, dsn: str, file: Complete, failure: LoadFailure) -> None:
        if not file.is_unchanged():  # it was taken away, or is another one by now
            return
        place = place_in(self._folder, FAILED, file.path.name)
        if failure.rejects_file:
            failure.error = failure.error.replace(failure.rejects_file, shown(place.rejects))
        await record(dsn, failure, self._options, _attempt(file))
        self._move(file, place, failure)

    def _move(self, file: Complete, place: Place, report: LoadReport | LoadFailure) -> None:
        """A file that is another one by now stays, and is loaded as well."""
        if not file.is_unchanged():
            return
        was_loaded_before = isinstance(report, LoadReport) and report.already_loaded_as is not None
        rejects = rejects_of(self._folder, file.path) if report.rejects_file or was_loaded_before else None
        report.rejects_file = shown(place.rejects) if rejects else None
        outcome = Outcome(report, place)
        try:
            place.put(file.path, outcome.as_json(), rejects)
        finally:
            finish_moves(self._folder)
        forget_rejects(self._folder)
        self._tell(outcome)


async def forget(dsn: str, name: str) -> bool:
    """Whether the folder was known."""
    async with looking(dsn, "drop folder") as connection:
        return await connection.fetchval(query("ingest/forget_watched").text, name) is not None


def _attempt(file: Complete) -> str:
    """The same where a file is tried again as evload was killed before it moved it, another once it was moved."""
    changed_ns = file.path.stat().st_ctime_ns
    return hashlib.sha256(f"{file.path.absolute()}\0{file.state}\0{changed_ns}".encode(errors="replace")).hexdigest()
