"""Addresses of databases: every host, in order, and words that only libpq knows."""

import pytest

from evload.database.address import HOST_SECONDS, ONLY_HOST_SECONDS, Address, Host
from evload.database.errors import DatabaseUnavailable

HOSTS = {
    "postgresql://u@h/db": [Host("h")],
    "postgresql://u:p@h:5433/db": [Host("h", 5433)],
    "postgresql://u@h1:1,h2,h3:3/db": [Host("h1", 1), Host("h2"), Host("h3", 3)],
    "postgresql://u@/db?host=a,b&port=1,2": [Host("a", 1), Host("b", 2)],
    "postgresql://u@/db?host=a,b&port=7": [Host("a", 7), Host("b", 7)],
    "postgresql://u@[::1]:5433,[fe80::2]/db": [Host("::1", 5433), Host("fe80::2")],
    "postgresql://u@%2Frun%2Fpg:5433/db": [Host("/run/pg", 5433)],
    "postgresql:///db?host=/run/pg": [Host("/run/pg")],
    "postgresql://": [Host()],
}


@pytest.mark.parametrize("dsn", HOSTS)
def test_hosts_are_read_in_order(dsn: str) -> None:
    assert Address.parse(dsn).in_order() == HOSTS[dsn]


def test_only_words_that_asyncpg_or_the_server_knows_go_on() -> None:
    address = Address.parse(
        "postgresql://u:p%40@h/db?channel_binding=require&connect_timeout=3&pgbouncer=true&sslmode=require"
        "&options=-csearch_path%3Dev&keepalives_idle=5&target_session_attrs=primary"
    )
    assert address.dsn == "postgresql://u:p%40@/db?sslmode=require&options=-csearch_path%3Dev"
    assert (address.seconds, address.target) == (3, "primary")


def test_one_silent_host_leaves_time_for_the_others() -> None:
    assert Address.parse("postgresql://h/db").seconds == ONLY_HOST_SECONDS
    assert Address.parse("postgresql://h,i/db").seconds == HOST_SECONDS
    assert Address.parse("postgresql://h,i/db?connect_timeout=0").seconds == HOST_SECONDS
    assert Address.parse("postgresql://h,i/db?connect_timeout=1").seconds == 2


def test_hosts_are_drawn_where_the_load_is_to_be_spread() -> None:
    address = Address.parse("postgresql://a,b,c/db?load_balance_hosts=random")
    assert {tuple(address.in_order()) for _ in range(200)} > {tuple(address.hosts)}
    assert set(address.in_order()) == set(address.hosts)


def test_the_systems_certificates_are_no_file() -> None:
    address = Address.parse("postgresql://u@h/db?sslmode=verify-full&sslrootcert=system")
    assert address.ssl is not None
    assert address.ssl.check_hostname
    assert "ssl" not in address.dsn


@pytest.mark.parametrize("password", ["a@b", "a:b@c", "a/b", "a#b", "1#b", "1/b", "a?b"])
def test_a_password_that_is_not_escaped_is_told(password: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="%40 %3A %2F %25 %23 %3F"):
        Address.parse(f"postgresql://u:{password}@host/db")


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://h:x/db",
        "postgresql://[::1/db",
        "postgresql://h/db?target_session_attrs=leader",
        "postgresql://h/db?connect_timeout=soon",
        "postgresql:///db?host=a,b,c&port=1,2",
        "postgresql://h/db?sslmode",
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="Look at DATABASE_URL"):
        Address.parse(dsn)
