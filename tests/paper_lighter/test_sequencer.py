"""After code 200: delays, rejections, what vanishes, expiry, children, funding; with a clock by hand."""

import json

import pytest

from tests.paper_lighter.newborn import AT_ONCE, DAY_MS, INDEX, Lighter, lighter
from venues.lighter.paper import shapes
from venues.lighter.paper.fields import Query
from venues.lighter.paper.markets import NAME
from venues.lighter.paper.reads import READS
from venues.lighter.paper.words import status_word
from venues.paper.engine import advance
from venues.paper.funding import pay
from venues.paper.orders import Order

MINUTE_MS = 60_000


@pytest.fixture
def paper() -> Lighter:
    return lighter()


def word(paper: Lighter, order: Order) -> str:
    return status_word(paper.x, order)


def said(paper: Lighter, tx_hash: str) -> tuple[int, str]:
    """Give (status, why not) of a transaction."""
    found = READS["tx"](paper.x, Query({"by": "hash", "value": tx_hash}), None)
    return found["status"], json.loads(found["event_info"])["ae"]


async def test_takers_wait_300_ms_makers_and_cancels_200_and_all_in_their_order() -> None:
    paper = lighter(without=AT_ONCE - {"delay"})
    resting = paper.order(ClientOrderIndex=1)
    paper.send(14, **resting)
    taking = paper.send(14, **paper.market(ClientOrderIndex=2))
    paper.send(14, **paper.order(ClientOrderIndex=3))
    paper.send(15, MarketIndex=0, Index=1)
    seen = []
    for step in (199, 1, 99, 1):
        paper.clock.ms += step
        paper.face.sequencer.run()
        seen.append([one for one in (1, 2, 3) if paper.x.order_by_client(paper.account, str(one))])
    assert seen == [[], [1], [1], [1, 2, 3]]
    first = paper.x.order_by_client(paper.account, "1")
    assert first is not None
    assert word(paper, first) == "canceled"
    assert said(paper, taking) == (2, "")


async def test_delays_shrink_as_the_market_runs_faster() -> None:
    paper = lighter(without=AT_ONCE - {"delay"}, speed=100)
    paper.send(14, **paper.market())
    paper.clock.ms += 3
    paper.face.sequencer.run()
    assert paper.lots == 1000


@pytest.mark.parametrize("ask", [False, True])
def test_a_reduce_only_order_that_would_open_vanishes_without_a_report(paper: Lighter, ask: bool) -> None:
    if not ask:
        paper.create(**paper.market())
    told = len(paper.x.orders)
    fields = paper.market(ask=ask, ReduceOnly=1, ClientOrderIndex=400)
    tx_hash = paper.send(14, **fields)
    assert paper.x.order_by_client(paper.account, "400") is None
    assert len(paper.x.orders) == told
    assert said(paper, tx_hash) == (0, "reduce only order would increase the position")
    assert paper.account.keys["5"].nonces == [paper.nonce]


def test_an_order_that_expires_within_five_minutes_vanishes(paper: Lighter) -> None:
    early = paper.clock.ms + 5 * MINUTE_MS
    assert paper.create(**paper.order(OrderExpiry=early - 1)) is None
    assert paper.known(**paper.order(OrderExpiry=early)).status == "open"


def test_a_market_order_without_liquidity_in_its_price_is_cancelled(paper: Lighter) -> None:
    order = paper.known(**paper.market(Price=299_000))
    assert (word(paper, order), paper.lots) == ("canceled-too-much-slippage", 0)


def test_a_taker_without_margin_is_cancelled_after_it_was_accepted(paper: Lighter) -> None:
    order = paper.known(**paper.market(lots=2_000_000))
    assert (word(paper, order), paper.lots) == ("canceled-margin-not-allowed", 0)


def test_a_post_only_order_that_would_match_is_cancelled(paper: Lighter) -> None:
    order = paper.known(**paper.order(TimeInForce=2, Price=305_000))
    assert (word(paper, order), paper.lots) == ("canceled-post-only", 0)


def test_an_ioc_limit_takes_what_is_there(paper: Lighter) -> None:
    missed = paper.known(**paper.order(TimeInForce=0, OrderExpiry=0))
    assert word(paper, missed) == "canceled"
    taken = paper.known(**paper.order(TimeInForce=0, OrderExpiry=0, Price=301_000))
    assert (word(paper, taken), paper.lots) == ("filled", 1000)


def test_half_a_percent_is_rejected_after_code_200() -> None:
    paper = lighter(without=AT_ONCE - {"rejects"})
    words = []
    for number in range(1, 1001):
        order = paper.known(**paper.order(ClientOrderIndex=number))
        words.append(word(paper, order))
        if words[-1] == "open":
            paper.send(15, MarketIndex=0, Index=number)
    rejected = [one for one in words if one != "open"]
    assert 1 <= len(rejected) <= 15
    assert all(one.startswith("canceled-") for one in rejected)


def test_an_order_ends_at_its_expiry(paper: Lighter) -> None:
    order = paper.known(**paper.order())
    stop = paper.known(**paper.order(Type=3, Price=320_000, TriggerPrice=310_000))
    paper.clock.ms += 28 * DAY_MS - 1
    paper.face.tick()
    assert word(paper, order) == "open"
    paper.clock.ms += 1
    paper.face.tick()
    assert [word(paper, one) for one in (order, stop)] == ["canceled-expired"] * 2


def test_a_stop_fills_no_further_than_its_worst_price(paper: Lighter) -> None:
    paper.create(**paper.market())
    stop = paper.known(**paper.stop(294_000, 280_000))
    paper.price("ETH", 2_700)
    assert (word(paper, stop), paper.lots) == ("canceled-too-much-slippage", 1000)


def test_a_stop_that_is_past_already_fires_at_once(paper: Lighter) -> None:
    paper.create(**paper.market())
    stop = paper.known(**paper.stop(301_000, 290_000))
    assert (word(paper, stop), paper.lots) == ("filled", 0)


def test_resting_exits_go_when_the_position_is_closed(paper: Lighter) -> None:
    paper.create(**paper.market())
    stop = paper.known(**paper.stop(294_000, 280_000))
    paper.create(**paper.market(ask=True, ReduceOnly=1))
    assert (word(paper, stop), paper.lots) == ("canceled-reduce-only", 0)


def test_what_its_owner_cancels_is_just_canceled(paper: Lighter) -> None:
    paper.create(**paper.market())
    stop = paper.known(**paper.stop(294_000, 280_000, ClientOrderIndex=80))
    entry, last = paper.order(), paper.stop(280_000, 270_000, BaseAmount=0, ClientOrderIndex=81)
    paper.send(28, GroupingType=1, Orders=[entry, last])
    for index in (80, 81):
        paper.send(15, MarketIndex=0, Index=index)
    child = paper.x.order_by_client(paper.account, "81")
    assert child is not None
    assert [word(paper, one) for one in (stop, child)] == ["canceled", "canceled"]


def test_base_amount_0_closes_the_whole_position(paper: Lighter) -> None:
    paper.create(**paper.market(lots=1234))
    stop = paper.known(**paper.stop(294_000, 285_000, BaseAmount=0))
    paper.create(**paper.market(lots=111))
    paper.price("ETH", 2_930)
    assert (word(paper, stop), stop.filled, paper.lots) == ("filled", 1345, 0)


def test_children_live_on_what_a_partly_filled_entry_got(paper: Lighter) -> None:
    paper.account.deposits = 10**14
    entry = paper.market(lots=30_000_000, Price=300_200)
    stop = paper.stop(294_000, 285_000, BaseAmount=0)
    paper.send(28, GroupingType=1, Orders=[entry, stop])
    parent, child = (
        paper.x.order_by_client(paper.account, str(one["ClientOrderIndex"])) for one in (entry, stop)
    )
    assert parent is not None
    assert child is not None
    assert word(paper, parent) == "canceled-too-much-slippage"
    assert 0 < parent.filled < parent.lots
    assert (child.lots, child.armed) == (parent.filled, True)
    paper.account.deposits = 10**14
    paper.price("ETH", 2_930)
    assert child.filled > 0


def test_an_entry_that_vanishes_takes_its_children_along(paper: Lighter) -> None:
    entry = paper.market(ReduceOnly=1)
    tx_hash = paper.send(28, GroupingType=1, Orders=[entry, paper.stop(294_000, 285_000, BaseAmount=0)])
    assert said(paper, tx_hash)[0] == 0
    assert paper.x.orders_of(paper.account) == []


def test_the_dead_mans_switch_cancels_everything_at_its_time(paper: Lighter) -> None:
    order = paper.known(**paper.order())
    paper.send(16, TimeInForce=1, Time=paper.clock.ms + 6 * MINUTE_MS)
    assert shapes.account(paper.x, paper.account)["cancel_all_time"] == paper.clock.ms + 6 * MINUTE_MS
    paper.send(16, TimeInForce=2, Time=0)
    assert paper.account.cancel_at is None
    paper.send(16, TimeInForce=1, Time=paper.clock.ms + 5 * MINUTE_MS)
    paper.clock.ms += 5 * MINUTE_MS
    advance(paper.x, 0)
    assert word(paper, order) == "canceled"


def test_an_order_that_is_modified_across_the_book_takes_from_it(paper: Lighter) -> None:
    order = paper.known(**paper.order(ClientOrderIndex=60))
    changed = {"Index": 60, "BaseAmount": 1500, "Price": 301_000, "TriggerPrice": 0}
    paper.send(17, MarketIndex=0, **changed)
    assert (word(paper, order), order.filled, paper.lots) == ("filled", 1500, 1500)


def test_funding_is_in_the_account_and_in_its_history(paper: Lighter) -> None:
    paper.create(**paper.market())
    paper.x.without = paper.x.without - {"funding"}
    pay(paper.x)
    paper.x.commit()
    (paid,) = paper.x.payments[NAME, str(INDEX)]
    shown = shapes.funding(paid)
    assert shown["change"] == shapes.money(paid.amount)
    assert (shown["position_size"], shown["position_side"]) == ("0.1000", "long")
    assert shown["timestamp"] == paper.clock.ms // 1000
    assert paper.account.cash == 10_000_000_000 + paid.amount
    (position,) = shapes.positions(paper.x, paper.account)
    assert position["total_funding_paid_out"] == shapes.money(-paid.amount)


def test_equity_is_collateral_and_what_is_not_realised(paper: Lighter) -> None:
    paper.create(**paper.market())
    paper.create(**paper.market(ask=True, lots=400))
    paper.price("ETH", 2_950)
    account = shapes.account(paper.x, paper.account)
    (position,) = account["positions"]
    micros = {name: round(float(account[name]) * 1e6) for name in ("total_asset_value", "collateral")}
    unrealised = round(float(position["unrealized_pnl"]) * 1e6)
    assert micros["total_asset_value"] == micros["collateral"] + unrealised
    assert shapes.stats(paper.x, paper.account)["portfolio_value"] == account["total_asset_value"]
    assert position["realized_pnl"] == shapes.money(paper.account.realised)
    assert float(position["liquidation_price"]) == 0 or float(position["liquidation_price"]) < 2_950


def test_a_margin_fraction_between_whole_leverages_is_kept_exactly(paper: Lighter) -> None:
    paper.send(20, MarketIndex=0, InitialMarginFraction=3_000, MarginMode=0)
    paper.create(**paper.market())
    account = shapes.account(paper.x, paper.account)
    (position,) = account["positions"]
    assert position["initial_margin_fraction"] == "30.00"
    value = round(float(position["position_value"]) * 1e6)
    assert account["cross_initial_margin_requirement"] == shapes.money(value * 3 // 10)


def test_a_short_is_a_sign_not_a_negative_size(paper: Lighter) -> None:
    paper.create(**paper.market(ask=True))
    (position,) = shapes.positions(paper.x, paper.account)
    assert (position["sign"], position["position"]) == (-1, "0.1000")
    (fill,) = paper.x.fills[NAME, str(INDEX)]
    trade = shapes.trade(fill)
    assert (trade["ask_account_id"], trade["is_maker_ask"]) == (INDEX, False)
    paper.create(**paper.market())
    trade = shapes.trade(paper.x.fills[NAME, str(INDEX)][-1])
    assert trade["bid_account_pnl"] == shapes.money(paper.account.realised)
    assert trade["taker_position_size_before"] == "-0.1000"
