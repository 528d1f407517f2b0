"""The connections of a worker: uvicorn's, which need no task and no ASGI message for what is in memory."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# To copy so much is cheaper than to let the kernel gather it.
COPIED_BYTES = 16_384


class HotProtocol(HttpToolsProtocol):
    """Asks the application's `at_once`, if it has one, as soon as a request's headers are read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at_once = getattr(self.app, "at_once", None)
        self._is_answered = False

    def on_headers_complete(self) -> None:
        if self._at_once and self._is_plain():
            answer = self._at_once(self.url, self.headers)
            if answer is not None:
                self._is_answered = True
                self._write(*answer)
                self.on_response_complete()
                return
        # An answer just before this request, in the same piece of data, has set the clock of an idle connection.
        self._unset_keepalive_if_required()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self._is_answered:
            self._is_answered = False
        else:
            super().on_message_complete()

    def _is_plain(self) -> bool:
        """A GET on a connection that stays open, has nothing under way, and takes what is written."""
        parser, cycle = self.parser, self.cycle
        return (
            parser.get_method() == b"GET"
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
        )

    def _write(self, status: int, lines: bytes, body: bytes) -> None:
        head = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            head += (name, b": ", value, b"\r\n")
        if len(body) <= COPIED_BYTES:
            self.transport.write(b"".join((*head, lines, body)))
        else:
            self.transport.writelines((b"".join((*head, lines)), body))
