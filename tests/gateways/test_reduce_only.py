"""Reduce-only travels with every kind of order that says so, and with none that does not."""

from decimal import Decimal
from typing import Any

import pytest

from tests.gateways.lighter_stub import BTC
from venues.hyperliquid.gateway import _sdk_order
from venues.lighter.drafts import draft
from venues.lighter.rules import market_of
from venues.trader.gateway import OrderRequest

KINDS: dict[str, dict[str, Any]] = {
    "at once": {},
    "resting": {"ioc": False},
    "post-only": {"ioc": False, "post_only": True},
    "stop": {"ioc": False, "kind": "stop", "trigger": Decimal(39_000)},
}
LIGHTER = market_of(BTC, {"current_taker_fee_tick": 0, "current_maker_fee_tick": 0})


def travels(venue: str, order: OrderRequest) -> bool:
    if venue == "hyperliquid":
        return bool(_sdk_order(order)["reduce_only"])
    return bool(draft(order, LIGHTER, 1_795_335_000_000).reduce_only)


@pytest.mark.parametrize("venue", ["hyperliquid", "lighter"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reduce_only", [True, False])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_reduce_only_travels_with_every_kind_of_order(
    venue: str, kind: str, reduce_only: bool, side: Any
) -> None:
    given = {"kind": "close", **KINDS[kind]}
    order = OrderRequest(
        client_id=7,
        symbol="BTC",
        side=side,
        size=Decimal("0.01"),
        price=Decimal(38_000),
        reduce_only=reduce_only,
        **given,
    )
    assert travels(venue, order) is reduce_only
