"""Lighter's whole numbers, margin fractions, limits of a minute, and how long its tokens are used."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.lighter_stub import BTC
from venues.contract.errors import BadAnswer, Refused, Unreachable
from venues.lighter import wire
from venues.lighter.budget import WINDOW_S, Budget
from venues.lighter.drafts import drafts
from venues.lighter.equity import Equities
from venues.lighter.reader import Reader
from venues.lighter.rules import LighterMarket, fraction_of, leverage_of, market_of
from venues.trader.gateway import OrderRequest

LIMITS = {"current_taker_fee_tick": 280, "current_maker_fee_tick": 40}
LONGEST_TOKEN_S = 8 * 3600  # the venue's
PRICES = st.decimals("0.0000001", "99999", allow_nan=False, allow_infinity=False, places=9)


def market(**row: object) -> LighterMarket:
    return market_of({**BTC, **row}, LIMITS)


@given(PRICES, st.integers(0, 5))
def test_prices_land_on_the_tick_on_the_right_side_and_travel_exactly(price: Decimal, decimals: int) -> None:
    if price <= 0:
        return
    btc = market(price_decimals=decimals)
    down, up = btc.price_down(price), btc.price_up(price)
    assert down <= price <= up
    assert up - down <= Decimal(1).scaleb(-decimals)
    if up.scaleb(decimals) < 2**32:
        assert Decimal(btc.price_units(up)).scaleb(-decimals) == up


@given(PRICES, st.integers(0, 8))
def test_sizes_are_never_rounded_up_and_travel_exactly(size: Decimal, decimals: int) -> None:
    btc = market(size_decimals=decimals)
    down = btc.size_down(size)
    assert down <= size < down + Decimal(1).scaleb(-decimals)
    if down:
        assert Decimal(btc.size_units(down)).scaleb(-decimals) == down


@pytest.mark.parametrize("number", ["0.15", "0", "-1", "NaN", "99999999999"])
def test_what_would_be_rounded_is_refused(number: str) -> None:
    with pytest.raises(Refused):
        market().price_units(Decimal(number))


@given(st.integers(1, 100))
def test_a_leverage_survives_the_venue_s_two_units(leverage: int) -> None:
    assert leverage_of(Decimal(fraction_of(leverage)) / 100) == leverage


def test_a_market_is_what_the_venue_says() -> None:
    btc = market()
    assert (btc.number, btc.max_leverage, btc.maintenance) == (1, 50, Decimal("0.012"))
    assert (btc.taker_fee, btc.maker_fee) == (Decimal("0.00028"), Decimal("0.00004"))
    assert (btc.min_size, btc.min_notional, btc.stop_worst) == (
        Decimal("0.0002"),
        Decimal(10),
        Decimal("0.05"),
    )
    assert btc.stop_life_s == 28 * 86_400
    assert btc.active and not btc.only_isolated
    assert not market(status="inactive").active
    assert not market(market_config={"force_reduce_only": True}).active


@pytest.mark.parametrize(
    "wrong", [{"market_id": "1"}, {"min_initial_margin_fraction": 0}, {"price_decimals": -1}]
)
def test_a_market_that_is_none_is_not_believed(wrong: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        wire.believes(market_of)({**BTC, **wrong}, LIMITS)


def test_only_an_entry_with_its_stop_goes_as_a_group() -> None:
    close = OrderRequest(7, "BTC", "sell", Decimal("0.01"), Decimal(40000), "close", reduce_only=True)
    with pytest.raises(Refused):
        drafts([close, close], [market(), market()], 0)


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_holds_so_many_and_keeps_some_for_closing() -> None:
    clock = Seconds()
    budget = Budget("transactions", 60, 20, clock)
    for _ in range(40):
        budget.take()
    with pytest.raises(Unreachable) as caught:
        budget.take()
    assert caught.value.code == "throttled"
    for _ in range(20):
        budget.take(closing=True)
    with pytest.raises(Unreachable):
        budget.take(closing=True)
    assert (budget.spent, budget.refused) == (60, 2)
    clock.now += WINDOW_S
    budget.take()
    assert budget.spent == 1


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=200))
def test_no_minute_ever_holds_more_than_the_venue_takes(asked: list[tuple[float, bool]]) -> None:
    clock = Seconds()
    budget = Budget("reads", 6, 2, clock)
    left: list[float] = []
    for wait_s, closing in asked:
        clock.now += wait_s
        try:
            budget.take(closing=closing)
        except Unreachable:
            continue
        left.append(clock.now)
    assert all(len([one for one in left if at - 60 < one <= at]) <= 6 for at in left)


async def test_a_token_is_renewed_half_an_hour_before_it_expires() -> None:
    clock = Seconds()
    lives_s: list[int] = []

    async def make(life_s: int) -> str:
        lives_s.append(life_s)
        return f"token {len(lives_s)}"

    reader = Reader(Budget("reads", 60, 15, clock), make, clock)
    assert await reader.token() == "token 1"
    assert lives_s[0] <= LONGEST_TOKEN_S
    clock.now += lives_s[0] - 1801
    assert (reader.is_stale(), await reader.token()) == (False, "token 1")
    clock.now += 1
    assert (reader.is_stale(), await reader.token()) == (True, "token 2")
    assert not reader.is_stale()


def test_equity_is_believed_where_the_stream_agrees() -> None:
    clock = Seconds()
    equities = Equities(clock)
    assert equities.agrees(Decimal(5))
    equities.hear(Decimal(1000))
    assert equities.agrees(Decimal("1009.9"))
    assert not equities.agrees(Decimal(1011))
    clock.now += 1
    equities.hear(Decimal(900))
    assert equities.agrees(Decimal(950))  # between what was told of late
    clock.now += 10
    assert not equities.agrees(Decimal(1000))
