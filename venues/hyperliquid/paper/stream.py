"""The /ws socket: connections, subscriptions, and what is pushed when (venue-hyperliquid.md, section 6)."""

import asyncio
import itertools
import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from venues.contract.errors import Refused
from venues.hyperliquid.paper import shapes
from venues.hyperliquid.paper.actions import perform
from venues.hyperliquid.paper.bodies import VENUE, BadShape
from venues.hyperliquid.paper.info import answer
from venues.hyperliquid.paper.prices import market_trade
from venues.hyperliquid.paper.subscriptions import Subscription, parse, snapshot
from venues.hyperliquid.paper.teller import Teller
from venues.hyperliquid.paper.words import SHAPE
from venues.paper.events import AccountChanged, CandleClosed, Event, Priced
from venues.paper.exchange import Exchange
from venues.serving.guard import Message, Receive, Scope, Send
from venues.serving.hub import Client
from venues.serving.parsers import dump_json, strict_json

BOOK_EVERY_S = 0.5
STILL_EVERY_S = 1.0
WHOLE_ACCOUNT = {"clearinghouseState", "openOrders", "webData2", "activeAssetData"}


class Socket:
    """One connection: what it subscribed to and what it has still to be sent."""

    def __init__(self) -> None:
        self.client = Client()
        self.subscriptions: dict[str, Subscription] = {}
        self._count = itertools.count()

    def send(self, message: Mapping[str, Any], key: str = "") -> None:
        """Queue a message; with a key it replaces one of that key that still waits."""
        self.client.put(key or f"#{next(self._count)}", dump_json(message))

    def error(self, sentence: str) -> None:
        """Queue an error."""
        self.send({"channel": "error", "data": sentence})


class Stream:
    """All sockets of the venue on one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.x = exchange
        self.teller = Teller(exchange, self.push)
        self.subscribers: dict[str, dict[Socket, Subscription]] = defaultdict(dict)
        self.touched: set[str] = set()
        self.last: dict[str, float] = defaultdict(float)
        self.second = -1

    # ── connections ─────────────────────────────────────────────────────────────

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it closes."""
        await receive()
        await send({"type": "websocket.accept"})
        socket = Socket()
        writer = asyncio.ensure_future(self._write(socket, send))
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self._hear(socket, message)
        finally:
            writer.cancel()
            for key in socket.subscriptions:
                self.subscribers[key].pop(socket, None)

    async def _write(self, socket: Socket, send: Send) -> None:
        while (texts := await socket.client.take()) is not None:
            for text in texts:
                await send({"type": "websocket.send", "text": text})
        await send({"type": "websocket.close", "code": 1013})

    def _hear(self, socket: Socket, message: Message) -> None:
        raw = message.get("text") or ""
        try:
            said = strict_json(raw.encode("utf-8", "replace"))
        except Refused:
            said = None
        method = said.get("method") if isinstance(said, dict) else None
        if method == "ping":
            socket.send({"channel": "pong"})
        elif method in {"subscribe", "unsubscribe"}:
            self._subscribe(socket, said)
        elif method == "post":
            self._post(socket, said)
        else:
            socket.error(f"Error parsing JSON into valid websocket request: {raw[:200]}")

    def _subscribe(self, socket: Socket, said: Mapping[str, Any]) -> None:
        wire, wanted = said.get("subscription"), said["method"] == "subscribe"
        shown = json.dumps(wire, default=str)[:200]
        try:
            subscription = parse(self.x, wire)
        except BadShape:
            socket.error(f"Invalid subscription {shown}")
            return
        key = subscription.key
        if (key in socket.subscriptions) == wanted:
            socket.error(f"Already {'subscribed' if wanted else 'unsubscribed'}: {shown}")
            return
        acknowledged = {"method": said["method"], "subscription": wire}
        socket.send({"channel": "subscriptionResponse", "data": acknowledged})
        if not wanted:
            del socket.subscriptions[key]
            self.subscribers[key].pop(socket, None)
            return
        socket.subscriptions[key] = self.subscribers[key][socket] = subscription
        first = snapshot(self.x, subscription)
        if first is not None:
            socket.send(first)

    def _post(self, socket: Socket, said: Mapping[str, Any]) -> None:
        request = said.get("request")
        request = request if isinstance(request, dict) else {}
        kind, payload = request.get("type"), request.get("payload")
        try:
            if kind not in {"info", "action"} or not isinstance(payload, dict):
                raise BadShape
            if kind == "action":
                done: Any = perform(self.x, payload)
            else:
                done = {"type": payload.get("type"), "data": answer(self.x, payload)}
        except BadShape:
            kind, done = "error", f"422 {SHAPE}"
        response = {"type": kind, "payload": done}
        socket.send({"channel": "post", "data": {"id": said.get("id"), "response": response}})

    # ── pushes ──────────────────────────────────────────────────────────────────

    def push(self, key: str, message: Callable[[], Mapping[str, Any]], latest: bool = False) -> None:
        """Send a message to the subscribers of a key, made only where there are some."""
        listening = self.subscribers.get(key)
        if listening:
            made = message()
            for socket in listening:
                socket.send(made, key if latest else "")

    def tell(self, events: list[Event]) -> None:
        """Take what has happened and is on disk."""
        for event in events:
            match event:
                case CandleClosed():
                    self._push_closed(event)
                case Priced():
                    self._push_market(event.symbol, time.monotonic())
                case AccountChanged(venue, account) if venue == VENUE:
                    self.touched.add(account)
        self.teller.tell(events)

    def _push_closed(self, event: CandleClosed) -> None:
        decimals = self.x.instrument(VENUE, event.symbol).size_decimals
        self.push(
            f"candle:{event.symbol}:1m",
            lambda: {
                "channel": "candle",
                "data": shapes.candle(event.symbol, "1m", 1, event.candle, decimals),
            },
        )

    def tick(self) -> None:
        """Push prices where they moved or stood still for a second, and accounts that changed."""
        now = time.monotonic()
        if self.x.second != self.second or now - self.last["prices"] >= STILL_EVERY_S:
            self.second, self.last["prices"] = self.x.second, now
            self._push_latest("allMids")
            for symbol in self.x.markets:
                self._push_market(symbol, now)
        for key, listening in list(self.subscribers.items()):
            if listening and key.partition(":")[0] in WHOLE_ACCOUNT:
                self._push_account(key, now)
        self.touched.clear()

    def _push_market(self, symbol: str, now: float) -> None:
        self._push_latest(f"activeAssetCtx:{symbol}")
        self._push_latest(f"bbo:{symbol}")
        if now - self.last[symbol] < BOOK_EVERY_S:
            return
        self.last[symbol] = now
        self._push_latest(f"l2Book:{symbol}")
        trade = market_trade(self.x, symbol, self.x.number("print"))
        self.push(f"trades:{symbol}", lambda: {"channel": "trades", "data": [trade]})
        for key in [one for one in self.subscribers if one.startswith(f"candle:{symbol}:")]:
            self._push_latest(key)

    def _push_latest(self, key: str) -> None:
        listening = self.subscribers.get(key)
        if listening:
            subscription = next(iter(listening.values()))
            self.push(key, lambda: snapshot(self.x, subscription) or {}, latest=True)

    def _push_account(self, key: str, now: float) -> None:
        """Push an account's whole state when it changed, and once a second for its PnL."""
        kind, user, *_ = key.split(":")
        waits = kind == "openOrders" or now - self.last[key] < STILL_EVERY_S
        if user in self.touched or not waits:
            self.last[key] = now
            self._push_latest(key)
