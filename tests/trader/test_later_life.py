"""What a reset, a restart and a lowered cap leave of a kill and of the settings (I1, I3, I13)."""

from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House
from venues.contract.errors import Conflict
from venues.trader import restoring
from venues.trader.core import Config
from venues.trader.models import Strategy


async def holding(house: House) -> None:
    """A killed strategy that keeps its position."""
    await house.start()
    await house.candle()
    await house.engine.kill(KEY, flatten=False)
    await house.pass_(2)
    assert house.venue.position["BTC"]


async def test_on_kill_hold_keeps_position_and_stop_and_a_kill_may_say_otherwise(house: House) -> None:
    house.config = Config(on_kill="hold")
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.engine.kill(KEY)
    await house.pass_(2)
    assert house.venue.position["BTC"]
    assert len(house.venue.stops("BTC")) == 1
    await house.engine.kill(KEY, flatten=True)
    await house.pass_(2)
    assert not house.venue.position["BTC"]
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"


async def test_a_kill_that_holds_goes_on_holding_after_a_restart(house: House) -> None:
    await holding(house)
    await house.crash()
    await house.start()
    await house.pass_(3)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "held"
    assert house.venue.position["BTC"]
    assert len(house.venue.stops("BTC")) == 1


async def test_a_forced_reset_moves_what_is_left_to_unattributed(house: House) -> None:
    await holding(house)
    lots = house.desk().lots
    with pytest.raises(Conflict) as caught:
        await house.engine.reset(KEY, None)
    assert caught.value.code == "not_flat"
    row = await house.engine.reset(KEY, None, force=True)
    await house.pass_(2)
    assert (row.epoch, row.is_killed, row.position) == (1, False, None)
    assert row.total_pnl == 0
    assert house.engine.core.unattributed["BTC"].lots == lots
    assert house.venue.position["BTC"]  # nothing was closed, nothing bought


async def test_a_reset_begins_at_a_high_water_mark_of_zero(house: House) -> None:
    house.config = Config(kill_on="drawdown")
    house.engine = house.build()
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(90)}, 1)
    await house.candle()
    await house.mark(54_000, oracle=54_000)
    assert house.desk().peak > 30_000_000
    await house.engine.kill(KEY)
    await house.pass_(3)
    row = await house.engine.reset(KEY, 0)
    assert row.drawdown == 0
    kept: list[int] = []
    await house.disk_run(lambda: kept.append(Strategy.objects.get().peak))
    assert kept == [0]
    await house.crash()
    await house.start()
    await house.pass_(1)
    assert not house.row().is_killed


@pytest.mark.parametrize("known", [True, False])
async def test_a_lowered_cap_bounds_what_was_stored_and_what_is_new(house: House, known: bool) -> None:
    if known:
        await house.start()
        await house.engine.apply_settings(KEY, {"risk_per_trade": Decimal(2)}, 1)
        await house.crash()
    house.config = Config(max_risk_per_trade=Decimal("0.5"))
    house.engine = house.build()
    await house.start()
    await house.candle()
    size = house.venue.position["BTC"]
    assert size * 50_000 / 5 <= Decimal("0.5") / 100 * 10_000
    assert house.row().limits.risk_per_trade == (2 if known else Decimal("0.5"))


@pytest.mark.parametrize(("kill_on", "denied"), [("loss", False), ("drawdown", True)])
async def test_room_is_what_is_left_until_the_kill(house: House, kill_on: str, denied: bool) -> None:
    """A gain that went again leaves no room where the drawdown kills, and all of it where the loss does."""
    house.config = Config(kill_on="drawdown" if kill_on == "drawdown" else "loss")
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.engine.close(KEY)
    await house.pass_(1)
    total = house.desk().total()
    assert total is not None
    house.desk().peak = total + 49_900_000
    await house.candle()
    said = house.row().last_denial
    assert (said is not None and said.reason.startswith("no room")) is denied


async def test_a_strategy_that_left_the_file_cannot_be_enabled(house: House) -> None:
    await house.start()
    await house.candle()
    await house.crash()
    house.engine.roster = []
    await house.start()
    with pytest.raises(Conflict) as caught:
        await house.engine.enable(KEY, None)
    assert caught.value.code == "rejected"
    assert not house.row().enabled


async def test_a_trade_that_is_gone_from_the_venue_without_a_fill_kills(house: House) -> None:
    await house.start()
    await house.candle()
    await house.crash()
    house.venue.position["BTC"] = Decimal(0)
    house.venue.resting.clear()
    await house.start()
    await house.candle()
    assert house.opening_orders() == 1  # nothing opens while it is not explained
    await house.pass_(10)
    kill = house.row().kill
    assert kill is not None
    assert kill.cause == "recovery"
    assert house.row().position is None
    assert house.opening_orders() == 1


async def test_nothing_opens_while_the_venue_holds_what_no_fill_explains(house: House) -> None:
    house.algorithms[KEY].side = "flat"
    await house.start()
    house.venue.position["BTC"] = Decimal("0.001")
    house.engine.core.wants_reconcile.set()
    await house.pass_(1)
    house.algorithms[KEY].side = "long"
    await house.candle()
    assert house.opening_orders() == 0
    denial = house.row().last_denial
    assert denial is not None
    assert denial.reason.startswith("venue not reconciled: it holds other")
    await house.pass_(10)
    assert house.engine.core.unattributed["BTC"].lots == 100
    assert house.opening_orders() == 1


async def test_after_several_resets_a_restart_still_knows_how_far_it_has_booked(house: House) -> None:
    await house.start()
    await house.candle()
    for _ in range(3):
        await house.engine.kill(KEY)
        await house.pass_(3)
        await house.engine.reset(KEY, None)
    booked_ms = house.engine.core.last_ms
    assert booked_ms
    await house.crash()
    await restoring.restore(house.engine.core, house.engine.roster)
    assert house.engine.core.last_ms == booked_ms
