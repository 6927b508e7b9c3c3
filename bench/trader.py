"""A trader of the minimal contract, answering from memory: what PM must work with, and nothing else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def row(number: int) -> dict[str, Any]:
    """Give a strategy with the nine fields and a revision."""
    return {
        "strategy_id": f"s{number}",
        "symbol": "BTC",
        "enabled": True,
        "risk_per_trade": 1,
        "stop_loss_dollars": 5,
        "max_strategy_loss": 50,
        "is_killed": False,
        "total_pnl": -12.34,
        "model_reward": 123.4,
        "revision": 0,
    }


class Handler(BaseHTTPRequestHandler):
    """Answers the list and takes settings."""

    protocol_version = "HTTP/1.1"
    rows: dict[str, dict[str, Any]]

    def do_GET(self) -> None:
        """Answer the list, 404 for anything else."""
        known = self.path == "/api/strategies"
        self._answer(200 if known else 404, {"strategies": list(self.rows.values())} if known else {})

    def do_PUT(self) -> None:
        """Take settings of one strategy."""
        found = self.rows.get(self.path.split("/")[3])
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if found is not None:
            found |= given
        self._answer(404 if found is None else 200, found or {})

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def trader_of(count: int, port: int) -> Iterator[None]:
    """Run a trader of so many strategies on a port."""
    handler = type("Rows", (Handler,), {"rows": {f"s{number}": row(number) for number in range(count)}})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
