"""The three outcomes of a command, for every way the venue and the SDK can answer."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.gateways.stub import BREAK, Stub, running_stub, until
from venues.contract.errors import BadAnswer, NotFound, Refused, Unknown, Unreachable
from venues.hyperliquid import gateway as gateway_module
from venues.hyperliquid.gateway import HyperliquidGateway
from venues.hyperliquid.identity import Identity, random_address, random_key
from venues.trader.gateway import OrderRequest

ACCOUNT = random_address()
AGENT_KEY, KILL_KEY = random_key(), random_key()
OK_FILLED = (
    '{"status":"ok","response":{"type":"order","data":{"statuses":'
    '[{"filled":{"totalSz":"0.0052","avgPx":"95990","oid":77}}]}}}'
)


def order(**changes: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "client_id": 7,
        "symbol": "BTC",
        "side": "buy",
        "size": Decimal("0.00520"),
        "price": Decimal("96000"),
        "kind": "entry",
        "reduce_only": False,
    }
    return OrderRequest(**{**given, **changes})


def yes() -> bool:
    return True


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
async def venue(stub: Stub) -> AsyncIterator[HyperliquidGateway]:
    gateway = HyperliquidGateway(stub.url, Identity(ACCOUNT, AGENT_KEY, KILL_KEY))
    yield gateway
    await gateway.stop()


async def test_a_filled_order_is_replied(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = OK_FILLED
    replies = await venue.place([order()], yes)
    assert [(one.status, one.order_id, one.filled) for one in replies] == [
        ("filled", "77", Decimal("0.0052"))
    ]
    sent = stub.actions[0]["action"]
    assert sent == {
        "type": "order",
        "orders": [
            {
                "a": 0, "b": True, "p": "96000", "s": "0.0052", "r": False,
                "t": {"limit": {"tif": "Ioc"}}, "c": "0x00000000000000000000000000000007",
            }
        ],
        "grouping": "na",
    }  # fmt: skip


async def test_an_entry_and_its_stop_leave_as_one_request(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = OK_FILLED.replace('"oid":77}}]', '"oid":77}},"waitingForFill"]')
    stop = order(
        client_id=8, side="sell", price=Decimal(84831), kind="stop", reduce_only=True, trigger=Decimal(94257)
    )
    expires = venue.venue_ms() + 10_000
    replies = await venue.place([order(expires_ms=expires), stop], yes)
    assert [one.status for one in replies] == ["filled", "waiting"]
    action = stub.actions[0]["action"]
    assert action["grouping"] == "normalTpsl"
    assert action["orders"][1]["t"] == {"trigger": {"isMarket": True, "triggerPx": "94257", "tpsl": "sl"}}
    assert stub.actions[0]["expiresAfter"] == expires


NEVER_ACCEPTED = [
    (429, "null", "throttled"),
    (422, "Failed to deserialize the JSON body into the target type", "trader_unreachable"),
    (400, '{"error":"x"}', "trader_unreachable"),
    (403, '["blocked"]', "trader_unreachable"),
    (404, "7", "trader_unreachable"),
    (200, '{"status":"err","response":"User or API Wallet 0xab does not exist."}', "agent_unknown"),
    (200, '{"status":"err","response":"Too many cumulative requests sent (3 > 2)"}', "throttled"),
    (200, '{"status":"err","response":"Invalid nonce: duplicate nonce"}', "trader_unreachable"),
]


@pytest.mark.parametrize(("status", "body", "code"), NEVER_ACCEPTED)
async def test_a_request_refused_as_a_whole_is_unreachable(
    stub: Stub, venue: HyperliquidGateway, status: int, body: str, code: str
) -> None:
    stub.status, stub.body = status, body
    with pytest.raises(Unreachable) as caught:
        await venue.place([order()], yes)
    assert caught.value.code == code


async def test_an_unknown_agent_is_said_clearly(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = NEVER_ACCEPTED[5][1]
    with pytest.raises(Unreachable, match=r"approve the agent of HYPERLIQUID_AGENT_KEY.*0xab does not exist"):
        await venue.place([order()], yes)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "oops"),
        (502, '{"x":1}'),
        (408, "null"),
        (BREAK, ""),
        (200, "<html>"),
        (200, "[]"),
        (200, '{"status":"ok"}'),
        (200, '{"status":"ok","response":{"type":"order","data":{"statuses":[]}}}'),
        (200, '{"status":"ok","response":{"type":"order","data":{"statuses":["what"]}}}'),
        (
            200,
            '{"status":"ok","response":{"type":"order","data":{"statuses":[{"filled":{"totalSz":"NaN"}}]}}}',
        ),
    ],
)
async def test_after_sending_without_a_believable_answer_nobody_knows(
    stub: Stub, venue: HyperliquidGateway, status: int, body: str
) -> None:
    stub.status, stub.body = status, body
    with pytest.raises(Unknown):
        await venue.place([order()], yes)
    assert len(stub.actions) == 1, "an order is never sent twice"


async def test_a_late_answer_is_unknown(
    stub: Stub, venue: HyperliquidGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "READ_S", 0.2)
    stub.wait_s = 1.0
    with pytest.raises(Unknown):
        await venue.place([order()], yes)


async def test_a_refused_connection_is_unreachable() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        gateway = HyperliquidGateway(url, Identity(ACCOUNT, AGENT_KEY))
        gateway._meta = {"universe": [{"name": "BTC", "szDecimals": 5, "maxLeverage": 40}]}
        asked: list[int] = []

        def permit() -> bool:
            asked.append(1)
            return True

        with pytest.raises(Unreachable, match="cannot be reached"):
            await gateway.place([order()], permit)
        assert asked == [], "permission is asked when the connection stands, not before"
        with pytest.raises(Unreachable):
            await gateway.account()
        await gateway.stop()


async def test_what_is_not_permitted_does_not_leave(stub: Stub, venue: HyperliquidGateway) -> None:
    asked_in: list[str] = []

    def no() -> bool:
        asked_in.append(threading.current_thread().name)
        return False

    with pytest.raises(Unreachable) as caught:
        await venue.place([order()], no)
    assert caught.value.code == "denied"
    assert stub.actions == []
    assert [name.startswith("hyperliquid-order") for name in asked_in] == [True]


@pytest.mark.parametrize("ahead_ms", [-5, 900, 61_000])
async def test_no_order_leaves_with_an_expiry_out_of_bounds(
    stub: Stub, venue: HyperliquidGateway, ahead_ms: int
) -> None:
    with pytest.raises(Unreachable) as caught:
        await venue.place([order(expires_ms=venue.venue_ms() + ahead_ms)], yes)
    assert caught.value.code == "expired"
    assert stub.actions == []


async def test_the_earliest_expiry_of_a_request_counts(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = OK_FILLED.replace('"oid":77}}]', '"oid":77}},{"resting":{"oid":78}}]')
    now = venue.venue_ms()
    await venue.place([order(expires_ms=now + 20_000), order(client_id=8, expires_ms=now + 10_000)], yes)
    assert stub.actions[0]["expiresAfter"] == now + 10_000


async def test_a_hung_entry_does_not_delay_a_close(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body, stub.wait_s = OK_FILLED, 1.0
    hung = asyncio.create_task(venue.place([order()], yes))
    await until(lambda: stub.actions)
    stub.wait_s = 0.0
    close = order(kind="close", side="sell", reduce_only=True, client_id=9)
    await venue.place([close], yes, closing=True)
    assert not hung.done()
    await hung


async def test_the_closing_lane_signs_with_its_own_key(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = OK_FILLED
    await venue.place([order()], yes)
    await venue.place([order(kind="close", reduce_only=True)], yes, closing=True)
    signers = [signer(posted) for posted in stub.actions]
    assert signers == Identity(ACCOUNT, AGENT_KEY, KILL_KEY).agents


def signer(posted: dict[str, Any]) -> str:
    """The address that signed, recovered without the SDK (venue-hyperliquid.md, section 5)."""
    import msgpack
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_utils.crypto import keccak

    data = msgpack.packb(posted["action"]) + posted["nonce"].to_bytes(8, "big") + b"\x00"
    if posted["expiresAfter"] is not None:
        data += b"\x00" + posted["expiresAfter"].to_bytes(8, "big")
    domain = {"name": "Exchange", "version": "1", "chainId": 1337, "verifyingContract": "0x" + "0" * 40}
    types = {"Agent": [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}]}
    message = encode_typed_data(domain, types, {"source": "b", "connectionId": keccak(data)})
    given = posted["signature"]
    return str(
        Account.recover_message(message, vrs=(given["v"], int(given["r"], 16), int(given["s"], 16)))
    ).lower()


async def test_nonces_of_both_lanes_are_unique_and_rise(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = '{"status":"ok","response":{"type":"cancel","data":{"statuses":["success"]}}}'
    await asyncio.gather(
        *(venue.cancel([("BTC", number)], closing=bool(number % 2)) for number in range(1, 61))
    )
    nonces = [posted["nonce"] for posted in stub.actions]
    assert len(set(nonces)) == 60
    assert all(abs(nonce - venue.venue_ms()) < 60_000 for nonce in nonces)


async def test_a_cancel_of_what_is_not_open_says_so(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = json.dumps(
        {"status": "ok", "response": {"type": "cancel", "data": {"statuses": [
            "success",
            {"error": "Order was never placed, already canceled, or filled. asset=0"},
            {"error": "Something else"},
        ]}}}
    )  # fmt: skip
    replies = await venue.cancel([("BTC", 1), ("BTC", 2), ("ETH", 3)])
    assert [(one.client_id, one.status) for one in replies] == [
        (1, "canceled"),
        (2, "unknown"),
        (3, "rejected"),
    ]
    assert stub.actions[0]["action"] == {
        "type": "cancelByCloid",
        "cancels": [
            {"asset": asset, "cloid": f"0x{number:032x}"} for asset, number in ((0, 1), (0, 2), (1, 3))
        ],
    }


async def test_one_error_for_the_batch_rejects_every_order(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.body = (
        '{"status":"ok","response":{"type":"order","data":{"statuses":'
        '[{"error":"Order must have minimum value of $10. asset=0"}]}}}'
    )
    replies = await venue.place([order(), order(client_id=8)], yes)
    assert [(one.status, one.filled) for one in replies] == [("rejected", Decimal(0))] * 2
    assert "minimum value" in str(replies[1].error)


async def test_leverage_refused_carries_the_venue_s_sentence(stub: Stub, venue: HyperliquidGateway) -> None:
    await venue.set_leverage("ETH", 5, cross=True)
    assert stub.actions[0]["action"] == {"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 5}
    stub.body = '{"status":"err","response":"Invalid leverage value"}'
    with pytest.raises(Refused, match="Invalid leverage value"):
        await venue.set_leverage("ETH", 99, cross=True)


async def test_a_symbol_the_venue_does_not_have_is_not_found(stub: Stub, venue: HyperliquidGateway) -> None:
    with pytest.raises(NotFound):
        await venue.place([order(symbol="NOPE")], yes)
    assert stub.actions == []


async def test_a_number_that_would_be_rounded_is_refused(stub: Stub, venue: HyperliquidGateway) -> None:
    with pytest.raises(Refused, match="exactly"):
        await venue.place([order(size=Decimal("0.123456789"))], yes)
    assert stub.actions == []


async def test_questions_fail_as_unreachable_or_as_bad_answers(stub: Stub, venue: HyperliquidGateway) -> None:
    stub.info["clearinghouseState"] = {"marginSummary": {"accountValue": "NaN", "totalMarginUsed": "0"}}
    with pytest.raises(BadAnswer):
        await venue.account()
    stub.info["frontendOpenOrders"] = {"error": "no list"}
    with pytest.raises(BadAnswer):
        await venue.open_orders()
    for status, error in ((429, Unreachable), (500, Unreachable), (BREAK, Unreachable), (422, BadAnswer)):
        stub.info_status = status
        with pytest.raises(error):
            await venue.account()


async def test_nothing_is_asked_before_it_is_needed(stub: Stub, venue: HyperliquidGateway) -> None:
    assert stub.questions == []
    stub.body = OK_FILLED
    await venue.place([order()], yes)
    await venue.place([order()], yes)
    assert [asked["type"] for asked in stub.questions] == ["meta"]


async def test_proxies_of_the_environment_are_ignored(
    stub: Stub, venue: HyperliquidGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    await venue.set_leverage("BTC", 5, cross=True)
    assert len(stub.actions) == 1
