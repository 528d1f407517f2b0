"""The commands for the people behind the ids: forgetting one, and exporting all that is kept about one."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evload.command import ask, database, on_a_database, run, say, without_asking
from evload.errors import shown

if TYPE_CHECKING:
    from evload.ingest.forget import Erasure


@click.command(
    help="""Take out all that is kept about a USER, and leave the user out of every load from now on.

    In one transaction go the rows, also overwritten ones, the sessions and the sums. What evload cannot reach is named:
    files, rejects files, backups. With EVLOAD_PSEUDONYM_KEY set, USER is the plain id.
    """
)
@click.argument("user")
@without_asking
@on_a_database
def forget(user: str, yes: bool, data_dir: Path | None) -> None:
    from evload.ingest import forget as forgetting

    with database(data_dir, create=False) as (settings, dsn):
        ask(f"Forget user {shown(user)} for good? No unload and no load brings anything of it back.", yes=yes)
        erasure = run(forgetting.forget(dsn, user, settings.pseudonym_key_bytes))
    click.echo(shown(_done(user, erasure)))
    for line in _not_reached(erasure):
        say(line)


def _done(user: str, erasure: "Erasure") -> str:
    if erasure.was_known and not (erasure.rows or erasure.sessions or erasure.overwritten):
        return f"{user} was forgotten already; nothing is kept. Data version {erasure.data_version}."
    return (
        f"{user} is forgotten: {erasure.rows:,} rows, {erasure.sessions:,} charging sessions and"
        f" {erasure.overwritten:,} overwritten ones are gone. Data version {erasure.data_version}."
    )


def _not_reached(erasure: "Erasure") -> Iterator[str]:
    yield "Not reached, and yours to look through:"
    yield "  the files that were loaded, and copies of them"
    yield "  rejects files, in the folders that they were written to"
    yield from (f"    {files}" for files in erasure.rejecting)
    yield "  backups, archived WAL, standbys that lag on purpose, logs: docs/privacy.md says what to do"


@click.command(
    "export-user",
    help="""Write all that is kept about a USER to a new FILE, as JSON.

    Rows, also overwritten ones, sessions, sums, places, and the files that brought them. With EVLOAD_PSEUDONYM_KEY set,
    USER is the plain id.
    """,
)
@click.argument("user")
@click.argument("file", type=click.Path(path_type=Path))
@on_a_database
def export_user(user: str, file: Path, data_dir: Path | None) -> None:
    from evload.ingest.export_user import document_of, require_new, write

    require_new(file)
    with database(data_dir, create=False) as (settings, dsn):
        written = write(run(document_of(dsn, user, settings.pseudonym_key_bytes)), file)
    click.echo(f"{shown(file)}: {written:,} bytes, all that is kept about {shown(user)}")


COMMANDS = (forget, export_user)
