"""Peer (c), the limit: an ASGI function that always sends the same bytes, run by evload's own serve.py.

python limit.py ANSWER PORT WORKERS, where the file ANSWER holds {"status", "headers", "body"} as JSON.
"""

import gc
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from evload import serve
from evload.settings import Settings


def bare_app(answer: str, *_: Any, **__: Any) -> ASGIApp:
    known = json.loads(answer)
    headers = [(name.encode(), value.encode()) for name, value in known["headers"]]
    start = {"type": "http.response.start", "status": known["status"], "headers": headers}
    body = {"type": "http.response.body", "body": known["body"].encode()}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send(start)
            await send(body)
            return
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    gc.freeze()  # as evload does
    return app


if __name__ == "__main__":
    answer_file, port, workers = sys.argv[1:]
    # The same server with the same settings as evload: all but the application and what it does to connections.
    replaced = {"protocol_class": lambda: HttpToolsProtocol, "_app": partial(bare_app, Path(answer_file).read_text())}
    assert replaced.keys() <= vars(serve).keys(), "evload's serve.py has other names by now"
    vars(serve).update(replaced)
    settings = Settings(database_url="postgresql://nobody@nowhere/nothing")
    serve.serve(settings, serve.listen("127.0.0.1", int(port)), int(workers), lambda: None)
