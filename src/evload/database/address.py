"""Reads the address of the database: its hosts in order, which of them will do, and the words that only libpq knows."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import sample
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from evload.database.errors import CERTIFICATE, DatabaseUnavailable

Target = Literal["any", "primary", "read-write", "read-only", "standby", "prefer-standby"]
HOST_SECONDS = 2.0  # for each of several hosts: a silent one must not use up the time of the next
ONLY_HOST_SECONDS = 5.0
LEAST_SECONDS = 2  # as libpq: one second could be over at once
# Words of libpq, or of others' drivers, about what asyncpg does not do or does by itself.
# fmt: off
IGNORED = frozenset((
    "application_name", "channel_binding", "client_encoding", "fallback_application_name", "gssdelegation",
    "gssencmode", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
    "max_protocol_version", "min_protocol_version", "pgbouncer", "replication", "require_auth", "requirepeer",
    "requiressl", "sslcertmode", "sslcompression", "sslkeylogfile", "sslsni", "tcp_user_timeout",
))
# fmt: on
USED = frozenset({"connect_timeout", "host", "load_balance_hosts", "port", "target_session_attrs"})
FILES = frozenset({"sslcert", "sslkey", "sslrootcert"})
WRONG = (
    "The address of the database cannot be right. Look at DATABASE_URL;"
    " the characters @ : / % # ? of a password are written %40 %3A %2F %25 %23 %3F there."
)


@dataclass(frozen=True)
class Host:
    """A name, or the folder of a socket. `None` stands for what asyncpg takes where nothing is said."""

    name: str | None = None
    port: int | None = None


@dataclass(frozen=True)
class Address:
    dsn: str
    """For asyncpg, without hosts that are listed here and without words that it does not know."""
    hosts: tuple[Host, ...]
    target: Target | None
    """Which of the hosts will do. Where nothing is said, asyncpg looks for `PGTARGETSESSIONATTRS`."""
    seconds: float
    is_shuffled: bool
    ssl: ssl.SSLContext | None

    @classmethod
    def parse(cls, dsn: str) -> "Address":
        """Raises DatabaseUnavailable where the text is no address."""
        try:
            return cls._parse(dsn)
        except ValueError as error:
            raise DatabaseUnavailable(WRONG) from error

    @classmethod
    def _parse(cls, dsn: str) -> "Address":
        parts = urlsplit(dsn)
        if parts.fragment or "@" in parts.path or parts.netloc.count("@") > 1:
            raise ValueError("a part of the password stands outside of it")
        words = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        hosts = tuple(_hosts(parts.netloc.rpartition("@")[2], words.get("host", ""), words.get("port", "")))
        is_system = words.get("sslrootcert") == "system"
        known = {name: value for name, value in words.items() if name not in IGNORED | USED}
        if is_system:
            known = {name: value for name, value in known.items() if name not in ("sslrootcert", "sslmode")}
        if not all(Path(known[name]).is_file() for name in FILES & known.keys()):
            raise DatabaseUnavailable(str(CERTIFICATE))
        user = parts.netloc.rpartition("@")[0]
        return cls(
            dsn=urlunsplit(parts._replace(netloc=f"{user}@" if user else "", query=urlencode(known))),
            hosts=hosts or (Host(),),
            target=_target(words.get("target_session_attrs")),
            seconds=_seconds(words.get("connect_timeout"), len(hosts)),
            is_shuffled=words.get("load_balance_hosts") == "random",
            ssl=ssl.create_default_context() if is_system else None,
        )

    def in_order(self) -> list[Host]:
        return sample(self.hosts, len(self.hosts)) if self.is_shuffled else list(self.hosts)

    def arguments(self, host: Host) -> dict[str, Any]:
        """What asyncpg needs to know to connect to one host."""
        return {
            "dsn": self.dsn,
            "host": host.name,
            "port": host.port,
            "timeout": self.seconds,
            "target_session_attrs": "any" if self.target else None,
            **({"ssl": self.ssl} if self.ssl else {}),
        }


def _hosts(netloc: str, names: str, ports: str) -> Iterator[Host]:
    """From `host1:1,host2:2`, or from `host=a,b` and `port=1,2`, of which one port holds for all."""
    numbers = [int(port) if port else None for port in ports.split(",")]
    named = [_split(one) for one in (netloc or names).split(",")] if netloc or names else []
    if len(numbers) == 1:
        numbers *= len(named)
    if len(numbers) != len(named):
        raise ValueError("there are not as many ports as hosts")
    for (name, own_port), port in zip(named, numbers, strict=True):
        yield Host(name, own_port or port)


def _split(host: str) -> tuple[str, int | None]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, int(rest[1:]) if rest else None
    name, _, port = host.partition(":")
    return unquote(name), int(port) if port else None


def _target(word: str | None) -> Target | None:
    if word is None:
        return None
    for known in get_args(Target):
        if word == known:
            return known  # type: ignore[no-any-return]
    raise ValueError("no such target_session_attrs")


def _seconds(word: str | None, hosts: int) -> float:
    if word and int(word) > 0:
        return float(max(int(word), LEAST_SECONDS))
    return HOST_SECONDS if hosts > 1 else ONLY_HOST_SECONDS
