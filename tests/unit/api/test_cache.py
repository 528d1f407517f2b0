import random
from typing import Any
from uuid import UUID

from evload.api.answers.cache import OVERHEAD_BYTES, Answer, Cache, name_bytes
from evload.api.contract.scope import EVERYTHING
from evload.watch import DataVersion

ROUTE = "/kpi/total-energy"


def answer(body: bytes = b"{}", version: int = 1) -> Answer:
    return Answer(ROUTE, DataVersion(version, UUID(int=version)), 200, body)


def test_the_etag_follows_version_body_and_encoding() -> None:
    one = answer(b"{}")
    assert one.etag(b"") == answer(b"{}").etag(b"")
    assert len({one.etag(b""), one.etag(b"gzip"), answer(b"[]").etag(b""), answer(b"{}", 2).etag(b"")}) == 4


def test_an_answer_is_found_by_its_key_and_its_alias() -> None:
    cache: Cache[Any] = Cache(100_000)
    one = answer()
    cache.put("key", one)
    cache.add_alias((ROUTE, b"a=1", EVERYTHING), one)
    assert cache.get("key") is one
    assert cache.aliases == {(ROUTE, b"a=1", EVERYTHING): one}
    cache.clear()
    assert cache.get("key") is None
    assert not cache.aliases


def test_an_answer_that_is_not_kept_gets_no_alias() -> None:
    cache: Cache[Any] = Cache(1000)
    large = answer(b"x" * 2000)
    cache.put("key", large)
    cache.add_alias((ROUTE, b"", EVERYTHING), large)
    assert cache.get("key") is None
    assert not cache.aliases


def test_a_cache_of_nothing_keeps_nothing() -> None:
    cache: Cache[Any] = Cache(0)
    cache.put("key", answer())
    assert cache.get("key") is None


def test_the_bound_in_bytes_holds_and_what_is_used_stays() -> None:
    room_for = 10
    key_and_alias_bytes = 28 + name_bytes((ROUTE, b"99", EVERYTHING))
    cache: Cache[Any] = Cache(room_for * (OVERHEAD_BYTES + 1000 + key_and_alias_bytes) + 100)
    favourite = answer(b"f" * 1000)
    cache.put("favourite", favourite)
    cache.add_alias((ROUTE, b"f", EVERYTHING), favourite)
    for number in range(100):
        one = answer(b"x" * 1000)
        cache.put(number, one)
        cache.add_alias((ROUTE, str(number).encode(), EVERYTHING), one)
        assert cache.get("favourite") is favourite
    kept = [number for number in range(100) if cache.get(number)]
    assert kept == list(range(91, 100))
    assert len(cache.aliases) == room_for


def test_compressing_counts() -> None:
    cache: Cache[Any] = Cache(2 * OVERHEAD_BYTES + 5000)
    one = answer(random.Random(1).randbytes(2560))
    cache.put("one", one)
    cache.put("two", answer(b"x" * 2000))
    one.encoded(b"gzip")
    cache.reweigh(one)
    assert [key for key in ("one", "two") if cache.get(key)] != ["one", "two"]


def test_an_answer_that_takes_the_place_of_another_is_counted_once() -> None:
    cache: Cache[Any] = Cache(10 * (OVERHEAD_BYTES + 1000))
    for number in range(100):
        cache.put("key", answer(b"x" * 500))
        cache.add_alias((ROUTE, b"%d" % number, EVERYTHING), answer_of(cache, "key"))
        assert cache.aliases == {(ROUTE, b"%d" % number, EVERYTHING): answer_of(cache, "key")}
    cache.put("other", answer())
    assert cache.get("key")


def test_replaced_answers_keep_their_aliases_and_other_answers_are_dropped() -> None:
    cache: Cache[Any] = Cache(100_000)
    for name in ("polled", "seen once"):
        cache.put(name, answer())
    cache.add_alias((ROUTE, b"polled", EVERYTHING), answer_of(cache, "polled"))
    assert cache.polled_keys() == ["polled"]
    renewed = answer(version=2)
    cache.replace_all({"polled": renewed})
    assert cache.polled_keys() == []
    assert cache.aliases == {(ROUTE, b"polled", EVERYTHING): renewed}
    assert cache.get("polled") is renewed
    assert cache.get("seen once") is None


def answer_of(cache: Cache[Any], key: str) -> Answer:
    found = cache.get(key)
    assert found is not None
    return found
