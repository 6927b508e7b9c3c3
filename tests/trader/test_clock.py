"""The wall clock leaves the venue's (I19): nothing opens, everything else goes on."""

from datetime import timedelta

import pytest

from tests.trader.conftest import KEY, House
from venues.trader.gateway import Connected, Disconnected

HOUR_MS = 3_600_000


def move_wall_clock(house: House, milliseconds: int) -> None:
    house.time.wall += timedelta(milliseconds=milliseconds)
    house.venue.skew = -milliseconds


@pytest.mark.parametrize("moved_ms", [2000, -2000, HOUR_MS, -HOUR_MS])
async def test_i19_nothing_opens_until_the_skew_is_below_two_seconds(house: House, moved_ms: int) -> None:
    await house.start()
    move_wall_clock(house, moved_ms)
    await house.candle()
    await house.pass_(2)
    assert house.opening_orders() == 0
    denial = house.row().last_denial
    assert denial is not None
    assert denial.reason.startswith("clock skew")
    assert house.engine.metrics()["denied_clock_skew"] == 1
    assert house.engine.core.counts["alarms"] == 1
    assert "clock skew" in str(house.engine.account().halted)
    house.venue.skew = 1999 if moved_ms < 0 else -1999
    await house.pass_(1)
    assert house.opening_orders() == 1
    assert house.engine.account().halted is None


async def test_i19_an_unknown_skew_opens_nothing(house: House) -> None:
    house.venue.skew = None
    await house.start()
    await house.candle()
    assert house.opening_orders() == 0


async def test_i19_a_skew_is_seen_in_the_sending_thread(house: House) -> None:
    await house.start()
    house.venue.before_send = lambda: move_wall_clock(house, HOUR_MS)
    await house.candle()
    assert house.opening_orders() == 0


@pytest.mark.parametrize("moved_ms", [HOUR_MS, -HOUR_MS])
async def test_i19_closes_and_cancels_go_on_whatever_the_wall_clock_says(house: House, moved_ms: int) -> None:
    await house.start()
    await house.candle()
    await house.mark(49_900)
    move_wall_clock(house, moved_ms)
    assert house.engine.core.price_fresh(house.desk().market)
    assert house.engine.core.equity_fresh()
    await house.engine.kill(KEY)
    await house.pass_(1)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"
    assert not house.venue.position["BTC"]
    assert not house.venue.resting


async def test_i19_a_stop_is_put_back_while_the_wall_clock_is_off(house: House) -> None:
    await house.start()
    await house.candle()
    move_wall_clock(house, -HOUR_MS)
    house.venue.resting.clear()
    house.engine.core.wants_reconcile.set()
    await house.pass_(15)
    assert len(house.venue.stops("BTC")) == 1


async def test_a_kill_is_confirmed_though_the_check_of_a_connection_speaks_against_trading(
    house: House,
) -> None:
    await house.start()
    await house.candle()
    house.venue.listen(Disconnected("the line broke"))
    house.venue.problems = ["This machine's clock is 3600.0 s off."]
    await house.engine.disable(KEY, 1)
    house.venue.listen(Connected())
    await house.quiet()
    await house.engine.kill(KEY)
    await house.pass_(2)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"
    await house.engine.reset(KEY, 0)
    await house.engine.enable(KEY, 2)
    await house.candle()
    await house.pass_(2)
    assert house.opening_orders() == 1
    assert "3600.0 s off" in str(house.engine.account().halted)
    house.venue.problems = []
    await house.pass_(31)
    assert house.opening_orders() == 2
    assert house.engine.account().halted is None
