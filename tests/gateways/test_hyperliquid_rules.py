"""Hyperliquid's ticks and lots: 5 significant figures, 6 − szDecimals decimals, integers always."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.contract.errors import BadAnswer
from venues.hyperliquid import wire
from venues.hyperliquid.rules import HyperliquidMarket, market_of

FEES = {"userCrossRate": "0.00045", "userAddRate": "0.00015"}
PRICES = st.decimals("0.0000001", "9999999", allow_nan=False, allow_infinity=False, places=9)


def market(size_decimals: int = 5, **row: object) -> HyperliquidMarket:
    return market_of({"name": "BTC", "szDecimals": size_decimals, "maxLeverage": 40, **row}, FEES)


def is_allowed(price: Decimal, size_decimals: int) -> bool:
    """The rule as the venue states it, on the digits themselves."""
    digits = price.normalize().as_tuple()
    exponent = int(digits.exponent)
    if exponent >= 0:
        return True
    return len(digits.digits) <= 5 and -exponent <= 6 - size_decimals


@given(PRICES, st.integers(0, 5))
def test_prices_land_on_the_tick_on_the_right_side(price: Decimal, size_decimals: int) -> None:
    if price <= 0:
        return
    down, up = market(size_decimals).price_down(price), market(size_decimals).price_up(price)
    assert down <= price <= up
    assert is_allowed(up, size_decimals)
    assert down == 0 or is_allowed(down, size_decimals)


@given(PRICES, st.integers(0, 5))
def test_no_allowed_price_lies_between(price: Decimal, size_decimals: int) -> None:
    if price <= 0:
        return
    asked = market(size_decimals)
    down, up = asked.price_down(price), asked.price_up(price)
    if is_allowed(price, size_decimals):
        assert down == up == price
    else:
        middle = (down + up) / 2
        assert not is_allowed(middle, size_decimals)
        assert asked.price_up(down) == down if down else True
        assert asked.price_down(up) == up


@pytest.mark.parametrize(
    ("size_decimals", "price", "down", "up"),
    [
        (5, "12345.6", "12345", "12346"),
        (5, "123456", "123456", "123456"),
        (5, "123456.7", "123456", "123457"),
        (1, "0.012345", "0.01234", "0.01235"),
        (1, "0.01234", "0.01234", "0.01234"),
        (5, "9999.96", "9999.9", "10000"),
        (5, "94256.1", "94256", "94257"),
        (4, "3000.05", "3000", "3000.1"),
        (2, "0.00004", "0", "0.0001"),
    ],
)
def test_worked_ticks(size_decimals: int, price: str, down: str, up: str) -> None:
    asked = market(size_decimals)
    assert (str(asked.price_down(Decimal(price))), str(asked.price_up(Decimal(price)))) == (down, up)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_price_has_no_tick(price: str) -> None:
    with pytest.raises(ValueError, match="not a price"):
        market().price_up(Decimal(price))


@given(st.decimals("0", "1000000", allow_nan=False, places=9), st.integers(0, 5))
def test_sizes_are_rounded_down_to_the_lot(size: Decimal, size_decimals: int) -> None:
    asked = market(size_decimals)
    rounded = asked.size_down(size)
    assert rounded <= size < rounded + asked.min_size
    assert rounded % asked.min_size == 0


def test_a_market_carries_the_account_s_fees_and_the_venue_s_limits() -> None:
    found = market(isDelisted=None, onlyIsolated=None)
    assert (found.taker_fee, found.maker_fee) == (Decimal("0.00045"), Decimal("0.00015"))
    assert (found.min_notional, found.min_size, found.stop_worst) == (
        Decimal(10),
        Decimal("0.00001"),
        Decimal("0.10"),
    )
    assert (found.max_leverage, found.maintenance) == (40, Decimal("0.0125"))
    assert found.active
    assert not found.only_isolated


def test_delisted_and_isolated_markets_say_so() -> None:
    assert not market(isDelisted=True).active
    assert market(onlyIsolated=True).only_isolated
    assert market(marginMode="strictIsolated").only_isolated


@pytest.mark.parametrize("row", [{"maxLeverage": "40"}, {"szDecimals": None}, {"maxLeverage": 0}])
def test_a_market_of_another_shape_is_not_believed(row: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        wire.believes(market_of)({"name": "BTC", "szDecimals": 5, "maxLeverage": 40, **row}, FEES)


@given(st.decimals("0.00001", "9999999", allow_nan=False, places=8))
def test_the_float_for_the_sdk_is_written_as_the_same_digits(number: Decimal) -> None:
    if number > 0:
        assert Decimal(f"{wire.exact_float(number):.8f}") == number
