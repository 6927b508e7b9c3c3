"""A bare ASGI application on the product's server: `python -m bench.served FILE PORT`."""

from venues.serving.server import serve  # isort: skip  # must be the process's first Twisted import

import sys
from pathlib import Path
from typing import Any

BODY = Path(sys.argv[1]).read_bytes()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request with the same bytes."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    sys.exit(serve(application, "127.0.0.1", int(sys.argv[2])))
