"""A trader, its registry row, and the links running beside the test."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from portfolio import book
from portfolio.actor import Actor
from portfolio.models import Trader
from riskcontrol import upkeep
from riskcontrol.links import run_links
from tests.pm.fake_trader import FakeTrader, state
from venues.contract.names import RowKey
from venues.contract.states import StrategyState

BTC = RowKey("hyperliquid", "momentum", "BTC")
ETH = RowKey("hyperliquid", "mean-reversion", "ETH")
OTTO = Actor(name="otto", via="api", ip="127.0.0.1")


def wait_for(condition: Callable[[], Any], limit_s: float = 5.0) -> Any:
    """Wait until the condition gives something true, and give that."""
    until = time.monotonic() + limit_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def register(fake: FakeTrader | None, source: str = "hyperliquid") -> Trader:
    """Put a trader into the registry; None is one where nobody listens."""
    url = fake.url if fake else "http://127.0.0.1:9"
    return Trader.objects.update_or_create(source=source, defaults={"url": url})[0]


def adopted(*states: StrategyState, source: str = "hyperliquid") -> None:
    """Have PM know these strategies as if their trader had just reported them."""
    given = states or (state(),)
    upkeep.adopt(source, given)
    book.heard(source)
    book.record(source, given, complete=True)


@pytest.fixture(autouse=True)
def fresh_book(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The live copy and the tokens of one test."""
    monkeypatch.setenv("HYPERLIQUID_TRADER_TOKEN", "a-token")
    monkeypatch.setenv("LIGHTER_TRADER_TOKEN", "a-token")
    book.forget()
    yield
    book.forget()


@pytest.fixture
def fake() -> Iterator[FakeTrader]:
    """A trader that runs."""
    with FakeTrader() as trader:
        yield trader


@pytest.fixture
def known(fake: FakeTrader, transactional_db: None) -> FakeTrader:
    """A trader that runs and that PM knows, without a link."""
    register(fake)
    adopted(*fake.states.values())
    return fake


@pytest.fixture
def away(transactional_db: None) -> Trader:
    """A trader that PM knows and that does not run."""
    trader = register(None)
    adopted()
    return trader


class Loop:
    """The links on a loop in a thread, as runpm has them."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.task: asyncio.Task[None] | None = None

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.task = self.loop.create_task(run_links())
        try:
            self.loop.run_until_complete(self.task)
        except asyncio.CancelledError:
            pass
        finally:
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            connections.close_all()

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        if self.thread.is_alive() and self.task is not None:
            self.loop.call_soon_threadsafe(self.task.cancel)
            self.thread.join(10)
            assert not self.thread.is_alive()


@pytest.fixture
def links(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    """The links, not yet started, at a quicker pace."""
    for name in ("TICK_S", "REGISTRY_S", "AWAY_AGAIN_S"):
        monkeypatch.setattr(f"riskcontrol.links.{name}", 0.2)
    loop = Loop()
    yield loop
    loop.stop()
