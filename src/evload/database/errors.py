"""The one place where an error of the driver becomes ours."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from evload.errors import EvloadError


class DatabaseUnavailable(EvloadError):
    message = "The database cannot be reached. Try again in a moment."


class NoRoom(DatabaseUnavailable):
    message = "The database has no room for another connection. Try again in a moment."


class QueryFailed(EvloadError):
    message = "The database could not answer this request."


class TooBusy(EvloadError):
    message = "Too many requests are waiting for the database. Try again in a moment."


CONNECTION_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
DRIVER_ERRORS = (OSError, *CONNECTION_ERRORS)

# SQLSTATE, or its class of two characters -> what the client is told. Never the driver's own text: it may hold
# addresses, SQL or data.
MEANINGS: dict[str, EvloadError] = {
    "57014": QueryFailed("The query took too long and was stopped. Ask for a shorter range."),
    "42P01": QueryFailed("The database has no evload tables yet. Run `evload migrate`."),
    "55000": QueryFailed("The views in the database are empty, as after a restore. Run `evload refresh`."),
    "42883": QueryFailed("The tables in the database are of an older evload. Run `evload migrate`."),
    "42501": QueryFailed("The database's user lacks rights. `evload roles` prints those that evload needs."),
    "42704": DatabaseUnavailable("DATABASE_URL has a word after its ? that the server does not know. Remove it."),
    "25006": QueryFailed("This database is a read-only standby. Name its primary in DATABASE_URL."),
    "40": DatabaseUnavailable("The database gave the query up for a change of its primary. Try again in a moment."),
    "08P01": DatabaseUnavailable(
        "What answers at DATABASE_URL refuses how evload connects. If it is a pooler, remove the words after the ?,"
        " such as options, or let it ignore them (ignore_startup_parameters)."
    ),
    "08": DatabaseUnavailable(),
    "26000": DatabaseUnavailable("A pooler before the database mixes connections up. Use its session mode."),
    "42P05": DatabaseUnavailable("A pooler before the database mixes connections up. Use its session mode."),
    "28P01": DatabaseUnavailable(
        "The database does not accept evload's user or password."
        " In DATABASE_URL, the characters @ : / % # ? of a password are written %40 %3A %2F %25 %23 %3F."
    ),
    "28": DatabaseUnavailable(
        "The database does not let evload's user in from here. Look at sslmode in DATABASE_URL, and at its pg_hba.conf."
    ),
    "3D": DatabaseUnavailable("The database that evload should use does not exist."),
    "53100": QueryFailed("The database's disk is full. Make room there, then try again."),
    "53200": QueryFailed("The database is out of memory. Try again in a moment, or with less at once."),
    "53300": NoRoom(),
    "53400": QueryFailed("This needs more than the database's configuration allows. Try again with less at once."),
    "53": DatabaseUnavailable("The database is short of resources. Try again in a moment."),
    "57P": DatabaseUnavailable(),
}
CERTIFICATE = DatabaseUnavailable(
    "The certificate of the database's server was not accepted. Look at sslmode and sslrootcert in DATABASE_URL."
)


def translated(error: Exception) -> EvloadError:
    """The one place where a driver's error becomes ours."""
    if isinstance(error, asyncpg.PostgresError):
        return _meaning(error.sqlstate or "")
    if isinstance(error, ssl.SSLError):
        return DatabaseUnavailable(str(CERTIFICATE))
    return DatabaseUnavailable()


def _meaning(state: str) -> EvloadError:
    for known in (state, state[:3], state[:2]):
        if known in MEANINGS:
            meaning = MEANINGS[known]
            return type(meaning)(str(meaning))
    return QueryFailed()


def reason_of(error: asyncpg.PostgresError) -> str:
    """What a person at the command line is told: Postgres' own words, or ours where they say what to do."""
    return str(MEANINGS[error.sqlstate]) if error.sqlstate in ("25006", "42501") else str(error.args[0])


@contextmanager
def driver_errors_translated() -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translated(error) from error
