"""What an engine makes of each gateway's way of telling time (risk.md, I19)."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.gateways.conftest import Trading
from tests.gateways.trader import running_trader
from tests.trader.conftest import KEY
from venues.trader.gateways import clock

HOUR_S = 3600


class WallClock:
    """This machine's wall clock, as far as gateways ask it; timers stay as they are."""

    moved_s = 0.0

    def time(self) -> float:
        return time.time() + self.moved_s


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    moved = WallClock()
    monkeypatch.setattr(clock, "time", SimpleNamespace(time=moved.time, monotonic=time.monotonic))
    return moved


@pytest.mark.parametrize("moved_s", [HOUR_S, -HOUR_S])
async def test_i19_a_moved_wall_clock_keeps_every_gateway_from_opening_and_none_from_closing(
    trading: Trading, wall: WallClock, moved_s: int, transactional_db: None, tmp_path: Path
) -> None:
    async with running_trader(trading, tmp_path) as trader:
        engine = trader.engine
        wall.moved_s = moved_s
        await trader.wants("long")
        await trader.becomes(lambda: (denied := engine.row(KEY).last_denial) and "clock" in denied.reason)
        await asyncio.sleep(1)  # of ticks that would open
        assert not await trader.held()
        wall.moved_s = 1.0
        await trader.becomes(lambda: engine.row(KEY).position)
        wall.moved_s = -moved_s
        await engine.kill(KEY)
        await trader.becomes(lambda: (kill := engine.row(KEY).kill) and kill.state == "flat_confirmed")
        assert not await trader.held()
        assert await trading.gateway.open_orders() == []
