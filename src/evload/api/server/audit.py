"""Writes a line for each request that was denied, and no more than a disk can bear."""

import logging
from time import monotonic

from starlette.types import Scope

from evload.errors import shown

LINES = 60
IN_SECONDS = 60.0
MAX_PATH_CHARACTERS = 200

log = logging.getLogger(__name__)


class Audit:
    """The query string is left out: a client may have put its token there."""

    def __init__(self) -> None:
        self._since = monotonic()
        self._told = self._left_out = 0

    def denied(self, scope: Scope, status: int, token_name: str | None) -> None:
        if monotonic() - self._since >= IN_SECONDS:
            self._begin_again()
        if self._told >= LINES:
            self._left_out += 1
            return
        self._told += 1
        client = scope["client"][0] if scope.get("client") else "an unknown address"
        path = shown(scope["path"][:MAX_PATH_CHARACTERS])
        by = f"token {token_name}" if token_name else "no token that holds"
        # Written out, as the log counts what comes again in the same words and tells some of it alone.
        log.warning(f"Denied with {status}: {shown(scope['method'])} {path} from {client}, {by}.")

    def _begin_again(self) -> None:
        if self._left_out:
            log.warning("%d more requests were denied, and are not told one by one.", self._left_out)
        self._since, self._told, self._left_out = monotonic(), 0, 0
