"""What is told and kept of a load that failed: in the database as well, where that can be reached."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from evload import schema
from evload.database.connecting import looking
from evload.errors import EvloadError, shown
from evload.ingest.options import LoadOptions
from evload.ingest.rejects import NothingLoaded
from evload.ingest.storing.identity import forgotten_in, privacy_state
from evload.ingest.user_ids import UserIds
from evload.queries import query

# It may name the columns of a file, and these its users.
NOT_KEPT = "nothing loaded. The reason is not kept where users are pseudonyms; whoever loaded the file was told."


@dataclass
class LoadFailure:
    file: str
    error: str
    rejected: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    rejects_file: str | None = None

    @classmethod
    def of(cls, path: Path, error: EvloadError) -> "LoadFailure":
        failure = cls(shown(path.name), str(error))
        if isinstance(error, NothingLoaded) and (rejects := error.rejects):
            failure.rejected, failure.rejected_by_reason = rejects.count, dict(rejects.by_reason)
            failure.rejects_file = shown(rejects.path) if rejects.path else None
        return failure

    def as_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()


async def record(dsn: str, failure: LoadFailure, options: LoadOptions, attempt: str) -> None:
    """Recording the same attempt again changes nothing. Raises DatabaseUnavailable, QueryFailed, WrongSchema."""
    reasons = orjson.dumps(failure.rejected_by_reason).decode()
    async with looking(dsn, "load") as connection, connection.transaction():
        await schema.check(connection)
        await connection.execute(query("privacy/lock_loading").text)
        ids = UserIds(options.source, options.pseudonym_key, forgotten_in(await privacy_state(connection)))
        file, error = ids.without_ids(failure.file), ids.without_ids(failure.error)
        await connection.execute(
            query("ingest/record_failure").text,
            attempt,
            file,
            options.source,
            f"{file}: {NOT_KEPT}" if ids.are_pseudonyms else error,
            failure.rejected,
            reasons,
        )
