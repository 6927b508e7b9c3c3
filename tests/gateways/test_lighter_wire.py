"""Lighter's answers and frames, as recorded: signs, units, words, and nothing believed that is not so."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.gateways.lighter_stub import order_row
from venues.contract.errors import BadAnswer, ProductError, Refused, Unknown, Unreachable
from venues.lighter import replies, wire
from venues.lighter.feed import Feed
from venues.trader.gateway import AccountRead, Candle, Fill, OrderState, Prices

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "lighter"
NAMES = {0: "ETH", 1: "BTC"}
recorded = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"no recordings at {FIXTURES}")


def recording(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(), parse_float=Decimal)


def feed(account: int = 1234) -> Feed:
    return Feed(account, ["BTC", "ETH"], NAMES, "token")


@recorded
def test_a_recorded_trade_is_a_fill_from_our_side() -> None:
    (fill,) = feed().hear(recording("ws_account_all_trades_update"))
    assert fill == Fill(
        fill_id="19209006902",
        symbol="ETH",
        side="buy",
        price=Decimal("2352.73"),
        size=Decimal("0.1336"),
        fee=Decimal("314.324728") * 196 / 1_000_000,
        at_ms=1777941384181,
        order_id="562947905631053",
        client_id=7001011966,
    )
    (sold,) = feed(91249).hear(recording("ws_account_all_trades_update"))
    assert isinstance(sold, Fill)
    assert (sold.side, sold.client_id) == ("sell", None)
    assert sold.fee == Decimal("314.324728") * 28 / 1_000_000  # the maker's rate


@recorded
def test_recorded_positions_are_signed_and_stats_are_the_account() -> None:
    one = feed()
    assert one.hear(recording("ws_account_all_positions_update")) == []
    (read,) = one.hear(recording("ws_user_stats_with_position"))
    assert read == AccountRead(
        equity=Decimal("39.995169"),
        margin_used=Decimal("0.826855"),
        free=Decimal("39.168314"),
        positions={"ETH": Decimal("1.5")},
        at_ms=1781161854677,
    )


@recorded
def test_recorded_prices_candles_and_orders() -> None:
    (price,) = feed().hear(recording("ws_market_stats_subscribed_single"))
    assert price == Prices("BTC", Decimal("64356.3"), Decimal("64349.7"), Decimal("64400.1"))
    (candle,) = feed().hear(recording("ws_candle_update"))
    assert isinstance(candle, Candle)
    assert (candle.symbol, candle.close, candle.closed) == ("ETH", Decimal("2263.89"), False)
    states = wire.order_states(recording("http_orders"), NAMES)
    assert states == [
        OrderState(
            symbol="ETH", side="sell", status="open", order_id="281476929510110",
            client_id=42, size=Decimal("0.005"), filled=Decimal(0), price=Decimal("2352.74"), said="open",
            at_ms=1777941383576,
        )
    ]  # fmt: skip
    row = wire.account_row(recording("http_account"), 123456)
    assert wire.account_read(row, 5) == AccountRead(Decimal(0), Decimal(0), Decimal(0), {}, 5)
    assert wire.leverage(row, 1) == (10, True)
    assert wire.leverage(row, 9) is None
    with pytest.raises(BadAnswer):
        wire.account_row(recording("http_account"), 7)


WORDS = [
    ("in-progress", "na", False, "0", "open"),
    ("pending", "mark-price", True, "0", "open"),
    ("pending", "parent-order", True, "0", "waiting"),
    ("pending", "ready", True, "0", "triggered"),
    ("filled", "na", False, "0.01", "filled"),
    ("canceled", "na", False, "0", "canceled"),
    ("canceled-expired", "na", True, "0", "expired"),
    ("canceled-child", "na", True, "0", "canceled"),
    ("canceled-reduce-only", "na", True, "0", "canceled"),
    ("canceled-reduce-only", "na", False, "0", "rejected"),
    ("canceled-too-much-slippage", "ready", True, "0.004", "canceled"),
    ("canceled-too-much-slippage", "na", False, "0.004", "canceled"),
    ("canceled-too-much-slippage", "na", False, "0", "rejected"),
    ("teleported", "na", False, "0", "unknown"),
]


@pytest.mark.parametrize(("word", "held_by", "stop", "filled", "status"), WORDS)
def test_each_word_of_the_venue_is_understood(
    word: str, held_by: str, stop: bool, filled: str, status: str
) -> None:
    more = {"type": "stop-loss", "trigger_price": "39000.0"} if stop else {}
    row = order_row(7, word, trigger_status=held_by, filled_base_amount=filled, **more)
    state = wire.order_state(row, NAMES)
    assert (state.status, state.filled, state.client_id) == (status, Decimal(filled), 7)
    assert state.trigger == (39_000 if stop else None)


def test_funding_is_stamped_in_seconds_on_one_way_and_milliseconds_on_another() -> None:
    row = {"timestamp": 1778702400, "market_id": 1, "funding_id": 9, "change": "-0.12"}
    rows = [row, {**row, "timestamp": 1778702400000}, {**row, "market_id": 2048}]
    read = wire.fundings({"position_fundings": rows}, NAMES)
    assert [(one.funding_id, one.amount, one.at_ms) for one in read] == [
        ("9:1", Decimal("-0.12"), 1778702400000)
    ] * 2


@pytest.mark.parametrize(
    "wrong", [{"price": "NaN"}, {"size": "0"}, {"ask_account_id": 5}, {"market_id": True}]
)
@recorded
def test_a_fill_that_cannot_be_believed_ends_the_connection(wrong: dict[str, Any]) -> None:
    frame = recording("ws_account_all_trades_update")
    frame["trades"]["0"][0] |= {"bid_account_id": 6} if "ask_account_id" in wrong else {}
    frame["trades"]["0"][0] |= wrong
    with pytest.raises(BadAnswer):
        feed().hear(frame)


def test_a_price_that_cannot_be_believed_is_dropped() -> None:
    one = feed()
    stats = {"market_id": 1, "mark_price": "-1"}
    assert one.hear({"channel": "market_stats:1", "market_stats": stats}) == []
    assert one.hear("nonsense") == []
    assert one.dropped == 2
    assert "market_stats:1" in one.awaited


def test_a_position_without_a_sign_is_not_believed() -> None:
    with pytest.raises(BadAnswer):
        wire.positions([{"symbol": "BTC", "position": "1.0", "sign": 0}])
    assert wire.positions({"1": {"symbol": "BTC", "position": "1.0", "sign": -1}}) == {"BTC": -1}


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "error", "code": 30001, "message": "invalid channel"},
        {"error": {"code": 20013, "message": "invalid auth"}},
        {"type": "shutdown", "close_in_ms": 1000},
    ],
)
def test_a_refused_channel_and_an_announced_end_end_the_connection(frame: dict[str, Any]) -> None:
    with pytest.raises(Unreachable):
        feed().hear(frame)


def test_the_venue_s_ping_is_answered() -> None:
    assert feed().answer({"type": "ping"}) == '{"type":"pong"}'
    assert feed().answer({"type": "pong"}) is None
    assert feed().hear({"error": {"code": 30003, "message": "Already Subscribed to : ticker:3"}}) == []


ANSWERS: list[tuple[int, str, type[ProductError], str]] = [
    (400, '{"code":21104,"message":"invalid nonce"}', replies.StaleNonce, "nonce"),
    (400, '{"code":21739,"message":"not enough margin"}', Refused, "rejected"),
    (400, '{"code":21120,"message":"invalid signature"}', Unreachable, "agent_unknown"),
    (200, '{"code":21600,"message":"not an active limit order"}', Refused, "rejected"),
    (429, '{"code":23000,"message":"Too Many Requests!"}', Unreachable, "throttled"),
    (429, "<html>", Unreachable, "throttled"),
    (502, "<html>", Unknown, "unknown"),
    (408, "", Unknown, "unknown"),
    (200, "<html>", Unknown, "unknown"),
    (200, "[]", Unknown, "unknown"),
    (403, "forbidden", Unreachable, "trader_unreachable"),
]


@pytest.mark.parametrize(("status", "text", "error", "code"), ANSWERS)
def test_each_answer_to_a_transaction_means_one_thing(
    status: int, text: str, error: type[ProductError], code: str
) -> None:
    with pytest.raises(error) as caught:
        replies.accepted(status, text)
    assert caught.value.code == code


def test_an_accepted_transaction_has_a_hash() -> None:
    assert replies.accepted(200, '{"code":200,"tx_hash":"ab"}') == "ab"
