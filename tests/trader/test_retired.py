"""A strategy that has left the file: protected while it holds, gone when flat (risk.md)."""

from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House, Told
from venues.contract.errors import NotFound
from venues.contract.names import StrategyKey
from venues.trader.gateway import Fill

LEFT_IN_FILE = StrategyKey("second", "ETH")


async def retired(house: House) -> list[str]:
    """A restart finds the strategy gone from the file while its trade is open; give what is published."""
    await house.start()
    await house.candle()
    await house.crash()
    house.algorithms = {LEFT_IN_FILE: Told("flat")}
    house.engine = house.build()
    await house.start()
    await house.pass_(1)
    assert house.row().position is not None
    told: list[str] = []
    house.engine.hub.listen(told.append)
    return told


async def test_it_leaves_when_its_stop_has_closed_its_trade_and_everyone_is_told(house: House) -> None:
    told = await retired(house)
    assert "strategies" not in told
    await house.mark(str(house.venue.stops("BTC")[0].trigger))
    await house.pass_(2)
    assert [row.strategy_id for row in house.engine.rows()] == ["second"]
    assert told.count("strategies") == 1
    with pytest.raises(NotFound):
        await house.engine.enable(KEY, None)
    assert not house.venue.resting


async def test_a_killed_one_leaves_only_when_flat_is_confirmed(house: House) -> None:
    await retired(house)
    house.venue.unread = True
    await house.engine.kill(KEY)
    await house.pass_(1)
    assert not house.venue.position["BTC"]
    (stop,) = house.desk().live("stop")
    stop.learn("canceled", None, "reduceOnlyCanceled", house.time.seconds)
    await house.pass_(2)
    assert house.row().is_killed
    house.venue.unread = False
    await house.pass_(5)
    with pytest.raises(NotFound):
        house.row()


async def test_a_late_fill_brings_it_back_and_is_protected(house: House) -> None:
    await retired(house)
    await house.engine.close(KEY)
    await house.pass_(2)
    with pytest.raises(NotFound):
        house.row()
    entry = next(order for order in house.venue.sent if not order.reduce_only)
    late = Fill(
        "late", "BTC", "buy", Decimal(50_000), Decimal("0.001"), Decimal("0.0225"), house.venue.now_ms,
        "1", entry.client_id,
    )  # fmt: skip
    house.venue.position["BTC"] += late.size
    house.venue.book_of_fills.append(late)
    house.venue.listen(late)
    await house.pass_(2)
    assert house.row().position is not None
    assert [stop.size for stop in house.venue.stops("BTC")] == [Decimal("0.001")]


async def test_an_order_says_when_it_was_placed_a_stop_too(house: House) -> None:
    await house.start()
    await house.candle()
    (stop,) = house.engine.orders()
    assert (stop["kind"], stop["placed_at"]) == ("stop", "2023-11-14T22:13:20.000Z")
