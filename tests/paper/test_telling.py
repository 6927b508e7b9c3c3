"""Who is told what, and when: late but in order, nothing lost, payments now and then twice."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.paper.newborn import NO_CHANCE, account, newborn, order, stop
from venues.hyperliquid.paper.teller import Line, Teller
from venues.paper.engine import advance, cancel_scheduled
from venues.paper.events import OrderChanged
from venues.paper.exchange import Exchange
from venues.paper.funding import pay
from venues.paper.placing import place

MODELS = NO_CHANCE - {"parts", "late_events", "late_funding"}


class Told:
    """Collects what a teller pushes to one key."""

    def __init__(self, x: Exchange) -> None:
        self.by_key: dict[str, list[Any]] = {}
        self.teller = Teller(x, self.push)
        x.listeners.append(self.teller.tell)

    def push(self, key: str, message: Callable[[], Mapping[str, Any]]) -> None:
        self.by_key.setdefault(key.partition(":")[0], []).append(message()["data"])


async def settled(told: Told) -> None:
    """Wait until everything that is late has been told."""
    async with asyncio.timeout(5):
        for line in (told.teller.orders, told.teller.payments):
            while line.waiting:  # noqa: ASYNC110  # a line has no event to wait for
                await asyncio.sleep(max(0.0, line.waiting[-1][0] - time.monotonic()) + 0.001)


async def test_late_fills_come_part_by_part_in_order_and_none_is_lost() -> None:
    x = newborn(without=MODELS)
    told = Told(x)
    immediate = 0
    for number in range(12):
        buy = number % 2 == 0
        place(x, account(x), [order(buy, "0.01", 97_000 if buy else 95_000, tif="ioc")])
        before = len(told.by_key.get("userFills", ()))
        x.commit()
        immediate += len(told.by_key.get("userFills", ())) > before
        await settled(told)
    numbers = [fill["tid"] for data in told.by_key["userFills"] for fill in data["fills"]]
    assert numbers == [fill.tid for fill in x.fills["hyperliquid", account(x).name]]
    assert 0 < immediate < 12
    assert [data[-1]["status"] for data in told.by_key["orderUpdates"]] == ["filled"] * 12


async def test_without_the_model_everything_is_told_at_once() -> None:
    x = newborn()
    told = Told(x)
    for _ in range(5):
        place(x, account(x), [order(True, "0.01", 97_000, tif="ioc")])
        x.commit()
    assert len(told.by_key["userFills"]) == len(told.by_key["orderUpdates"]) == 5


async def test_payments_are_told_and_now_and_then_twice() -> None:
    x = newborn(speed=3600, without=MODELS)
    told = Told(x)
    place(x, account(x), [order(True, "0.01", 97_000, tif="ioc")])
    x.commit()
    for _ in range(200):
        pay(x)
        x.commit()
    await settled(told)
    paid = [one["usdc"] for data in told.by_key["userFundings"] for one in data["fundings"]]
    assert 200 < len(paid) < 230


def test_events_of_another_venue_are_not_told() -> None:
    x = newborn()
    told = Told(x)
    place(x, account(x), [order(True, "0.01", 97_000, tif="ioc")])
    told.teller.tell([OrderChanged(replace(one, venue="elsewhere")) for one in x.orders.values()])
    assert told.by_key == {}


def test_the_dead_mans_switch_cancels_stops_too_and_only_when_it_is_due() -> None:
    x = newborn()
    mine = account(x)
    place(x, mine, [order(True, "0.01", 97_000, tif="ioc"), order(True, "0.01", 90_000)])
    place(x, mine, [stop(False, "0.01", 90_000, 85_000)])
    mine.cancel_at = x.now_ms() + 5_000
    cancel_scheduled(x)
    assert len(x.orders_of(mine)) == 2
    x.now_ms.ms += 5_000  # type: ignore[attr-defined]
    advance(x, 0.0)
    assert x.orders_of(mine) == []
    assert mine.cancel_at is None
    assert {one.status for one in x.orders.values()} == {"filled", "scheduled_cancel"}


async def test_nothing_overtakes_what_waits() -> None:
    line = Line()
    told: list[int] = []
    line.put(lambda: told.append(1), 0.05)
    line.put(lambda: told.append(2), 0.0)
    line.put(lambda: told.append(3), 0.01)
    assert told == []
    async with asyncio.timeout(5):
        while len(told) < 3:  # noqa: ASYNC110  # a line has no event to wait for
            await asyncio.sleep(0.01)
    line.put(lambda: told.append(4), 0.0)
    assert told == [1, 2, 3, 4]
