import gzip
import sys
from uuid import UUID

import pytest

from evload.api.answers.cache import Answer
from evload.api.answers.representation import Negotiation, is_held
from evload.watch import DataVersion

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ETAG = b'"1-abc"'


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        (b"", b""),
        (b"identity", b""),
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"GZIP;q=0.5", b"gzip"),
        (b"gzip;q=0, zstd;q=0.0", b""),
        (b"br, gzip ;q=1.0", b"gzip"),
        (b"xgzip", b""),
    ],
)
def test_the_better_encoding_that_the_client_takes(accepted: bytes, encoding: bytes) -> None:
    negotiation = Negotiation()
    assert negotiation.encoding(accepted) == negotiation.encoding(accepted) == encoding


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (ETAG, True),
        (b"*", True),
        (b'W/"1-abc"', True),
        (b'"0-x", W/"1-abc"', True),
        (b'"0-x","1-ab"', False),
        (b'"1-abc-gzip"', False),
        (b"", False),
    ],
)
def test_if_none_match(condition: bytes, held: bool) -> None:
    assert is_held(condition, ETAG) is held


def test_compressed_bodies_are_made_once_and_come_back() -> None:
    answer = Answer("/users", DataVersion(1, UUID(int=1)), 200, b'["A-1"]' * 1000)
    assert gzip.decompress(answer.encoded(b"gzip")) == answer.body
    assert zstd.decompress(answer.encoded(b"zstd")) == answer.body
    assert answer.encoded(b"gzip") is answer.encoded(b"gzip")
