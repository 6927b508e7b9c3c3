"""Closing while the venue takes no IOC: a reduce-only limit rests at the touch (risk.md, "Kill switch")."""

from decimal import Decimal

from tests.trader.conftest import KEY, House, Told
from venues.contract.names import StrategyKey
from venues.trader.gateway import OrderRequest

OTHER = StrategyKey("second", "BTC")


async def killed_in_post_only_mode(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.post_only = True
    await house.engine.kill(KEY)
    await house.quiet()


def at_touch(house: House) -> list[OrderRequest]:
    return [one.request for one in house.venue.resting.values() if one.request.trigger is None]


def is_flat(house: House) -> bool:
    kill = house.row().kill
    return kill is not None and kill.state == "flat_confirmed" and not house.venue.position["BTC"]


async def test_a_reduce_only_limit_rests_at_the_touch_beside_the_stop(house: House) -> None:
    await killed_in_post_only_mode(house)
    (rest,) = at_touch(house)
    assert (rest.side, rest.size, rest.price) == ("sell", Decimal("0.00998"), Decimal(50_000))
    assert (rest.reduce_only, rest.post_only, rest.ioc, rest.expires_ms) == (True, True, False, None)
    assert len(house.venue.stops("BTC")) == 1
    await house.pass_(5)
    assert at_touch(house) == [rest]
    assert house.venue.reads["order"] == 0  # the stream tells
    house.venue.take("BTC")
    await house.pass_(2)
    assert is_flat(house)
    assert not house.venue.resting


async def test_the_rest_follows_the_touch_at_a_bounded_rate(house: House) -> None:
    await killed_in_post_only_mode(house)
    before, without = len(house.venue.sent), 0
    for price in range(49_990, 49_870, -2):
        await house.mark(price)
        await house.pass_(0.25)
        without += not at_touch(house)
    assert without <= 2
    (rest,) = at_touch(house)
    assert rest.price <= 49_900
    assert 4 <= len(house.venue.sent) - before <= 2 * 15 / 3 + 2


async def test_an_ioc_is_tried_again_and_closes_as_soon_as_it_is_taken(house: House) -> None:
    await killed_in_post_only_mode(house)
    house.venue.post_only = False
    await house.pass_(12)
    assert is_flat(house)
    assert house.venue.sent[-1].ioc
    assert not house.venue.resting


async def test_what_a_rest_has_filled_is_not_closed_again(house: House) -> None:
    await killed_in_post_only_mode(house)
    house.venue.take("BTC", "0.5")
    await house.pass_(1)
    (rest,) = at_touch(house)
    assert rest.size == Decimal("0.00499")
    house.venue.take("BTC")
    await house.pass_(2)
    assert is_flat(house)
    assert house.row().total_pnl == house.venue.equity() - 10_000


async def test_a_rest_that_would_match_is_laid_again_and_not_in_a_hurry(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.post_only = True
    house.venue.marks["BTC"] = Decimal(50_005)  # the price the trader has is old
    await house.engine.kill(KEY)
    await house.pass_(10)
    assert at_touch(house) == []
    assert len(house.venue.sent) <= 2 + 2 * 5
    await house.mark(50_005)
    await house.pass_(4)
    assert [rest.price for rest in at_touch(house)] == [Decimal(50_005)]


async def test_a_stop_that_goes_missing_is_put_back_beside_a_rest(house: House) -> None:
    await killed_in_post_only_mode(house)
    (stop,) = house.desk().live("stop")
    del house.venue.resting[stop.client_id]
    stop.learn("canceled", None, "", house.time.seconds)
    house.venue.refuse_stops = "Too many orders"
    await house.pass_(5)
    assert "the open trade has no stop at the venue" in house.row().warnings
    house.venue.refuse_stops = ""
    await house.pass_(2)
    assert len(house.venue.stops("BTC")) == 1
    assert len(at_touch(house)) == 1


async def test_on_a_shared_symbol_the_stop_is_back_within_two_seconds(house: House) -> None:
    house.algorithms[OTHER] = Told("long")
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.pass_(0.5)
    house.venue.post_only = True
    await house.engine.kill(KEY)
    await house.pass_(2.5)
    assert len(house.venue.stops("BTC")) == 2
    assert len(at_touch(house)) == 1
    house.venue.post_only = False
    await house.pass_(12)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"
    kept = house.row(OTHER).position
    assert kept is not None
    assert kept.size == house.venue.position["BTC"]


async def test_a_rest_goes_when_the_stop_has_closed_the_trade(house: House) -> None:
    await killed_in_post_only_mode(house)
    trigger = house.venue.stops("BTC")[0].trigger
    await house.mark(str(trigger))
    await house.pass_(2)
    assert is_flat(house)
    assert not house.venue.resting


async def test_a_rest_of_an_earlier_life_is_replaced_by_an_ioc(house: House) -> None:
    await killed_in_post_only_mode(house)
    await house.crash()
    house.venue.post_only = False
    await house.start()
    await house.pass_(3)
    assert is_flat(house)
    assert not house.venue.resting


async def test_a_rest_of_a_close_that_a_restart_forgot_is_cancelled(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.post_only = True
    await house.engine.close(KEY)
    await house.quiet()
    assert len(at_touch(house)) == 1
    await house.crash()
    await house.start()
    await house.pass_(1)
    assert at_touch(house) == []
    assert len(house.venue.stops("BTC")) == 1
    assert house.row().position is not None


async def test_the_next_kill_begins_with_an_ioc_again(house: House) -> None:
    """The last one's was refused while its stop closed the trade."""
    await house.start()
    await house.candle()
    trigger = house.venue.stops("BTC")[0].trigger
    house.venue.post_only = True
    house.venue.before_send = lambda: house.venue.mark("BTC", str(trigger))
    await house.engine.kill(KEY)
    await house.pass_(2)
    assert is_flat(house)
    house.venue.post_only, house.venue.before_send = False, None
    await house.engine.reset(KEY, 0)
    await house.candle()
    assert house.row().position is not None
    before = len(house.venue.sent)
    await house.engine.kill(KEY)
    await house.quiet()
    assert [order.ioc for order in house.venue.sent[before:]] == [True]
    await house.pass_(2)
    assert is_flat(house)


async def test_another_refusal_rests_nothing(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.refuse_closes = "Trading is halted"
    await house.engine.kill(KEY)
    await house.pass_(12)
    assert at_touch(house) == []
