"""The kill file as a trader obeys it (api.md, section 4; I17): at its start and while it runs."""

import asyncio

import pytest

from tests.trader.conftest import KEY, House, Told
from venues.contract.names import StrategyKey
from venues.trader import killfile
from venues.trader.models import Strategy

ETH = StrategyKey("other", "ETH")


async def two_trades(house: House) -> None:
    """Two strategies, each with a trade open."""
    house.algorithms[ETH] = Told()
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.candle("ETH")
    assert house.venue.position["BTC"]
    assert house.venue.position["ETH"]


async def test_a_kill_file_is_obeyed_and_cleared(house: House) -> None:
    killfile.write(house.engine.kill_file, [KEY])
    await house.start()
    assert house.row().is_killed
    assert not house.engine.kill_file.exists()


async def test_a_kill_of_what_does_not_run_here_is_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    killfile.write(house.engine.kill_file, [KEY, StrategyKey("momentun", "BTC")])
    await house.start()
    assert house.row().is_killed
    assert "the kill file names momentun/BTC, which does not run here" in caplog.messages
    assert not any("/".join(KEY) in said for said in caplog.messages if "does not run here" in said)
    assert not house.engine.kill_file.exists()


async def test_i17_with_a_full_disk_a_kill_file_kills_every_strategy_it_names(house: House) -> None:
    await two_trades(house)
    killfile.write(house.engine.kill_file, [])
    house.disk.full = True
    await house.pass_(1)
    assert [house.row(key).is_killed for key in (KEY, ETH)] == [True, True]
    assert not house.venue.position["BTC"]
    assert not house.venue.position["ETH"]
    assert house.engine.kill_file.exists()  # no disk has the kills

    house.disk.full = False
    await house.engine.core.settle(5.0)
    await house.pass_(1)
    assert not house.engine.kill_file.exists()
    kills: list[str] = []
    await house.disk_run(lambda: kills.extend(Strategy.objects.values_list("kill", flat=True)))
    assert all(kills)


async def test_a_kill_that_is_repeated_asks_a_full_disk_once_a_second(house: House) -> None:
    await two_trades(house)
    killfile.write(house.engine.kill_file, [KEY])
    house.disk.full = True
    await house.pass_(1)
    settled = len(asyncio.all_tasks())
    await house.pass_(3)
    assert len(asyncio.all_tasks()) <= settled


async def test_a_kill_file_that_cannot_be_read_kills_everything_and_stays(house: House) -> None:
    house.engine.kill_file.mkdir()
    await house.start()
    assert house.row().is_killed
    await house.candle()
    await house.pass_(1)
    assert not house.opening_orders()
    assert house.engine.kill_file.exists()
