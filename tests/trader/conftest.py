"""An engine on a venue in memory, with a clock that a test moves."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.trader.venue import Venue
from venues.contract.names import StrategyKey
from venues.contract.states import StrategyState
from venues.trader.core import Clock, Config
from venues.trader.desk import Desk
from venues.trader.engine import Engine
from venues.trader.gateway import Candle
from venues.trader.roster import RosterEntry
from venues.trader.store import Store
from venues.trader.strategies.base import Strategy, Wanted

KEY = StrategyKey("trend", "BTC")


class Disk(ThreadPoolExecutor):
    """The store's one thread; `full` makes it fail as a full disk does."""

    full = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if not self.full:
            return super().submit(fn, *args, **kwargs)
        failed: Future[Any] = Future()
        failed.set_exception(OSError("database or disk is full"))
        return failed


class Told(Strategy):
    """Wants what a test tells it."""

    def __init__(self, side: Wanted = "long") -> None:
        super().__init__()
        self.side = side

    def wanted(self, candles: Sequence[Candle], held: Wanted) -> Wanted:
        return self.side


@dataclass
class Time:
    """Monotonic seconds and a wall clock that only a test moves."""

    seconds: float = 1000.0
    wall: datetime = field(default_factory=lambda: datetime(2026, 11, 22, tzinfo=UTC))

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


class House:
    """A trader with one strategy a symbol, its venue, its disk and its clock."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.venue = Venue()
        self.venue.marks = {"BTC": Decimal(50_000), "ETH": Decimal(3000)}
        self.time = Time()
        self.disk = Disk(1)
        self.config = Config()
        self.algorithms: dict[StrategyKey, Told] = {KEY: Told()}
        self.engine = self.build()

    def build(self) -> Engine:
        """Give an engine that remembers only what the disk has."""
        roster = [
            RosterEntry(key.strategy_id, key.strategy_id.title(), key.symbol, algorithm, 5, Decimal("1.5"))
            for key, algorithm in self.algorithms.items()
        ]
        clock = Clock(lambda: self.time.seconds, lambda: self.time.wall)
        return Engine("hyperliquid", self.venue, Store(self.disk), roster, self.config, self.var_dir, clock)

    async def start(self) -> None:
        """Restore and connect as run() does; ticks are the test's."""
        from venues.trader import restoring

        await restoring.restore(self.engine.core, self.engine.roster)
        await self.engine._obey_kill_file()
        await self.engine.core.gateway.start(self.engine.on_event, [])
        await self.quiet()

    async def crash(self) -> None:
        """Lose everything that is not on the disk."""
        self.engine.core.end()
        await asyncio.sleep(0)
        self.venue.listen = lambda event: None
        self.engine = self.build()

    async def quiet(self) -> None:
        """Let everything that is under way finish."""
        for _ in range(5):
            await self.engine.core.settle(0.1 if self.disk.full else 5.0)  # a full disk is tried for ever
            await asyncio.sleep(0)

    async def pass_(self, seconds: float) -> None:
        """Let time pass in ticks of a quarter second."""
        for tick in range(1, int(seconds * 4) + 1):
            self.time.pass_(0.25)
            self.venue.now_ms += 250
            self.engine.core.heard = self.time.seconds
            self.engine.tick(tick)
            await self.quiet()

    async def mark(self, price: str | int, symbol: str = "BTC", oracle: str | int | None = None) -> None:
        self.venue.mark(symbol, price, oracle)
        await self.quiet()

    async def candle(self, symbol: str = "BTC") -> None:
        self.venue.candle(symbol)
        await self.quiet()

    async def disk_run(self, step: Callable[[], Any]) -> None:
        """Do something to the database behind the trader's back."""
        await asyncio.wrap_future(self.disk.submit(step))

    def desk(self, key: StrategyKey = KEY) -> Desk:
        return self.engine.core.desks[key]

    def row(self, key: StrategyKey = KEY) -> StrategyState:
        return self.engine.row(key)

    def follow_rows(self) -> dict[StrategyKey, StrategyState]:
        """Give what a listener knows of every strategy: its row as it was when it was last told of."""
        known = {StrategyKey(row.strategy_id, row.symbol): row for row in self.engine.rows()}

        def hear(key: str) -> None:
            kind, *names = key.split(":", 2)
            if kind == "strategy":
                known[StrategyKey(*names)] = self.engine.row(StrategyKey(*names))

        self.engine.hub.listen(hear)
        return known

    def opening_orders(self) -> int:
        return sum(not order.reduce_only for order in self.venue.sent)


@pytest.fixture
def house(transactional_db: None, tmp_path: Path) -> Iterator[House]:
    built = House(tmp_path)
    yield built
    built.disk.full = False
    built.disk.submit(connections.close_all).result()
    built.disk.shutdown()
