import random

from evload.api.cache import OVERHEAD_BYTES, Answer, Cache

ROUTE = "/kpi/total-energy"


def answer(body: bytes = b"{}", version: int = 1) -> Answer:
    return Answer(ROUTE, version, 200, body)


def test_the_etag_follows_version_body_and_encoding() -> None:
    one = answer(b"{}")
    assert one.etag(b"") == answer(b"{}").etag(b"")
    assert len({one.etag(b""), one.etag(b"gzip"), answer(b"[]").etag(b""), answer(b"{}", 2).etag(b"")}) == 4


def test_an_answer_is_found_by_its_key_and_its_alias() -> None:
    cache, one = Cache(100_000), answer()
    cache.put("key", one)
    cache.name((ROUTE, b"a=1"), one)
    assert cache.get("key") is one
    assert cache.aliases == {(ROUTE, b"a=1"): one}
    cache.clear()
    assert cache.get("key") is None
    assert not cache.aliases


def test_an_answer_that_is_not_kept_gets_no_alias() -> None:
    cache, large = Cache(1000), answer(b"x" * 2000)
    cache.put("key", large)
    cache.name((ROUTE, b""), large)
    assert cache.get("key") is None
    assert not cache.aliases


def test_a_cache_of_nothing_keeps_nothing() -> None:
    cache = Cache(0)
    cache.put("key", answer())
    assert cache.get("key") is None


def test_the_bound_in_bytes_holds_and_what_is_used_stays() -> None:
    room_for = 10
    cache = Cache(room_for * (OVERHEAD_BYTES + 1000))
    favourite = answer(b"f" * 1000)
    cache.put("favourite", favourite)
    cache.name((ROUTE, b"f"), favourite)
    for number in range(100):
        one = answer(b"x" * 1000)
        cache.put(number, one)
        cache.name((ROUTE, str(number).encode()), one)
        assert cache.get("favourite") is favourite
    kept = [number for number in range(100) if cache.get(number)]
    assert kept == list(range(91, 100))
    assert len(cache.aliases) == room_for


def test_compressing_counts() -> None:
    cache, one = Cache(2 * OVERHEAD_BYTES + 5000), answer(random.Random(1).randbytes(2560))
    cache.put("one", one)
    cache.put("two", answer(b"x" * 2000))
    one.encoded(b"gzip")
    cache.weigh(one)
    assert [key for key in ("one", "two") if cache.get(key)] != ["one", "two"]
