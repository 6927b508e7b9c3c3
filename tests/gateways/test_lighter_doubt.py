"""What Lighter's gateway does not know it does not say: silence, stale words, refusals that look alike."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.gateways.lighter_stub import Stub, order_row, running_lighter
from tests.gateways.stub import until
from tests.gateways.test_lighter_outcomes import KEYS, filling, order, place
from venues.contract.errors import Unknown, Unreachable
from venues.lighter import confirming, wire
from venues.lighter.client import LighterGateway
from venues.lighter.feed import Feed
from venues.lighter.gateway import open_gateway
from venues.lighter.identity import ApiKey, Identity
from venues.lighter.outcomes import Outcomes
from venues.trader.gateway import AccountRead, OrderState

ACCOUNT = 4711
NAMES = {1: "BTC"}
STOP = {"side": "sell", "price": Decimal(37050), "trigger": Decimal(39000), "ioc": False}
TRADE: dict[str, Any] = {
    "trade_id": 1, "market_id": 1, "price": "40000.0", "size": "0.01", "usd_amount": "400.0",
    "ask_account_id": ACCOUNT, "bid_account_id": 9, "ask_id": 3, "bid_id": 4, "ask_client_id": 7,
    "bid_client_id": 8, "is_maker_ask": True, "type": "trade", "timestamp": 1795335000000,
    "maker_fee": 40, "taker_fee": 280, "maker_position_size_before": "0.05",
    "taker_position_size_before": "-0.02",
}  # fmt: skip


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with running_lighter() as running:
        yield running


@pytest.fixture(params=["one key", "a key for closing"])
async def gateway(stub: Stub, request: pytest.FixtureRequest) -> AsyncIterator[LighterGateway]:
    kill_key = ApiKey(6, *KEYS[1]) if request.param == "a key for closing" else None
    opened = open_gateway(stub.url, Identity(ACCOUNT, ApiKey(5, *KEYS[0]), kill_key))
    yield opened
    await opened.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirming, "STREAM_S", 0.01)
    monkeypatch.setattr(confirming, "ALONE_S", 0.01)
    monkeypatch.setattr(confirming, "AGAIN_S", 0.01)


def told(client_id: int, word: str, **more: Any) -> OrderState:
    return wire.order_state(order_row(client_id, word, **more), NAMES)


async def unread(_client_ids: Sequence[int]) -> None:
    raise Unreachable("Lighter does not answer.")


class Reads:
    """A look at the venue that counts itself and finds nothing."""

    count = 0

    async def look(self, _client_ids: Sequence[int]) -> None:
        self.count += 1


async def test_a_close_that_nobody_could_look_for_is_unknown_and_not_dropped(quick: None) -> None:
    with pytest.raises(Unknown):
        await confirming.confirm([order(7, "close")], Outcomes(), unread, streaming=False)


def test_a_position_gone_from_a_frame_is_flat() -> None:
    feed = Feed(ACCOUNT, ["BTC"], NAMES, "token")
    held = {"symbol": "BTC", "position": "0.01", "sign": 1}
    stats: dict[str, Any] = {"channel": "user_stats:4711", "timestamp": 1795335000000}
    stats["stats"] = {"portfolio_value": "10000.0", "available_balance": "10000.0"}
    for positions, expected in (({"1": held}, {"BTC": Decimal("0.01")}), ({}, {})):
        feed.hear({"channel": "account_all_positions:4711", "positions": positions})
        (account,) = feed.hear(stats)
        assert isinstance(account, AccountRead)
        assert account.positions == expected


async def test_leverage_never_set_is_the_market_s_default(gateway: LighterGateway) -> None:
    assert await gateway.leverage("BTC") == (20, True)  # 5 %; the most is 50


async def test_a_stop_that_the_venue_does_not_show_is_unknown_and_not_dropped(quick: None) -> None:
    reads = Reads()
    (reply,) = await confirming.confirm([order(8, "stop", **STOP)], Outcomes(), reads.look, streaming=True)
    assert (reply.status, reply.filled, reads.count) == ("unknown", None, 2)


async def test_a_word_that_nobody_understands_is_looked_up(quick: None) -> None:
    outcomes, reads = Outcomes(), Reads()
    outcomes.hear(told(8, "teleported", type="stop-loss", trigger_price="39000.0"))
    (reply,) = await confirming.confirm([order(8, "stop", **STOP)], outcomes, reads.look, streaming=True)
    assert (reply.status, reads.count) == ("unknown", 2)


def test_what_is_final_stays_final_whatever_a_late_frame_says() -> None:
    outcomes = Outcomes()
    outcomes.hear(told(7, "filled", filled_base_amount="0.01000"))
    outcomes.hear(told(7, "open"))
    state = outcomes.of(7)
    assert state is not None
    assert (state.status, state.filled) == ("filled", Decimal("0.01"))


async def test_what_is_not_final_is_read_again(gateway: LighterGateway, stub: Stub) -> None:
    gateway._outcomes.hear(told(7, "open"))
    stub.orders[7] = order_row(7, "canceled")
    state = await gateway.order("BTC", 7)
    assert state is not None
    assert state.status == "canceled"


@pytest.mark.parametrize(
    ("code", "status"), [(21600, "unknown"), (21700, "unknown"), (21715, "unknown"), (21602, "rejected")]
)
async def test_a_cancel_refused_says_whether_the_order_may_still_be_open(
    gateway: LighterGateway, stub: Stub, code: int, status: str
) -> None:
    stub.answers.append((400, f'{{"code":{code},"message":"refused"}}'))
    (reply,) = await gateway.cancel([("BTC", 7)], closing=True)
    assert (reply.client_id, reply.status) == (7, status)


async def test_the_replies_to_cancels_are_each_its_own_order_s(gateway: LighterGateway, stub: Stub) -> None:
    stub.orders |= {7: order_row(7, "canceled"), 9: order_row(9, "filled", filled_base_amount="0.01000")}
    stub.answers += [(200, '{"code":200}'), (400, '{"code":21715,"message":"not active"}')]
    replies = await gateway.cancel([("BTC", 7), ("BTC", 8), ("BTC", 9)], closing=True)
    assert [(one.client_id, one.status) for one in replies] == [
        (7, "canceled"),
        (8, "unknown"),
        (9, "unknown"),
    ]


async def test_an_opening_that_shares_its_key_waits_for_the_close_before_it(
    gateway: LighterGateway, stub: Stub
) -> None:
    filling(stub)
    await gateway.prices()  # knows the market before any order
    stub.wait_s += [0.8]
    closing = asyncio.create_task(place(gateway, order(8, "close")))
    await until(lambda: stub.sent)
    opening = asyncio.create_task(place(gateway, order(7)))
    await asyncio.sleep(0.4)
    shares = {info["ApiKeyIndex"] for _, info in stub.sent} == {5}
    assert len(stub.sent) == (1 if shares else 2)
    await asyncio.gather(closing, opening)
    assert [info["ClientOrderIndex"] for _, info in stub.sent] == [8, 7]
    assert stub.nonces == sorted(set(stub.nonces))


def test_the_maker_of_a_liquidation_is_not_the_one_liquidated() -> None:
    maker = wire.fill({**TRADE, "type": "liquidation"}, ACCOUNT, NAMES)
    taker = wire.fill({**TRADE, "type": "liquidation"}, 9, NAMES)
    assert (maker.liquidation, taker.liquidation) == (False, True)
    assert wire.fill({**TRADE, "type": "deleverage"}, ACCOUNT, NAMES).liquidation


def test_each_side_of_a_trade_has_its_own_fee_and_position_before() -> None:
    maker, taker = wire.fill(TRADE, ACCOUNT, NAMES), wire.fill(TRADE, 9, NAMES)
    assert (maker.side, maker.fee, maker.start_position) == ("sell", Decimal("0.016"), Decimal("0.05"))
    assert (taker.side, taker.fee, taker.start_position) == ("buy", Decimal("0.112"), Decimal("-0.02"))
    assert (maker.client_id, taker.client_id) == (7, 8)
