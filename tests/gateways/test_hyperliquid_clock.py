"""Venue time and nonces: no wall clock, no thread and no late frame puts them wrong."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateways.stub import running_stub
from venues.hyperliquid import gateway as gateway_module
from venues.hyperliquid.gateway import HyperliquidGateway
from venues.hyperliquid.identity import Identity, random_address, random_key
from venues.trader.gateways.clock import Nonces, VenueClock

HOUR_MS = 3_600_000


class Clocks:
    def __init__(self) -> None:
        self.monotonic_s = 100.0
        self.wall_ms = 1_000_000_000

    def pass_s(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_ms += int(seconds * 1000)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def clock(clocks: Clocks) -> VenueClock:
    return VenueClock(lambda: clocks.monotonic_s, lambda: clocks.wall_ms)


def test_untold_the_clock_gives_wall_time_and_no_skew(clock: VenueClock, clocks: Clocks) -> None:
    assert clock.now_ms() == clocks.wall_ms
    assert clock.skew_ms() is None


def test_i19_the_wall_clock_moves_only_the_skew(clock: VenueClock, clocks: Clocks) -> None:
    clock.told(5_000_000)
    clocks.pass_s(2)
    clocks.wall_ms += HOUR_MS
    assert clock.now_ms() == 5_002_000
    assert clock.skew_ms() == 5_002_000 - clocks.wall_ms


def test_a_late_telling_does_not_put_the_clock_back(clock: VenueClock, clocks: Clocks) -> None:
    clock.told(5_000_000)
    clocks.pass_s(3)
    clock.told(5_000_500)  # stamped 2.5 s before it arrived
    assert clock.now_ms() == 5_003_000


def test_a_venue_that_runs_slow_is_followed_after_a_minute(clock: VenueClock, clocks: Clocks) -> None:
    clock.told(5_000_000)
    clocks.pass_s(61)
    clock.told(5_060_000)
    assert clock.now_ms() == 5_060_000


def test_after_a_reconnect_an_earlier_clock_is_believed(clock: VenueClock, clocks: Clocks) -> None:
    clock.told(5_000_000)
    clock.begin_anew()
    assert clock.now_ms() == 5_000_000
    clock.told(4_000_000)
    assert clock.now_ms() == 4_000_000


def test_nonces_are_unique_under_threads_and_rise_when_the_clock_falls() -> None:
    nonces = Nonces()
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: nonces.take(1000), range(2000)))
    assert len(set(taken)) == 2000
    assert nonces.take(5) == max(taken) + 1


async def test_the_sdk_takes_its_nonces_from_venue_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "_nonces", Nonces())
    with running_stub() as stub:
        gateway = HyperliquidGateway(stub.url, Identity(random_address(), random_key()))
        two_hours_on = gateway.venue_ms() + 2 * HOUR_MS
        gateway._clock.told(two_hours_on)
        await gateway.set_leverage("BTC", 5, cross=True)
        await gateway.stop()
    assert 0 <= stub.actions[0]["nonce"] - two_hours_on < 10_000
