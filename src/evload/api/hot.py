"""Answers what is known without a look at routing, validation or Postgres; the application does the rest.

Every microsecond here is paid by every poll: hence one function, its parts in local names, and a dictionary look-up in
the place of each decision.
"""

from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from evload.api.cache import Cache
from evload.api.metrics import Metrics
from evload.api.representation import Representations, messages


def hot_path(app: ASGIApp, cache: Cache[Any], representations: Representations, metrics: Metrics) -> ASGIApp:
    aliases, count_hit, make_variant = cache.aliases, metrics.hit, representations.hot

    async def answer_or_pass_on(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        answer = aliases.get((scope["path"], scope["query_string"]))
        if answer is None or scope["method"] not in ("GET", "HEAD"):
            return await app(scope, receive, send)
        began = perf_counter()
        answer.used = True
        accepted = origin = condition = b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted = value
            elif name == b"if-none-match":
                condition = value
            elif name == b"origin":
                origin = value
        variant = answer.variants.get((accepted, origin))
        if variant is None:
            variant = await make_variant(answer, accepted, origin)
        start, body = messages(variant, condition)
        await send(start)
        await send(body)
        return count_hit(answer.route, start["status"], perf_counter() - began)

    return answer_or_pass_on
