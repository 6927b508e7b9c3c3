"""The guard in front of Django: paths that could be read in two ways, bodies that are too large."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.house.raw_paths import FINE_PATHS, TRICKS
from venues.serving.guard import BODY_LIMIT, Guard, Message, Receive, Scope, Send
from venues.serving.parsers import strict_json


class Behind:
    """An application that answers 200 and remembers what it was given."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            message = await receive()
            assert not message["more_body"]
            self.bodies.append(message["body"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def parts_of(body: bytes, size: int = 1000) -> Iterator[Message]:
    for start in range(0, max(len(body), 1), size):
        more = start + size < len(body)
        yield {"type": "http.request", "body": body[start : start + size], "more_body": more}


async def ask(
    guard: Guard, raw_path: bytes = b"/", body: bytes = b"", headers: Any = (), **scope: Any
) -> tuple[list[Message], int]:
    """Give what the guard sent and how many messages it took from the client."""
    sent: list[Message] = []
    taken = 0
    parts = parts_of(body)

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return next(parts)

    async def send(message: Message) -> None:
        sent.append(message)

    path = raw_path.decode("latin-1")
    whole = {"type": "http", "path": path, "raw_path": raw_path, "root_path": "", "headers": list(headers)}
    await guard({**whole, **scope}, receive, send)
    return sent, taken


def test_there_are_enough_tricks() -> None:
    assert len(set(TRICKS)) >= 60


@pytest.mark.parametrize("path", TRICKS, ids=repr)
async def test_a_path_that_could_be_read_in_two_ways_is_refused(path: bytes) -> None:
    behind = Behind()
    sent, _ = await ask(Guard(behind), path)
    assert sent[0]["status"] == 400
    assert strict_json(sent[1]["body"])["code"] == "bad_path"
    assert behind.scopes == []


@pytest.mark.parametrize("path", TRICKS, ids=repr)
async def test_a_socket_on_such_a_path_is_closed(path: bytes) -> None:
    behind = Behind()
    sent, _ = await ask(Guard(behind), path, type="websocket")
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert behind.scopes == []


@pytest.mark.parametrize("path", FINE_PATHS, ids=repr)
async def test_a_plain_path_passes(path: bytes) -> None:
    behind = Behind()
    sent, _ = await ask(Guard(behind), path)
    assert sent[0]["status"] == 200


async def test_a_client_s_root_path_is_cleared() -> None:
    behind = Behind()
    await ask(Guard(behind), b"/api/risk/strategies", root_path="/api")
    assert behind.scopes[0]["root_path"] == ""


async def test_a_path_without_its_raw_form_is_looked_at_too() -> None:
    sent, _ = await ask(Guard(Behind()), raw_path=b"", path="/a/../b")
    assert sent[0]["status"] == 400


@pytest.mark.parametrize("length", [None, b"true"], ids=["no length", "a length that is no number"])
async def test_a_large_body_is_refused_by_its_bytes(length: bytes | None) -> None:
    behind = Behind()
    headers = [(b"content-length", length)] if length else []
    sent, taken = await ask(Guard(behind), body=b"x" * (BODY_LIMIT * 3), headers=headers)
    assert sent[0]["status"] == 413
    assert strict_json(sent[1]["body"])["code"] == "too_large"
    assert taken < 100, "the whole body was taken in"
    assert behind.scopes == []


@pytest.mark.parametrize("length", [str(BODY_LIMIT + 1).encode(), b"9" * 20, b"9" * 5000])
async def test_a_large_body_is_refused_by_its_length_before_it_is_read(length: bytes) -> None:
    sent, taken = await ask(Guard(Behind()), body=b"x", headers=[(b"content-length", length)])
    assert (sent[0]["status"], taken) == (413, 0)


async def test_a_length_that_lies_is_not_believed() -> None:
    headers = [(b"content-length", b"10")]
    sent, _ = await ask(Guard(Behind()), body=b"x" * (BODY_LIMIT + 1), headers=headers)
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, BODY_LIMIT])
async def test_a_body_up_to_the_limit_arrives_whole(size: int) -> None:
    behind = Behind()
    body = bytes(index % 251 for index in range(size))
    sent, _ = await ask(Guard(behind), body=body, headers=[(b"content-length", str(size).encode())])
    assert sent[0]["status"] == 200
    assert behind.bodies == [body]


async def test_a_path_may_have_a_limit_of_its_own() -> None:
    guard = Guard(Behind(), {"/bulk": BODY_LIMIT * 2})
    body = b"x" * (BODY_LIMIT + 1)
    assert (await ask(guard, b"/bulk", body))[0][0]["status"] == 200
    assert (await ask(guard, b"/other", body))[0][0]["status"] == 413
    assert (await ask(guard, b"/bulk", body * 2))[0][0]["status"] == 413


async def test_what_is_neither_http_nor_socket_passes_untouched() -> None:
    behind = Behind()
    await Guard(behind)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]  # never called
    assert behind.scopes == [{"type": "lifespan"}]
