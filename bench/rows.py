"""GET of 200 rows after a write, beside the same bytes served from memory by the same server."""

import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench import bare
from bench.change import keeping_alive
from bench.table import ROUNDS, beside, heading
from bench.trader import trader_of
from tests.processes.product import Product

COUNT, TIMES = 200, 20


class Alone(Product):
    """PM by itself; its trader answers from memory."""

    def start(self, wait: bool = True) -> "Alone":
        """Prepare and start PM."""
        self.prepare()
        self.start_process("pm")
        if wait:
            self.eventually(lambda: self.link() == "online", 60, "PM with its trader online")
        return self


def run(folder: Path) -> None:
    """Print both sides."""
    product = Alone(folder)
    with trader_of(COUNT, product.ports["hyperliquid"]):
        try:
            product.start()
            token = product.token()
            product.eventually(lambda: len(product.rows()) == COUNT, 20, f"{COUNT} rows")
            body = product.api("GET", "/api/risk/strategies", token=token).content
            with bare.bytes_from_memory(body, folder) as from_memory:
                measure(product, token, from_memory, len(body))
        finally:
            product.stop()


def measure(product: Product, token: str, from_memory: Callable[[], bytes], size: int) -> None:
    """Write, then read both sides; every read of ours carries what was just written."""
    session = keeping_alive(f"Token {token}")
    url, cents = f"{product.url}/api/risk", itertools.cycle(range(400, 600))
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    for _ in range(ROUNDS):
        ours.append([])
        theirs.append([])
        for _ in range(TIMES):
            wanted = next(cents) / 100
            put = session.put(f"{url}/hyperliquid/s0/BTC", json={"stop_loss_dollars": wanted}, timeout=5)
            assert put.status_code == 200, put.text
            began = time.perf_counter()
            answer = session.get(f"{url}/strategies", timeout=5).content
            ours[-1].append(time.perf_counter() - began)
            assert f'"stop_loss_dollars":{wanted:g}' in answer.decode(), "the read is older than the write"
            began = time.perf_counter()
            from_memory()
            theirs[-1].append(time.perf_counter() - began)
    heading(f"GET of {COUNT} rows ({size // 1024} KiB), each after a write, {ROUNDS} rounds of {TIMES}")
    mine, bytes_ = (statistics.median(map(statistics.median, side)) for side in (ours, theirs))
    beside("GET /api/risk/strategies", mine, "the same bytes from memory", bytes_, "≤ × 1.5")
