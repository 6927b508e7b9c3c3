"""What becomes of an order: taken, resting, refused, cut."""

import pytest

from tests.paper.newborn import NO_CHANCE, account, newborn, order
from venues.paper.accounts import Leverage
from venues.paper.engine import jump
from venues.paper.events import OrderChanged
from venues.paper.exchange import Exchange
from venues.paper.matching import cancel
from venues.paper.orders import Order, Wanted
from venues.paper.placing import change, place


def only(x: Exchange, want: Wanted) -> Order:
    (placed,) = place(x, account(x), [want])
    assert placed.rejected is None, placed.rejected
    return placed.order


def refusal(x: Exchange, want: Wanted) -> str:
    (placed,) = place(x, account(x), [want])
    assert placed.rejected is not None
    return placed.rejected.reason


def held(x: Exchange) -> int:
    return account(x).position("BTC").lots


def test_an_ioc_takes_the_ask() -> None:
    x = newborn()
    taken = only(x, order(True, "0.01", 97_000, tif="ioc"))
    assert (taken.status, taken.filled, held(x)) == ("filled", 1_000, 1_000)
    (fill,) = x.fills["hyperliquid", account(x).name]
    assert (fill.price, fill.taker) == (96_005_000_000, True)


def test_a_limit_rests_and_is_filled_as_maker_when_the_market_comes() -> None:
    x = newborn()
    resting = only(x, order(True, "0.01", 95_000))
    assert [one.oid for one in x.orders_of(account(x))] == [resting.oid]
    jump(x, "BTC", 94_900_000_000)
    assert resting.status == "filled"
    (fill,) = x.fills["hyperliquid", account(x).name]
    assert (fill.price, fill.taker, fill.fee) == (95_000_000_000, False, 142_500)


def test_a_large_order_walks_the_book_and_its_rest_is_cancelled() -> None:
    x = newborn()
    account(x).deposits = 10**14
    taken = only(x, order(True, "100", 96_100, tif="ioc"))
    prices = [fill.price for fill in x.fills["hyperliquid", account(x).name]]
    assert taken.status == "canceled"
    assert 0 < taken.filled < taken.lots
    assert prices == sorted(prices)
    assert prices[-1] <= 96_100_000_000


def test_one_execution_comes_in_up_to_five_parts_with_numbers_of_their_own() -> None:
    x = newborn(without=NO_CHANCE - {"parts"})
    counts = set()
    for _ in range(20):
        before = len(x.fills["hyperliquid", account(x).name])
        only(x, order(True, "0.001", 97_000, tif="ioc"))
        fills = list(x.fills["hyperliquid", account(x).name])[before:]
        assert sum(fill.lots for fill in fills) == 100
        counts.add(len(fills))
    numbers = [fill.tid for fill in x.fills["hyperliquid", account(x).name]]
    assert counts <= {1, 2, 3, 4, 5}
    assert len(counts) > 2
    assert len(set(numbers)) == len(numbers)


def test_now_and_then_an_ioc_is_filled_only_partly() -> None:
    x = newborn(without=NO_CHANCE - {"partial_ioc"})
    ends = [only(x, order(True, "0.001", 97_000, tif="ioc")).status for _ in range(200)]
    assert 1 <= ends.count("canceled") <= 15
    assert ends.count("canceled") + ends.count("filled") == 200


@pytest.mark.parametrize(
    ("want", "reason"),
    [
        (order(True, "0.01", 96_000.3), "tick"),
        (order(True, "0.01", 95_123.5), "tick"),
        (order(True, "0.0000001", 96_000), "size"),
        (order(True, "0", 96_000), "zero_size"),
        (order(True, "0.01", 0), "price"),
        (order(True, "0.01", 10_000), "far"),
        (order(True, "0.0001", 96_000), "minimum"),
        (order(True, "10", 97_000, tif="ioc"), "margin"),
        (order(False, "0.01", 95_000, reduce_only=True), "reduce_only"),
        (order(True, "0.01", 97_000, tif="alo"), "post_only"),
        (order(True, "0.01", 95_000, tif="ioc"), "no_match"),
        (order(False, "0.01", 96_500, trigger=96_500, market=True), "trigger"),
    ],
)
def test_a_bad_order_is_refused_and_changes_nothing(want: Wanted, reason: str) -> None:
    x = newborn()
    assert refusal(x, want) == reason
    assert held(x) == 0
    assert x.orders_of(account(x)) == []


def test_a_refused_order_is_remembered_with_its_reason() -> None:
    x = newborn()
    refusal(x, order(True, "0.01", 95_000, tif="ioc", client_id="0x" + "1" * 32))
    found = x.order_by_client(account(x), "0x" + "1" * 32)
    assert found is not None
    assert (found.status, found.reason) == ("rejected", "no_match")


def test_closing_the_whole_is_exempt_from_the_minimum_and_a_part_is_not() -> None:
    x = newborn()
    only(x, order(True, "0.00015", 97_000, tif="ioc"))
    assert refusal(x, order(False, "0.00005", 95_000, tif="ioc", reduce_only=True)) == "minimum"
    jump(x, "BTC", 60_000_000_000)
    assert only(x, order(False, "0.00015", 59_000, tif="ioc", reduce_only=True)).status == "filled"


def test_a_reduce_only_order_is_cut_to_what_is_open() -> None:
    x = newborn()
    only(x, order(True, "0.01", 97_000, tif="ioc"))
    closing = only(x, order(False, "0.03", 95_000, tif="ioc", reduce_only=True))
    assert (held(x), closing.filled, closing.status) == (0, 1_000, "reduce_only_canceled")


def test_a_reduce_only_order_that_would_increase_is_refused() -> None:
    x = newborn()
    only(x, order(True, "0.01", 97_000, tif="ioc"))
    assert refusal(x, order(True, "0.01", 97_000, tif="ioc", reduce_only=True)) == "reduce_only"


def test_a_resting_reduce_only_order_is_checked_again_when_it_is_filled() -> None:
    x = newborn()
    only(x, order(True, "0.02", 97_000, tif="ioc"))
    resting = only(x, order(False, "0.02", 97_000, reduce_only=True))
    only(x, order(False, "0.015", 95_000, tif="ioc", reduce_only=True))
    assert resting.status == "open"
    jump(x, "BTC", 97_100_000_000)
    assert (held(x), resting.filled, resting.status) == (0, 500, "reduce_only_canceled")


def test_resting_reduce_only_orders_go_when_the_position_reaches_zero() -> None:
    x = newborn()
    only(x, order(True, "0.02", 97_000, tif="ioc"))
    resting = only(x, order(False, "0.02", 97_000, reduce_only=True))
    plain = only(x, order(False, "0.001", 98_000))
    only(x, order(False, "0.02", 95_000, tif="ioc"))
    assert (resting.status, plain.status) == ("reduce_only_canceled", "open")


def test_resting_orders_reserve_their_margin() -> None:
    x = newborn()
    account(x).leverages["BTC"] = Leverage(1)
    only(x, order(True, "0.06", 95_000))
    assert refusal(x, order(True, "0.06", 95_000)) == "margin"


def test_what_only_reduces_reserves_no_margin() -> None:
    x = newborn()
    account(x).leverages["BTC"] = Leverage(2)
    only(x, order(True, "0.1", 97_000, tif="ioc"))
    only(x, order(False, "0.1", 100_000, reduce_only=True))
    only(x, order(False, "0.2", 101_000, reduce_only=True))
    only(x, order(False, "0.1", 94_000, trigger=95_000, market=True, reduce_only=True))
    only(x, order(True, "0.1", 95_000))  # half of the account is free


def test_an_order_at_the_touch_takes_from_it() -> None:
    x = newborn()
    bid, ask = x.markets["BTC"].touch(x.instrument("hyperliquid", "BTC"))
    assert only(x, order(True, "0.01", ask / 1e6, tif="ioc")).status == "filled"
    assert only(x, order(False, "0.01", bid / 1e6, tif="ioc")).status == "filled"
    assert refusal(x, order(True, "0.01", ask / 1e6, tif="alo")) == "post_only"


def test_a_resting_order_that_can_no_longer_be_carried_is_cancelled_at_its_fill() -> None:
    x = newborn()
    account(x).leverages["BTC"] = Leverage(1)
    resting = only(x, order(True, "0.1", 95_000))
    account(x).deposits = 1_000_000_000
    jump(x, "BTC", 94_000_000_000)
    assert (resting.status, held(x)) == ("margin_canceled", 0)


def test_to_reverse_needs_margin_only_for_the_other_side() -> None:
    x = newborn()
    account(x).leverages["BTC"] = Leverage(1)
    only(x, order(True, "0.1", 97_000, tif="ioc"))
    only(x, order(False, "0.2", 95_000, tif="ioc"))
    assert held(x) == -10_000


def test_a_cancelled_order_is_not_filled_later() -> None:
    x = newborn()
    resting = only(x, order(True, "0.01", 95_000))
    cancel(x, resting)
    jump(x, "BTC", 94_000_000_000)
    assert (resting.status, held(x)) == ("canceled", 0)


def test_a_changed_order_has_a_number_of_its_own() -> None:
    x = newborn()
    old = only(x, order(True, "0.01", 95_000))
    placed = change(x, account(x), old, order(True, "0.02", 94_000))
    assert (old.status, placed.order.status, placed.order.oid > old.oid) == ("canceled", "open", True)


def test_the_last_of_a_client_id_is_the_one_found() -> None:
    x = newborn()
    name = "0x" + "2" * 32
    only(x, order(True, "0.01", 95_000, client_id=name))
    later = only(x, order(True, "0.01", 94_000, client_id=name))
    assert x.order_by_client(account(x), name) is later


def test_every_change_of_an_order_is_told_as_it_was() -> None:
    x = newborn()
    resting = only(x, order(True, "0.01", 95_000))
    cancel(x, resting)
    told: list[str] = []
    x.listeners.append(
        lambda events: told.extend(e.order.status for e in events if isinstance(e, OrderChanged))
    )
    x.commit()
    assert told == ["open", "canceled"]
