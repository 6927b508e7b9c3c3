"""The one ASGI guard in front of Django: raw paths, root_path, body size (stack.md, "Paths")."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from venues.contract.errors import Refused, status_of
from venues.serving.parsers import dump_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
NO_CREDENTIALS = 4001  # a handshake that is closed with it is answered 401 (see server.py)
Headers = list[tuple[bytes, bytes]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Browsers escape `:` and `@` of a symbol; every other escape would be decoded before matching.
ESCAPE = re.compile(rb"%(?!3[Aa]|40)")
SEGMENT = re.compile(rb"(?:^|/)\.{1,2}(?:/|$)|//|\x00|\\")

BODY_LIMIT = 64 * 1024


def is_bad_path(raw_path: bytes) -> bool:
    """Tell whether a raw path could be read in two ways."""
    return bool(ESCAPE.search(raw_path) or SEGMENT.search(raw_path)) or not raw_path.startswith(b"/")


class Guard:
    """Answers 400 `bad_path` and 413 `too_large` before Django sees a request."""

    def __init__(self, application: Application, limits: dict[str, int] | None = None) -> None:
        """`limits` gives paths a body limit of their own, in bytes."""
        self.application = application
        self.limits = limits or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is acceptable."""
        if scope["type"] not in {"http", "websocket"}:
            await self.application(scope, receive, send)
            return
        scope = {**scope, "root_path": ""}
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        if is_bad_path(raw_path.split(b"?")[0]):
            await refuse(scope, send, Refused("The path is not acceptable.", code="bad_path"))
            return
        if scope["type"] == "http":
            limit = self.limits.get(scope["path"], BODY_LIMIT)
            body = await read_body(scope, receive, limit)
            if body is None:
                said = f"The body is larger than {limit} bytes."
                await refuse(scope, send, Refused(said, code="too_large"))
                return
            scope["headers"] = measured(scope["headers"], len(body))
            receive = replay(body, receive)
        await self.application(scope, receive, send)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """Give the whole body, or None once it passes the limit."""
    length = dict(scope["headers"]).get(b"content-length", b"0").lstrip(b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def measured(headers: Headers, size: int) -> Headers:
    """Give the headers with the length of a body that came in chunks: who finds none reads no body."""
    if not size or any(name == b"content-length" for name, _ in headers):
        return headers
    return [*headers, (b"content-length", str(size).encode())]


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a receive that hands over the body once, then what really comes."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


async def refuse(scope: Scope, send: Send, error: Refused) -> None:
    """Answer an HTTP request with the error, close a WebSocket handshake."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4400})
        return
    body = dump_json(error.body()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})
