"""A trader's engine behind a bad line: no second entry, no trade left without its stop, every kill ends flat.

The watcher asks the exchange itself, past the proxy, all the time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.gateways.conftest import Trading
from tests.gateways.proxy import Proxy
from tests.gateways.stub import until
from tests.gateways.trader import Trader, running_trader
from tests.trader.conftest import KEY
from venues.contract.errors import ProductError

NAKED_S = 2.0  # risk.md, I8: while the venue answers
SILENT_S = 6.0  # else as long as its answer is waited for besides
LOOK_S = 0.05
FAULT_S = 12.0  # longer than any limit of a gateway and than an entry's expiry
HEALED_S = 40.0
ONE_TRADE = Decimal("0.0125")  # 1 % of 10 000 at 5 times, in BTC at 40 000


def _lose(proxy: Proxy) -> None:
    proxy.losing_answers = True


def _reset(proxy: Proxy) -> None:
    proxy.resetting_answers = True


def _double(proxy: Proxy) -> None:
    proxy.doubling = True


FAULTS: dict[str, Callable[[Proxy], None]] = {
    "late answers": Proxy.hold_answers,
    "no answers": _lose,
    "reset in an answer": _reset,
    "half-open": Proxy.freeze,
    "doubled messages": _double,
}
SILENT = {"late answers", "half-open"}
pytestmark = pytest.mark.slow


class Watcher:
    """What the exchange had of the account at each look."""

    def __init__(self, trading: Trading, trader: Trader) -> None:
        self.trading = trading
        self.trader = trader
        account = trading.opened.account
        self.name = str(account.get("address") or account["account_index"])
        self.sizes: set[Decimal] = set()
        self.naked_s = 0.0

    def account(self) -> dict[str, Any]:
        accounts = self.trading.exchange.state()["accounts"]
        return next(one for one in accounts if one["address"] == self.name)

    def size(self) -> Decimal:
        held = self.account()["positions"]
        return Decimal(held[0]["size"]) if held else Decimal(0)

    def stops(self) -> list[tuple[int, Decimal]]:
        """Give (client id, trigger) of every stop that rests."""
        orders = [one for one in self.account()["orders"] if one["trigger_price"]]
        return [(int(str(one["client_id"]), 0), Decimal(one["trigger_price"])) for one in orders]

    def is_whole(self) -> bool:
        """Tell whether trader and exchange hold the same, under one stop where they hold anything."""
        desk, found = self.trader.engine.core.desks[KEY], self.account()
        size = Decimal(found["positions"][0]["size"]) if found["positions"] else Decimal(0)
        booked = Decimal(str(desk.ledger.size))
        live = [one.client_id for one in desk.live("stop")]
        resting = [one for one, _ in self.stops()]
        whole = self.trader.engine.core.reconciled and booked == size and live == resting
        return whole and len(resting) == (1 if size else 0) == len(found["orders"])

    def is_flat(self) -> bool:
        kill, found = self.trader.engine.row(KEY).kill, self.account()
        confirmed = kill is not None and kill.state == "flat_confirmed"
        return confirmed and not found["positions"] and not found["orders"]

    async def watch(self) -> None:
        naked_since: float | None = None
        while True:
            found = await asyncio.to_thread(self.account)
            self.sizes |= {Decimal(one["size"]) for one in found["positions"]}
            naked = found["positions"] and not any(one["trigger_price"] for one in found["orders"])
            naked_since = (naked_since or time.monotonic()) if naked else None
            if naked_since is not None:
                self.naked_s = max(self.naked_s, time.monotonic() - naked_since)
            await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def watched(trading: Trading, folder: Path, fault: str) -> AsyncIterator[tuple[Trader, Watcher]]:
    """Run a trader under a watcher; no fault may have left more than one trade, or one without a stop."""
    async with running_trader(trading, folder) as trader:
        watcher = Watcher(trading, trader)
        watching = asyncio.create_task(watcher.watch())
        try:
            yield trader, watcher
        finally:
            trading.proxy.release()
            watching.cancel()
            await asyncio.wait({watching})
    assert all(0 < size <= ONE_TRADE for size in watcher.sizes)
    assert watcher.naked_s < (SILENT_S if fault in SILENT else NAKED_S)


async def _opened(trader: Trader, watcher: Watcher) -> None:
    await trader.wants("long")
    await until(lambda: watcher.size() and watcher.is_whole(), HEALED_S)


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_an_entry_through_a_fault_is_sent_once_and_has_its_stop(
    trading: Trading, fault: str, transactional_db: None, tmp_path: Path
) -> None:
    async with watched(trading, tmp_path, fault) as (trader, watcher):
        FAULTS[fault](trading.proxy)
        await trader.wants("long")
        await asyncio.sleep(FAULT_S)
        trading.proxy.release()
        await until(watcher.is_whole, HEALED_S)
        if fault != "half-open":  # what arrives past its expiry opens nothing
            assert watcher.size()


async def test_a_stop_moved_through_a_fault_is_one_stop_where_it_belongs(
    trading: Trading, fault: str, transactional_db: None, tmp_path: Path
) -> None:
    async with watched(trading, tmp_path, fault) as (trader, watcher):
        await _opened(trader, watcher)
        ((_, before),) = watcher.stops()
        FAULTS[fault](trading.proxy)
        await trader.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(3)}, 1)
        await asyncio.sleep(FAULT_S)
        trading.proxy.release()
        await until(lambda: watcher.is_whole() and watcher.stops()[0][1] > before, HEALED_S)
        assert watcher.size()


async def test_a_stop_that_goes_in_a_fault_is_put_back(
    trading: Trading, fault: str, transactional_db: None, tmp_path: Path
) -> None:
    async with watched(trading, tmp_path, fault) as (trader, watcher):
        await _opened(trader, watcher)
        ((before, _),) = watcher.stops()
        FAULTS[fault](trading.proxy)
        with suppress(ProductError):
            await trading.gateway.cancel([("BTC", before)], closing=True)
        await asyncio.sleep(FAULT_S)
        trading.proxy.release()
        await until(lambda: watcher.is_whole() and watcher.stops(), HEALED_S)
        assert watcher.size()


async def test_a_kill_goes_through_a_fault(
    trading: Trading, fault: str, transactional_db: None, tmp_path: Path
) -> None:
    async with watched(trading, tmp_path, fault) as (trader, watcher):
        await _opened(trader, watcher)
        FAULTS[fault](trading.proxy)
        killing = asyncio.create_task(trader.engine.kill(KEY))
        if fault == "half-open":
            await asyncio.sleep(FAULT_S)
            trading.proxy.release()
        await until(lambda: not watcher.size(), HEALED_S)
        trading.proxy.release()
        await killing
        await until(watcher.is_flat, HEALED_S)
