"""Stops and take-profits: when they fire, what they take, what they hang on."""

import pytest

from tests.paper.newborn import account, newborn, order, stop
from venues.paper.engine import jump
from venues.paper.exchange import Exchange
from venues.paper.matching import cancel
from venues.paper.orders import Wanted
from venues.paper.placing import Placed, place
from venues.paper.triggers import fire


def opened(x: Exchange, size: str = "0.01", buy: bool = True) -> None:
    (placed,) = place(x, account(x), [order(buy, size, 97_000 if buy else 95_000, tif="ioc")])
    assert placed.order.status == "filled"


def one(x: Exchange, want: Wanted) -> Placed:
    return place(x, account(x), [want])[0]


def bracket(x: Exchange, entry: Wanted, *stops: Wanted) -> list[Placed]:
    return place(x, account(x), [entry, *stops], with_stops=True)


def held(x: Exchange) -> int:
    return account(x).position("BTC").lots


def test_a_stop_fires_on_mark_at_its_trigger_and_not_before() -> None:
    x = newborn()
    opened(x)
    resting = one(x, stop(False, "0.01", 94_000, 84_600)).order
    jump(x, "BTC", 94_000_100_000)
    assert (resting.status, held(x)) == ("open", 1_000)
    jump(x, "BTC", 94_000_000_000)
    assert (resting.status, held(x)) == ("filled", 0)


def test_a_short_is_stopped_from_above() -> None:
    x = newborn()
    opened(x, buy=False)
    one(x, stop(True, "0.01", 97_000, 106_000))
    jump(x, "BTC", 97_500_000_000)
    assert held(x) == 0


def test_a_take_profit_fires_the_other_way() -> None:
    x = newborn()
    opened(x)
    want = order(False, "0.01", 90_000, trigger=98_000, market=True, reduce_only=True, take_profit=True)
    assert one(x, want).rejected is None
    jump(x, "BTC", 98_100_000_000)
    assert held(x) == 0


def test_past_its_worst_price_a_stop_takes_nothing_and_is_gone() -> None:
    x = newborn()
    opened(x)
    resting = one(x, stop(False, "0.01", 94_000, 80_000)).order
    jump(x, "BTC", 84_500_000_000)  # more than the venue's 10 % past the trigger
    assert (resting.status, resting.reason, held(x)) == ("rejected", "no_liquidity", 1_000)


def test_past_its_worst_price_a_short_s_stop_takes_nothing_and_is_gone() -> None:
    x = newborn()
    opened(x, buy=False)
    resting = one(x, stop(True, "0.01", 98_000, 120_000)).order
    jump(x, "BTC", 108_500_000_000)  # more than the venue's 10 % past the trigger
    assert (resting.status, resting.reason, held(x)) == ("rejected", "no_liquidity", -1_000)


def test_its_own_price_bounds_a_short_s_stop_too() -> None:
    x = newborn()
    opened(x, buy=False)
    resting = one(x, stop(True, "0.01", 98_000, 98_100)).order
    jump(x, "BTC", 99_000_000_000)
    assert (resting.status, held(x)) == ("rejected", -1_000)


def test_a_stop_of_the_side_before_a_reversal_is_gone_with_it() -> None:
    x = newborn()
    opened(x)
    resting = one(x, stop(False, "0.01", 94_000, 84_600)).order
    opened(x, "0.03", buy=False)
    assert (resting.status, held(x)) == ("reduce_only_canceled", -2_000)


def test_a_stop_that_would_only_increase_does_nothing_at_its_trigger() -> None:
    x = newborn()
    opened(x)
    resting = one(x, stop(False, "0.01", 94_000, 84_600)).order
    account(x).positions["BTC"].lots = -1_000  # as no fill leaves it: what is checked is the moment itself
    jump(x, "BTC", 93_900_000_000)
    assert (resting.status, resting.filled, held(x)) == ("reduce_only_canceled", 0, -1_000)


def test_its_own_price_bounds_a_stop_too() -> None:
    x = newborn()
    opened(x)
    resting = one(x, stop(False, "0.01", 94_000, 93_900)).order
    jump(x, "BTC", 93_000_000_000)
    assert (resting.status, held(x)) == ("rejected", 1_000)


def test_a_stop_that_finds_too_little_fills_partly_and_its_rest_is_cancelled() -> None:
    x = newborn()
    account(x).deposits = 10**14
    opened(x, "10")
    resting = one(x, stop(False, "10", 94_000, 93_990)).order
    jump(x, "BTC", 94_000_000_000)
    assert resting.status == "canceled"
    assert 0 < resting.filled < resting.lots
    assert held(x) == 1_000_000 - resting.filled


def test_a_stop_limit_rests_at_its_price_after_its_trigger() -> None:
    x = newborn()
    opened(x)
    want = order(False, "0.01", 94_500, trigger=94_000, reduce_only=True)
    resting = one(x, want).order
    jump(x, "BTC", 93_900_000_000)
    assert (resting.status, held(x)) == ("open", 1_000)
    jump(x, "BTC", 94_600_000_000)
    assert (resting.status, held(x)) == ("filled", 0)


@pytest.mark.parametrize(
    "want",
    [
        stop(False, "0.01", 96_000, 90_000),  # at mark already
        stop(False, "0.01", 94_000, 94_100),  # its price on the wrong side of its trigger
        order(False, "0.01", 90_000, trigger=95_000, market=True, reduce_only=True, take_profit=True),
    ],
)
def test_a_trigger_on_the_wrong_side_is_refused(want: Wanted) -> None:
    x = newborn()
    opened(x)
    refused = one(x, want).rejected
    assert refused is not None
    assert refused.reason == "trigger"


def test_a_stop_without_a_position_is_refused() -> None:
    x = newborn()
    refused = one(x, stop(False, "0.01", 94_000, 90_000)).rejected
    assert refused is not None
    assert refused.reason == "reduce_only"


def test_stops_go_when_the_position_is_closed() -> None:
    x = newborn()
    opened(x)
    resting = one(x, stop(False, "0.01", 94_000, 90_000)).order
    one(x, order(False, "0.01", 95_000, tif="ioc", reduce_only=True))
    assert resting.status == "reduce_only_canceled"


def test_a_stop_takes_no_more_than_is_open() -> None:
    x = newborn()
    opened(x, "0.02")
    resting = one(x, stop(False, "0.02", 94_000, 90_000)).order
    one(x, order(False, "0.015", 95_000, tif="ioc", reduce_only=True))
    jump(x, "BTC", 93_000_000_000)
    assert (held(x), resting.filled) == (0, 500)


def test_a_stop_of_the_whole_position_takes_what_is_there_when_it_fires() -> None:
    x = newborn()
    opened(x, "0.02")
    want = Wanted("BTC", False, 90_000_000_000, None, True, trigger=94_000_000_000, market=True)
    assert one(x, want).rejected is None
    opened(x, "0.01")
    jump(x, "BTC", 93_500_000_000)
    assert held(x) == 0


def test_an_entry_that_fills_at_once_arms_its_stop() -> None:
    x = newborn()
    entry, child = bracket(x, order(True, "0.01", 97_000, tif="ioc"), stop(False, "0.01", 94_000, 90_000))
    assert (entry.order.status, child.order.status, child.order.armed) == ("filled", "open", True)
    jump(x, "BTC", 93_000_000_000)
    assert held(x) == 0


def test_a_stop_waits_for_its_entry_to_fill() -> None:
    x = newborn()
    entry, child = bracket(x, order(True, "0.01", 95_000), stop(False, "0.01", 94_000, 90_000))
    assert (entry.order.status, child.order.armed) == ("open", False)
    jump(x, "BTC", 94_900_000_000)
    assert (entry.order.status, child.order.armed) == ("filled", True)


def test_a_jump_past_entry_and_stop_fills_both() -> None:
    x = newborn()
    bracket(x, order(True, "0.01", 95_000), stop(False, "0.01", 94_000, 90_000))
    jump(x, "BTC", 93_000_000_000)
    jump(x, "BTC", 93_000_000_000)
    assert held(x) == 0
    assert account(x).realised < -10_000_000


def test_a_partly_filled_entry_takes_its_stop_along() -> None:
    x = newborn()
    account(x).deposits = 10**14
    entry, child = bracket(x, order(True, "100", 96_050, tif="ioc"), stop(False, "100", 94_000, 90_000))
    assert 0 < entry.order.filled < entry.order.lots
    assert (entry.order.status, child.order.status) == ("canceled", "canceled")


def test_a_cancelled_entry_takes_its_stop_along() -> None:
    x = newborn()
    entry, child = bracket(x, order(True, "0.01", 95_000), stop(False, "0.01", 94_000, 90_000))
    cancel(x, entry.order)
    assert child.order.status == "canceled"


def test_a_refused_entry_leaves_no_stop_behind() -> None:
    x = newborn()
    placed = bracket(x, order(True, "0.01", 95_000, tif="ioc"), stop(False, "0.01", 94_000, 90_000))
    assert placed[0].rejected is not None
    assert x.orders_of(account(x)) == []


def test_the_first_of_two_children_to_fill_cancels_the_other() -> None:
    x = newborn()
    profit = order(False, "0.01", 90_000, trigger=98_000, market=True, reduce_only=True, take_profit=True)
    _, loss, gain = bracket(
        x, order(True, "0.01", 97_000, tif="ioc"), stop(False, "0.01", 94_000, 90_000), profit
    )
    jump(x, "BTC", 98_500_000_000)
    assert gain.order.status == "filled"
    assert loss.order.status in {"sibling_canceled", "reduce_only_canceled"}


def test_a_trigger_looks_at_the_mark_and_a_resting_order_at_the_book() -> None:
    x = newborn()
    opened(x)
    resting = one(x, stop(False, "0.01", 94_000, 84_600)).order
    bid = one(x, order(True, "0.01", 93_000)).order
    market = x.markets["BTC"]
    market.mid = 92_000_000_000
    fire(x, "BTC")
    assert (resting.status, bid.status) == ("open", "filled")
    market.mid, market.marks["hyperliquid"] = 96_000_000_000, 94_000_000_000
    fire(x, "BTC")
    assert resting.status == "filled"


def test_a_child_that_fills_cancels_the_other_though_more_is_open() -> None:
    x = newborn()
    opened(x, "0.02")
    profit = order(False, "0.01", 90_000, trigger=98_000, market=True, reduce_only=True, take_profit=True)
    _, loss, gain = bracket(
        x, order(True, "0.01", 97_000, tif="ioc"), stop(False, "0.01", 94_000, 90_000), profit
    )
    jump(x, "BTC", 98_500_000_000)
    assert (gain.order.status, loss.order.status, held(x)) == ("filled", "sibling_canceled", 2_000)
