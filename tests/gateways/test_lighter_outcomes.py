"""What Lighter's gateway makes of each answer, silence and loss: no second order, no lost nonce."""

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.gateways.lighter_stub import ACCOUNT, Stub, order_row, running_lighter
from tests.gateways.stub import until
from venues.contract.errors import BadAnswer, Unknown, Unreachable
from venues.lighter import confirming, equity
from venues.lighter.client import LighterGateway
from venues.lighter.gateway import new_key, open_gateway
from venues.lighter.identity import ApiKey, Identity
from venues.trader.gateway import Connected, Disconnected, Event, OrderReply, OrderRequest, OrderState

CREATE, CANCEL, GROUP = 14, 15, 28
TOO_MANY = (429, '{"code":23000,"message":"Too Many Requests!"}')
FAILED = (500, "oops")
STALE = (400, '{"code":21104,"message":"invalid nonce"}')
NO_MARGIN = (400, '{"code":21739,"message":"not enough margin to create the order"}')
KEYS = [new_key(), new_key()]


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


def order(client_id: int = 7, kind: str = "entry", **more: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "client_id": client_id, "symbol": "BTC", "side": "buy", "size": Decimal("0.01"),
        "price": Decimal(40400), "kind": kind, "reduce_only": kind != "entry", **more,
    }  # fmt: skip
    return OrderRequest(**given)


async def place(gateway: LighterGateway, *orders: OrderRequest) -> list[OrderReply]:
    return await gateway.place(orders, lambda: True, closing=orders[0].kind == "close")


async def connect(gateway: LighterGateway, stub: Stub) -> list[Event]:
    """Connect, and have the venue fill at once whatever it is sent."""
    events: list[Event] = []
    await gateway.start(events.append, ["BTC"])
    await until(lambda: any(isinstance(one, Connected) for one in events))
    return events


def filling(stub: Stub, status: str = "filled", filled: str = "0.01000") -> None:
    def know(info: dict[str, Any]) -> None:
        if "ClientOrderIndex" in info:
            row = order_row(info["ClientOrderIndex"], status, filled_base_amount=filled)
            stub.orders[info["ClientOrderIndex"]] = row

    stub.on_send = know


@pytest.mark.parametrize(("answer", "error"), [(TOO_MANY, Unreachable), (FAILED, Unknown)])
async def test_a_failed_send_loses_no_nonce_for_ever(
    gateway: LighterGateway, stub: Stub, answer: tuple[int, str], error: type[Exception]
) -> None:
    filling(stub)
    stub.answers.append(answer)
    with pytest.raises(error):
        await place(gateway, order(7))
    assert (await place(gateway, order(8)))[0].status == "filled"
    assert stub.nonces == sorted(set(stub.nonces))
    assert all(info["L2TxAttributes"] == {"4": 1} for _, info in stub.sent)
    assert len([info for kind, info in stub.sent if kind == CREATE and info["ClientOrderIndex"] == 7]) == 1


async def test_an_entry_whose_answer_is_lost_is_cancelled_by_its_client_index(
    gateway: LighterGateway, stub: Stub
) -> None:
    stub.answers.append(FAILED)
    with pytest.raises(Unknown):
        await place(gateway, order(7, expires_ms=gateway.venue_ms() + 10_000))
    await until(lambda: [info["Index"] for kind, info in stub.sent if kind == CANCEL] == [7])


async def test_a_refused_nonce_is_replaced_once_by_one_above_the_venue_s(
    gateway: LighterGateway, stub: Stub
) -> None:
    filling(stub)
    stub.nonce = 2**45
    stub.answers.append(STALE)
    assert (await place(gateway, order()))[0].status == "filled"
    assert stub.nonces[-1] == 2**45
    stub.answers += [STALE, STALE]
    with pytest.raises(Unreachable):
        await place(gateway, order(8))
    assert len(stub.sent) == 4


async def test_a_refusal_is_the_venue_s_sentence(gateway: LighterGateway, stub: Stub) -> None:
    stub.answers.append(NO_MARGIN)
    reply = (await place(gateway, order()))[0]
    assert (reply.status, reply.filled) == ("rejected", Decimal(0))
    assert "not enough margin" in str(reply.error)


@pytest.mark.parametrize(
    ("word", "filled", "status"),
    [
        ("filled", "0.01000", "filled"),
        ("canceled-margin-not-allowed", "0.00000", "rejected"),
        ("canceled-too-much-slippage", "0.00400", "canceled"),
        ("canceled-reduce-only", "0.00000", "rejected"),
        ("canceled-expired", "0.00000", "expired"),
    ],
)
async def test_what_the_stream_says_after_200_is_the_outcome(
    gateway: LighterGateway, stub: Stub, word: str, filled: str, status: str
) -> None:
    events = await connect(gateway, stub)
    placing = asyncio.create_task(place(gateway, order()))
    await until(lambda: stub.sent)
    await stub.tell(order_row(7, "in-progress"))
    await until(lambda: any(isinstance(one, OrderState) for one in events))
    await stub.tell(order_row(7, word, filled_base_amount=filled))
    reply = (await placing)[0]
    assert (reply.status, reply.filled) == (status, Decimal(filled))
    assert "accountOrders" not in stub.asked


async def test_accepted_and_never_reported_is_unknown(
    gateway: LighterGateway, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "STREAM_S", 0.1)
    monkeypatch.setattr(confirming, "AGAIN_S", 0.1)
    await connect(gateway, stub)
    with pytest.raises(Unknown):
        await place(gateway, order(7, expires_ms=gateway.venue_ms() + 10_000))
    assert stub.asked.count("accountOrders") >= 2
    await until(lambda: stub.sent[-1][0] == CANCEL)
    assert [kind for kind, _ in stub.sent] == [CREATE, CANCEL]


async def test_what_only_reduces_and_vanishes_was_dropped(
    gateway: LighterGateway, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "ALONE_S", 0.05)
    monkeypatch.setattr(confirming, "AGAIN_S", 0.05)
    reply = (await place(gateway, order(7, "close")))[0]
    assert (reply.status, reply.filled) == ("rejected", Decimal(0))
    assert "educe only" in str(reply.error)  # the engine reads the position then


async def test_a_close_that_fills_while_the_stream_is_cut_is_read(
    gateway: LighterGateway, stub: Stub
) -> None:
    events = await connect(gateway, stub)
    filling(stub)
    placing = asyncio.create_task(place(gateway, order(7, "close")))
    await until(lambda: stub.sent)
    await stub.sockets[-1].close()
    assert (await placing)[0].status == "filled"
    await until(lambda: len([one for one in events if isinstance(one, Connected)]) == 2)
    assert any(isinstance(one, Disconnected) for one in events)


async def test_a_hung_entry_delays_no_close_and_is_void_after_it(gateway: LighterGateway, stub: Stub) -> None:
    filling(stub)
    stub.wait_s += [2.0]
    hung = asyncio.create_task(place(gateway, order(7)))
    await until(lambda: stub.sent)
    began = time.monotonic()
    assert (await place(gateway, order(8, "close")))[0].status == "filled"
    assert time.monotonic() - began < 1.5
    assert stub.nonces == sorted(stub.nonces)
    assert stub.sent[1][1]["ApiKeyIndex"] in {5, 6}
    await hung


async def test_an_entry_carries_its_stop_as_one_group(gateway: LighterGateway, stub: Stub) -> None:
    def know(info: dict[str, Any]) -> None:
        stub.orders[7] = order_row(7, "filled", filled_base_amount="0.01000")
        waiting = {"type": "stop-loss", "trigger_price": "39000.0", "trigger_status": "mark-price"}
        stub.orders[8] = order_row(8, "pending", **waiting)

    stub.on_send = know
    stop = order(8, "stop", side="sell", price=Decimal(37050), trigger=Decimal(39000), ioc=False)
    replies = await place(gateway, order(7), stop)
    assert [(one.client_id, one.status) for one in replies] == [(7, "filled"), (8, "open")]
    (kind, info), now_ms = stub.sent[0], gateway.venue_ms()
    entry, child = info["Orders"]
    assert (kind, info["GroupingType"]) == (GROUP, 1)
    assert (entry["ClientOrderIndex"], entry["BaseAmount"], entry["Price"]) == (7, 1000, 404000)
    assert (child["ClientOrderIndex"], child["BaseAmount"], child["TriggerPrice"]) == (8, 0, 390000)
    assert (child["Type"], child["ReduceOnly"], child["IsAsk"]) == (2, 1, 1)
    assert abs(child["OrderExpiry"] - now_ms - 28 * 86_400_000) < 60_000


async def test_nothing_leaves_without_permission_or_past_its_expiry(
    gateway: LighterGateway, stub: Stub
) -> None:
    with pytest.raises(Unreachable) as denied:
        await gateway.place([order()], lambda: False)
    with pytest.raises(Unreachable) as late:
        await place(gateway, order(expires_ms=gateway.venue_ms() - 1))
    assert (denied.value.code, late.value.code) == ("denied", "expired")
    assert stub.sent == []


async def test_spent_on_opening_a_minute_still_holds_closes(
    gateway: LighterGateway, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "ALONE_S", 0.01)
    filling(stub)
    for number in range(40):
        stub.answers.append(NO_MARGIN)
        await place(gateway, order(100 + number))
    with pytest.raises(Unreachable) as throttled:
        await place(gateway, order(7))
    assert throttled.value.code == "throttled"
    assert len(stub.sent) == 40
    for number in range(20):
        assert (await place(gateway, order(200 + number, "close")))[0].status == "filled"
    with pytest.raises(Unreachable):
        await place(gateway, order(300, "close"))
    assert len(stub.sent) == 60


async def test_a_minute_of_reads_keeps_some_for_a_close(gateway: LighterGateway, stub: Stub) -> None:
    for _ in range(45):
        await gateway.account()
    with pytest.raises(Unreachable) as throttled:
        await gateway.account()
    assert throttled.value.code == "throttled"
    filling(stub)
    for number in range(3):
        assert (await place(gateway, order(200 + number, "close")))[0].status == "filled"
    await gateway.account()


async def test_an_equity_that_the_stream_contradicts_is_not_believed(
    gateway: LighterGateway, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equity, "PATIENCE_S", 0.1)
    await connect(gateway, stub)
    stub.equity = "9920.000000"
    assert (await gateway.account()).equity == 9920
    stub.equity = "9800.000000"
    with pytest.raises(BadAnswer):
        await gateway.account()


async def test_a_minute_of_reads_keeps_some_for_what_became_of_a_cancel(
    gateway: LighterGateway, stub: Stub
) -> None:
    stub.orders[7] = order_row(7, "canceled")
    for _ in range(44):
        await gateway.account()
    with pytest.raises(Unreachable):
        await gateway.cancel([("BTC", 7)])
    assert (await gateway.cancel([("BTC", 7)], closing=True))[0].status == "canceled"


async def test_moving_a_stop_leaves_the_reads_that_are_kept_for_a_close(
    gateway: LighterGateway, stub: Stub
) -> None:
    waiting = {"type": "stop-loss", "trigger_price": "39000.0", "trigger_status": "mark-price"}
    stub.orders[8] = order_row(8, "pending", **waiting)
    stop = order(8, "stop", side="sell", price=Decimal(37050), trigger=Decimal(39000), ioc=False)
    await gateway.place([stop], lambda: True, closing=True)
    await gateway.cancel([("BTC", 7)], closing=True)
    with pytest.raises(Unreachable):
        for _ in range(60):
            await gateway.account()
    assert gateway.counters()["reads_spent"] == 45


async def test_a_refused_token_is_renewed_once(gateway: LighterGateway, stub: Stub) -> None:
    stub.orders[7] = order_row(7, "filled", filled_base_amount="0.01000")
    assert await gateway.order("BTC", 8) is None
    stub.refused_tokens.add(stub.tokens[-1])
    assert (await gateway.order("BTC", 7)) is not None
    assert stub.tokens[-1] not in stub.refused_tokens


async def test_the_stream_reconnects_with_a_token_of_its_own(gateway: LighterGateway, stub: Stub) -> None:
    events = await connect(gateway, stub)
    used = set(stub.stream_tokens)
    assert len(used) == 1
    gateway._reader._renew_at = time.monotonic()  # the token is about to expire
    await stub.tell()
    await until(lambda: len([one for one in events if isinstance(one, Connected)]) == 2)
    assert len(set(stub.stream_tokens) - used) == 1


async def test_a_stream_that_refuses_the_token_gets_another(gateway: LighterGateway, stub: Stub) -> None:
    events = await connect(gateway, stub)
    stub.refused_tokens |= set(stub.stream_tokens)
    await stub.sockets[-1].send_json({"error": {"code": 20013, "message": "invalid auth: expired"}})
    await until(lambda: len([one for one in events if isinstance(one, Connected)]) == 2)
