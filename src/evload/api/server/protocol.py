"""The connections of a worker: uvicorn's, which need no task and no ASGI message for what is in memory."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from evload.api.server.hot import HotPath, Wish

# To copy so much is cheaper than to let the kernel gather it.
COPIED_BYTES = 16_384


class HotProtocol(HttpToolsProtocol):
    """Answers from a `HotPath` application's memory as soon as a request's headers are read.

    A client that polls sends the same bytes again and again. What they ask for is remembered, so that they are not even
    parsed the next time. All other applications, and requests, get what uvicorn does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hot = self.app if isinstance(self.app, HotPath) else None
        self._wishes = self._hot.wishes.known if self._hot else {}
        self._wish: Wish | None = None
        self._requests_in_piece = 0
        self._is_between_requests = True
        self._is_answered = False
        self._answered_at = 0.0

    def data_received(self, data: bytes) -> None:
        begins_a_request = self._is_between_requests
        if begins_a_request and (wish := self._wishes.get(data)) and self._is_free() and self._answer(wish):
            return
        self._wish, self._requests_in_piece = None, 0
        super().data_received(data)
        if self._hot and self._wish and begins_a_request and self._requests_in_piece == 1:
            self._hot.wishes.learn(data, self._wish)

    def on_message_begin(self) -> None:
        self._is_between_requests = False
        self._requests_in_piece += 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._hot and self._is_free() and self._is_plain():
            wish = self._hot.wish(self.url, self.headers)
            if wish and self._answer(wish):
                self._wish, self._is_answered = wish, True
                return
        # An answer just before this request, in the same piece of data, has set the clock of an idle connection.
        self._unset_keepalive_if_required()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_between_requests = True
        if self._is_answered:
            self._is_answered = False
        else:
            super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """To set the clock anew at every answer would cost more than the answer, so it is looked at when it rings."""
        left_seconds = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left_seconds > 0:
            self._set_keepalive(left_seconds)
        else:
            super().timeout_keep_alive_handler()

    def _set_keepalive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _is_free(self) -> bool:
        """Nothing is under way on the connection, and it takes what is written."""
        cycle = self.cycle
        return (cycle is None or cycle.response_complete) and not self.flow.write_paused

    def _is_plain(self) -> bool:
        """A GET on a connection that stays open."""
        parser = self.parser
        return parser.get_method() == b"GET" and parser.should_keep_alive() and parser.get_http_version() == "1.1"

    def _answer(self, wish: Wish) -> bool:
        answer = self._hot.at_once(wish) if self._hot else None
        if answer is None:
            return False
        self._write(*answer)
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._set_keepalive(self.timeout_keep_alive)
        return True

    def _write(self, status: int, lines: bytes, body: bytes) -> None:
        head = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            head += (name, b": ", value, b"\r\n")
        if len(body) <= COPIED_BYTES:
            self.transport.write(b"".join((*head, lines, body)))
        else:
            self.transport.writelines((b"".join((*head, lines)), body))
