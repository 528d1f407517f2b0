"""What the database's schema must look like before anybody works with it: light enough to ask at every start."""

import zoneinfo

import asyncpg

from evload.errors import EvloadError
from evload.queries import names_of_schema, query
from evload.resources import folder


class WrongSchema(EvloadError):
    """The database's tables are missing or of another evload."""


OWN_DATABASE = (
    "Give evload a database of its own, or a schema of its own, with ?options=-csearch_path%3DNAME in DATABASE_URL."
)


class WrongTimezone(EvloadError):
    """The time zone cannot be used."""


def newest_revision() -> str:
    """The files are named after their revisions, which are numbered."""
    return max(path.name.partition("_")[0] for path in (folder("migrations") / "versions").glob("[0-9]*.py"))


async def current_revision(connection: asyncpg.Connection) -> str | None:
    """Raises WrongSchema where another program noted its revision."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    noted = await connection.fetchrow("SELECT to_jsonb(noted) ->> 'version_num' FROM alembic_version AS noted LIMIT 1")
    if noted is None:  # after a downgrade
        return None
    if noted[0] is None or not await connection.fetchval(query("site/is_evloads").text):
        raise WrongSchema(f"The table alembic_version in the database is another program's. {OWN_DATABASE}")
    revision: str = noted[0]
    return revision


async def is_behind(connection: asyncpg.Connection) -> bool:
    found = await current_revision(connection)
    return found is None or found < newest_revision()


async def check(connection: asyncpg.Connection) -> None:
    """Raises WrongSchema, saying what to do."""
    found, newest = await current_revision(connection), newest_revision()
    if found is None:
        raise WrongSchema("The database has no evload tables yet. Run `evload migrate`.")
    if found > newest:
        raise WrongSchema("The database was migrated by a newer evload. Update this one.")
    if found < newest:
        raise WrongSchema("The database's tables are of an older evload. Run `evload migrate`.")


async def check_complete(connection: asyncpg.Connection) -> None:
    """Looks at the catalogue alone, and so waits for nobody. Raises WrongSchema, saying what to do."""
    lacking = await connection.fetch(query("site/lacking").text, names_of_schema())
    if not all(one["is_there"] for one in lacking):
        raise WrongSchema("Something of evload's schema is missing. Restore the database from a backup.")
    if lacking:
        raise WrongSchema("A view was never filled. Run `evload refresh`.")


async def settle_timezone(connection: asyncpg.Connection, wanted: str | None) -> str:
    """The site's time zone. An empty database takes the wanted one; after that it stays, as the days depend on it.

    Raises WrongTimezone for an unknown zone, and where the database keeps rows on another one.
    """
    kept: str = await connection.fetchval(query("site/timezone").text)
    if wanted is None or wanted == kept:
        return kept
    if wanted not in zoneinfo.available_timezones():
        raise WrongTimezone(f"EVLOAD_TIMEZONE: {wanted!r} is no IANA time zone. Write it like Europe/Oslo.")
    changed = await connection.fetchval(query("site/set_timezone").text, wanted)
    if changed is None:
        raise WrongTimezone(
            f"The rows in this database are on the clock of {kept}, but EVLOAD_TIMEZONE says {wanted}. "
            f"Set it to {kept}, or use an empty database."
        )
    return wanted
