"""The market moves while the trader is away; afterwards every cent is accounted for."""

from collections.abc import Callable
from decimal import Decimal

from tests.processes.product import Product, strategy

CENT = Decimal("0.01")
BALANCE = Decimal(10000)
# Lighter's stops give up 5 % past their trigger: what a deeper gap does is in test_both_venues.py.
FALL = {"hyperliquid": Decimal("0.9"), "lighter": Decimal("0.955")}


def difference(product: Product) -> Decimal:
    """Give the exchange's profit on the account less what all strategies and nobody's ledger show."""
    shown = sum((row["total_pnl"] for row in product.trader_rows()), Decimal(0))
    account = product.trader("GET", "/api/account").json(parse_float=Decimal)
    return Decimal(product.account()["equity"]) - BALANCE - shown - Decimal(account["unattributed"] or 0)


def agrees(product: Product) -> bool:
    return abs(difference(product)) < CENT


def both_open(product: Product) -> bool:
    return (
        product.size("BTC") > 0 and product.size("ETH") < 0 and all(product.stops(s) for s in ("BTC", "ETH"))
    )


def test_stops_fire_while_the_trader_is_frozen_and_it_kills_when_it_wakes(
    start: Callable[..., Product],
) -> None:
    product = start(strategies=strategy() + strategy("other", "ETH", "always_short"), speed="0")
    assert product.change("momentum/BTC", max_strategy_loss=20).status_code == 200
    product.eventually(lambda: both_open(product), 20, "two trades with their stops")
    with product.frozen(product.venue):
        product.price("BTC", (product.mark() * FALL[product.venue]).quantize(Decimal(1)))
        product.eventually(lambda: product.size("BTC") == 0, 15, "the stop fired at the venue")
        assert product.size("ETH") < 0
    product.eventually(lambda: product.row()["is_killed"], 10, "the loss booked and the strategy killed")
    product.eventually(lambda: product.row()["kill"]["state"] == "flat_confirmed", 15, "flat confirmed")
    row = product.row()
    assert (row["kill"]["cause"], row["kill"]["limit"]) == ("loss", 20)
    assert row["kill"]["total_pnl_flat"] == row["total_pnl"] < -20
    assert not product.row("other", "ETH")["is_killed"]
    assert product.row("other", "ETH")["position"]["side"] == "short"
    product.eventually(lambda: agrees(product), 5, "the account to the cent")


def test_all_strategies_together_equal_the_account_to_the_cent(start: Callable[..., Product]) -> None:
    product = start(strategies=strategy() + strategy("other", "ETH", "always_short"), speed="0")
    product.eventually(lambda: both_open(product), 20, "two trades with their stops")
    for factor in ("1.001", "0.998", "1.0005"):
        for symbol in ("BTC", "ETH"):
            product.price(symbol, (product.mark(symbol) * Decimal(factor)).quantize(Decimal("0.1")))
        product.eventually(lambda: agrees(product), 8, f"the account to the cent after × {factor}")
    assert product.order("close").status_code == 200
    product.eventually(lambda: product.size("BTC") == 0 and not product.stops("BTC"), 8, "the trade closed")
    product.eventually(lambda: agrees(product), 8, "the account to the cent after a close")
    pm = sum((row["total_pnl"] for row in product.rows()), Decimal(0))
    trader = sum((row["total_pnl"] for row in product.trader_rows()), Decimal(0))
    assert abs(pm - trader) < CENT
