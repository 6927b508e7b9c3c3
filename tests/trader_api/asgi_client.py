"""Asks an ASGI application the way Daphne does: raw paths, lower-case headers, no shortcuts."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from urllib.parse import unquote

from asgiref.testing import ApplicationCommunicator

LIMIT_S = 3


def talk_to(application: Any, scope: dict[str, Any]) -> Any:
    """Give the conversation with an application."""
    return ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)


def scope(kind: str, path: str, headers: Mapping[str, str], client: str) -> dict[str, Any]:
    raw, _, query = path.partition("?")
    named = {"host": "127.0.0.1:9002", **headers}
    encoded = [
        (name.lower().encode(), value.encode("latin-1")) for name, value in named.items() if value is not None
    ]
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": encoded,
        "client": (client, 51234),
        "server": ("127.0.0.1", 9002),
        "subprotocols": [],
    }


async def ask(
    application: Any,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    client: str = "127.0.0.1",
) -> Answer:
    """Give the answer to one request."""
    given = {"content-length": str(len(body)), **(headers or {})}
    talk = talk_to(application, {**scope("http", path, given, client), "method": method})
    await talk.send_input({"type": "http.request", "body": body, "more_body": False})
    start = await talk.receive_output(LIMIT_S)
    parts = []
    while True:
        message = await talk.receive_output(LIMIT_S)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    await talk.wait(LIMIT_S)
    received = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], received, b"".join(parts))


class Socket:
    """One WebSocket; `accepted` tells whether the handshake was let in."""

    def __init__(
        self, application: Any, path: str, headers: Mapping[str, str], client: str = "127.0.0.1"
    ) -> None:
        self.talk = talk_to(application, scope("websocket", path, headers, client))
        self.accepted = False

    async def __aenter__(self) -> Self:
        await self.talk.send_input({"type": "websocket.connect"})
        first = await self.talk.receive_output(LIMIT_S)
        self.accepted = first["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.talk.send_input({"type": "websocket.disconnect", "code": 1000})
        with suppress(asyncio.CancelledError):
            await self.talk.wait(LIMIT_S)

    async def next(self, *kinds: str) -> Any:
        """Give the next message, of these kinds where any are named."""
        while True:
            message = await self.talk.receive_output(LIMIT_S)
            data = json.loads(message["text"], parse_float=Decimal)
            if not kinds or data["type"] in kinds:
                return data

    async def say(self, text: str) -> None:
        await self.talk.send_input({"type": "websocket.receive", "text": text})
