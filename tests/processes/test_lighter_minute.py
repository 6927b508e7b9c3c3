"""Lighter's 60 reads a minute over restarts: a trader killed -9 again and again still closes and confirms."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.product import Product, strategy

STARTS = 11  # reads of a start: all once, but markets, and candles where the market's time stands apart
LEAST_STARTS = 3
SPENT = 45  # of the minute's reads; the other 15 are kept for closing


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """A Lighter trader with its trade open, at an exchange that counts."""
    running = Product(tmp_path, venue="lighter", strategies=strategy(), speed="0")
    try:
        yield running.start()
    finally:
        running.stop()


def reads(product: Product, name: str) -> int:
    """Give a count of the trader's reads, "spent" in this minute or "refused"."""
    for line in product.trader("GET", "/metrics").text.splitlines():
        if line.startswith("trader_gateway_reads_" + name):
            return int(float(line.split()[-1]))
    return 0


def settled(product: Product) -> bool:
    """Tell whether the trader has read what a start reads, or all that it may."""
    if not product.trader_answers():
        return False
    ready = product.trader("GET", "/api/account").json()["equity"] is not None
    return ready or reads(product, "refused") > 0


def test_a_trader_killed_with_9_time_and_again_closes_and_confirms_with_what_is_kept(
    product: Product,
) -> None:
    product.eventually(lambda: product.size() and len(product.stops()) == 1, 60, "a trade with its stop")
    before = reads(product, "spent")
    starts = 0
    while not reads(product, "refused"):
        product.kill9("lighter")
        product.start_process("lighter")
        product.eventually(lambda: settled(product), 15, "what a start reads")
        starts += 1
        assert reads(product, "spent") <= before + starts * STARTS
    assert starts >= LEAST_STARTS
    assert reads(product, "spent") == SPENT
    product.kill9("lighter")
    assert product.size()
    product.manage("kill", "lighter", "momentum", "BTC")
    product.start_process("lighter")
    product.eventually(product.trader_answers, 15, "the trader answering")
    product.eventually(
        lambda: (product.trader_row()["kill"] or {}).get("state") == "flat_confirmed", 8, "flat confirmed"
    )
    assert not product.account()["positions"]
    assert not product.stops()
