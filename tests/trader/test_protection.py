"""Stops, closes and flat when the venue loses, refuses or half does something (I8, I14, I15)."""

from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House, Told
from venues.contract.errors import Unreachable
from venues.contract.names import StrategyKey
from venues.trader.gateway import AccountRead, Fill

OTHER = StrategyKey("second", "BTC")


async def opened(house: House) -> None:
    await house.start()
    await house.candle()
    assert house.row().position is not None


async def test_a_trader_that_ends_says_which_trades_it_leaves(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await opened(house)
    house.engine.say_what_stays()
    assert "1 trade stays open; only their stops at the venue protect them" in caplog.text


async def test_i08_a_stop_that_was_lost_on_its_way_is_put_back_within_two_seconds(house: House) -> None:
    house.venue.fill_share = Decimal("0.5")
    house.venue.before_send = lambda: setattr(house.venue, "swallow", int(bool(house.venue.sent)))
    await opened(house)
    house.venue.before_send = None
    assert house.venue.stops("BTC") == []
    await house.pass_(2)
    assert [stop.size for stop in house.venue.stops("BTC")] == [Decimal("0.00499")]


async def test_a_stop_that_arrives_after_all_is_the_traders_again(house: House) -> None:
    await opened(house)
    (stop,) = house.desk().live("stop")
    stop.status, stop.presumed = "rejected", True
    await house.pass_(1.5)
    assert len(house.venue.stops("BTC")) == 2
    house.engine.core.wants_reconcile.set()
    await house.pass_(8)
    assert len(house.venue.stops("BTC")) == 1


async def test_i08_a_stop_of_less_than_the_position_does_not_cover_it(house: House) -> None:
    await opened(house)
    house.venue.refuse_stops = "Too many orders"
    entry = next(order for order in house.venue.sent if not order.reduce_only)
    late = Fill(
        "late", "BTC", "buy", Decimal(50_000), Decimal("0.001"), Decimal("0.0225"), house.venue.now_ms,
        "1", entry.client_id,
    )  # fmt: skip
    house.venue.position["BTC"] += late.size
    house.venue.book_of_fills.append(late)
    house.venue.listen(late)
    alarms = house.engine.core.counts["alarms"]
    await house.pass_(5)
    assert house.desk().uncovered_since is not None
    assert house.engine.core.counts["alarms"] > alarms
    house.venue.refuse_stops = ""
    await house.pass_(2)
    assert house.desk().uncovered_since is None


async def test_what_a_triggered_stop_left_is_closed_though_the_price_came_back(house: House) -> None:
    await opened(house)
    house.venue.stop_share = Decimal("0.5")
    trigger = house.venue.stops("BTC")[0].trigger
    assert trigger is not None
    house.venue.marks["BTC"] = trigger
    house.venue.fire("BTC")
    await house.mark(50_000)
    await house.pass_(2)
    assert house.row().position is None
    assert not house.venue.position["BTC"]


async def test_a_cancel_without_an_answer_is_asked_again_while_the_trade_is_open(house: House) -> None:
    await opened(house)
    house.venue.lost_cancels = 1
    from venues.trader.gateway import Funding

    house.venue.listen(Funding("f1", "BTC", Decimal("-1.5"), house.venue.now_ms))
    await house.pass_(4)
    assert house.venue.lost_cancels == 0
    assert len(house.venue.stops("BTC")) == 1


async def test_on_a_shared_symbol_the_old_stop_goes_before_the_next_is_sent(house: House) -> None:
    house.algorithms[OTHER] = Told("long")
    house.engine = house.build()
    await opened(house)
    await house.pass_(0.5)
    assert house.row(OTHER).position is not None
    most = []
    house.venue.before_send = lambda: most.append(len(house.venue.stops("BTC")))
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(4)}, 1)
    await house.pass_(2)
    assert most == [1]  # the other strategy's only
    assert len(house.venue.stops("BTC")) == 2


async def test_closing_goes_on_after_a_thousand_tries(house: House) -> None:
    await opened(house)
    house.venue.refuse_closes = "Trading is halted"
    await house.engine.kill(KEY)
    await house.pass_(1)
    house.desk().close_tries = 5000
    await house.pass_(11)
    house.venue.refuse_closes = ""
    await house.pass_(11)
    assert not house.venue.position["BTC"]


async def test_i14_a_fill_after_flat_was_confirmed_opens_the_kill_again(house: House) -> None:
    await opened(house)
    await house.engine.kill(KEY)
    await house.pass_(2)
    entry = next(order for order in house.venue.sent if not order.reduce_only)
    late = Fill(
        "late", "BTC", "buy", Decimal(50_000), Decimal("0.001"), Decimal("0.0225"), house.venue.now_ms,
        "1", entry.client_id,
    )  # fmt: skip
    house.venue.position["BTC"] += late.size
    house.venue.cash -= late.size * late.price + late.fee
    house.venue.book_of_fills.append(late)
    house.venue.refuse_closes = "Trading is halted"
    house.venue.listen(late)
    await house.quiet()
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "gate_closed"
    house.venue.refuse_closes = ""
    await house.pass_(3)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"
    assert not house.venue.position["BTC"]


async def test_i14_a_position_read_begun_before_the_last_order_was_final_does_not_count(house: House) -> None:
    await opened(house)
    await house.engine.close(KEY)
    await house.quiet()
    desk = house.desk()
    stop = next(order for order in desk.orders.values() if order.kind == "stop")
    stop.status, stop.cancel_at = "open", house.time.seconds
    house.venue.while_reading = lambda: stop.learn("canceled", None, "", house.time.seconds)
    before = house.venue.reads["account"]
    await house.engine.kill(KEY)
    await house.pass_(1)
    assert desk.kill is not None
    assert desk.kill.state == "flat_confirmed"
    assert house.venue.reads["account"] - before >= 2


async def test_an_alarm_says_that_flat_cannot_be_confirmed(house: House) -> None:
    await opened(house)
    house.venue.unread = True
    await house.engine.kill(KEY)
    alarms = house.engine.core.counts["alarms"]
    await house.pass_(12)
    assert house.engine.core.counts["alarms"] > alarms


async def test_i18_a_stale_price_neither_kills_nor_moves_the_high_water_mark(house: House) -> None:
    await opened(house)
    await house.mark(50_500)
    peak = house.desk().peak
    house.time.pass_(60)
    house.desk().market.mark = house.desk().market.for_long = 60_000_000_000
    await house.engine.apply_settings(KEY, {"max_strategy_loss": Decimal(40)}, 1)
    assert house.desk().peak == peak
    house.desk().market.mark = house.desk().market.for_long = 40_000_000_000
    await house.engine.apply_settings(KEY, {"max_strategy_loss": Decimal(50)}, 2)
    assert not house.row().is_killed
    await house.mark(44_000)
    assert house.row().is_killed


async def test_i18_nothing_opens_after_a_long_silence(house: House) -> None:
    await house.start()
    house.time.pass_(60)
    house.desk().signal = "long"
    house.engine.tick(1)
    await house.quiet()
    assert house.opening_orders() == 0
    denial = house.row().last_denial
    assert denial is not None
    assert denial.reason.endswith("not fresh")


async def test_i20_every_reason_of_the_gate_lets_a_close_pass(house: House) -> None:
    await opened(house)
    core, desk = house.engine.core, house.desk()
    core.halted, core.reconciled, desk.enabled, desk.check_failed = "by hand", False, False, "broken"
    desk.market.leverage_ok = False
    house.time.pass_(60)
    await house.engine.close(KEY)
    await house.quiet()
    assert not house.venue.position["BTC"]


async def test_a_failing_part_does_not_keep_the_others_from_their_work(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from venues.trader import closing

    await opened(house)
    house.venue.resting.clear()
    (stop,) = house.desk().live("stop")
    stop.learn("canceled", None, "", 0)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(closing, "step", broken)
    await house.pass_(1)
    assert len(house.venue.stops("BTC")) == 1


async def test_a_venue_that_fails_is_not_asked_every_second(house: House) -> None:
    await house.start()

    async def broken() -> AccountRead:
        house.venue.reads["broken"] += 1
        raise Unreachable("no answer")

    house.venue.account = broken  # type: ignore[method-assign]
    house.engine.core.wants_reconcile.set()
    await house.pass_(60)
    assert 3 <= house.venue.reads["broken"] <= 12


async def test_a_position_that_stays_odd_is_not_read_every_second(house: House) -> None:
    await opened(house)
    house.venue.refuse_closes = "Reduce only order would increase position."
    await house.engine.kill(KEY)
    await house.pass_(5)
    before = house.venue.reads["open_orders"]
    await house.pass_(60)
    assert house.venue.reads["open_orders"] - before <= 10


async def test_an_order_that_stays_unknown_is_asked_for_less_and_less(house: House) -> None:
    house.venue.swallow = 1
    await house.start()
    await house.candle()
    await house.pass_(10)
    assert house.venue.reads["order"] <= 12


async def test_a_signal_for_the_side_held_is_spent(house: House) -> None:
    await opened(house)
    await house.candle()
    trigger = house.venue.stops("BTC")[0].trigger
    assert trigger is not None
    await house.mark(str(trigger))
    await house.pass_(2)
    assert house.opening_orders() == 1
    await house.candle()
    await house.pass_(1)
    assert house.opening_orders() == 2


async def test_i09_what_a_part_closed_by_hand_has_lost_is_off_the_budget_of_the_rest(house: House) -> None:
    await opened(house)
    house.venue.marks["BTC"] = Decimal(49_700)
    house.venue.by_hand("BTC", "sell", "0.005")
    await house.pass_(1)
    stop = house.venue.stops("BTC")[0]
    assert stop.trigger is not None
    await house.mark(str(stop.trigger))
    await house.quiet()
    assert house.row().position is None
    assert house.engine.trades()[0].pnl >= -5


async def test_a_retired_strategy_keeps_the_leverage_its_stop_was_made_for(house: House) -> None:
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(400)}, 1)
    await house.candle()
    before = house.venue.stops("BTC")[0].trigger
    await house.crash()
    house.algorithms = {StrategyKey("second", "ETH"): Told("flat")}
    house.engine = house.build()
    await house.start()
    await house.pass_(2)
    assert house.venue.stops("BTC")[0].trigger == before


async def test_lowering_the_stop_loss_below_the_loss_says_that_it_closes(house: House) -> None:
    await opened(house)
    await house.mark(49_800)
    row = await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(1)}, 1)
    assert "this closes the open trade now" in row.warnings
    await house.pass_(1)
    assert "this closes the open trade now" not in house.row().warnings
