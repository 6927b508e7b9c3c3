"""Settings, enable, disable, close at the trader: revisions, bounds, durability (I2, I3, I7)."""

import asyncio
import threading
from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House
from venues.contract.errors import Conflict, NotFound, ProductError
from venues.contract.names import StrategyKey
from venues.trader.gate import opening_closed

FIVE = {"stop_loss_dollars": Decimal(6)}


async def test_i07_a_lower_revision_never_replaces_a_higher_one(house: House) -> None:
    await house.start()
    await house.engine.apply_settings(KEY, FIVE, 7)
    with pytest.raises(Conflict) as caught:
        await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(9)}, 6)
    assert caught.value.code == "conflict"
    assert caught.value.row is not None
    assert caught.value.row["revision"] == 7
    with pytest.raises(Conflict) as caught:
        await house.engine.disable(KEY, 6)
    assert house.row().limits.stop_loss_dollars == 6
    assert house.row().enabled


async def test_i07_an_equal_revision_is_the_same_change_or_refused(house: House) -> None:
    await house.start()
    await house.engine.apply_settings(KEY, FIVE, 7)
    assert (await house.engine.apply_settings(KEY, FIVE, 7)).revision == 7
    with pytest.raises(Conflict) as caught:
        await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(9)}, 7)
    assert caught.value.code == "revision_reused"


async def test_without_a_revision_a_change_applies_and_the_revision_stays(house: House) -> None:
    await house.start()
    row = await house.engine.apply_settings(KEY, FIVE, None)
    assert (row.limits.stop_loss_dollars, row.revision) == (Decimal(6), 0)


async def test_i02_what_was_answered_is_there_after_a_crash(house: House) -> None:
    await house.start()
    await house.engine.apply_settings(KEY, FIVE, 3)
    await house.engine.disable(KEY, 4)
    await house.crash()
    await house.start()
    row = house.row()
    assert (row.limits.stop_loss_dollars, row.revision, row.enabled) == (Decimal(6), 4, False)


async def test_a_full_disk_changes_nothing(house: House) -> None:
    await house.start()
    house.disk.full = True
    with pytest.raises(ProductError) as caught:
        await house.engine.apply_settings(KEY, FIVE, 3)
    assert caught.value.code == "not_durable"
    assert house.row().limits.stop_loss_dollars == 5
    assert house.row().revision == 0


async def test_risk_above_the_traders_own_cap_is_rejected(house: House) -> None:
    await house.start()
    with pytest.raises(Conflict) as caught:
        await house.engine.apply_settings(KEY, {"risk_per_trade": Decimal("5.0001")}, 3)
    assert caught.value.code == "rejected"
    assert "risk_per_trade" in caught.value.fields
    assert house.row().limits.risk_per_trade == 1


async def test_a_list_is_applied_whole_or_not_at_all(house: House) -> None:
    other = StrategyKey("second", "ETH")
    house.algorithms[other] = type(house.algorithms[KEY])("long")
    house.engine = house.build()
    await house.start()
    with pytest.raises(Conflict):
        await house.engine.apply_settings_list([(KEY, FIVE, 1), (other, {"risk_per_trade": Decimal(9)}, 1)])
    assert house.row().limits.stop_loss_dollars == 5
    rows = await house.engine.apply_settings_list([(KEY, FIVE, 1), (other, FIVE, 1)])
    assert [row.limits.stop_loss_dollars for row in rows] == [6, 6]


async def test_a_max_dd_below_the_present_loss_kills_at_once(house: House) -> None:
    await house.start()
    await house.candle()
    await house.mark(49_700)
    row = await house.engine.apply_settings(KEY, {"max_strategy_loss": Decimal(1)}, 1)
    assert row.is_killed


async def test_close_ends_the_trade_and_kills_nothing(house: House) -> None:
    await house.start()
    await house.candle()
    await house.engine.close(KEY)
    await house.quiet()
    assert house.row().position is None
    assert not house.row().is_killed
    assert house.engine.trades()[0].closed_by == "operator"
    await house.pass_(0.5)
    assert not house.venue.resting
    await house.candle()
    assert house.row().position is not None


async def test_enable_acts_on_no_signal_older_than_itself(house: House) -> None:
    await house.start()
    await house.engine.disable(KEY, 1)
    await house.candle()
    await house.engine.enable(KEY, 2)
    await house.pass_(1)
    assert house.opening_orders() == 0
    await house.candle()
    assert house.opening_orders() == 1


async def test_a_disable_closes_the_gate_before_the_disk_answers(house: House) -> None:
    await house.start()
    busy = threading.Event()
    house.disk.submit(busy.wait, 10)
    disabling = asyncio.ensure_future(house.engine.disable(KEY, 1))
    await asyncio.sleep(0)
    assert opening_closed(house.engine.core, house.desk()) == "disabled"
    assert not disabling.done()
    busy.set()
    assert not (await disabling).enabled


async def test_a_strategy_nobody_has_is_not_found(house: House) -> None:
    await house.start()
    with pytest.raises(NotFound):
        await house.engine.apply_settings(StrategyKey("nobody", "BTC"), FIVE, None)


async def test_a_strategy_that_left_the_file_keeps_its_trade_protected(house: House) -> None:
    await house.start()
    await house.candle()
    await house.crash()
    house.algorithms = {StrategyKey("second", "ETH"): type(house.algorithms[KEY])("flat")}
    house.engine = house.build()
    await house.start()
    await house.pass_(1)
    row = house.row()
    assert not row.enabled
    assert row.position is not None
    assert len(house.venue.stops("BTC")) == 1
    await house.mark(49_000)
    assert house.row().position is None


async def test_an_account_that_cannot_be_checked_opens_nothing(house: House) -> None:
    house.venue.problems = ["the agent is not approved"]
    await house.start()
    await house.candle()
    assert house.opening_orders() == 0
    assert house.engine.account().halted == "the agent is not approved"
    assert house.engine.core.since_ms is None  # its history begins with a check that passed
    house.venue.problems = []
    await house.pass_(31)
    assert house.opening_orders() == 1


async def test_funding_is_booked_and_taken_off_the_stops_budget(house: House) -> None:
    from venues.trader.gateway import Funding

    await house.start()
    await house.candle()
    before = house.venue.stops("BTC")[0].trigger
    payment = Funding("f1", "BTC", Decimal("-1.5"), house.venue.now_ms)
    house.venue.cash -= Decimal("1.5")
    house.venue.listen(payment)
    house.venue.listen(payment)
    await house.pass_(0.5)
    after = house.venue.stops("BTC")[0].trigger
    assert before is not None
    assert after is not None
    assert after > before
    assert house.row().total_pnl == house.venue.equity() - 10_000
