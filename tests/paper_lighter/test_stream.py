"""The /stream socket: snapshots, updates, access, pings, transactions, and the SDK's own client."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from lighter.ws_client import WsClient
from websockets.asyncio.client import ClientConnection, connect

from tests.paper.exchange import PaperExchange
from tests.paper_lighter.conftest import KEY, LIMIT_S, Stranger, done, until
from tests.paper_lighter.newborn import AT_ONCE, INDEX, lighter
from venues.lighter.paper.stream import Stream

ETH = 0
PRIVATE = ("account_all_orders", "account_all_positions", "account_all_assets", "user_stats")


@dataclass
class Heard:
    """A socket and all that came from it."""

    socket: ClientConnection
    frames: list[Any] = field(default_factory=list)

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def subscribe(self, channel: str, **more: Any) -> Any:
        """Subscribe and give the snapshot."""
        await self.say(type="subscribe", channel=channel, **more)
        kind = channel.partition("/")[0]
        return await self.first(lambda one: one.get("type") == f"subscribed/{kind}")

    async def first(self, wanted: Callable[[Any], bool]) -> Any:
        """Give the first frame, of those that came and will come, that is wanted."""
        return await until(lambda: next((one for one in self.frames if wanted(one)), None))

    async def more_than(self, count: int, kind: str) -> None:
        """Wait until more updates of a kind have come."""
        await until(lambda: len(self.updates(kind)) > count)

    def updates(self, kind: str) -> list[Any]:
        return [one for one in self.frames if one.get("type") == f"update/{kind}"]


@asynccontextmanager
async def listening(paper: PaperExchange) -> AsyncIterator[Heard]:
    async with connect(paper.url.replace("http", "ws") + "/stream") as socket:
        heard = Heard(socket)

        async def read() -> None:
            async for text in socket:
                heard.frames.append(json.loads(text))

        reader = asyncio.ensure_future(read())
        try:
            yield heard
        finally:
            reader.cancel()


async def test_the_first_frame_says_connected(paper: PaperExchange) -> None:
    async with listening(paper) as heard:
        assert await heard.first(lambda one: one["type"] == "connected")
        await heard.say(type="ping")
        assert await heard.first(lambda one: one["type"] == "pong")


async def test_the_book_is_a_snapshot_and_a_chain_of_changes(stranger: Stranger) -> None:
    async with listening(stranger.paper) as heard:
        book = (await heard.subscribe("order_book/0"))["order_book"]
        for step in range(3):
            before = len(heard.updates("order_book"))
            stranger.paper.price("ETH", 3_001 + step)
            await heard.more_than(before, "order_book")
        nonce = book["nonce"]
        sides = {name: {one["price"]: one["size"] for one in book[name]} for name in ("asks", "bids")}
        for frame in heard.updates("order_book"):
            change = frame["order_book"]
            assert change["begin_nonce"] == nonce
            nonce = change["nonce"]
            for name, side in sides.items():
                side.update({one["price"]: one["size"] for one in change[name]})
        rest = stranger.get("orderBookOrders", market_id=0, limit=250)
        for name, side in sides.items():
            left = {price: size for price, size in side.items() if float(size)}
            assert left == {one["price"]: one["remaining_base_amount"] for one in rest[name]}


async def test_public_channels_begin_with_a_snapshot_and_go_on(stranger: Stranger) -> None:
    async with listening(stranger.paper) as heard:
        for channel in ("ticker/0", "market_stats/0", "market_stats/all", "trade/0", "candle/0/1m", "height"):
            await heard.subscribe(channel)
        stranger.paper.price("ETH", 3_040)
        await heard.first(
            lambda one: (
                one["type"] == "update/market_stats"
                and one["channel"] == "market_stats:0"
                and one["market_stats"]["mark_price"] == "3040.00"
            )
        )
        for kind in ("ticker", "candle", "height", "trade"):
            await heard.more_than(0, kind)
        every = [one for one in heard.updates("market_stats") if one["channel"] == "market_stats:all"]
        assert set(every[-1]["market_stats"]) >= {"0", "1", "2", "24"}


async def test_orders_trades_and_positions_are_told(stranger: Stranger) -> None:
    index, token = stranger.index, stranger.token
    async with listening(stranger.paper) as heard:
        for kind in (*PRIVATE, "account_all_trades", "account_all"):
            await heard.subscribe(f"{kind}/{index}", auth=token)
        await heard.subscribe(f"account_orders/0/{index}", auth=token)
        done(await stranger.client.create_market_order(ETH, 11, 1000, 315_000, is_ask=False))
        done(await stranger.client.create_sl_order(ETH, 12, 1000, 294_000, 285_000, True, True))
        await until(lambda: len(heard.updates("account_orders")) >= 2)
        orders = [order for frame in heard.updates("account_all_orders") for order in frame["orders"]["0"]]
        assert [(one["client_order_index"], one["status"]) for one in orders] == [
            (11, "filled"),
            (12, "pending"),
        ]
        (trade,) = heard.updates("account_all_trades")[0]["trades"]["0"]
        assert (trade["bid_account_id"], trade["bid_client_id"]) == (index, 11)
        position = heard.updates("account_all_positions")[-1]["positions"]["0"]
        assert (position["sign"], position["position"]) == (1, "0.1000")
        assert heard.updates("account_all")[-1]["positions"]["0"]["position"] == "0.1000"
        stranger.paper.price("ETH", 2_900)
        await until(lambda: not heard.updates("account_all_positions")[-1]["positions"])
        last = heard.updates("account_all_orders")[-1]["orders"]["0"][-1]
        assert (last["client_order_index"], last["status"]) == (12, "filled")
        assert heard.updates("user_stats")[-1]["stats"]["leverage"] == "0.00"


@pytest.mark.parametrize("kind", PRIVATE)
async def test_a_private_channel_needs_a_token_of_its_account(stranger: Stranger, kind: str) -> None:
    expired, _ = stranger.client.create_auth_token_with_expiry(1, timestamp=1_000_000, api_key_index=KEY)
    other = stranger.token.replace(f":{stranger.index}:", ":1:")
    async with listening(stranger.paper) as heard:
        for auth in ({}, {"auth": expired}, {"auth": other}, {"auth": 5}, {"auth": stranger.token[:-2]}):
            await heard.say(type="subscribe", channel=f"{kind}/{stranger.index}", **auth)
        await until(lambda: len(heard.frames) == 6)
        assert [one["error"]["code"] for one in heard.frames[1:]] == [20013] * 5
        assert await heard.subscribe(f"{kind}/{stranger.index}", auth=stranger.token)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "subscribe", "channel": "order_book/999"}, 30001),
        ({"type": "subscribe", "channel": "order_book/x"}, 30001),
        ({"type": "subscribe", "channel": "candle/0/2m"}, 30001),
        ({"type": "subscribe", "channel": "gossip/0"}, 30001),
        ({"type": "subscribe", "channel": None}, 30001),
        ({"type": "subscribe", "channel": "account_all/999999"}, 21100),
        ({"type": "unsubscribe", "channel": "order_book/0"}, 30004),
        ({"type": "shout"}, 30000),
        ([], 30000),
    ],
)
async def test_a_message_that_cannot_be_obeyed_gets_an_error_frame(
    paper: PaperExchange, message: Any, code: int
) -> None:
    async with listening(paper) as heard:
        await heard.socket.send(json.dumps(message))
        assert (await heard.first(lambda one: "error" in one))["error"]["code"] == code


async def test_a_channel_is_subscribed_once_and_left(paper: PaperExchange) -> None:
    async with listening(paper) as heard:
        await heard.subscribe("ticker/0")
        await heard.say(type="subscribe", channel="ticker/0")
        error = (await heard.first(lambda one: "error" in one))["error"]
        assert error == {"code": 30003, "message": "Already Subscribed to : ticker:0"}
        await heard.say(type="unsubscribe", channel="ticker/0")
        assert await heard.first(lambda one: one.get("type") == "unsubscribed")
        count = len(heard.updates("ticker"))
        paper.price("ETH", 3_005)
        await heard.subscribe("height")
        assert len(heard.updates("ticker")) == count


async def test_transactions_go_over_the_socket(stranger: Stranger) -> None:
    client, nonce = stranger.client, stranger.nonce()

    def wire(number: int, use: int) -> tuple[int, Any]:
        kind, text, _, error = client.sign_create_order(
            ETH, number, 1000, 290_000, 0, 0, 1, nonce=use, api_key_index=KEY
        )
        assert error is None, error
        return kind, text

    async with listening(stranger.paper) as heard:
        kind, text = wire(31, nonce)
        sent = {"id": "a1", "tx_type": kind, "tx_info": json.loads(text)}
        await heard.say(type="jsonapi/sendtx", data=sent)
        taken = await heard.first(lambda one: one["type"] == "jsonapi/sendtx")
        assert (taken["id"], taken["code"], len(taken["tx_hash"])) == ("a1", 200, 80)
        await heard.say(type="jsonapi/sendtx", data={**sent, "id": "a2"})
        refused = await heard.first(lambda one: one.get("id") == "a2")
        assert refused["code"] == 21104
        pair = [wire(32, nonce + 1), wire(33, nonce + 2)]
        lists = {"tx_types": [one for one, _ in pair], "tx_infos": [one for _, one in pair]}
        texts = {name: json.dumps(one) for name, one in lists.items()}
        await heard.say(type="jsonapi/sendtxbatch", data={"id": "b0", **texts})
        await heard.say(type="jsonapi/sendtxbatch", data={"id": "b1", **lists})
        both = await heard.first(lambda one: one.get("id") == "b0")
        assert (both["code"], len(both["tx_hash"])) == (200, 2)
        assert (await heard.first(lambda one: one.get("id") == "b1"))["code"] == 21104
    assert [stranger.order(one)["status"] for one in (31, 32, 33)] == ["open"] * 3


async def test_the_sdks_own_client_keeps_a_book_and_an_account(stranger: Stranger) -> None:
    books: list[Any] = []
    accounts: list[Any] = []
    client = WsClient(
        ws_url=stranger.paper.url.replace("http", "ws") + "/stream",
        order_book_ids=[ETH],
        account_ids=[stranger.index],
        on_order_book_update=lambda market, book: books.append((market, len(book["asks"]))),
        on_account_update=lambda account, state: accounts.append((account, state)),
    )
    running = asyncio.ensure_future(client.run_async())
    try:
        await until(lambda: books and accounts)
        stranger.paper.price("ETH", 3_010)
        done(await stranger.client.create_market_order(ETH, 41, 1000, 318_000, is_ask=False))
        await until(lambda: accounts[-1][1]["positions"].get("0", {}).get("position") == "0.1000")
        await until(lambda: len(books) > 1)
        assert books[-1] == ("0", 20)
    finally:
        await client.ws.close()
        running.cancel()


# ── pings, in the test's own process ────────────────────────────────────────────


@dataclass
class Wire:
    """Both ends of an ASGI WebSocket."""

    incoming: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    sent: list[Any] = field(default_factory=list)

    async def receive(self) -> Any:
        return await self.incoming.get()

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def pings(self) -> int:
        return sum('"ping"' in one.get("text", "") for one in self.sent)

    async def pinged(self, count: int) -> None:
        await until(lambda: self.pings() >= count)


async def connected(pong_within_s: float) -> tuple[Wire, "asyncio.Task[None]"]:
    paper, wire = lighter(), Wire()
    face = paper.face
    stream = Stream(paper.x, face.limits, face.sequencer, ping_every_s=0.02, pong_within_s=pong_within_s)
    wire.incoming.put_nowait({"type": "websocket.connect"})
    return wire, asyncio.ensure_future(stream.serve({}, wire.receive, wire.send))


async def test_a_client_that_does_not_answer_pings_is_closed() -> None:
    wire, serving = await connected(0.02)
    closed = await until(lambda: next((one for one in wire.sent if one["type"] == "websocket.close"), None))
    assert (closed["code"], closed["reason"], wire.pings()) == (1008, "no pong", 1)
    serving.cancel()


async def test_a_client_that_answers_pings_stays() -> None:
    wire, serving = await connected(0.2)
    for number in range(1, 3):
        await wire.pinged(number)
        wire.incoming.put_nowait({"type": "websocket.receive", "text": '{"type":"pong"}'})
    await wire.pinged(3)
    assert not any(one["type"] == "websocket.close" for one in wire.sent)
    wire.incoming.put_nowait({"type": "websocket.disconnect"})
    async with asyncio.timeout(LIMIT_S):
        await serving


async def test_a_socket_takes_200_messages_a_minute() -> None:
    paper, wire = lighter(without=AT_ONCE - {"rate_limits"}), Wire()
    wire.incoming.put_nowait({"type": "websocket.connect"})
    for _ in range(201):
        said = {"type": "unsubscribe", "channel": f"account_all/{INDEX}"}
        wire.incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(said)})
    serving = asyncio.ensure_future(paper.face.stream.serve({}, wire.receive, wire.send))
    codes = await until(lambda: texts if len(texts := _codes(wire)) == 201 else None)
    assert codes == [30004] * 200 + [30009]
    serving.cancel()


def _codes(wire: Wire) -> list[int]:
    said = [json.loads(one["text"]) for one in wire.sent if one["type"] == "websocket.send"]
    return [one["error"]["code"] for one in said if "error" in one]
