"""The bare minimum: an fsync, a loopback round trip, bytes served from memory, a Decimal compared."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from tests.processes.product import ROOT, free_port

MESSAGE = b"x" * 400  # about the size of a small request
PAGE = b"\0" * 4096


@contextmanager
def fsync(folder: Path) -> Iterator[Any]:
    """Give a step that appends a page to a file and waits until the disk has it."""
    with (folder / "fsync").open("ab", buffering=0) as file:

        def step() -> None:
            file.write(PAGE)
            os.fsync(file.fileno())

        yield step


@contextmanager
def round_trip() -> Iterator[Any]:
    """Give a step that sends a message over loopback TCP and waits for its echo."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=echo, args=(server,), daemon=True).start()
        with socket.create_connection(server.getsockname()) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def step() -> None:
                wire.sendall(MESSAGE)
                got = 0
                while got < len(MESSAGE):
                    got += len(wire.recv(4096))

            yield step


def echo(server: socket.socket) -> None:
    """Send back what one client sends, until it is gone."""
    wire, _ = server.accept()
    with wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while part := wire.recv(4096):
            wire.sendall(part)


def compare() -> Any:
    """Give a step that subtracts a Decimal and compares: a kill check with nothing around it."""
    total, loss, limit = Decimal("-12.345678"), Decimal("0.123456"), Decimal("-50")

    def step() -> bool:
        return total - loss < limit

    return step


@contextmanager
def bytes_from_memory(body: bytes, folder: Path) -> Iterator[Any]:
    """Give a step that GETs the bytes from a bare ASGI application on the product's own server."""
    file, port = folder / "bytes", free_port()
    file.write_bytes(body)
    process = subprocess.Popen([sys.executable, "-m", "bench.served", str(file), str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}/"
    session = requests.Session()
    session.trust_env = False

    def step() -> bytes:
        return session.get(url, timeout=5).content

    try:
        wait_for(step)
        yield step
    finally:
        process.terminate()
        process.wait(10)


def wait_for(step: Any, limit_s: float = 20) -> None:
    """Wait until a step stops failing to connect."""
    until = time.monotonic() + limit_s
    while True:
        try:
            step()
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
