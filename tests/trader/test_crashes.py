"""What a crash, a failing disk and commands at the same moment may not do (I1, I2, I7, I10, I13)."""

import asyncio
from concurrent.futures import Future
from decimal import Decimal
from typing import Any

import pytest

from tests.trader.conftest import KEY, House
from venues.contract.errors import Conflict, ProductError
from venues.trader.core import Config
from venues.trader.gateway import Connected, Disconnected, Fill, Funding
from venues.trader.models import Booking, Order, Strategy
from venues.trader.strategies.base import Wanted


async def lost_beyond_max_dd(house: House) -> None:
    """A stop that fired through a gap: flat, and more lost than Max DD."""
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(60)}, 1)
    await house.candle()
    await house.mark(43_000)
    await house.pass_(1)
    assert house.row().is_killed
    assert house.row().position is None


async def test_i01_a_kill_lost_by_a_crash_is_derived_again_while_flat(house: House) -> None:
    """The fill is on the disk, the kill that followed is not."""
    await lost_beyond_max_dd(house)
    await house.crash()
    await house.disk_run(lambda: Strategy.objects.update(kill=""))
    opened = house.opening_orders()
    await house.start()
    await house.candle()
    assert house.row().is_killed
    assert house.opening_orders() == opened


async def test_i02_a_kill_while_settings_are_written_keeps_the_settings(house: House) -> None:
    await house.start()
    saving = asyncio.create_task(house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(6)}, 8))
    await asyncio.sleep(0)
    await house.engine.kill(KEY)
    await saving
    await house.crash()
    await house.start()
    row = house.row()
    assert (row.is_killed, row.revision, row.limits.stop_loss_dollars) == (True, 8, Decimal(6))


async def test_i02_two_changes_at_once_are_both_kept(house: House) -> None:
    await house.start()
    await asyncio.gather(
        house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(6)}, 8),
        house.engine.apply_settings(KEY, {"max_strategy_loss": Decimal(70)}, 9),
    )
    limits = house.row().limits
    assert (limits.stop_loss_dollars, limits.max_strategy_loss) == (Decimal(6), Decimal(70))


async def test_i07_a_lower_revision_loses_though_the_higher_is_still_being_written(house: House) -> None:
    await house.start()
    said = await asyncio.gather(
        house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(6)}, 9),
        house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(7)}, 8),
        return_exceptions=True,
    )
    assert isinstance(said[1], Conflict)
    assert (house.row().revision, house.row().limits.stop_loss_dollars) == (9, Decimal(6))


async def test_i01_a_kill_during_a_reset_wins(house: House) -> None:
    await house.start()
    await house.engine.kill(KEY)
    await house.pass_(1)
    resetting = asyncio.create_task(house.engine.reset(KEY, 0))
    await asyncio.sleep(0)
    row = await house.engine.kill(KEY)
    assert row.is_killed
    with pytest.raises(Conflict):
        await resetting
    await house.crash()
    await house.start()
    assert house.row().is_killed


async def test_a_reset_that_names_an_older_kill_is_refused(house: House) -> None:
    await house.start()
    for epoch in (0, 1):
        await house.engine.kill(KEY)
        await house.pass_(1)
        if epoch == 0:
            await house.engine.reset(KEY, 0)
    with pytest.raises(Conflict) as caught:
        await house.engine.reset(KEY, 0)
    assert caught.value.code == "epoch"
    assert house.row().is_killed


async def test_a_reset_is_there_after_a_crash_though_the_kill_was_being_written(house: House) -> None:
    await house.start()
    await house.candle()
    await house.engine.kill(KEY, flatten=False)
    await house.engine.reset(KEY, 0, force=True)
    await house.quiet()
    await house.crash()
    await house.start()
    assert (house.row().is_killed, house.row().epoch) == (False, 1)


async def test_i10_bookings_that_the_disk_refused_are_written_when_it_can(house: House) -> None:
    await house.start()
    await house.candle()
    house.disk.full = True
    await house.engine.close(KEY)
    await house.quiet()
    house.disk.full = False
    await asyncio.sleep(1.1)
    await house.quiet()
    booked: list[int] = []
    await house.disk_run(lambda: booked.append(Booking.objects.filter(kind="fill").count()))
    assert booked == [2]


async def test_a_high_water_mark_survives_in_drawdown_mode(house: House) -> None:
    house.config = Config(kill_on="drawdown")
    house.engine = house.build()
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(90)}, 1)
    await house.candle()
    await house.mark(52_000)
    peak = house.row().total_pnl
    assert peak is not None
    assert peak > 19
    await house.crash()
    await house.engine.core.store.load()
    kept: list[int] = []
    await house.disk_run(lambda: kept.append(Strategy.objects.get().peak))
    assert kept == [int(peak * 1_000_000)]


async def test_a_high_water_mark_that_the_disk_refused_is_written_later(house: House) -> None:
    await house.start()
    await house.candle()
    house.disk.full = True
    await house.mark(52_000)
    await house.pass_(1.25)
    house.disk.full = False
    await house.pass_(2)
    kept: list[int] = []
    await house.disk_run(lambda: kept.append(Strategy.objects.get().peak))
    assert kept == [house.desk().peak]


async def test_drawdown_kills_from_the_highest_total(house: House) -> None:
    house.config = Config(kill_on="drawdown")
    house.engine = house.build()
    await house.start()
    await house.engine.apply_settings(
        KEY, {"stop_loss_dollars": Decimal(90), "max_strategy_loss": Decimal(30)}, 1
    )
    await house.candle()
    await house.mark(52_000)
    await house.mark(49_400)
    assert not house.row().is_killed
    assert house.row().kill_on == "drawdown"
    await house.mark(48_900)
    kill = house.row().kill
    assert kill is not None
    assert kill.cause == "drawdown"


@pytest.mark.parametrize(("side", "alone"), [("long", 54_000), ("short", 46_000)])
async def test_i18_a_gain_at_a_mark_that_stands_alone_moves_no_high_water_mark(
    house: House, side: Wanted, alone: int
) -> None:
    house.algorithms[KEY].side = side
    house.config = Config(kill_on="drawdown")
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.mark(50_000)
    peak = house.desk().peak
    await house.mark(alone, oracle=50_000)
    assert house.desk().peak == peak
    await house.mark(50_000)
    assert house.desk().peak == peak
    assert not house.row().is_killed


async def test_an_order_whose_fills_are_booked_and_whose_status_is_not_is_settled(house: House) -> None:
    """A crash between the booking and the status: its fills come again and are known already."""
    await house.start()
    await house.candle()
    await house.engine.close(KEY)
    await house.pass_(1)
    await house.crash()
    await house.disk_run(lambda: Order.objects.update(status="sent", filled="0", order_id=""))
    await house.start()
    await house.pass_(3)
    assert house.desk().unsettled("entry", "close") == []
    await house.candle()
    assert house.row().position is not None
    before = house.venue.reads["fills"]
    await house.pass_(10)
    assert house.venue.reads["fills"] - before <= 1


async def test_a_row_can_be_read_before_the_markets_are(house: House) -> None:
    await house.start()
    await house.candle()
    await house.crash()
    from venues.trader import restoring

    await restoring.restore(house.engine.core, house.engine.roster)
    position = house.row().position
    assert position is not None
    assert position.planned_loss is None


async def test_a_reconnect_during_reconciliation_reconciles_again(house: House) -> None:
    await house.start()
    core = house.engine.core

    def broken() -> None:
        house.venue.listen(Disconnected("the line broke"))
        house.venue.listen(Connected())
        house.venue.problems = ["the key is gone"]

    house.venue.while_reading = broken
    core.wants_reconcile.set()
    house.time.pass_(2)
    house.engine.tick(1)
    await house.quiet()
    assert not core.reconciled


async def test_what_the_account_did_before_the_birth_stays_out_after_a_reconnect(house: House) -> None:
    house.venue.by_hand("BTC", "buy", "0.2")
    old = house.venue.book_of_fills[0]
    paid = Funding("old", "BTC", Decimal("-3"), house.venue.now_ms)
    house.venue.listen = house.engine.on_event
    house.venue.listen(paid)
    house.venue.now_ms += 3_600_000
    await house.start()
    await house.pass_(3)
    held = house.engine.core.booked_lots("BTC")
    house.venue.listen(old)
    house.venue.listen(paid)
    await house.quiet()
    assert house.engine.core.booked_lots("BTC") == held == 20_000
    assert house.row().total_pnl == 0


async def test_funding_told_before_the_markets_are_read_is_not_lost(house: House) -> None:
    await house.start()
    await house.candle()
    await house.crash()
    payment = Funding("f9", "BTC", Decimal("-0.5"), house.venue.now_ms)
    house.venue.cash -= Decimal("0.5")
    house.venue.payments.append(payment)
    from venues.trader import restoring

    await restoring.restore(house.engine.core, house.engine.roster)
    house.engine.on_event(payment)
    await house.engine.core.gateway.start(house.engine.on_event, [])
    await house.quiet()
    assert house.row().total_pnl == house.venue.equity() - 10_000


async def test_i10_a_fill_during_the_read_of_the_position_is_no_difference(house: House) -> None:
    await house.start()
    house.venue.silent_fills = True
    house.venue.by_hand("BTC", "buy", "0.1")
    house.venue.silent_fills = False
    house.venue.book_of_fills.clear()  # a difference that no fill explains
    house.venue.now_ms += 10_000
    house.venue.while_reading = lambda: setattr(
        house.venue, "while_reading", lambda: house.venue.by_hand("BTC", "buy", "0.3")
    )
    house.engine.core.wants_reconcile.set()
    await house.pass_(12)
    assert house.engine.core.booked_lots("BTC") == 40_000
    transfers: list[int] = []
    await house.disk_run(
        lambda: transfers.extend(Booking.objects.filter(kind="transfer").values_list("lots", flat=True))
    )
    assert transfers == [10_000]


async def test_a_fill_that_is_told_late_kills_nobody(house: House) -> None:
    """The stop has fired, the position is gone, and for two seconds no list of fills shows it."""
    await house.start()
    await house.candle()
    house.venue.now_ms += 10_000
    house.venue.silent_fills = True
    trigger = house.venue.stops("BTC")[0].trigger
    assert trigger is not None
    house.venue.marks["BTC"] = trigger
    house.venue.fire("BTC")
    hidden = house.venue.book_of_fills.pop()
    house.engine.core.wants_reconcile.set()
    await house.pass_(1)
    house.venue.book_of_fills.append(hidden)
    await house.pass_(4)
    assert not house.row().is_killed
    assert house.row().total_pnl == house.venue.equity() - 10_000


async def test_numbers_are_not_taken_as_reserved_before_the_disk_has_them(house: House) -> None:
    await house.start()
    core = house.engine.core
    on_disk = core.reserved_number
    house.disk.full = True
    core.next_number = on_disk - 10
    core.client_id(house.desk(), "stop", 0)
    await house.quiet()
    assert core.reserved_number == on_disk
    house.disk.full = False
    core.client_id(house.desk(), "stop", 0)
    await house.quiet()
    assert core.reserved_number > on_disk


async def test_an_error_of_the_database_of_any_kind_is_a_disk_that_refuses(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import InterfaceError

    await house.start()

    def broken(*_: Any) -> Future[Any]:
        failed: Future[Any] = Future()
        failed.set_exception(InterfaceError("the connection is closed"))
        return failed

    monkeypatch.setattr(house.disk, "submit", broken)
    with pytest.raises(ProductError) as caught:
        async with asyncio.timeout(2):
            await house.engine.kill(KEY)
    monkeypatch.undo()
    assert caught.value.code == "not_durable"
    assert house.row().is_killed


async def test_a_fill_that_cannot_be_booked_breaks_nothing_else(house: House) -> None:
    await house.start()
    await house.candle()
    odd = Fill("odd", "BTC", "buy", Decimal("NaN"), Decimal("0.01"), Decimal(0), house.venue.now_ms, "x")
    house.engine.on_event(odd)
    await house.quiet()
    assert house.engine.core.counts["alarms"] > 0
    assert ("fill", "odd") not in house.engine.core.seen
