"""A minute of Lighter's that is spent, at an exchange that counts: what closes still goes through."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.gateways.conftest import Exchange, Trading
from tests.gateways.lighter import open_venue
from tests.gateways.proxy import running_proxy
from venues.contract.errors import ProductError, Unreachable
from venues.trader.gateway import Gateway


@pytest.fixture
async def lighter(exchange: Exchange) -> AsyncIterator[Trading]:
    """An account of its own at Lighter, with 10 000 USD."""
    exchange.jump("BTC", 40_000)
    with running_proxy(exchange.port) as proxy:
        opened = open_venue(exchange, proxy.url, "10000")
        yield Trading(opened.gateway, exchange, proxy, opened)
        await opened.gateway.stop()
        await opened.stranger.stop()


async def spend(gateway: Gateway) -> None:
    """Spend every transaction and read of the minute that is not kept for closing."""

    async def one(number: int) -> None:
        try:
            await gateway.cancel([("BTC", 1000 + number)])
        except ProductError:
            return

    await asyncio.gather(*(one(number) for number in range(60)))
    with pytest.raises(Unreachable):
        for _ in range(60):
            await gateway.account()


async def test_a_spent_minute_still_cancels_closes_and_reads_flat(lighter: Trading) -> None:
    await lighter.begin()
    entry, stop = lighter.order("buy", "0.01"), lighter.stop_order("sell", "0.01", Decimal(39_000))
    await lighter.place(entry, stop)
    await spend(lighter.gateway)
    counted = lighter.gateway.counters()
    assert (counted["transactions_spent"], counted["reads_spent"]) == (40, 45)
    with pytest.raises(Unreachable) as caught:
        await lighter.place(lighter.order("buy", "0.01"))
    assert caught.value.code == "throttled"

    closed = (await lighter.place(lighter.order("sell", "0.01", "close")))[0]
    assert (closed.status, closed.filled) == ("filled", Decimal("0.01"))
    gone = (await lighter.gateway.cancel([("BTC", stop.client_id)], closing=True))[0]
    assert gone.status in {"canceled", "unknown"}  # flat, the venue may take it away first
    assert (await lighter.gateway.account()).positions == {}
    assert await lighter.gateway.open_orders() == []


async def test_a_kill_goes_on_while_the_stream_is_cut(lighter: Trading) -> None:
    await lighter.begin()
    entry, stop = lighter.order("buy", "0.01"), lighter.stop_order("sell", "0.01", Decimal(39_000))
    await lighter.place(entry, stop)
    closing = asyncio.create_task(lighter.place(lighter.order("sell", "0.01", "close")))
    await asyncio.sleep(0)
    lighter.proxy.cut()
    try:
        closed = (await closing)[0]
    except ProductError:  # cut before it left, or before its answer: the kill's next try
        closed = (await lighter.place(lighter.order("sell", "0.01", "close")))[0]
    assert closed.status in {"filled", "rejected"}
    assert (await lighter.gateway.account()).positions == {}
