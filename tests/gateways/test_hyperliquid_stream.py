"""The stream: whole before Connected, down at once, back by itself, believing no nonsense."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.gateways.stub import until
from venues.contract.errors import BadAnswer, Unreachable
from venues.hyperliquid.feed import Feed
from venues.trader.gateway import (
    AccountRead,
    Candle,
    Connected,
    Disconnected,
    Event,
    Fill,
    Funding,
    Heard,
    OrderState,
    Prices,
)
from venues.trader.gateways.stream import Patience, Stream

ACCOUNT = "0x" + "a" * 40
QUICK = Patience(
    open_s=1,
    first_s=1,
    ping_s=0.3,
    quiet_s=0.1,
    silence_s=0.5,
    look_s=0.02,
    lived_s=9,
    retries_s=(0.01, 0.05),
)
STATE = {
    "marginSummary": {"accountValue": "1000", "totalMarginUsed": "0"},
    "assetPositions": [],
    "time": 1795334407703,
}
FILL = {
    "coin": "BTC", "px": "96000", "sz": "0.01", "side": "B", "time": 5, "startPosition": "0.0", "oid": 3,
    "fee": "0.43", "tid": 11, "cloid": "0x00000000000000000000000000000007",
}  # fmt: skip
ORDER = {
    "coin": "BTC",
    "side": "B",
    "limitPx": "96000",
    "sz": "0.0",
    "oid": 3,
    "timestamp": 5,
    "origSz": "0.01",
}


def frame(channel: str, data: Any) -> dict[str, Any]:
    return {"channel": channel, "data": data}


def candle(open_ms: int, close: str = "96000") -> dict[str, Any]:
    return frame(
        "candle",
        {"t": open_ms, "T": open_ms + 59_999, "s": "BTC", "i": "1m", "n": 1, "v": "2",
         "o": "96000", "h": "97000", "l": "95000", "c": close},
    )  # fmt: skip


def ctx(mark: str = "96000") -> dict[str, Any]:
    return frame(
        "activeAssetCtx", {"coin": "BTC", "ctx": {"markPx": mark, "midPx": "96001", "oraclePx": "96002"}}
    )


def user_fills(*fills: dict[str, Any]) -> dict[str, Any]:
    return frame("userFills", {"isSnapshot": True, "user": ACCOUNT.upper().replace("X", "x"), "fills": fills})


FIRST = [
    frame("allMids", {"mids": {"BTC": "96000"}}),
    ctx(),
    user_fills(FILL),
    frame("userFundings", {"isSnapshot": True, "user": ACCOUNT, "fundings": []}),
    frame("clearinghouseState", {"dex": "", "user": ACCOUNT, "clearinghouseState": STATE}),
]


def acknowledgement(subscription: dict[str, Any]) -> dict[str, Any]:
    return frame("subscriptionResponse", {"method": "subscribe", "subscription": subscription})


class Venue:
    """A WebSocket server that acknowledges, sends the first frames, and whatever a test adds."""

    def __init__(self) -> None:
        self.first: list[dict[str, Any]] = FIRST
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[ServerConnection] = []
        self.deaf = False
        self.url = ""

    async def serve_one(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        await socket.send("Websocket connection established.")
        async for text in socket:
            asked = json.loads(text)
            self.heard.append(asked)
            if asked["method"] == "ping" and not self.deaf:
                await socket.send('{"channel":"pong"}')
            if asked["method"] == "subscribe":
                await socket.send(json.dumps(acknowledgement(asked["subscription"])))
                if asked["subscription"]["type"] == "candle":
                    for one in self.first:
                        await socket.send(json.dumps(one))

    async def tell(self, told: dict[str, Any]) -> None:
        await self.sockets[-1].send(json.dumps(told))


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    async with serve(made.serve_one, "127.0.0.1", 0, ping_interval=None) as server:
        made.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        yield made


@asynccontextmanager
async def streaming(venue: Venue, patience: Patience = QUICK) -> AsyncIterator[tuple[Stream, list[Event]]]:
    events: list[Event] = []

    async def make_feed() -> Feed:
        return Feed(ACCOUNT, ["BTC"])

    stream = Stream("Hyperliquid", venue.url, make_feed, events.append, patience)
    task = asyncio.create_task(stream.run())
    try:
        yield stream, events
    finally:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=3)
        assert done, "the stream does not end"


def count(events: list[Event], kind: type) -> Callable[[], int]:
    return lambda: sum(isinstance(one, kind) for one in events)


def of(events: list[Event], *kinds: type) -> list[Event]:
    return [one for one in events if isinstance(one, kinds)]


async def test_connected_comes_after_every_first_snapshot(venue: Venue) -> None:
    async with streaming(venue) as (_, events):
        await until(count(events, Connected))
    told = [type(one) for one in of(events, Prices, Fill, AccountRead, Connected)]
    assert told == [Prices, Fill, AccountRead, Connected]
    kinds = [asked["subscription"]["type"] for asked in venue.heard if asked["method"] == "subscribe"]
    assert sorted(kinds) == sorted(
        [
            "allMids",
            "activeAssetCtx",
            "candle",
            "userFills",
            "orderUpdates",
            "userFundings",
            "clearinghouseState",
        ]
    )


@pytest.mark.parametrize("missing", range(len(FIRST)))
async def test_without_one_first_snapshot_it_is_never_connected(venue: Venue, missing: int) -> None:
    venue.first = FIRST[:missing] + FIRST[missing + 1 :]
    async with streaming(venue) as (_, events):
        await until(count(events, Disconnected))
        assert not of(events, Connected)
    assert "no first word" in of(events, Disconnected)[0].why  # type: ignore[union-attr]


async def test_a_break_is_told_at_once_and_subscriptions_are_restored(venue: Venue) -> None:
    async with streaming(venue) as (stream, events):
        await until(count(events, Connected))
        venue.sockets[-1].transport.abort()
        await until(lambda: count(events, Connected)() == 2)
        assert stream.connections == 2
    kinds = [type(one) for one in of(events, Connected, Disconnected)]
    assert kinds == [Connected, Disconnected, Connected]
    assert sum(asked["method"] == "subscribe" for asked in venue.heard) == 14
    fills = of(events, Fill)
    assert len(fills) == 2
    assert fills[0] == fills[1], "a snapshot is told again; the fill's id tells"


async def test_a_quiet_venue_is_pinged_and_stays_connected(venue: Venue) -> None:
    async with streaming(venue) as (_, events):
        await until(count(events, Connected))
        heard = count(events, Heard)()
        await until(lambda: count(events, Heard)() > heard + 6)
        assert not of(events, Disconnected)


async def test_silence_ends_the_connection(venue: Venue) -> None:
    venue.deaf = True
    async with streaming(venue) as (_, events):
        await until(count(events, Connected))
        await until(count(events, Disconnected))
    assert "nothing heard" in of(events, Disconnected)[0].why  # type: ignore[union-attr]


async def test_it_ends_when_told_to_amid_a_flood_of_frames(venue: Venue) -> None:
    async def flood() -> None:
        with suppress(ConnectionClosed):
            while True:
                await venue.tell(ctx())
                await asyncio.sleep(0)

    for _ in range(20):
        async with streaming(venue, Patience()) as (_, events):
            await until(count(events, Connected))
            flooding = asyncio.create_task(flood())
            prices = count(events, Prices)
            await until(lambda: prices() > 20)  # noqa: B023  # awaited before the next round
        flooding.cancel()


async def test_a_venue_that_is_not_there_is_told_once(venue: Venue) -> None:
    venue.url = "ws://127.0.0.1:9/ws"
    async with streaming(venue) as (_, events):
        await until(count(events, Disconnected))
        await asyncio.sleep(0.2)
        assert len(of(events, Disconnected)) == 1


async def test_events_follow_the_venue_s_frames(venue: Venue) -> None:
    async with streaming(venue) as (_, events):
        await until(count(events, Connected))
        del events[:]
        update = {"order": ORDER, "status": "filled", "statusTimestamp": 6}
        payment = {"time": 7, "coin": "BTC", "usdc": "-0.1", "szi": "1", "fundingRate": "0", "nSamples": None}
        await venue.tell(frame("orderUpdates", [update]))
        await venue.tell(user_fills(FILL, {**FILL, "tid": 12, "time": 4}))
        await venue.tell(frame("userFundings", {"user": ACCOUNT, "fundings": [payment]}))
        await until(count(events, Funding))
    order, older, newer, paid = of(events, OrderState, Fill, Funding)
    assert isinstance(order, OrderState)
    assert (order.status, order.filled) == ("filled", Decimal("0.01"))
    assert isinstance(older, Fill)
    assert isinstance(newer, Fill)
    assert (older.fill_id, newer.fill_id, newer.client_id) == ("12", "11", 7)
    assert paid == Funding("7:BTC", "BTC", Decimal("-0.1"), 7)


async def test_i18_nonsense_is_dropped_and_counted(venue: Venue) -> None:
    async with streaming(venue) as (stream, events):
        await until(count(events, Connected))
        del events[:]
        before = stream.dropped
        for mark in ("0", "-5", "NaN", "Infinity"):
            await venue.tell(ctx(mark))
        await venue.tell(frame("activeAssetCtx", None))
        await venue.tell(candle(60_000, close="0"))
        state = {**STATE, "marginSummary": {"accountValue": "NaN", "totalMarginUsed": "0"}}
        await venue.tell(frame("clearinghouseState", {"user": ACCOUNT, "clearinghouseState": state}))
        await venue.tell(ctx("95000"))
        await until(count(events, Prices))
        assert stream.dropped - before == 7
    assert of(events, Prices, Candle, AccountRead, Disconnected) == [
        Prices("BTC", Decimal(95000), Decimal(96001), Decimal(96002))
    ]


async def test_a_fill_that_cannot_be_believed_ends_the_connection(venue: Venue) -> None:
    async with streaming(venue) as (_, events):
        await until(count(events, Connected))
        await venue.tell(user_fills({**FILL, "px": "NaN"}))
        await until(count(events, Disconnected))
        await until(lambda: count(events, Connected)() == 2)


def feed() -> Feed:
    return Feed(ACCOUNT, ["BTC"])


def test_a_candle_closes_when_the_next_one_begins() -> None:
    told = feed()
    first = told.hear(candle(60_000, "96100"))
    again = told.hear(candle(60_000, "96200"))
    second = told.hear(candle(120_000))
    late = told.hear(candle(60_000, "1"))
    assert [one.closed for one in (*first, *again)] == [False, False]  # type: ignore[union-attr]
    assert [(one.open_ms, one.close, one.closed) for one in second] == [  # type: ignore[union-attr]
        (60_000, Decimal(96200), True),
        (120_000, Decimal(96000), False),
    ]
    assert late == []


def test_another_account_s_frames_are_not_ours() -> None:
    told = feed()
    other = {"user": "0x" + "b" * 40, "fills": [FILL]}
    assert told.hear(frame("userFills", other)) == []
    assert ("userFills", "") in told.awaited


def test_a_refused_subscription_ends_the_connection() -> None:
    with pytest.raises(Unreachable, match="Invalid subscription"):
        feed().hear(frame("error", "Invalid subscription"))


def test_an_order_update_that_cannot_be_believed_raises() -> None:
    with pytest.raises(BadAnswer):
        feed().hear(frame("orderUpdates", [{"order": {}, "status": "open", "statusTimestamp": 1}]))


@pytest.mark.parametrize("nonsense", [None, 5, [], "x", {}, {"channel": 7}, {"channel": "pong"}])
def test_a_frame_that_means_nothing_is_no_event(nonsense: Any) -> None:
    assert feed().hear(nonsense) == []
