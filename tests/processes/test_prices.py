"""The market moves while the trader is away; afterwards every cent is accounted for."""

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

from tests.processes.product import Product, strategy

DEEP = 10  # percent
TWO = strategy() + strategy("other", "ETH", "always_short")


def both_open(product: Product) -> bool:
    return (
        product.size("BTC") > 0 and product.size("ETH") < 0 and all(product.stops(s) for s in ("BTC", "ETH"))
    )


def gives_up(product: Product) -> int:
    """Give how many percent past its trigger a stop fills no more: a deeper gap is left to the trader."""
    return int(import_module(f"venues.{product.venue}.paper").VENUE.stop_worst_percent)


def move(product: Product, symbol: str, factor: Decimal) -> None:
    product.price(symbol, (product.mark(symbol) * factor).quantize(Decimal("0.1")))


def check_killed_by_loss(product: Product, strategy_id: str, symbol: str) -> None:
    def kill() -> dict[str, Any]:
        return product.row(strategy_id, symbol)["kill"] or {}

    product.eventually(kill, 10, f"the loss on {symbol} booked and the strategy killed")
    product.eventually(lambda: kill()["state"] == "flat_confirmed", 15, f"flat confirmed on {symbol}")
    assert (kill()["cause"], kill()["limit"]) == ("loss", 20)
    row = product.row(strategy_id, symbol)
    assert row["is_killed"]
    assert kill()["total_pnl_flat"] == row["total_pnl"] < -20
    assert product.size(symbol) == 0
    assert not product.stops(symbol)


def test_stops_fire_while_the_trader_is_frozen_and_it_kills_when_it_wakes(
    start: Callable[..., Product],
) -> None:
    product = start(strategies=TWO + strategy("deep", "SOL"), speed="0")
    for key in ("momentum/BTC", "deep/SOL"):
        assert product.change(key, max_strategy_loss=20).status_code == 200
    product.eventually(lambda: both_open(product) and product.stops("SOL"), 20, "three trades with stops")
    with product.frozen(product.venue):
        move(product, "BTC", 1 - (gives_up(product) - Decimal("0.5")) / 100)
        move(product, "SOL", 1 - Decimal(DEEP) / 100)
        product.eventually(lambda: product.size("BTC") == 0, 15, "the stop fired at the venue")
        product.eventually(lambda: not product.stops("SOL"), 15, "the stop below a deep gap used up")
        assert (product.size("SOL") == 0) == (gives_up(product) >= DEEP)
        assert product.size("ETH") < 0
    check_killed_by_loss(product, "momentum", "BTC")
    check_killed_by_loss(product, "deep", "SOL")
    assert not product.row("other", "ETH")["is_killed"]
    assert product.row("other", "ETH")["position"]["side"] == "short"
    product.eventually(product.agrees, 5, "the account to the cent")


def test_all_strategies_together_equal_the_account_to_the_cent(start: Callable[..., Product]) -> None:
    product = start(strategies=TWO, speed="0")
    product.eventually(lambda: both_open(product), 20, "two trades with their stops")
    for factor in ("1.001", "0.998", "1.0005"):
        for symbol in ("BTC", "ETH"):
            move(product, symbol, Decimal(factor))
        product.eventually(product.agrees, 8, f"the account to the cent after × {factor}")
    assert product.order("close").status_code == 200
    product.eventually(lambda: product.size("BTC") == 0 and not product.stops("BTC"), 8, "the trade closed")
    product.eventually(product.agrees, 8, "the account to the cent after a close")
    pm = sum((row["total_pnl"] for row in product.rows()), Decimal(0))
    trader = sum((row["total_pnl"] for row in product.trader_rows()), Decimal(0))
    assert abs(pm - trader) < Decimal("0.01")
