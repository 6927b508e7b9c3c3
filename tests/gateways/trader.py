"""An engine on a gateway's paper exchange, in this process, with an algorithm that a test tells its side."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from django.db import connections

from tests.gateways.conftest import Trading
from tests.gateways.stub import until
from tests.trader.conftest import KEY, Told
from venues.trader.core import Config
from venues.trader.engine import Engine
from venues.trader.gateway import Candle
from venues.trader.roster import RosterEntry
from venues.trader.store import Store

READY_S = 20.0


class Trader:
    """One strategy on BTC."""

    def __init__(self, trading: Trading, disk: ThreadPoolExecutor, folder: Path) -> None:
        self.trading = trading
        self.algorithm = Told("flat")
        entry = RosterEntry(KEY.strategy_id, "Trend", KEY.symbol, self.algorithm, 5, None)
        venue = trading.gateway.venue
        self.engine = Engine(venue, trading.gateway, Store(disk), [entry], Config(), folder)

    async def wants(self, side: str) -> None:
        """Let a minute close, in the market's own time, in which the algorithm has come to want a side."""
        assert side in {"long", "short"}
        self.algorithm.side = "long" if side == "long" else "short"
        last = self.engine.core.markets[KEY.symbol].candles[-1]
        price = last.close
        self.engine.on_event(
            Candle(KEY.symbol, last.open_ms + 60_000, price, price, price, price, last.volume)
        )

    async def becomes(self, condition: Callable[[], object]) -> None:
        await until(condition, READY_S)

    async def held(self) -> bool:
        return bool((await self.trading.gateway.account()).positions)


@asynccontextmanager
async def running_trader(trading: Trading, folder: Path) -> AsyncIterator[Trader]:
    """Run a trader until it is reconciled, and end it with the test."""
    disk = ThreadPoolExecutor(1)
    trader = Trader(trading, disk, folder)
    running = asyncio.create_task(trader.engine.run())
    try:
        await trader.becomes(lambda: trader.engine.core.reconciled)
        yield trader
    finally:
        running.cancel()
        await asyncio.wait({running})
        trader.engine.core.end()
        disk.submit(connections.close_all).result()
        disk.shutdown()
