"""The official SDK's WebSocket, and the frames under it."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from websockets.sync.client import ClientConnection, connect

from tests.paper.conftest import Stranger
from tests.paper.exchange import PaperExchange, start_exchange

LIMIT_S = 5.0
ZERO = "0x" + "0" * 40


def wait_for(condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    until = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
    return found


class Wire:
    """A bare socket that reads what it waits for and keeps the rest."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Any] = []

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def subscribe(self, **subscription: Any) -> None:
        self.say(method="subscribe", subscription=subscription)

    def next(self, channel: str, wanted: Callable[[Any], bool] = lambda data: True) -> Any:
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            message = json.loads(self.socket.recv(timeout=LIMIT_S))
            self.heard.append(message)
            if message["channel"] == channel and wanted(message.get("data")):
                return message.get("data")
        raise AssertionError(f"no such {channel}")


@pytest.fixture
def wire(paper: PaperExchange) -> Iterator[Wire]:
    with connect(paper.url.replace("http", "ws") + "/ws") as socket:
        yield Wire(socket)


def test_the_sdk_hears_every_channel(stranger: Stranger) -> None:
    heard: dict[str, list[Any]] = {}
    info = Info(stranger.paper.url, timeout=5)
    user = stranger.address
    try:
        for subscription in (
            {"type": "allMids"},
            {"type": "l2Book", "coin": "BTC"},
            {"type": "bbo", "coin": "BTC"},
            {"type": "trades", "coin": "BTC"},
            {"type": "candle", "coin": "BTC", "interval": "1m"},
            {"type": "activeAssetCtx", "coin": "BTC"},
            {"type": "activeAssetData", "user": user, "coin": "BTC"},
            {"type": "userFills", "user": user},
            {"type": "orderUpdates", "user": user},
            {"type": "userEvents", "user": user},
            {"type": "userFundings", "user": user},
            {"type": "webData2", "user": user},
        ):
            info.subscribe(subscription, lambda m: heard.setdefault(m["channel"], []).append(m["data"]))
        wait_for(lambda: "webData2" in heard)
        stranger.exchange.market_open("BTC", True, 0.01)
        wait_for(lambda: len(heard.get("userFills", ())) > 1 and heard.get("user") and heard.get("trades"))
    finally:
        info.disconnect_websocket()
    assert set(heard) == {
        "allMids",
        "l2Book",
        "bbo",
        "trades",
        "candle",
        "activeAssetCtx",
        "activeAssetData",
        "userFills",
        "orderUpdates",
        "user",
        "userFundings",
        "webData2",
    }
    assert heard["userFills"][0] == {"isSnapshot": True, "user": user, "fills": []}
    (fill,) = heard["userFills"][1]["fills"]
    assert (fill["sz"], fill["dir"]) == ("0.01", "Open Long")
    assert heard["user"][0]["fills"] == [fill]
    assert heard["orderUpdates"][0][0]["status"] == "filled"


def test_a_snapshot_of_fills_comes_again_on_every_connection(stranger: Stranger, wire: Wire) -> None:
    stranger.exchange.market_open("BTC", True, 0.01)
    wire.subscribe(type="userFills", user=stranger.address)
    first = wire.next("userFills")
    with connect(stranger.paper.url.replace("http", "ws") + "/ws") as socket:
        again = Wire(socket)
        again.subscribe(type="userFills", user=stranger.address.upper().replace("0X", "0x"))
        assert again.next("userFills") == first
    assert first["isSnapshot"] is True


def test_a_price_that_jumps_is_pushed_with_mark_mid_and_oracle(stranger: Stranger, wire: Wire) -> None:
    wire.subscribe(type="activeAssetCtx", coin="BTC")
    wire.subscribe(type="allMids")
    stranger.paper.price("BTC", 91_234)
    context = wire.next("activeAssetCtx", lambda data: data["ctx"]["markPx"] == "91234.0")["ctx"]
    assert context["midPx"] == context["oraclePx"] == "91234.0"
    wire.next("allMids", lambda data: data["mids"]["BTC"] == "91234.0")


def test_a_still_market_is_told_all_the_same(wire: Wire) -> None:
    wire.subscribe(type="allMids")
    for _ in range(3):
        wire.next("allMids")


def test_account_and_orders_are_pushed_whole_when_they_change(stranger: Stranger, wire: Wire) -> None:
    wire.subscribe(type="clearinghouseState", user=stranger.address)
    wire.subscribe(type="openOrders", user=stranger.address)
    assert wire.next("clearinghouseState")["clearinghouseState"]["assetPositions"] == []
    stranger.exchange.market_open("BTC", True, 0.01)
    data = wire.next("clearinghouseState", lambda d: d["clearinghouseState"]["assetPositions"] != [])
    assert (data["dex"], data["user"]) == ("", stranger.address)
    stranger.exchange.order("BTC", True, 0.01, 90_000, {"limit": {"tif": "Gtc"}})
    (shown,) = wire.next("openOrders", lambda d: d["orders"] != [])["orders"]
    assert shown["limitPx"] == "90000.0"


def test_a_stop_that_fires_is_told_step_by_step(stranger: Stranger, wire: Wire) -> None:
    wire.subscribe(type="orderUpdates", user=stranger.address)
    stranger.exchange.market_open("BTC", True, 0.01)
    stop: Any = {"trigger": {"isMarket": True, "triggerPx": 93_000, "tpsl": "sl"}}
    stranger.exchange.order("BTC", False, 0.01, 84_000, stop, reduce_only=True)
    stranger.paper.price("BTC", 92_000)
    wire.next("orderUpdates", lambda d: d[-1]["order"]["side"] == "A" and d[-1]["status"] == "filled")
    told = [
        one["status"]
        for message in wire.heard
        if message["channel"] == "orderUpdates"
        for one in message["data"]
    ]
    assert told == ["filled", "open", "triggered", "filled"]


def test_cancels_that_nobody_asked_for_are_named(stranger: Stranger, wire: Wire) -> None:
    wire.subscribe(type="userEvents", user=stranger.address)
    stranger.exchange.market_open("BTC", True, 0.01)
    stop: Any = {"trigger": {"isMarket": True, "triggerPx": 93_000, "tpsl": "sl"}}
    answer = stranger.exchange.order("BTC", False, 0.01, 84_000, stop, reduce_only=True)
    oid = answer["response"]["data"]["statuses"][0]["resting"]["oid"]
    stranger.exchange.market_close("BTC")
    said = wire.next("user", lambda data: "nonUserCancel" in data)
    assert said == {"nonUserCancel": [{"coin": "BTC", "oid": oid}]}


def test_one_account_hears_nothing_of_another(stranger: Stranger, wire: Wire) -> None:
    other = stranger.paper.account()
    wire.subscribe(type="orderUpdates", user=stranger.address)
    wire.next("subscriptionResponse")
    theirs = Exchange(other.agent, stranger.paper.url, account_address=other.address, timeout=5)
    theirs.order("BTC", True, 0.01, 90_000, {"limit": {"tif": "Gtc"}})
    stranger.exchange.order("BTC", True, 0.01, 91_000, {"limit": {"tif": "Gtc"}})
    (said,) = wire.next("orderUpdates")
    assert said["order"]["limitPx"] == "91000.0"


def test_ping_acknowledgement_unsubscribing_and_errors(wire: Wire) -> None:
    wire.say(method="ping")
    wire.next("pong")
    wire.subscribe(type="bbo", coin="ETH")
    acknowledged = wire.next("subscriptionResponse")
    assert acknowledged == {"method": "subscribe", "subscription": {"type": "bbo", "coin": "ETH"}}
    wire.subscribe(type="bbo", coin="ETH")
    assert wire.next("error").startswith("Already subscribed")
    wire.say(method="unsubscribe", subscription={"type": "bbo", "coin": "ETH"})
    assert wire.next("subscriptionResponse")["method"] == "unsubscribe"
    wire.say(method="unsubscribe", subscription={"type": "bbo", "coin": "ETH"})
    assert wire.next("error").startswith("Already unsubscribed")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"method":"dance"}',
        '{"method":"subscribe"}',
        '{"method":"subscribe","subscription":{"type":"none"}}',
        '{"method":"subscribe","subscription":{"type":"l2Book","coin":"NONE"}}',
        '{"method":"subscribe","subscription":{"type":"l2Book"}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":"0x12"}}',
        '{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"7m"}}',
        '{"method":"subscribe","subscription":[1e999,{"a":' + "[" * 10 + "]" * 10 + "}]}",
    ],
)
def test_what_cannot_be_read_is_an_error_and_the_socket_lives(wire: Wire, text: str) -> None:
    wire.socket.send(text)
    assert wire.next("error")
    wire.say(method="ping")
    wire.next("pong")


def test_requests_by_socket(stranger: Stranger, wire: Wire) -> None:
    wire.say(method="post", id=3, request={"type": "info", "payload": {"type": "allMids"}})
    said = wire.next("post")
    assert said["id"] == 3
    assert said["response"]["payload"]["data"]["BTC"] == "96000.0"
    wire.say(method="post", id=4, request={"type": "action", "payload": {"action": {}}})
    assert wire.next("post")["response"]["type"] == "error"


def test_an_unknown_socket_is_refused(paper: PaperExchange) -> None:
    with pytest.raises(Exception, match="403"), connect(paper.url.replace("http", "ws") + "/nowhere"):
        pass


def test_at_six_hundred_fold_speed_every_candle_is_pushed_and_prices_at_a_sane_rate(tmp_path: Path) -> None:
    file = tmp_path / "up.csv"
    rows = [f"{1640995200 + 60 * n},{100 + n},{101 + n},{99 + n},{100 + n},1" for n in range(200)]
    file.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(rows))
    feed = {"EXCHANGE_SPEED": "600", "EXCHANGE_FEED": f"replay:{file}"}
    with start_exchange(tmp_path / "var", **feed) as fast:
        with connect(fast.url.replace("http", "ws") + "/ws") as socket:
            heard = Wire(socket)
            heard.subscribe(type="candle", coin="BTC", interval="1m")
            heard.subscribe(type="activeAssetCtx", coin="BTC")
            begun = time.monotonic()
            first = heard.next("candle")["t"]
            heard.next("candle", lambda data: data["t"] >= first + 20 * 60_000)
            took = time.monotonic() - begun
        last = {m["data"]["t"]: m["data"] for m in heard.heard if m["channel"] == "candle"}
        contexts = sum(m["channel"] == "activeAssetCtx" for m in heard.heard)
        opens = [last[first + n * 60_000] for n in range(20)]
    assert all(float(b["o"]) - float(a["o"]) == 1 for a, b in itertools.pairwise(opens))
    assert all(one["c"] == one["o"] and float(one["h"]) - float(one["l"]) == 2 for one in opens[1:])
    assert contexts <= 11 * took + 2
