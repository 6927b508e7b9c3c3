"""The /ws socket: subscriptions, snapshots, and what is pushed when (venue-hyperliquid.md, section 6)."""

import asyncio
import itertools
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from venues.contract.errors import Refused
from venues.hyperliquid.paper import shapes
from venues.hyperliquid.paper.actions import perform
from venues.hyperliquid.paper.bodies import VENUE, BadShape
from venues.hyperliquid.paper.info import answer
from venues.hyperliquid.paper.subscriptions import Subscription, parse, snapshot
from venues.hyperliquid.paper.words import SHAPE
from venues.paper.events import AccountChanged, CandleClosed, Event, Filled, Funded, OrderChanged, Priced
from venues.paper.exchange import Exchange
from venues.paper.orders import Fill
from venues.serving.guard import Message, Receive, Scope, Send
from venues.serving.hub import Client
from venues.serving.parsers import dump_json, strict_json

BOOK_EVERY_S = 0.5
STILL_EVERY_S = 1.0
LATEST_EVENT_S = 0.2
LATEST_FUNDING_S = 3.0
TOLD_TWICE = 0.05
NOBODY = "0x" + "0" * 40


class Socket:
    """One connection: what it subscribed to and what it has still to be sent."""

    def __init__(self) -> None:
        self.client = Client()
        self.subscriptions: dict[str, Subscription] = {}
        self._count = itertools.count()

    def send(self, message: Mapping[str, Any], key: str = "") -> None:
        """Queue a message; with a key it replaces one of that key that still waits."""
        self.client.put(key or f"#{next(self._count)}", dump_json(message))


class Stream:
    """All sockets of the venue on one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.x = exchange
        self.subscribers: dict[str, dict[Socket, Subscription]] = defaultdict(dict)
        self.chance = random.Random(exchange.seed)
        self.due = 0.0
        self.moved: set[str] = set()
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
            said = strict_json(raw.encode())
        except Refused:
            said = None
        if not isinstance(said, dict):
            socket.send(
                {"channel": "error", "data": f"Error parsing JSON into valid websocket request: {raw[:200]}"}
            )
            return
        match said.get("method"):
            case "ping":
                socket.send({"channel": "pong"})
            case "subscribe" | "unsubscribe":
                self._subscribe(socket, said)
            case "post":
                self._post(socket, said)
            case _:
                socket.send(
                    {
                        "channel": "error",
                        "data": f"Error parsing JSON into valid websocket request: {raw[:200]}",
                    }
                )

    def _subscribe(self, socket: Socket, said: Mapping[str, Any]) -> None:
        wire = said.get("subscription")
        try:
            subscription = parse(self.x, wire)
        except BadShape:
            socket.send(
                {"channel": "error", "data": f"Invalid subscription {json.dumps(wire, default=str)[:200]}"}
            )
            return
        known, wanted = subscription.key in socket.subscriptions, said["method"] == "subscribe"
        if known == wanted:
            state = "subscribed" if wanted else "unsubscribed"
            socket.send({"channel": "error", "data": f"Already {state}: {json.dumps(wire)}"})
            return
        socket.send(
            {"channel": "subscriptionResponse", "data": {"method": said["method"], "subscription": wire}}
        )
        if not wanted:
            del socket.subscriptions[subscription.key]
            self.subscribers[subscription.key].pop(socket, None)
            return
        socket.subscriptions[subscription.key] = subscription
        self.subscribers[subscription.key][socket] = subscription
        first = snapshot(self.x, subscription)
        if first is not None:
            socket.send(first)

    def _post(self, socket: Socket, said: Mapping[str, Any]) -> None:
        request = said.get("request")
        kind = request.get("type") if isinstance(request, dict) else None
        try:
            if not isinstance(request, dict) or kind not in {"info", "action"}:
                raise BadShape
            payload = request.get("payload")
            if not isinstance(payload, dict):
                raise BadShape
            done: Any = perform(self.x, payload) if kind == "action" else None
            if kind == "info":
                done = {"type": payload.get("type"), "data": answer(self.x, payload)}
        except BadShape:
            kind, done = "error", f"422 {SHAPE}"
        response = {"id": said.get("id"), "response": {"type": kind, "payload": done}}
        socket.send({"channel": "post", "data": response})

    # ── pushes ──────────────────────────────────────────────────────────────────

    def _push(self, key: str, message: Callable[[], Mapping[str, Any]], latest: bool = False) -> None:
        """Send a message to the subscribers of a key, made only where there are some."""
        listening = self.subscribers.get(key)
        if listening:
            made = message()
            for socket in listening:
                socket.send(made, key if latest else "")

    def tell(self, events: list[Event]) -> None:
        """Take what has happened and is on disk; half of the time an order's events come a little late."""
        for event in events:
            match event:
                case CandleClosed():
                    self._tell_candle(event)
                case Priced():
                    self._push_market(event.symbol, time.monotonic())
                case AccountChanged(venue, account) if venue == VENUE:
                    self.touched.add(account)
        mine = [one for one in events if _venue(one) == VENUE]
        orders = [one for one in mine if isinstance(one, OrderChanged)]
        fills = [one for one in mine if isinstance(one, Filled)]
        if orders or fills:
            late = "late_events" not in self.x.without and self.chance.random() < 0.5
            self._later(lambda: self._tell_orders(orders), LATEST_EVENT_S / 4 if late else 0)
            for filled in fills:
                self._tell_fills(filled, late)
        for funded in (one for one in mine if isinstance(one, Funded)):
            self._tell_funding(funded)

    def _later(self, tell: Callable[[], None], most_s: float) -> None:
        """Tell now, or within so many seconds of market time; never before what was to be told earlier."""
        now = time.monotonic()
        delay = self.chance.uniform(0, most_s) / max(self.x.speed, 1)
        self.due = max(self.due, now + delay)
        if self.due <= now:
            tell()
        else:
            asyncio.get_running_loop().call_at(self.due, tell)

    def _tell_orders(self, changes: list[OrderChanged]) -> None:
        by_user: dict[str, list[Any]] = defaultdict(list)
        dropped: dict[str, list[Any]] = defaultdict(list)
        for change in changes:
            order = change.order
            by_user[order.account].append(shapes.update(self.x, order))
            if order.status.endswith("_canceled"):
                dropped[order.account].append({"coin": order.symbol, "oid": order.oid})
        for user, updates in by_user.items():
            self._push(f"orderUpdates:{user}", lambda said=updates: {"channel": "orderUpdates", "data": said})  # type: ignore[misc]
        for user, gone in dropped.items():
            self._push(
                f"userEvents:{user}",
                lambda said=gone: {"channel": "user", "data": {"nonUserCancel": said}},  # type: ignore[misc]
            )

    def _tell_fills(self, filled: Filled, late: bool) -> None:
        if late:
            for one in filled.fills:
                self._later(lambda part=one: self._push_fills([part]), LATEST_EVENT_S / 4)  # type: ignore[misc]
        else:
            self._later(lambda: self._push_fills(list(filled.fills)), 0)

    def _push_fills(self, fills: list[Fill]) -> None:
        user, symbol = fills[0].account, fills[0].symbol
        instrument = self.x.instrument(VENUE, symbol)
        shown = [shapes.fill(instrument, one) for one in fills]
        self._push(
            f"userFills:{user}", lambda: {"channel": "userFills", "data": {"user": user, "fills": shown}}
        )
        self._push(f"userEvents:{user}", lambda: {"channel": "user", "data": {"fills": shown}})
        self._push(
            f"trades:{symbol}", lambda: {"channel": "trades", "data": [_print(one, user) for one in shown]}
        )

    def _tell_funding(self, funded: Funded) -> None:
        late = LATEST_FUNDING_S if "late_funding" not in self.x.without else 0.0
        self._later(lambda: self._push_funding(funded), late)
        if late and self.chance.random() < TOLD_TWICE:
            self._later(lambda: self._push_funding(funded), late)

    def _push_funding(self, funded: Funded) -> None:
        one = funded.payment
        shown = shapes.funding(self.x.instrument(VENUE, one.symbol), one)
        said = {"user": one.account, "fundings": [shown]}
        self._push(f"userFundings:{one.account}", lambda: {"channel": "userFundings", "data": said})
        self._push(f"userEvents:{one.account}", lambda: {"channel": "user", "data": {"funding": shown}})

    def _tell_candle(self, event: CandleClosed) -> None:
        decimals = self.x.instrument(VENUE, event.symbol).size_decimals
        self._push(
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
        for key in [one for one, listening in self.subscribers.items() if listening and ":0x" in one]:
            self._push_account(key, now)
        self.touched.clear()

    def _push_market(self, symbol: str, now: float) -> None:
        self._push_latest(f"activeAssetCtx:{symbol}")
        self._push_latest(f"bbo:{symbol}")
        if now - self.last[symbol] >= BOOK_EVERY_S:
            self.last[symbol] = now
            self._push_latest(f"l2Book:{symbol}")
            self._push(
                f"trades:{symbol}", lambda: {"channel": "trades", "data": [self._market_print(symbol)]}
            )
            for key in [one for one in self.subscribers if one.startswith(f"candle:{symbol}:")]:
                self._push_latest(key)

    def _push_latest(self, key: str) -> None:
        listening = self.subscribers.get(key)
        if listening:
            subscription = next(iter(listening.values()))
            self._push(key, lambda: snapshot(self.x, subscription) or {}, latest=True)

    def _push_account(self, key: str, now: float) -> None:
        """Push an account's whole state when it changed, and once a second for its PnL."""
        kind, _, user = key.partition(":")
        if kind not in {"clearinghouseState", "openOrders", "webData2", "activeAssetData"}:
            return
        user = user.partition(":")[0]
        still = kind == "openOrders" or now - self.last[key] < STILL_EVERY_S
        if user in self.touched or not still:
            self.last[key] = now
            self._push_latest(key)

    def _market_print(self, symbol: str) -> Mapping[str, Any]:
        market, instrument = self.x.markets[symbol], self.x.instrument(VENUE, symbol)
        buying = self.chance.random() < 0.5
        size = instrument.size(
            max(1, int(self.chance.lognormvariate(0, 1) * 10**instrument.size_decimals / 10))
        )
        bid, ask = market.touch(instrument)
        stamp = self.x.now_ms()
        return {
            "coin": symbol,
            "side": "B" if buying else "A",
            "px": shapes.micros(ask if buying else bid),
            "sz": shapes.text(size),
            "hash": shapes.digest("print", symbol, stamp),
            "time": stamp,
            "tid": self.x.number("print"),
            "users": [NOBODY, NOBODY],
        }


def _venue(event: Event) -> str | None:
    match event:
        case OrderChanged(order):
            return order.venue
        case Filled(fills):
            return fills[0].venue
        case Funded(payment):
            return payment.venue
        case _:
            return None


def _print(fill: Mapping[str, Any], user: str) -> Mapping[str, Any]:
    """Give a fill as the public tape shows it."""
    users = [user, NOBODY] if fill["side"] == "B" else [NOBODY, user]
    shown = {name: fill[name] for name in ("coin", "side", "px", "sz", "hash", "time", "tid")}
    return {**shown, "users": users}
