"""Two traders on two venues under one console: one fall of the market, one bulk update, one crash."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.processes.product import BTC_JANUARY, VENUES, Product, strategy

CENT = Decimal("0.01")
BALANCE = Decimal(10000)
ROW = {"strategy_id": "momentum", "symbol": "BTC"}


class Both:
    """A supervised product with both traders; asks each trader and account in turn."""

    def __init__(self, product: Product) -> None:
        self.product = product

    def each(self, ask: Callable[[], Any]) -> dict[str, Any]:
        """Give what `ask` gives with the product turned to each venue."""
        answers = {}
        for venue in VENUES:
            self.product.venue = venue
            answers[venue] = ask()
        return answers

    def eventually(self, probe: Callable[[], bool], limit_s: float, what: str) -> None:
        self.product.eventually(lambda: all(self.each(probe).values()), limit_s, what)

    def difference(self) -> Decimal:
        """Give the exchange's profit on one account less what its trader shows."""
        shown = sum((row["total_pnl"] for row in self.product.trader_rows()), Decimal(0))
        account = self.product.trader("GET", "/api/account").json(parse_float=Decimal)
        return (
            Decimal(self.product.account()["equity"])
            - BALANCE
            - shown
            - Decimal(account["unattributed"] or 0)
        )


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Both]]:
    started: list[Product] = []

    def start(**options: Any) -> Both:
        product = Product(tmp_path, supervised=True, strategies=strategy(), **options).start()
        started.append(product)
        both = Both(product)
        both.eventually(
            lambda: product.trader_answers() and product.source()["status"] == "online", 40, "both online"
        )
        return both

    yield start
    for product in started:
        product.stop()


def test_one_fall_kills_both_and_each_equals_its_account(begin: Callable[..., Both]) -> None:
    both = begin(speed="0")
    product = both.product
    both.eventually(
        lambda: product.size() > 0 and bool(product.stops()), 30, "a trade with its stop on each venue"
    )
    both.each(lambda: product.change("momentum/BTC", max_strategy_loss=15))
    product.price("BTC", (product.mark() * Decimal("0.9")).quantize(Decimal(1)))
    both.eventually(lambda: product.row()["is_killed"], 15, "both killed")
    both.eventually(lambda: product.row()["kill"]["state"] == "flat_confirmed", 30, "both confirmed flat")
    assert both.each(product.size) == dict.fromkeys(VENUES, 0)
    assert not any(both.each(product.stops).values())
    both.eventually(lambda: abs(both.difference()) < CENT, 10, "each account to the cent")
    assert all(row["total_pnl"] < -15 for row in both.each(product.row).values())


def test_bulk_update_tells_both_traders_and_gives_a_result_per_row(begin: Callable[..., Both]) -> None:
    both = begin(speed="0")
    product = both.product
    updates = [{"source": venue, **ROW, "stop_loss_dollars": 4} for venue in VENUES]
    both.eventually(lambda: product.row()["sync"] == "applied", 20, "both adopted")
    answer = product.api("POST", "/api/risk/bulk-update", {"updates": updates}, product.token())
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(one["source"], one["status"]) for one in results] == [(venue, "applied") for venue in VENUES]
    assert both.each(lambda: product.trader_row()["stop_loss_dollars"]) == dict.fromkeys(VENUES, 4)


def test_a_trader_that_dies_leaves_the_other_untouched(begin: Callable[..., Both]) -> None:
    both = begin(speed="0")
    product = both.product
    product.venue = "lighter"
    before = product.pid("lighter")
    product.kill9("hyperliquid")
    product.venue = "hyperliquid"
    product.eventually(
        lambda: product.trader_answers() and product.source()["status"] == "online", 20, "back"
    )
    assert product.pid("lighter") == before
    product.venue = "lighter"
    assert product.source()["status"] == "online"


@pytest.mark.slow
@pytest.mark.skipif(not BTC_JANUARY.exists(), reason="the recorded month is not here")
def test_a_recorded_fall_kills_both(begin: Callable[..., Both]) -> None:
    both = begin(feed=f"replay:{BTC_JANUARY}", speed="6000")
    product = both.product
    both.eventually(lambda: product.row()["sync"] == "applied", 20, "both adopted")
    both.each(lambda: product.change("momentum/BTC", max_strategy_loss=12, risk_per_trade=5))
    both.eventually(lambda: product.row()["is_killed"], 300, "both killed by the month")
    both.eventually(lambda: product.row()["kill"]["state"] == "flat_confirmed", 60, "both confirmed flat")
    assert both.each(product.size) == dict.fromkeys(VENUES, 0)
