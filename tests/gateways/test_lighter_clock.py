"""The wall clock beside the venue's: the SDK's signer stamps by it when a transaction ends, 10 minutes on."""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest

from tests.gateways.conftest import Exchange, Trading
from tests.gateways.lighter import open_venue
from tests.gateways.proxy import running_proxy
from tests.gateways.timed_exchange import Behind
from venues.contract.errors import Unreachable

DAY_MINUTES = 24 * 60


@pytest.fixture(scope="module")
def venue_time(tmp_path_factory: pytest.TempPathFactory) -> Behind:
    clock = Behind(tmp_path_factory.mktemp("clock") / "behind")
    clock.set(1)
    return clock


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory, venue_time: Behind) -> Iterator[Exchange]:
    command = ("-m", "tests.gateways.timed_exchange", str(venue_time.file))
    running = Exchange(tmp_path_factory.mktemp("timed"), command=command)
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture
async def trading(timed: Exchange) -> AsyncIterator[Trading]:
    """An account of its own with 10 000 USD."""
    timed.jump("BTC", 40_000)
    with running_proxy(timed.port) as proxy:
        opened = open_venue(timed, proxy.url, "10000")
        yield Trading(opened.gateway, timed, proxy, opened)
        await opened.gateway.stop()
        await opened.stranger.stop()


# The venue's time only rises: the tests go from a wall clock far ahead of it to one far behind.
@pytest.mark.parametrize("ahead", [600, 30, 10, 1, -1, -9])
async def test_i19_orders_and_closes_go_through_as_long_as_the_signer_s_stamp_holds(
    trading: Trading, venue_time: Behind, ahead: int
) -> None:
    venue_time.set(ahead / DAY_MINUTES)
    await trading.begin()
    said = await trading.gateway.check()
    assert said == [f"This machine's clock is {abs(ahead) * 60:.1f} s off Lighter's."]
    entry, stop = trading.order("buy", "0.01"), trading.stop_order("sell", "0.01", Decimal(39_000))
    opened, _ = await trading.place(entry, stop)
    assert opened.status == "filled"
    closed = (await trading.place(trading.order("sell", "0.01", "close")))[0]
    assert (closed.status, closed.filled) == ("filled", Decimal("0.01"))
    await trading.gateway.cancel([("BTC", stop.client_id)], closing=True)
    assert await trading.gateway.open_orders() == []


@pytest.mark.parametrize("behind", [10, 30, 600])
async def test_i19_a_clock_as_far_behind_as_the_stamp_is_ahead_sends_nothing_and_says_why(
    trading: Trading, venue_time: Behind, behind: int
) -> None:
    venue_time.set(-behind / DAY_MINUTES)
    await trading.begin()
    why = f"This machine's clock is {behind} minutes behind Lighter's"
    assert any(one.startswith(why) for one in await trading.gateway.check())
    with pytest.raises(Unreachable) as caught:
        await trading.place(trading.order("sell", "0.01", "close"))
    assert caught.value.code == "clock"
    assert caught.value.detail.startswith(why)
    with pytest.raises(Unreachable) as caught:
        await trading.gateway.cancel([("BTC", 1)], closing=True)
    assert caught.value.code == "clock"
    assert trading.gateway.counters()["transactions_spent"] == 0
    assert (await trading.gateway.account()).positions == {}
