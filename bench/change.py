"""Where a change spends its time: PUT to PM, PM's commit, the wire, the trader's commit, the reply."""

import itertools
import statistics
import time
from pathlib import Path

import requests

from bench import bare
from bench.table import ROUNDS, Step, alone, beside, heading, seconds
from bench.tap import Tap
from tests.processes.product import Product, free_port, strategy

TIMES = 20
HOPS = (
    "PM: request in, checked, committed, sent on",
    "trader: wire, checked, committed, answered",
    "PM: answer stored, reply out",
)


class Tapped(Product):
    """The product with a tap between PM and its trader."""

    def start_process(self, name: str) -> None:
        """Start the trader on a port of its own; PM knows the tap's."""
        known = self.environment["HYPERLIQUID_PORT"]
        if name == "hyperliquid":
            self.ports["hyperliquid"] = free_port()
            self.tap = Tap(int(known), self.ports["hyperliquid"])
            self.environment["HYPERLIQUID_PORT"] = str(self.ports["hyperliquid"])
        super().start_process(name)
        self.environment["HYPERLIQUID_PORT"] = known


def run(folder: Path) -> None:
    """Print the hops of a change beside a bare fsync and a bare loopback round trip."""
    product = Tapped(folder, strategies=strategy(), speed="0")
    try:
        product.start()
        with bare.fsync(folder) as fsync, bare.round_trip() as round_trip:
            measure(product, fsync, round_trip)
    finally:
        product.stop()
        product.tap.close()


def keeping_alive(authorization: str) -> requests.Session:
    """Give a session that keeps its connection and shows the credentials."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = authorization
    return session


def measure(product: Tapped, fsync: Step, round_trip: Step) -> None:
    """Take rounds of fsyncs, round trips, questions to the trader and changes; print the medians."""
    cents = itertools.cycle(range(400, 600))
    url = f"{product.url}/api/risk/hyperliquid/momentum/BTC"
    session = keeping_alive(f"Token {product.token()}")
    secret = (product.var_dir / "secrets" / "HYPERLIQUID_TRADER_TOKEN").read_text().strip()
    trader = keeping_alive(f"Bearer {secret}")
    hops: list[list[float]] = [[], [], []]
    rounds: dict[str, list[float]] = {"change": [], "fsync": [], "loopback": [], "asked": []}

    def change() -> None:
        wanted = next(cents) / 100
        began = time.perf_counter()
        answer = session.put(url, json={"stop_loss_dollars": wanted}, timeout=5)
        ended = time.perf_counter()
        row = answer.json()
        assert (answer.status_code, row["sync"], row["stop_loss_dollars"]) == (200, "applied", wanted), (
            answer.text
        )
        sent, came = product.tap.requests[-1], product.tap.answers[-1]
        for hop, took in zip(hops, (sent - began, came - sent, ended - came), strict=True):
            hop.append(took)

    steps = {
        "fsync": fsync,
        "loopback": round_trip,
        "asked": lambda: trader.get(f"{product.trader_url}/api/strategies/momentum/BTC", timeout=5),
        "change": change,
    }
    change()
    for _ in range(ROUNDS):
        for name, step in steps.items():
            rounds[name].append(seconds(step, TIMES))
    found = {name: statistics.median(measured) for name, measured in rounds.items()}
    heading(f"A changed stop loss, {ROUNDS} rounds of {TIMES}, PM and trader as processes, synchronous=FULL")
    for what, hop in zip(HOPS, hops, strict=True):
        alone(f"  {what}", statistics.median(hop))
    alone("  of the trader's, the wire and an answer without a commit", found["asked"])
    bare_chain = 2 * found["fsync"] + 2 * found["loopback"]
    alone("bare fsync of a page", found["fsync"])
    alone("bare loopback round trip", found["loopback"])
    beside(
        "change: PUT → both commits → reply", found["change"], "two fsyncs and two round trips", bare_chain
    )
