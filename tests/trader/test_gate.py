"""Reasons of the order gate that nothing else meets on its way (risk.md, "Order gate")."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House
from venues.trader.denied import Denied
from venues.trader.gate import check_opening


async def denied(house: House) -> str:
    """Let the strategy want a trade; gives why it got none."""
    await house.candle()
    said = house.row().last_denial
    assert said is not None
    assert house.opening_orders() == 0
    return said.reason


async def test_an_equity_that_is_not_fresh_opens_nothing_until_it_is_read_again(house: House) -> None:
    await house.start()
    core = house.engine.core
    core.account_at, core.account_read_since_connect = house.time.seconds - 10.01, False
    assert await denied(house) == "equity not fresh"
    core.wants_reconcile.set()
    await house.pass_(3)
    assert house.opening_orders() == 1


async def test_a_market_that_no_longer_trades_opens_nothing(house: House) -> None:
    await house.start()
    state = house.engine.core.markets["BTC"]
    state.market = replace(state.known, active=False)
    assert await denied(house) == "market not active"


@pytest.mark.parametrize(
    ("buy", "limit", "inside"),
    [(True, 50_250, True), (True, 50_251, False), (False, 49_750, True), (False, 49_749, False)],
)
async def test_a_price_is_at_most_half_a_percent_from_the_mark(
    house: House, buy: bool, limit: int, inside: bool
) -> None:
    await house.start()
    if inside:
        check_opening(house.engine.core, house.desk(), buy, Decimal(limit))
    else:
        with pytest.raises(Denied, match="price outside the collar"):
            check_opening(house.engine.core, house.desk(), buy, Decimal(limit))
    assert house.row(KEY).position is None
