"""How a close is priced, when a stop that does not hold becomes one, and what flat waits for."""

from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House
from venues.trader.gateway import Disconnected, Funding
from venues.trader.strategies.base import Wanted

SIDES = pytest.mark.parametrize("side", ["long", "short"])


async def opened(house: House, side: Wanted) -> None:
    """A trade of this side with its stop resting."""
    house.algorithms[KEY].side = side
    await house.start()
    await house.candle()
    await house.pass_(1)
    assert len(house.venue.stops("BTC")) == 1


def trigger_of(house: House) -> Decimal:
    """Give where the stop rests."""
    trigger = house.venue.stops("BTC")[0].trigger
    assert trigger is not None
    return trigger


@pytest.mark.parametrize(
    ("side", "prices"),
    [
        ("long", [49_500, 49_000, 48_000, 46_000, 46_000]),
        ("short", [50_500, 51_000, 52_000, 54_000, 54_000]),
    ],
)
async def test_a_kill_closes_at_1_2_4_and_8_percent_past_the_mark(
    house: House, side: Wanted, prices: list[int]
) -> None:
    await opened(house, side)
    house.venue.refuse_closes = "Trading is halted"
    await house.engine.kill(KEY)
    await house.pass_(3)
    closes = [order for order in house.venue.sent if order.kind == "close"]
    assert [order.price for order in closes[:5]] == prices
    assert all(order.reduce_only and order.ioc for order in closes)


@SIDES
async def test_a_mark_past_the_trigger_for_three_seconds_closes(house: House, side: Wanted) -> None:
    """The venue does not fire the stop that it says rests."""
    await opened(house, side)
    trigger = trigger_of(house)
    waiting = [one for one in house.venue.resting.values() if one.request.trigger is not None]
    waiting[0].waiting = True  # it never fires
    await house.mark(str(trigger))
    await house.pass_(2.5)
    assert house.venue.position["BTC"]
    assert not [order for order in house.venue.sent if order.kind == "close"]
    await house.pass_(1.5)
    assert not house.venue.position["BTC"]


@SIDES
async def test_a_mark_that_comes_back_within_three_seconds_closes_nothing(house: House, side: Wanted) -> None:
    await opened(house, side)
    trigger = trigger_of(house)
    waiting = [one for one in house.venue.resting.values() if one.request.trigger is not None]
    waiting[0].waiting = True
    for _ in range(3):
        await house.mark(str(trigger))
        await house.pass_(2)
        await house.mark(50_000)
        await house.pass_(0.5)
    assert house.venue.position["BTC"]
    assert not [order for order in house.venue.sent if order.kind == "close"]


@SIDES
async def test_funding_received_lends_the_stop_no_more_room(house: House, side: Wanted) -> None:
    await opened(house, side)
    before = trigger_of(house)
    house.venue.listen(Funding("f1", "BTC", Decimal("2.5"), house.venue.now_ms))
    await house.pass_(1)
    assert trigger_of(house) == before


@SIDES
async def test_funding_of_the_trade_before_is_not_taken_off_the_next_one_s_stop(
    house: House, side: Wanted
) -> None:
    await opened(house, side)
    before = trigger_of(house)
    house.venue.listen(Funding("f1", "BTC", Decimal("-2.5"), house.venue.now_ms))
    await house.pass_(1)
    assert trigger_of(house) != before
    await house.engine.close(KEY)
    await house.pass_(1)
    assert not house.venue.position["BTC"]
    await house.candle()
    await house.pass_(1)
    assert trigger_of(house) == before


async def test_i14_flat_is_not_confirmed_before_the_venue_is_reconciled(house: House) -> None:
    await house.start()
    house.venue.listen(Disconnected("the line broke"))
    await house.engine.kill(KEY)
    await house.pass_(3)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "gate_closed"
    await house.venue.start(house.engine.on_event, [])
    await house.pass_(3)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"


@pytest.mark.parametrize("words", ["kill", "disable"])
async def test_an_entry_whose_answer_is_lost_is_asked_to_go_once(house: House, words: str) -> None:
    house.venue.swallow = 1
    await house.start()
    await house.candle()
    assert not [lane for lane in house.venue.lanes if lane[0] == "cancel"]
    if words == "kill":
        await house.engine.kill(KEY)
    else:
        await house.engine.disable(KEY, None)
    await house.pass_(3)
    assert [lane for lane in house.venue.lanes if lane[0] == "cancel"] == [("cancel", words == "kill")]
    assert house.opening_orders() == 1
