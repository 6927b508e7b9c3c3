"""The kill switch (risk.md, "Kill switch"; I1, I13, I14, I16, I17, I18)."""

from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House
from venues.contract.errors import Conflict, ProductError
from venues.contract.names import StrategyKey
from venues.trader import killfile
from venues.trader.models import Fact, Strategy


async def killed_by_price(house: House) -> None:
    """A trade whose stop cannot hold: the price jumps past Max DD."""
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(90)}, 1)
    await house.candle()
    assert house.row().position is not None
    await house.mark(44_000)
    await house.pass_(0.5)


async def test_a_breach_kills_flattens_and_confirms(house: House) -> None:
    await killed_by_price(house)
    row = house.row()
    assert row.is_killed
    assert row.status == "Killed"
    assert row.kill is not None
    assert row.kill.cause == "loss"
    assert row.kill.state == "flat_confirmed"
    assert row.kill.total_pnl is not None
    assert row.kill.total_pnl < -50
    assert not house.venue.position["BTC"]
    assert not house.venue.resting
    assert row.total_pnl == house.venue.equity() - 10_000


async def test_all_that_a_kill_sends_takes_the_lane_that_is_kept_for_closing(house: House) -> None:
    await house.start()
    await house.candle()
    assert house.row().position is not None
    house.venue.lanes.clear()
    assert "stop_moving" not in (await house.engine.kill(KEY)).warnings
    await house.pass_(0.5)
    assert set(house.venue.lanes) == {("close", True), ("cancel", True)}
    assert not house.venue.resting


async def test_exactly_the_limit_does_not_trip(house: House) -> None:
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(900)}, 1)
    await house.candle()
    total = house.row().total_pnl
    assert total is not None
    await house.mark(45_500)
    total = house.row().total_pnl
    assert total is not None
    await house.engine.apply_settings(KEY, {"max_strategy_loss": Decimal(50)}, 2)
    desk = house.desk()
    limit = -total
    desk.limits = desk.limits.changed({"max_strategy_loss": limit})
    await house.mark(45_500)
    assert not house.row().is_killed
    desk.limits = desk.limits.changed({"max_strategy_loss": limit - Decimal("0.000001")})
    await house.mark(45_500)
    assert house.row().is_killed


async def test_i01_nothing_opens_after_a_kill_until_a_reset(house: House) -> None:
    await killed_by_price(house)
    opened = house.opening_orders()
    for _ in range(3):
        await house.candle()
        await house.pass_(0.5)
    assert house.opening_orders() == opened
    row = await house.engine.reset(KEY, None)
    assert not row.is_killed
    assert row.total_pnl == 0
    assert row.epoch == 1
    await house.pass_(1)
    assert house.opening_orders() == opened  # the signal before the reset is not acted on
    await house.candle()
    assert house.opening_orders() == opened + 1


async def test_i01_an_entry_on_its_way_is_stopped_in_the_sending_thread(house: House) -> None:
    await house.start()
    house.venue.before_send = lambda: _trip(house)
    await house.candle()
    assert house.opening_orders() == 0
    assert house.row().is_killed


def _trip(house: House) -> None:
    from venues.trader import tripping

    tripping.trip(house.engine.core, house.desk(), "operator")


async def test_a_kill_survives_a_crash(house: House) -> None:
    await killed_by_price(house)
    opened = house.opening_orders()
    await house.crash()
    await house.start()
    assert house.row().is_killed
    assert house.row().total_pnl == house.venue.equity() - 10_000
    await house.candle()
    await house.pass_(1)
    assert house.opening_orders() == opened


async def test_a_crash_in_the_middle_of_a_kill_still_ends_flat(house: House) -> None:
    house.venue.refuse_closes = "Trading is halted"
    await killed_by_price(house)
    assert house.venue.position["BTC"]
    await house.crash()
    house.venue.refuse_closes = ""
    await house.start()
    await house.pass_(1)
    assert not house.venue.position["BTC"]
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"


async def test_a_kill_that_the_disk_lost_is_derived_from_its_close(house: House) -> None:
    await house.start()
    await house.candle()
    house.disk.full = True
    _trip(house)
    await house.quiet()
    assert not house.venue.position["BTC"]
    await house.crash()
    house.disk.full = False
    await house.start()
    assert house.row().is_killed


async def test_the_stop_stays_while_the_venue_refuses_closes(house: House) -> None:
    house.venue.refuse_closes = "Trading is halted"
    await house.start()
    await house.candle()
    await house.engine.kill(KEY)
    await house.pass_(12)
    assert len(house.venue.stops("BTC")) == 1
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "gate_closed"
    assert kill.left == Decimal("0.00998")
    assert kill.last_answer == "Trading is halted"
    assert house.engine.core.counts["alarms"] > 0
    house.venue.refuse_closes = ""
    await house.pass_(11)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"
    assert not house.venue.resting


async def test_a_failing_disk_does_not_stop_the_flattening(house: House) -> None:
    await house.start()
    await house.candle()
    house.disk.full = True
    with pytest.raises(ProductError) as caught:
        await house.engine.kill(KEY)
    assert caught.value.code == "not_durable"
    await house.quiet()
    assert not house.venue.position["BTC"]
    house.disk.full = False
    row = await house.engine.kill(KEY)
    assert row.is_killed


async def test_i14_flat_is_not_confirmed_by_a_failed_read(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.unread = True
    await house.engine.kill(KEY)
    await house.pass_(1)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "gate_closed"
    with pytest.raises(Conflict) as caught:
        await house.engine.reset(KEY, None)
    assert caught.value.code == "not_flat"
    house.venue.unread = False
    await house.pass_(4)
    assert (await house.engine.reset(KEY, 0)).epoch == 1


async def test_i16_a_breach_during_the_downtime_kills_before_the_first_order(house: House) -> None:
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(60)}, 1)
    await house.candle()
    await house.crash()
    house.venue.mark("BTC", 43_000)
    opened = house.opening_orders()
    await house.start()
    await house.candle()
    row = house.row()
    assert row.is_killed
    assert house.opening_orders() == opened
    assert row.total_pnl == house.venue.equity() - 10_000


async def test_i18_a_mark_that_stands_alone_kills_nobody(house: House) -> None:
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(90)}, 1)
    await house.candle()
    await house.mark(44_000, oracle=50_000)
    assert not house.row().is_killed
    await house.mark(44_000, oracle=50_000)  # the next mark counts as it is
    assert house.row().is_killed


async def test_i06_a_kill_repeated_is_the_same_kill(house: House) -> None:
    await house.start()
    first = await house.engine.kill(KEY)
    await house.quiet()
    again = await house.engine.kill(KEY)
    assert first.kill is not None
    assert again.kill is not None
    assert again.kill.at == first.kill.at


async def test_enable_of_a_killed_strategy_is_refused(house: House) -> None:
    await house.start()
    await house.engine.kill(KEY)
    with pytest.raises(Conflict) as caught:
        await house.engine.enable(KEY, 5)
    assert caught.value.code == "killed"


async def test_reset_names_the_kill_it_clears(house: House) -> None:
    await house.start()
    with pytest.raises(Conflict) as caught:
        await house.engine.reset(KEY, None)
    assert caught.value.code == "not_killed"
    await house.engine.kill(KEY)
    await house.pass_(1)
    with pytest.raises(Conflict) as caught:
        await house.engine.reset(KEY, 7)
    assert caught.value.code == "epoch"
    assert (await house.engine.reset(KEY, 0)).epoch == 1
    assert (await house.engine.reset(KEY, 0)).epoch == 1  # again: unchanged


async def test_a_kill_that_holds_keeps_position_and_stop(house: House) -> None:
    await house.start()
    await house.candle()
    await house.engine.kill(KEY, flatten=False)
    await house.pass_(2)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "held"
    assert house.row().position is not None
    assert len(house.venue.stops("BTC")) == 1


async def test_killing_one_of_two_on_a_symbol_leaves_the_other(house: House) -> None:
    other = StrategyKey("second", "BTC")
    house.algorithms[other] = type(house.algorithms[KEY])("long")
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.pass_(0.5)
    kept = house.row(other).position
    assert kept is not None
    await house.engine.kill(KEY)
    await house.pass_(3)
    assert house.row().position is None
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"
    still = house.row(other).position
    assert still is not None
    assert still.size == kept.size == house.venue.position["BTC"]
    assert [stop.size for stop in house.venue.stops("BTC")] == [kept.size]


async def test_fills_that_are_not_pushed_are_read(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.silent_fills = True
    await house.engine.kill(KEY)
    await house.pass_(3)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"
    assert house.row().total_pnl == house.venue.equity() - 10_000


async def test_a_lost_memory_kills_and_closes_what_the_venue_holds(house: House) -> None:
    await house.start()
    await house.candle()
    assert house.venue.position["BTC"]
    await house.crash()
    await house.disk_run(lambda: (Strategy.objects.all().delete(), Fact.objects.all().delete()))
    house.venue.now_ms += 60_000
    killfile.write(house.engine.kill_file, [], cause="memory_lost")
    await house.start()
    await house.pass_(4)
    kill = house.row().kill
    assert kill is not None
    assert (kill.cause, kill.state) == ("memory_lost", "flat_confirmed")
    assert not house.venue.position["BTC"]
    assert not house.venue.resting


async def test_what_the_account_did_before_the_trader_was_born_is_not_its(house: House) -> None:
    house.venue.by_hand("BTC", "buy", "0.2")
    house.venue.now_ms += 3_600_000
    await house.start()
    assert house.row().total_pnl == 0
    assert house.engine.core.unattributed["BTC"].size == Decimal("0.2")


async def test_i13_an_old_copy_of_the_memory_kills_everything(house: House) -> None:
    await house.start()
    await house.crash()
    old: list[int] = []
    await house.disk_run(lambda: old.append(Fact.objects.get(pk="next_number").value))
    await house.start()
    await house.candle()
    assert house.venue.position["BTC"]
    await house.crash()
    await house.disk_run(lambda: Fact.objects.filter(pk="next_number").update(value=old[0] - 1000))
    await house.start()
    await house.pass_(4)
    kill = house.row().kill
    assert kill is not None
    assert (kill.cause, kill.state) == ("memory_lost", "flat_confirmed")
    assert not house.venue.position["BTC"]


async def test_a_kill_before_the_venue_is_read_kills_nobody_else(house: House) -> None:
    other = StrategyKey("second", "ETH")
    house.algorithms[other] = type(house.algorithms[KEY])("long")
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.candle("ETH")
    assert house.row().position is not None
    assert house.row(other).position is not None
    await house.crash()
    killfile.write(house.engine.kill_file, [KEY])
    await house.start()
    await house.pass_(3)
    kill = house.row().kill
    assert kill is not None
    assert (kill.cause, kill.state) == ("operator", "flat_confirmed")
    assert not house.row(other).is_killed
    assert house.row(other).position is not None


async def test_rows_and_kills_work_while_the_venue_is_away(house: House) -> None:
    await house.start()
    await house.candle()
    await house.crash()
    house.venue.away = True
    await house.start()
    position = house.row().position
    assert position is not None
    assert position.stop_price is not None
    assert position.planned_loss is None
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(4)}, 1)
    await house.engine.disable(KEY, 2)
    await house.engine.close(KEY)
    row = await house.engine.kill(KEY)
    assert row.is_killed
