"""Connects to the first host of an address that answers and will do, and recognises a pooler before it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, cast
from uuid import uuid4

import asyncpg
import orjson

from evload.database.address import WRONG, Address, Host, Target
from evload.database.errors import (
    CERTIFICATE,
    DRIVER_ERRORS,
    DatabaseUnavailable,
    driver_errors_translated,
    translated,
)
from evload.queries import query

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
CLOSE_SECONDS = 5
AnyConnection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class Connection(asyncpg.Connection):
    is_shared = False
    """Whether a pooler stands before the server, which may give each transaction another connection to it."""

    def get_reset_query(self) -> str:
        """Nothing to reset, as a pool only ever runs SELECTs. It saves a round trip for each, and keeps the clock."""
        return ""

    async def prepare(self, query: str, *, name: str | None = None, **options: Any) -> Any:
        """Under a name of its own where the server's connection may hold statements of others."""
        own = f"evload_{uuid4().hex}" if self.is_shared and name is None else name
        return await super().prepare(query, name=own, **options)


class _Server(NamedTuple):
    backend_pid: int
    is_standby: bool
    is_read_only: bool

    def will_do_as(self, target: Target) -> bool:
        return {
            "any": True,
            "primary": not self.is_standby,
            "read-write": not self.is_read_only,
            "read-only": self.is_read_only,
            "standby": self.is_standby,
            "prefer-standby": self.is_standby,
        }[target]


async def connect(dsn: str, purpose: str) -> Connection:
    """A connection named after its purpose. Raises DatabaseUnavailable.

    Nothing but the name is set while connecting: poolers refuse what they do not know.
    """
    address = Address.parse(dsn)
    wanted = address.target or "any"
    targets: tuple[Target, ...] = ("standby", "any") if wanted == "prefer-standby" else (wanted,)
    problem = DatabaseUnavailable(f"No host in DATABASE_URL is what target_session_attrs asks for: {wanted}.")
    for target in targets:
        for host in address.in_order():
            try:
                connection, server = await _connect_to(address, host, purpose)
            except DRIVER_ERRORS as error:
                meaning = translated(error)
                problem = meaning if isinstance(meaning, DatabaseUnavailable) else DatabaseUnavailable(str(meaning))
                continue
            if server.will_do_as(target):
                return connection
            await connection.close(timeout=CLOSE_SECONDS)
    raise problem


async def _connect_to(address: Address, host: Host, purpose: str) -> tuple[Connection, _Server]:
    """Prepared statements stay with a connection of the server, and are not used where a pooler shares these."""
    arguments = address.arguments(host) | {
        "connection_class": Connection,
        "server_settings": {"application_name": f"evload {purpose}"},
        "max_cacheable_statement_size": 0,  # no bound: long queries take long to plan
    }
    connection = await _connected(arguments)
    try:
        server = await _server(connection, address.seconds)
    except BaseException:
        connection.terminate()
        raise
    if server.backend_pid == connection.get_server_pid():
        return connection, server
    await connection.close(timeout=CLOSE_SECONDS)
    connection = await _connected({**arguments, "statement_cache_size": 0})
    connection.is_shared = True
    return connection, server


async def _connected(arguments: Mapping[str, Any]) -> Connection:
    try:
        connection: Connection = await asyncpg.connect(**arguments)
    except (ValueError, OverflowError) as error:
        if isinstance(error, DRIVER_ERRORS) and not isinstance(error, asyncpg.InterfaceError):
            raise
        raise DatabaseUnavailable(str(CERTIFICATE) if "certificate" in str(error) else WRONG) from error
    return connection


async def _server(connection: asyncpg.Connection, seconds: float) -> _Server:
    """By COPY, the one way to rows that needs no prepared statement, which a pooler would lose."""
    rows: list[bytes] = []

    async def take(row: bytes) -> None:
        rows.append(row)

    await connection.copy_from_query(query("site/server").text, output=take, format="csv", timeout=seconds)
    pid, *words = b"".join(rows).decode().strip().split(",")
    return _Server(int(pid), *(word == "t" for word in words))


def is_shared(connection: AnyConnection) -> bool:
    return cast("Connection", connection).is_shared


async def use_clock(connection: AnyConnection, settings: Mapping[str, str], *, is_local: bool) -> None:
    """Sets the site's clock and the settings: for the transaction, which a pooler keeps whole, or the connection."""
    await connection.execute(query("site/use_clock").text, orjson.dumps(dict(settings)).decode(), is_local)


@asynccontextmanager
async def kept_together(connection: Connection) -> AsyncIterator[None]:
    """Sends what is asked inside to one connection of the server, where a pooler could choose another in between."""
    if not connection.is_shared:
        yield
        return
    async with connection.transaction():
        yield


@asynccontextmanager
async def looking(dsn: str, purpose: str) -> AsyncIterator[Connection]:
    """A connection of one's own. Raises DatabaseUnavailable, QueryFailed."""
    connection = await connect(dsn, purpose)
    try:
        with driver_errors_translated():
            async with kept_together(connection):
                yield connection
    finally:
        await close(connection)


async def close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except DRIVER_ERRORS:  # it is broken already
        connection.terminate()
