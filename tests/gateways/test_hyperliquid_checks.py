"""What speaks against trading, one answer of the venue at a time (risk.md, "Before a trader may trade")."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.gateways.stub import Stub, running_stub
from venues.hyperliquid import checks
from venues.hyperliquid.gateway import HyperliquidGateway
from venues.hyperliquid.identity import Identity, random_address, random_key
from venues.trader.gateways.clock import VenueClock, skew

ACCOUNT = random_address()
ME = Identity(ACCOUNT, random_key())
AGENT = ME.agents[0]


def now_ms() -> int:
    return int(time.time() * 1000)


def state(time_ms: int) -> dict[str, Any]:
    return {
        "marginSummary": {"accountValue": "1000", "totalMarginUsed": "0"},
        "assetPositions": [],
        "time": time_ms,
    }


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as stub:
        stub.info |= {
            "exchangeStatus": {"time": now_ms(), "specialStatuses": None},
            "clearinghouseState": state(now_ms()),
            "userRole": {"role": "agent", "data": {"user": ACCOUNT}},
            "extraAgents": [{"name": "bot", "address": AGENT, "validUntil": now_ms() + 8 * 86_400_000}],
            "userAbstraction": "default",
            "userRateLimit": {"cumVlm": "0", "nRequestsUsed": 5, "nRequestsCap": 10_000},
        }
        yield stub


@pytest.fixture
async def venue(stub: Stub) -> AsyncIterator[HyperliquidGateway]:
    gateway = HyperliquidGateway(stub.url, ME)
    yield gateway
    await gateway.stop()


async def test_nothing_speaks_against_a_sound_account(venue: HyperliquidGateway) -> None:
    assert await venue.check() == []
    assert abs(venue.skew_ms() or 9999) < 2000


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("exchangeStatus", {"time": 1, "specialStatuses": "post only"}, "post only"),
        ("exchangeStatus", None, "not trading normally"),
        ("clearinghouseState", state(now_ms() - 36_000_000), "clock is 36"),
        ("clearinghouseState", {}, "clock cannot be checked"),
        ("userRole", {"role": "missing"}, "no agent of"),
        ("userRole", {"role": "user"}, "no agent of"),
        ("userRole", {"role": "agent", "data": {"user": "0x" + "1" * 40}}, "belongs to 0x1111"),
        ("extraAgents", [{"name": "bot", "address": AGENT, "validUntil": now_ms()}], "less than 7 days"),
        ("userAbstraction", "unifiedAccount", "mode is 'unifiedAccount'"),
        ("userRateLimit", {"nRequestsUsed": 9_500, "nRequestsCap": 10_000}, "500 requests left"),
        ("userRateLimit", [], "budget cannot be checked"),
    ],
)
async def test_each_answer_can_speak_against_trading(
    stub: Stub, venue: HyperliquidGateway, question: str, answer: Any, said: str
) -> None:
    stub.info[question] = answer
    found = await venue.check()
    assert len(found) == 1
    assert said in found[0]


async def test_a_venue_that_does_not_answer_speaks_against_trading(
    stub: Stub, venue: HyperliquidGateway
) -> None:
    stub.info_status = 500
    assert len(await venue.check()) == 6


def test_the_skew_is_bounded_at_two_seconds() -> None:
    assert skew("X", 1999) == skew("X", -1999) == []
    assert skew("X", 2000) and skew("X", -2000) and skew("X", None)


def test_orders_are_signed_for_the_network_that_is_named() -> None:
    assert checks.network("mainnet", True) == checks.network("paper", False) == []
    assert checks.network("testnet", True) and checks.network("mainnet", False)


def test_agents_that_are_not_ours_may_expire() -> None:
    listed = [{"name": "x", "address": random_address(), "validUntil": 0}]
    assert checks.agent_validity([AGENT], VenueClock(), listed) == []
