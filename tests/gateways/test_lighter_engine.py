"""A trader's engine at Lighter's paper exchange: what only the two together can get wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.gateways.conftest import Exchange
from tests.gateways.lighter import fresh_identity
from tests.gateways.proxy import Proxy, running_proxy
from tests.gateways.stub import until
from tests.gateways.test_lighter_limits import spend
from tests.gateways.timed_exchange import Behind
from tests.trader.conftest import KEY, Told
from venues.contract.states import Side
from venues.lighter.client import LighterGateway
from venues.lighter.gateway import open_gateway
from venues.trader.core import Config
from venues.trader.desk import Desk
from venues.trader.engine import Engine
from venues.trader.gateways.clock import VenueClock
from venues.trader.protecting import is_moving
from venues.trader.roster import RosterEntry
from venues.trader.store import Store

LIMIT_S = 20.0


@dataclass
class House:
    """A running engine that holds BTC, its gateway, and the exchange behind a proxy."""

    engine: Engine
    gateway: LighterGateway
    exchange: Exchange
    proxy: Proxy
    number: int

    @property
    def desk(self) -> Desk:
        return self.engine.core.desks[KEY]

    def account(self) -> dict[str, Any]:
        """Give the account as the exchange has it."""
        return next(one for one in self.exchange.state()["accounts"] if one["address"] == str(self.number))

    def stops(self) -> list[int]:
        """Give the client ids of the stops that rest at the exchange."""
        return [int(one["client_id"]) for one in self.account()["orders"] if one["trigger_price"]]

    def is_protected(self) -> bool:
        """Tell whether the trade is open and its one stop rests where it belongs."""
        if not self.engine.restored or not self.desk.lots or is_moving(self.engine.core, self.desk):
            return False
        live = [one.client_id for one in self.desk.live("stop")]
        return len(live) == 1 and self.stops() == live

    def is_flat(self) -> bool:
        account = self.account()
        return not account["positions"] and not account["orders"]

    def is_confirmed_flat(self) -> bool:
        kill = self.engine.row(KEY).kill
        return kill is not None and kill.state == "flat_confirmed"

    async def tick(self) -> None:
        """Let the engine do what is due by time alone, and all that follows from it."""
        self.engine.tick(1)
        await self.engine.core.settle(5)


@asynccontextmanager
async def living(
    exchange: Exchange, folder: Path, clock: VenueClock, side: Side | None = "long"
) -> AsyncIterator[House]:
    """Give a house whose strategy has opened its trade, with its stop at the exchange; or wants none."""
    exchange.jump("BTC", 40_000)
    me = fresh_identity()
    exchange.post("/paper/accounts", me.paper_account())
    disk = ThreadPoolExecutor(1)
    roster = [RosterEntry(KEY.strategy_id, "Trend", KEY.symbol, Told(side or "flat"), 5, Decimal("1.5"))]
    with running_proxy(exchange.port) as proxy:
        gateway = open_gateway(proxy.url, me, clock=clock)
        engine = Engine("lighter", gateway, Store(disk), roster, Config(), folder)
        house = House(engine, gateway, exchange, proxy, me.account)
        life = asyncio.create_task(engine.run())
        try:
            await until(house.is_protected if side else lambda: engine.core.reconciled, LIMIT_S)
            yield house
        finally:
            life.cancel()
            await asyncio.wait([life])
            disk.submit(connections.close_all).result()
            await engine.stop()


@pytest.fixture
async def house(transactional_db: None, exchange: Exchange, tmp_path: Path) -> AsyncIterator[House]:
    """An engine at an exchange of this day."""
    async with living(exchange, tmp_path, VenueClock()) as lives:
        yield lives


@pytest.fixture
def days(tmp_path: Path) -> Behind:
    """The exchange's clock, 30 days before now."""
    clock = Behind(tmp_path / "behind")
    clock.set(30)
    return clock


@pytest.fixture
def past(tmp_path: Path, days: Behind) -> Iterator[Exchange]:
    """An exchange on that clock."""
    command = ("-m", "tests.gateways.timed_exchange", str(days.file))
    running = Exchange(tmp_path, command=command)
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


async def test_a_resting_stop_is_renewed_before_the_venue_ends_it_after_28_days(
    transactional_db: None, past: Exchange, days: Behind, tmp_path: Path
) -> None:
    async with living(past, tmp_path, VenueClock(wall=days)) as house:

        async def wait_for_day(day: float) -> None:
            days.set(30 - day)
            await until(lambda: abs(house.gateway.venue_ms() - days()) < 1000, LIMIT_S)
            await house.tick()

        (first,) = house.stops()
        uncovered_ms = house.desk.uncovered_ms
        await wait_for_day(25)
        assert house.stops() == [first]
        await wait_for_day(25.5)
        await until(lambda: len(house.stops()) == 1 and house.stops() != [first], LIMIT_S)
        (second,) = house.stops()
        ended = await house.gateway.order("BTC", first)
        assert ended is not None
        assert ended.status == "canceled"  # by its owner: the venue says "expired" of what it ends
        await wait_for_day(28.5)
        assert house.stops() == [second]
        assert [one.client_id for one in await house.gateway.open_orders()] == [
            second
        ]  # its token was renewed
        assert house.account()["positions"]
        assert (house.desk.uncovered_since, house.desk.uncovered_ms) == (None, uncovered_ms)


async def test_a_kill_in_a_spent_minute_cancels_flattens_and_confirms(house: House) -> None:
    await spend(house.gateway)
    await house.engine.kill(KEY)
    await until(house.is_confirmed_flat, LIMIT_S)
    assert house.is_flat()


async def test_a_kill_of_what_is_flat_in_a_spent_minute_is_confirmed_by_a_read_kept_for_it(
    transactional_db: None, exchange: Exchange, tmp_path: Path
) -> None:
    async with living(exchange, tmp_path, VenueClock(), side=None) as house:
        await spend(house.gateway)
        assert house.gateway.counters()["reads_spent"] == 45
        await house.engine.kill(KEY)
        await until(house.is_confirmed_flat, 3.0)
        assert house.gateway.counters()["reads_spent"] == 46


async def test_a_stream_that_drops_in_the_middle_of_a_kill_does_not_stop_it(house: House) -> None:
    sent = house.gateway.counters()["transactions"]
    killing = asyncio.create_task(house.engine.kill(KEY))
    await until(lambda: house.gateway.counters()["transactions"] > sent)
    house.proxy.cut()
    await killing
    await until(house.is_confirmed_flat, LIMIT_S)
    assert house.is_flat()
    assert house.gateway.counters()["connections"] == 2
