"""A venue of a few lines: answers what a test tells it to, and keeps what it was asked."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

UNIVERSE = [
    {"name": "BTC", "szDecimals": 5, "maxLeverage": 40},
    {"name": "ETH", "szDecimals": 4, "maxLeverage": 25},
]
BREAK = -1  # instead of a status: the connection is closed without an answer


async def until(condition: Callable[[], object], limit_s: float = 5.0) -> None:
    """Wait for a condition; fails past the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


@dataclass
class Stub:
    """What the stub was posted and what it answers to `/exchange` and to each type of `/info`."""

    url: str = ""
    actions: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: str = '{"status":"ok","response":{"type":"default"}}'
    wait_s: float = 0.0
    info: dict[str, Any] = field(default_factory=lambda: {"meta": {"universe": UNIVERSE}})
    info_status: int = 200

    def answer(self, path: str, asked: dict[str, Any]) -> tuple[int, str]:
        if path == "/info":
            self.questions.append(asked)
            return self.info_status, json.dumps(self.info.get(asked["type"]))
        self.actions.append(asked)
        time.sleep(self.wait_s)
        return self.status, self.body


@contextmanager
def running_stub() -> Iterator[Stub]:
    """Give a stub that listens on a free port until the block ends."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, text = stub.answer(self.path, asked)
            if status == BREAK:
                self.close_connection = True
                return
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
