"""What belongs to one order stays with it: its expiry, its reply, its fee; spot is never a position."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest

from tests.gateways.stub import Stub, running_stub
from tests.gateways.test_hyperliquid_outcomes import ACCOUNT, AGENT_KEY, OK_FILLED, order, yes
from venues.contract.errors import Unknown, Unreachable
from venues.hyperliquid import replies, wire
from venues.hyperliquid.gateway import HyperliquidGateway
from venues.hyperliquid.identity import Identity
from venues.trader.gateways.leaving import Denied, check_expiry

DONE = '{"status":"ok","response":{"type":"cancel","data":{"statuses":["success"]}}}'
FILL: dict[str, Any] = {
    "coin": "BTC", "px": "40000", "sz": "0.01", "side": "B", "time": 1_795_335_000_000, "oid": 1, "tid": 2,
    "fee": "-0.004",
}  # fmt: skip


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
async def venue(stub: Stub) -> AsyncIterator[HyperliquidGateway]:
    gateway = HyperliquidGateway(stub.url, Identity(ACCOUNT, AGENT_KEY))
    yield gateway
    await gateway.stop()


async def test_an_entry_s_expiry_is_not_the_next_request_s(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = OK_FILLED
    await venue.place([order(expires_ms=venue.venue_ms() + 10_000)], yes)
    await venue.place([order(kind="stop", reduce_only=True, ioc=False, trigger=Decimal(95_000))], yes)
    stub.body = DONE
    await venue.cancel([("BTC", 7)])
    first, *others = [one["expiresAfter"] for one in stub.actions]
    assert abs(first - venue.venue_ms() - 10_000) < 2_000
    assert others == [None, None]


async def test_each_order_of_a_request_gets_its_own_reply(stub: Stub, venue: HyperliquidGateway) -> None:
    statuses = [
        {"filled": {"totalSz": "0.0052", "avgPx": "95990", "oid": 77}},
        {"error": "Order has invalid price."},
        {"resting": {"oid": 79}},
    ]
    stub.body = json.dumps({"status": "ok", "response": {"type": "order", "data": {"statuses": statuses}}})
    found = await venue.place([order(client_id=number, ioc=number != 9) for number in (7, 8, 9)], yes)
    assert [(one.client_id, one.status, one.order_id) for one in found] == [
        (7, "filled", "77"),
        (8, "rejected", None),
        (9, "open", "79"),
    ]


def test_a_rebate_is_a_fee_below_zero() -> None:
    assert wire.fill(FILL, ACCOUNT).fee == Decimal("-0.004")


@pytest.mark.parametrize("coin", ["@107", "PURR/USDC"])
def test_spot_is_no_fill_of_ours(coin: str) -> None:
    assert wire.fills([{**FILL, "coin": coin}, FILL], ACCOUNT) == [wire.fill(FILL, ACCOUNT)]


@pytest.mark.parametrize(("status", "error"), [(408, Unknown), (400, Unreachable), (503, Unknown)])
def test_only_what_was_refused_before_it_was_looked_at_is_surely_not_taken(
    status: int, error: type[Exception]
) -> None:
    assert isinstance(replies.not_answered(True, status, "said"), error)
    assert isinstance(replies.not_answered(False, None, "said"), Unreachable)


@pytest.mark.parametrize(
    ("ahead_ms", "leaves"), [(999, False), (1000, True), (60_000, True), (60_001, False)]
)
def test_an_expiry_may_be_a_second_to_a_minute_ahead(ahead_ms: int, leaves: bool) -> None:
    with nullcontext() if leaves else pytest.raises(Denied):
        check_expiry(1_795_335_000_000 + ahead_ms, 1_795_335_000_000)
