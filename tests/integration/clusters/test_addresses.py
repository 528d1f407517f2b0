"""What addresses lead to on a real server: words, passwords, rights and certificates, each told in its sentence."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from evload.database.connecting import connect
from evload.database.errors import DatabaseUnavailable
from tests.clusters import PostgresServer, servers

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to make a certificate with")


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with servers() as made:
        yield made.primary()


async def answer(dsn: str) -> str:
    """Of the server, or what is told instead."""
    try:
        connection = await connect(dsn, "test")
    except DatabaseUnavailable as error:
        return str(error)
    found: str = await connection.fetchval("SELECT 'fine'")
    await connection.close()
    return found


async def test_words_of_an_address(server: PostgresServer) -> None:
    assert await answer(f"{server.dsn}?channel_binding=prefer&keepalives=1&connect_timeout=3&pgbouncer=true") == "fine"
    assert await answer(f"{server.dsn}?search_path=public&options=-cwork_mem%3D8MB") == "fine"
    assert "a word after its ? that the server does not know" in await answer(f"{server.dsn}?nonsense=1")
    assert "does not exist" in await answer(server.dsn.replace("/postgres", "/nowhere"))
    assert "cannot be reached" in await answer("postgresql://evload@127.0.0.1:1/postgres")


async def test_passwords(server: PostgresServer) -> None:
    await server.execute("CREATE ROLE guarded LOGIN PASSWORD 'p@ss:w/rd#?%'")
    rules = server.folder / "pg_hba.conf"
    rules.write_text("host all guarded 127.0.0.1/32 scram-sha-256\nhost all evload 127.0.0.1/32 trust\n")
    await server.execute("SELECT pg_reload_conf()")
    escaped = "p%40ss%3Aw%2Frd%23%3F%25"
    assert await answer(server.dsn.replace("evload@", f"guarded:{escaped}@")) == "fine"
    wrong = await answer(server.dsn.replace("evload@", "guarded:wrong@"))
    assert "does not accept evload's user or password" in wrong
    assert "%40 %3A" in wrong
    assert "does not let evload's user in" in await answer(server.dsn.replace("evload@", "nobody@"))


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """Of a server that calls itself by this name, signed by nobody else. Its file is `server.crt`."""
    assert OPENSSL is not None
    made = ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    files = ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")]
    subprocess.run([OPENSSL, "req", "-x509", "-newkey", "rsa:2048", *made, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


@asynccontextmanager
async def speaking_tls(context: ssl.SSLContext) -> AsyncIterator[int]:
    """As Postgres begins to, as the one of the wheel cannot: gives the port."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"S")
        with suppress(OSError):
            await writer.start_tls(context)
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


@needs_openssl
async def test_certificates(tmp_path: Path) -> None:
    context, file = certificate(tmp_path, "elsewhere"), tmp_path / "server.crt"
    async with speaking_tls(context) as port:
        for words in (
            f"sslmode=verify-full&sslrootcert={file}",
            "sslmode=verify-full&sslrootcert=system",
            f"sslmode=verify-ca&sslrootcert={tmp_path / 'missing.crt'}",
            "sslmode=verify-full",
        ):
            told = await answer(f"postgresql://evload@127.0.0.1:{port}/evload?{words}")
            assert "certificate of the database's server was not accepted" in told, words
        told = await answer(f"postgresql://evload@127.0.0.1:{port}/evload?sslmode=verify-ca&sslrootcert={file}")
        assert "cannot be reached" in told
