"""Leverage other than configured: nothing opens on that symbol, alarm (risk.md, "Several strategies")."""

from dataclasses import replace

import pytest

from tests.trader.conftest import KEY, House, Told
from venues.contract.names import StrategyKey

ETH = StrategyKey("other", "ETH")


async def test_a_leverage_that_the_venue_refuses_closes_its_symbol_alone(house: House) -> None:
    house.algorithms[ETH] = Told()
    house.engine = house.build()
    house.venue.refuse_leverage = "Insufficient margin"
    await house.start()
    await house.candle()
    await house.candle("ETH")
    assert house.engine.core.reconciled
    assert house.row().position is None
    denial = house.row().last_denial
    assert denial is not None
    assert denial.reason == "leverage: refused by the venue: Insufficient margin"
    assert house.row(ETH).position is not None
    await house.engine.kill(KEY)
    await house.pass_(2)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"


async def test_a_leverage_changed_in_the_file_while_a_trade_is_open_alarms_and_waits(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.start()
    await house.candle()
    await house.crash()
    house.engine.roster = [replace(entry, leverage=10) for entry in house.engine.roster]
    await house.start()
    said = "BTC: leverage: the venue has 5 cross, configured is 10 cross; nothing opens there"
    assert caplog.text.count(said) == 1
    assert house.venue.levers["BTC"] == (5, True)
    await house.pass_(130)
    assert caplog.text.count(said) == 1  # once, not with every reconciliation
    await house.engine.close(KEY)
    await house.pass_(70)
    assert house.venue.levers["BTC"] == (10, True)
    await house.candle()
    assert house.row().position is not None
