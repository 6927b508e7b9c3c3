"""One trade from signal to stop (risk.md, "One trade")."""

from dataclasses import replace
from decimal import Decimal

from tests.trader.conftest import KEY, House
from venues.contract.names import StrategyKey


async def test_a_signal_opens_a_trade_with_its_stop_resting(house: House) -> None:
    await house.start()
    await house.candle()
    position = house.row().position
    assert position is not None
    assert position.side == "long"
    assert position.size == Decimal("0.00998")  # 10000 × 1 % × 5 / 50100
    assert [stop.size for stop in house.venue.stops("BTC")] == [position.size]
    assert position.stop_price == house.venue.stops("BTC")[0].trigger
    assert position.planned_loss is not None
    assert Decimal(4) < position.planned_loss <= Decimal(5)


async def test_total_pnl_equals_the_account_to_the_micro_dollar(house: House) -> None:
    await house.start()
    await house.candle()
    await house.mark(50_321)
    assert house.row().total_pnl == house.venue.equity() - 10_000


async def test_the_stop_at_the_venue_ends_the_trade_within_its_budget(house: House) -> None:
    await house.start()
    await house.candle()
    trigger = house.venue.stops("BTC")[0].trigger
    assert trigger is not None
    await house.mark(str(trigger))
    row = house.row()
    assert row.position is None
    assert row.total_pnl is not None
    assert Decimal(-5) <= row.total_pnl < Decimal(-4)
    assert house.engine.trades()[0].closed_by == "stop"


async def test_another_wish_closes_and_reverses(house: House) -> None:
    await house.start()
    await house.candle()
    house.algorithms[KEY].side = "short"
    await house.candle()
    await house.pass_(0.5)
    position = house.row().position
    assert position is not None
    assert position.side == "short"
    assert len(house.venue.stops("BTC")) == 1
    assert house.venue.stops("BTC")[0].side == "buy"


async def test_a_partly_filled_entry_is_protected_at_once(house: House) -> None:
    house.venue.fill_share = Decimal("0.5")
    await house.start()
    await house.candle()
    position = house.row().position
    assert position is not None
    assert position.size == Decimal("0.00499")
    assert [stop.size for stop in house.venue.stops("BTC")] == [Decimal("0.00499")]


async def test_a_lowered_stop_loss_moves_the_resting_stop(house: House) -> None:
    await house.start()
    await house.candle()
    before = house.venue.stops("BTC")[0].trigger
    row = await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(4)}, 1)
    assert row.limits.stop_loss_dollars == 4
    assert "stop_moving" in row.warnings
    await house.quiet()
    await house.pass_(0.25)
    stops = house.venue.stops("BTC")
    assert len(stops) == 1
    assert before is not None
    assert stops[0].trigger is not None
    assert stops[0].trigger > before
    loss = house.row().position
    assert loss is not None
    assert loss.planned_loss is not None
    assert loss.planned_loss <= 4
    assert house.row().warnings == ()


async def test_a_stop_loss_below_what_the_trade_lost_closes_it(house: House) -> None:
    await house.start()
    await house.candle()
    await house.mark(49_800)
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(1)}, 1)
    await house.quiet()
    assert house.row().position is None
    assert not house.row().is_killed


async def test_a_missing_stop_is_put_back(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.resting.clear()
    house.engine.core.wants_reconcile.set()
    await house.pass_(15)
    assert len(house.venue.stops("BTC")) == 1


async def test_a_refused_stop_closes_nothing_and_is_tried_again(house: House) -> None:
    house.venue.refuse_stops = "Too many orders"
    await house.start()
    await house.candle()
    await house.pass_(6)
    assert house.row().position is not None
    assert house.engine.core.counts["alarms"] > 0
    house.venue.refuse_stops = ""
    await house.pass_(2)
    assert len(house.venue.stops("BTC")) == 1


async def test_i24_an_entry_whose_answer_is_lost_is_not_sent_twice(house: House) -> None:
    house.venue.lose_answers = 1
    await house.start()
    await house.candle()
    assert house.opening_orders() == 1
    await house.candle()
    await house.pass_(1.5)
    assert house.opening_orders() == 1
    assert house.row().position is not None
    assert len(house.venue.stops("BTC")) == 1


async def test_i24_an_entry_that_never_arrived_is_given_up_only_after_its_expiry(house: House) -> None:
    house.venue.swallow = 1
    await house.start()
    await house.candle()
    await house.candle()
    await house.pass_(11)
    assert house.opening_orders() == 1
    await house.pass_(3)
    assert house.opening_orders() == 2
    assert house.row().position is not None


async def test_two_strategies_may_not_hold_opposite_sides(house: House) -> None:
    other = StrategyKey("fade", "BTC")
    house.algorithms[other] = type(house.algorithms[KEY])("short")
    house.engine = house.build()
    await house.start()
    await house.candle()
    assert house.row().position is not None
    assert house.row(other).position is None
    denial = house.row(other).last_denial
    assert denial is not None
    assert denial.reason == "opposite side: use a sub-account"


async def test_i21_a_fill_by_hand_goes_to_unattributed_first_then_to_the_trades(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.by_hand("BTC", "buy", "0.1")
    house.venue.by_hand("BTC", "sell", "0.105")
    await house.quiet()
    position = house.row().position
    assert position is not None
    assert position.size == Decimal("0.00498")
    assert house.engine.core.booked_lots("BTC") == int(house.venue.position["BTC"] * 100_000)


async def test_a_disabled_strategy_keeps_its_stop_and_opens_nothing(house: House) -> None:
    await house.start()
    await house.candle()
    await house.engine.disable(KEY, 1)
    assert len(house.venue.stops("BTC")) == 1
    await house.mark(40_000, oracle=40_000)
    await house.candle()
    await house.pass_(1)
    assert house.row().position is None
    assert house.opening_orders() == 1


async def test_a_stop_is_renewed_before_the_venue_drops_it(house: House) -> None:
    await house.start()
    market = house.engine.core.markets["BTC"]
    market.market = replace(market.known, stop_life_s=1000)
    await house.candle()
    first = house.venue.stops("BTC")[0].client_id
    house.venue.now_ms += 800_000
    await house.pass_(0.5)
    assert [stop.client_id for stop in house.venue.stops("BTC")] == [first]
    house.venue.now_ms += 110_000
    await house.pass_(0.5)
    renewed = [stop.client_id for stop in house.venue.stops("BTC")]
    assert len(renewed) == 1
    assert renewed != [first]


async def test_a_client_id_is_never_used_twice_across_crashes(house: House) -> None:
    await house.start()
    for _ in range(3):
        await house.candle()
        await house.engine.close(KEY)
        await house.pass_(0.5)
        await house.crash()
        await house.start()
    used = [order.client_id for order in house.venue.sent]
    assert len(used) > 6
    assert len(set(used)) == len(used)
