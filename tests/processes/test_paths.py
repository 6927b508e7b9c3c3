"""Raw paths and bodies against the running processes: a 4xx in JSON, never a 5xx, and nothing changed."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.raw_paths import LINE_TRICKS
from tests.processes.product import VENUES, Product, strategy

NAMES = ("pm", *VENUES, "exchange")
TAILS = (b"", b"/kill", b"/settings")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("paths")
    running = Product(folder, strategies=strategy(), speed="0")
    try:
        running.start()
        for venue in VENUES[1:]:
            running.start_process(venue)
            running.venue = venue
            running.eventually(running.trader_answers, 30, f"{venue}'s trader answering")
        yield running
    finally:
        running.stop()


def ask(product: Product, name: str, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are; give status and body (0 where the connection was just closed)."""
    with socket.create_connection(("127.0.0.1", product.ports[name]), timeout=5) as wire:
        wire.sendall(request)
        answer = b""
        while part := wire.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]), body) if head else (0, b"")


def request(
    product: Product, name: str, method: bytes, path: bytes, body: bytes = b"", extra: bytes = b""
) -> bytes:
    host = f"127.0.0.1:{product.ports[name]}".encode()
    token = credentials(product, name)
    length = str(len(body)).encode()
    head = b"%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" % (method, path, host)
    return (
        head
        + token
        + b"Content-Type: application/json\r\nContent-Length: "
        + length
        + b"\r\n"
        + extra
        + b"\r\n"
        + body
    )


def credentials(product: Product, name: str) -> bytes:
    if name == "pm":
        return b"Authorization: Token " + product.token().encode() + b"\r\n"
    if name in VENUES:
        secret = (product.var_dir / "secrets" / f"{name.upper()}_TRADER_TOKEN").read_bytes().strip()
        return b"Authorization: Bearer " + secret + b"\r\n"
    return b""


def facts(product: Product) -> list[object]:
    names = ("enabled", "stop_loss_dollars", "is_killed", "revision", "epoch")
    found: list[object] = []
    for venue in VENUES:
        product.venue = venue
        found += [row[name] for row in product.trader_rows() for name in names]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_path_trick_gets_past_the_guard(product: Product, name: str) -> None:
    before = facts(product)
    for path in LINE_TRICKS:
        for tail in TAILS:
            for method in (b"GET", b"POST"):
                status, body = ask(
                    product, name, request(product, name, method, path + tail, b"{}" * (method == b"POST"))
                )
                assert status in {0, 400}, f"{method!r} {path + tail!r}: {status}"
                if status and body.startswith(b"{"):
                    assert json.loads(body)["code"] == "bad_path", path
    assert facts(product) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_root_path_of_the_client_s_own_changes_nothing(product: Product, name: str) -> None:
    plain = ask(product, name, request(product, name, b"GET", b"/healthz"))[0]
    moved = request(product, name, b"GET", b"/healthz", extra=b"Daphne-Root-Path: /healthz\r\n")
    assert plain == 200
    assert ask(product, name, moved)[0] == 200


@pytest.mark.parametrize("name", ["pm", *VENUES])
def test_large_bodies_are_refused_with_and_without_a_length(product: Product, name: str) -> None:
    path = b"/api/risk/hyperliquid/momentum/BTC" if name == "pm" else b"/api/strategies/momentum/BTC/settings"
    large = b'{"reason": "' + b"x" * 70_000 + b'"}'
    status, body = ask(product, name, request(product, name, b"PUT", path, large))
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(large), large)
    host = f"127.0.0.1:{product.ports[name]}".encode()
    head = b"PUT %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" % (
        path,
        host,
    )
    chunked = head + credentials(product, name) + b"Content-Type: application/json\r\n\r\n" + chunks
    status, body = ask(product, name, chunked)
    assert (status, json.loads(body)["code"]) == (413, "too_large")


@pytest.mark.parametrize("name", NAMES)
def test_a_path_that_is_not_ascii_is_no_failure_of_ours(product: Product, name: str) -> None:
    for path in ("/api/risk/hyperliquid/моmentum/BTC".encode(), b"/\xff\xfe", b"/api/\xc0\xaf"):
        assert ask(product, name, request(product, name, b"GET", path))[0] < 500


@pytest.mark.parametrize("name", NAMES)
def test_a_host_that_is_not_ours_is_refused(product: Product, name: str) -> None:
    line = b"GET /api/strategies HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n"
    status, _ = ask(product, name, line + credentials(product, name) + b"\r\n")
    assert 400 <= status < 500
