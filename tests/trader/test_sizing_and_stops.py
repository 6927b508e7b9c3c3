"""Size and stop of a trade: the worked numbers, and I9 for whatever hypothesis thinks of."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.trader.venue import btc
from venues.contract.states import Side
from venues.trader.denied import Denied
from venues.trader.sizing import order_size
from venues.trader.stops import (
    Costs,
    check_entry_stop,
    is_past,
    liquidation_price,
    needs_move,
    planned_loss,
    trigger_price,
    worst_price,
)

FEES = Costs(Decimal("0.00045"), Decimal("0.00045"), Decimal("0.001"))
BTC = btc()


def size_of(equity: str, risk: str, leverage: int = 10, price: str = "96000") -> Decimal:
    return order_size(
        equity=Decimal(equity),
        risk_per_trade=Decimal(risk),
        leverage=leverage,
        mark=Decimal(price),
        limit_price=Decimal(price),
        market=BTC,
    )


def test_the_worked_size() -> None:
    assert size_of("1000", "5") == Decimal("0.00520")


@pytest.mark.parametrize(("side", "trigger", "loss"), [("long", 94257, "9.9987"), ("short", 97738, "9.9994")])
def test_the_worked_stop(side: Side, trigger: int, loss: str) -> None:
    entry, size = Decimal(96000), Decimal("0.00520")
    found = trigger_price(side, entry, size, Decimal(10), FEES, 10, BTC)
    assert found == trigger
    assert round(planned_loss(side, entry, size, found, FEES), 4) == Decimal(loss)


def test_a_trade_below_the_minimum_is_skipped_and_says_so() -> None:
    with pytest.raises(Denied, match="size below minimum"):
        size_of("10", "1")


def test_half_of_equity_stays_free() -> None:
    with pytest.raises(Denied, match="less than half"):
        order_size(
            equity=Decimal(1000),
            risk_per_trade=Decimal(5),
            leverage=10,
            mark=Decimal(96000),
            limit_price=Decimal(96000),
            market=BTC,
            margin_used=Decimal(300),
            margin_in_flight=Decimal(200),
        )


def test_no_equity_opens_nothing() -> None:
    with pytest.raises(Denied, match="no equity"):
        size_of("0", "1")


def test_at_an_equity_of_30000_the_costs_eat_the_stop() -> None:
    size = size_of("30000", "1")
    trigger = trigger_price("long", Decimal(96000), size, Decimal(5), FEES, 10, BTC)
    with pytest.raises(Denied, match="stop impossible"):
        check_entry_stop("long", trigger, Decimal(96000), Decimal(96000), size, FEES, Decimal(50))


def test_fees_that_alone_pass_max_dd_leave_no_room() -> None:
    with pytest.raises(Denied, match="no room"):
        check_entry_stop(
            "long", Decimal(90000), Decimal(96000), Decimal(96000), Decimal("0.1"), FEES, Decimal(5)
        )


prices = st.integers(5_000, 200_000).map(Decimal)
sides = st.sampled_from(["long", "short"])
fees = st.integers(0, 100).map(lambda bp: Decimal(bp) / 100_000)


@given(
    side=sides,
    entry=prices,
    equity=st.integers(500, 200_000).map(Decimal),
    risk=st.integers(1, 50_000).map(lambda n: Decimal(n) / 10_000),
    leverage=st.integers(1, 40),
    budget=st.integers(1, 100_000).map(lambda n: Decimal(n) / 100),
    fee=fees,
    share=st.integers(1, 100),
    better=st.integers(0, 50),
)
def test_i09_no_fill_of_any_part_plans_to_lose_more_than_the_setting(
    side: Side,
    entry: Decimal,
    equity: Decimal,
    risk: Decimal,
    leverage: int,
    budget: Decimal,
    fee: Decimal,
    share: int,
    better: int,
) -> None:
    """I9: fixed from the whole size and the worst entry, any part at any better price loses less."""
    costs = Costs(fee, fee, Decimal("0.001"))
    try:
        size = order_size(
            equity=equity, risk_per_trade=risk, leverage=leverage, mark=entry, limit_price=entry, market=BTC
        )
        trigger = trigger_price(side, entry, size, budget, costs, leverage, BTC)
        check_entry_stop(side, trigger, entry, entry, size, costs, Decimal(10_000_000))
    except Denied:
        assume(False)
    assert size * entry / leverage <= equity * risk / 100
    part = BTC.size_down(size * share / 100)
    filled = (
        entry * (1 - Decimal(better) / 10_000) if side == "long" else entry * (1 + Decimal(better) / 10_000)
    )
    assert planned_loss(side, filled, part, trigger, costs) <= budget
    edge = liquidation_price(side, entry, leverage, BTC.maintenance)
    assert trigger > edge if side == "long" else trigger < edge
    assert trigger > 0
    worst = worst_price(side, trigger, BTC)
    assert worst < trigger if side == "long" else worst > trigger
    assert abs(worst - trigger) <= trigger * BTC.stop_worst


@pytest.mark.parametrize(
    ("side", "resting", "wanted", "loss", "moves"),
    [
        ("long", 100, 100, 5, False),
        ("long", 100, 101, 6, True),  # it would lose too much where it is: in, at once
        ("long", 100, 101, 5, False),  # within the budget: rounding, not a reason
        ("long", 10_000, 9_999, 4, False),  # out, less than the step
        ("long", 10_000, 9_900, 4, True),
        ("short", 100, 99, 6, True),
        ("short", 10_000, 10_001, 4, False),
        ("short", 10_000, 10_100, 4, True),
    ],
)
def test_when_a_resting_stop_moves(side: Side, resting: int, wanted: int, loss: int, moves: bool) -> None:
    given_loss, budget = Decimal(loss), Decimal(5)
    assert needs_move(side, Decimal(resting), Decimal(wanted), given_loss, budget) is moves


def test_the_mark_on_the_trigger_has_reached_it() -> None:
    assert is_past("long", Decimal(100), Decimal(100))
    assert is_past("short", Decimal(100), Decimal(100))
    assert not is_past("long", Decimal(100), Decimal(101))
    assert not is_past("short", Decimal(100), Decimal(99))
