"""The trader's faces behind Daphne itself: what a real client's bytes get."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests
import websockets

from tests.trader_api.processes import fake_trader

pytestmark = pytest.mark.processes
TOKEN = "of-the-test"
PROGRAM = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with fake_trader(tmp_path_factory.mktemp("var"), HYPERLIQUID_TRADER_TOKEN=TOKEN) as (found, _):
        yield found


def status_of(url: str, request: bytes) -> int:
    """Send raw bytes; give the status of the answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as raw:
        raw.sendall(request)
        return int(raw.recv(4096).split(b" ")[1])


def head(line: str, *headers: bytes) -> bytes:
    return b"\r\n".join([f"{line} HTTP/1.1".encode("latin-1"), b"Connection: close", *headers, b"", b""])


HOST = b"Host: 127.0.0.1"
GOOD = b"Authorization: Bearer of-the-test"


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("GET /api/strategies", [HOST, GOOD], 200),
        ("GET /healthz", [HOST], 200),
        ("GET /api/strategies", [HOST], 401),
        ("GET /api/strategies", [HOST, b"Authorization: Bearer \xff\xfe"], 401),
        ("GET /api/strategies", [HOST, b"Authorization: Bearer gr\xc3\xbcn"], 401),
        ("GET /api/strategies", [HOST, b"Authorization:"], 401),
        ("GET /api/strategies", [HOST, GOOD, GOOD], 401),
        ("GET /api/strategies", [b"Host: evil.example", GOOD], 400),
        ("GET /api/strategies", [HOST, b"Host: evil.example", GOOD], 400),
        ("GET /api/strategies/a%2Fkill", [HOST, GOOD], 400),
        ("GET /api/strategies/../metrics", [HOST, GOOD], 400),
        ("GET /x/api/strategies", [HOST, b"Daphne-Root-Path: /x"], 404),
        ("GET /api/strategies/shares/xyz%3ATSLA", [HOST, GOOD], 200),
        ("PUT /api/strategies/momentum/BTC/settings", [HOST, GOOD, b"Content-Length: 70000"], 0),
        ("POST /api/kill-all", [HOST, GOOD], 404),
    ],
)
def test_an_answer_by_the_bytes_of_the_request(
    url: str, line: str, headers: list[bytes], status: int
) -> None:
    if status:
        assert status_of(url, head(line, *headers)) == status
    else:
        assert status_of(url, head(line, *headers) + b" " * 70_000) == 413


async def handshake(url: str, headers: dict[str, str], path: str = "/ws") -> int:
    try:
        async with websockets.connect(url.replace("http", "ws") + path, additional_headers=headers) as opened:
            first = json.loads(await opened.recv())
            assert (first["type"], first["seq"]) == ("snapshot", 1)
            return 101
    except websockets.InvalidStatus as refused:
        return int(refused.response.status_code)


def test_a_handshake_is_let_in_by_the_token_alone(url: str) -> None:
    async def all_of_them() -> list[int]:
        return [
            await handshake(url, PROGRAM),
            await handshake(url, {}),
            await handshake(url, {"Authorization": "Bearer wrong"}),
            await handshake(url, {**PROGRAM, "Origin": "http://evil.example"}),
            await handshake(url, PROGRAM, "/ws/nothing"),
        ]

    assert asyncio.run(all_of_them()) == [101, 401, 401, 403, 403]


def test_a_kill_over_http_arrives_on_the_socket_at_once(url: str) -> None:
    async def kill() -> list[str]:
        async with websockets.connect(
            url.replace("http", "ws") + "/ws", additional_headers=PROGRAM
        ) as opened:
            await opened.recv()
            path = f"{url}/api/strategies/momentum/BTC/kill"
            answer = await asyncio.to_thread(requests.post, path, headers=PROGRAM, timeout=5)
            assert answer.status_code == 200
            kinds = []
            while "strategy" not in kinds:
                kinds.append(json.loads(await opened.recv())["type"])
            return [kind for kind in kinds if kind != "heartbeat"]

    assert asyncio.run(kill()) == ["killed", "strategy"]


def test_static_files_are_served_beside_the_api(url: str) -> None:
    answer = requests.get(f"{url}/static/nothing.css", timeout=5)
    assert answer.status_code == 404
    assert answer.headers["x-content-type-options"] == "nosniff"
