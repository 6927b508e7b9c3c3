"""How many orders and transactions of an account the venue lets wait and rest (section 6)."""

from typing import Any

import pytest

from tests.paper_lighter.newborn import AT_ONCE, DAY_MS, Lighter
from tests.paper_lighter.newborn import lighter as newborn
from tests.paper_lighter.test_acceptance import refused
from venues.lighter.paper import drafts


@pytest.fixture
def paper_lighter() -> Lighter:
    return newborn()


def elsewhere(paper: Lighter, **more: Any) -> dict[str, Any]:
    """Give the fields of a limit buy of BTC, far below the market."""
    return paper.order(**{"MarketIndex": 1, "BaseAmount": 100, "Price": 900_000, **more})


def test_sixteen_orders_of_a_market_wait_for_a_trigger_or_their_entry(paper_lighter: Lighter) -> None:
    paper = paper_lighter
    paper.send(14, **paper.market())
    for number in range(14):
        paper.known(**paper.stop(280_000 - number, 270_000))
    entry = paper.order(BaseAmount=100)
    children = [
        paper.order(
            Type=4, TimeInForce=0, IsAsk=1, ReduceOnly=1, BaseAmount=0, TriggerPrice=330_000, Price=320_000
        ),
        paper.stop(270_000, 260_000, BaseAmount=0),
    ]
    paper.send(28, GroupingType=3, Orders=[entry, *children])
    assert refused(paper, 14, **paper.stop(279_000, 270_000)) == 21720
    again = [paper.order(), paper.stop(270_000, 260_000, BaseAmount=0)]
    assert refused(paper, 28, GroupingType=1, Orders=again) == 21720
    paper.known(**paper.order())  # what rests is counted apart


def test_the_last_waiting_order_of_a_market_leaves_no_room_for_two(paper_lighter: Lighter) -> None:
    paper = paper_lighter
    paper.send(14, **paper.market())
    for number in range(15):
        paper.known(**paper.stop(280_000 - number, 270_000))
    pair = {"OrderExpiry": paper.clock.ms + DAY_MS, "BaseAmount": 100}
    take = {"Type": 4, "TimeInForce": 0, "IsAsk": 1, "ReduceOnly": 1, "TriggerPrice": 330_000}
    both = [paper.order(**take, **pair, Price=320_000), paper.stop(270_000, 260_000, **pair)]
    assert refused(paper, 28, GroupingType=2, Orders=both) == 21720
    paper.known(**paper.stop(270_000, 260_000))


def test_a_thousand_orders_of_an_account_rest_in_a_market(paper_lighter: Lighter) -> None:
    paper = paper_lighter
    for _ in range(1000):
        paper.send(14, **paper.order(BaseAmount=50))
    assert refused(paper, 14, **paper.order(BaseAmount=50)) == 21718
    paper.send(14, **paper.market())  # what fills at once rests nowhere


def test_five_hundred_orders_of_an_account_wait_in_all_its_markets(
    paper_lighter: Lighter, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper, (account, (_, of_market)) = paper_lighter, drafts.PENDING
    monkeypatch.setattr(drafts, "PENDING", (account, (1000, of_market)))  # the paper exchange has few markets
    paper.send(14, **paper.market())
    for number in range(499):
        paper.send(14, **paper.stop(280_000 - number, 270_000))
    group = [paper.order(BaseAmount=100), paper.stop(270_000, 260_000, BaseAmount=0)]
    paper.send(28, GroupingType=1, Orders=group)
    assert refused(paper, 14, **paper.stop(279_000, 270_000)) == 21719
    waits = {"Type": 2, "TimeInForce": 0, "IsAsk": 1, "ReduceOnly": 1, "TriggerPrice": 900_000}
    assert refused(paper, 14, **{**elsewhere(paper), **waits, "Price": 880_000}) == 21719
    paper.send(15, MarketIndex=0, Index=int(group[1]["ClientOrderIndex"]))
    paper.send(14, **paper.stop(279_000, 270_000))


@pytest.mark.slow
def test_fifteen_hundred_orders_of_an_account_rest_in_all_its_markets(paper_lighter: Lighter) -> None:
    paper = paper_lighter
    for _ in range(750):
        paper.send(14, **paper.order(BaseAmount=50))
        paper.send(14, **elsewhere(paper, BaseAmount=20))
    assert refused(paper, 14, **elsewhere(paper)) == 21717
    paper.send(14, **paper.market())


async def test_five_hundred_transactions_of_an_account_wait_to_be_carried_out() -> None:
    paper = newborn(without=AT_ONCE - {"delay"})
    for _ in range(10):
        paper.batch(*[(16, paper.info(TimeInForce=0, Time=0)) for _ in range(50)])
    assert refused(paper, 16, TimeInForce=0, Time=0) == 21506
