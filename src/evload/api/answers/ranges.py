"""Parts of a kept export by `Range`, as readers of Parquet over HTTP ask for: its end first, then what they need."""

import re

from starlette.types import Message

from evload.api.answers.cache import Variant
from evload.api.answers.representation import EMPTY_BODY

ACCEPTED = (b"accept-ranges", b"bytes")
RANGE = re.compile(rb"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})")
WHOLE = (b"content-length", b"content-range")


def part(variant: Variant, asked: bytes, if_range: bytes) -> tuple[Message, Message] | None:
    """Returns the ASGI messages for the part, or that there is none; None if the whole is to be sent.

    Several ranges at once, and what is no range, are answered with the whole, as RFC 9110 allows.
    """
    found = RANGE.fullmatch(asked.strip())
    body: bytes = variant.body["body"]
    if found is None or found.group() == b"bytes=-" or (if_range and if_range != variant.etag):
        return None
    if found["first"] and found["last"] and int(found["last"]) < int(found["first"]):
        return None
    first, last = _bounds(found, len(body))
    if last < first:
        return _start(variant, 416, b"bytes */%d" % len(body), 0), EMPTY_BODY
    piece = body[first : last + 1]
    start = _start(variant, 206, b"bytes %d-%d/%d" % (first, last, len(body)), len(piece))
    return start, {"type": "http.response.body", "body": piece}


def _bounds(found: re.Match[bytes], size: int) -> tuple[int, int]:
    if not found["first"]:
        return max(0, size - int(found["last"])), size - 1
    return int(found["first"]), min(int(found["last"] or size), size - 1)


def _start(variant: Variant, status: int, content_range: bytes, length: int) -> Message:
    headers = [header for header in variant.start["headers"] if header[0] not in WHOLE]
    headers += [(b"content-length", str(length).encode()), (b"content-range", content_range)]
    return {"type": "http.response.start", "status": status, "headers": headers}
