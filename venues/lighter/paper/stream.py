"""The /stream socket: connections, pings, subscriptions, transactions, what is pushed when (section 6)."""

import asyncio
import itertools
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from venues.contract.errors import Refused
from venues.lighter.paper import fields, prices
from venues.lighter.paper.books import Books
from venues.lighter.paper.channels import Channel, check_access, parse, whole
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.limits import Limits
from venues.lighter.paper.sequencer import Sequencer
from venues.lighter.paper.telling import Teller
from venues.paper.events import Event, Priced
from venues.paper.exchange import Exchange
from venues.serving.guard import Message, Receive, Scope, Send
from venues.serving.hub import Client
from venues.serving.parsers import dump_json, strict_json

PING_EVERY_S = 30.0
PONG_WITHIN_S = 30.0
STILL_EVERY_S = 1.0
PRINT_EVERY_S = 0.5
BATCH_MOST = 15
NO_PONG = 1008
MARKET_KINDS = ("ticker", "market_stats", "candle")
Json = Mapping[str, Any]


class Socket:
    """One connection: what it subscribed to, what it has still to be sent, when it was heard last."""

    def __init__(self) -> None:
        self.client = Client()
        self.channels: dict[str, Channel] = {}
        self.session = secrets.token_hex(16)
        self.ponged = True
        self._count = itertools.count()

    def send(self, message: Json, key: str = "") -> None:
        """Queue a message; with a key it replaces one of that key that still waits."""
        self.client.put(key or f"#{next(self._count)}", dump_json(message))


class Stream:
    """All sockets of the venue on one exchange."""

    def __init__(
        self,
        exchange: Exchange,
        limits: Limits,
        sequencer: Sequencer,
        ping_every_s: float = PING_EVERY_S,
        pong_within_s: float = PONG_WITHIN_S,
    ) -> None:
        self.x = exchange
        self.limits = limits
        self.sequencer = sequencer
        self.ping_every_s, self.pong_within_s = ping_every_s, pong_within_s
        self.books = Books(exchange)
        self.subscribers: dict[str, dict[Socket, Channel]] = defaultdict(dict)
        self.teller = Teller(exchange, self.push)
        self.last: dict[str, float] = defaultdict(float)
        self.second = -1

    # ── connections ─────────────────────────────────────────────────────────────

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it closes, or does not answer a ping."""
        await receive()
        await send({"type": "websocket.accept"})
        socket = Socket()
        socket.send({"type": "connected", "session_id": socket.session})
        tasks = [asyncio.ensure_future(one) for one in (self._write(socket, send), self._ping(socket, send))]
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self._hear(socket, message)
        finally:
            for task in tasks:
                task.cancel()
            for name in socket.channels:
                self.subscribers[name].pop(socket, None)

    async def _write(self, socket: Socket, send: Send) -> None:
        while (texts := await socket.client.take()) is not None:
            for text in texts:
                await send({"type": "websocket.send", "text": text})
        await send({"type": "websocket.close", "code": 1013})

    async def _ping(self, socket: Socket, send: Send) -> None:
        while True:
            await asyncio.sleep(self.ping_every_s)
            socket.ponged = False
            socket.send({"type": "ping"})
            await asyncio.sleep(self.pong_within_s)
            if not socket.ponged:
                await send({"type": "websocket.close", "code": NO_PONG, "reason": "no pong"})
                return

    def _hear(self, socket: Socket, message: Message) -> None:
        try:
            said = strict_json((message.get("text") or "").encode("utf-8", "replace"))
        except Refused:
            said = None
        kind = said.get("type") if isinstance(said, dict) else None
        if kind == "pong":
            socket.ponged = True
            return
        if kind == "ping":
            socket.send({"type": "pong"})
            return
        try:
            self.limits.take(self.limits.messages, socket.session)
            self._obey(socket, kind, said)
        except Refusal as refusal:
            socket.send({"error": refusal.body()})

    def _obey(self, socket: Socket, kind: Any, said: Any) -> None:
        if kind == "subscribe":
            self._subscribe(socket, said)
        elif kind == "unsubscribe":
            self._unsubscribe(socket, said)
        elif kind in {"jsonapi/sendtx", "jsonapi/sendtxbatch"}:
            self._transact(socket, kind, said)
        else:
            raise Refusal(30000)

    def _subscribe(self, socket: Socket, said: Json) -> None:
        channel = parse(self.x, said.get("channel"))
        if channel.name in socket.channels:
            raise Refusal(30003, channel.name)
        check_access(self.x, channel, said.get("auth"))
        listening = self.subscribers[channel.name]
        if channel.kind == "order_book" and channel.market is not None:
            body = self.books.snapshot(channel.market, alone=not listening)
        else:
            body = whole(self.x, channel)
        socket.channels[channel.name] = listening[socket] = channel
        socket.send(self.frame("subscribed", channel, body))

    def _unsubscribe(self, socket: Socket, said: Json) -> None:
        channel = parse(self.x, said.get("channel"))
        if channel.name not in socket.channels:
            raise Refusal(30004, channel.name)
        del socket.channels[channel.name]
        self.subscribers[channel.name].pop(socket, None)
        socket.send({"type": "unsubscribed", "channel": channel.name})

    def _transact(self, socket: Socket, kind: str, said: Json) -> None:
        """Take transactions; the answer repeats the request's id where it had one."""
        data = said.get("data")
        data = data if isinstance(data, dict) else {}
        known = {"id": data["id"]} if "id" in data else {}
        try:
            answer = self._sent(kind, data)
        except Refusal as refusal:
            answer = refusal.body()
        socket.send({"type": kind, **known, **answer})

    def _sent(self, kind: str, data: Json) -> dict[str, Any]:
        if kind == "jsonapi/sendtx":
            (tx_hash,) = self.sequencer.accept([(data.get("tx_type"), _text(data.get("tx_info")))])
            return {"code": 200, "tx_hash": tx_hash}
        kinds, infos = _listed(data.get("tx_types")), _listed(data.get("tx_infos"))
        if len(kinds) != len(infos):
            raise Refusal(fields.BAD_INFO, "tx_types and tx_infos must be of the same length")
        if len(kinds) > BATCH_MOST:
            raise Refusal(21514)
        pairs = [(one, _text(info)) for one, info in zip(kinds, infos, strict=True)]
        return {"code": 200, "tx_hash": self.sequencer.accept(pairs)}

    # ── pushes ──────────────────────────────────────────────────────────────────

    def frame(self, kind: str, channel: Channel, body: Json) -> Json:
        """Give a frame: `subscribed` or `update` of a channel."""
        head = {"channel": channel.name, "timestamp": self.x.now_ms(), "type": f"{kind}/{channel.kind}"}
        return {**head, **body}

    def push(self, name: str, body: Callable[[], Json], latest: bool = False) -> None:
        """Send an update to the subscribers of a channel, made only where there are some."""
        listening = self.subscribers.get(name)
        if listening:
            made = self.frame("update", next(iter(listening.values())), body())
            for socket in listening:
                socket.send(made, name if latest else "")

    def tell(self, events: list[Event]) -> None:
        """Take what has happened and is on disk."""
        for event in events:
            if isinstance(event, Priced):
                self._push_prices()
        self.teller.tell(events)

    def tick(self) -> None:
        """Push prices where they moved or stood still for a second, and what accounts are worth."""
        now = time.monotonic()
        moved = self.x.second != self.second
        if moved or now - self.last["prices"] >= STILL_EVERY_S:
            self.second, self.last["prices"] = self.x.second, now
            self._push_prices()
            self.teller.tell_values()
        if now - self.last["prints"] >= PRINT_EVERY_S:
            self.last["prints"] = now
            self._push_prints()

    def _push_prices(self) -> None:
        for name, listening in list(self.subscribers.items()):
            channel = next(iter(listening.values()), None)
            if channel is None:
                continue
            if channel.kind == "order_book" and channel.market is not None:
                self._push_book(name, channel)
            elif channel.kind in MARKET_KINDS or channel.kind == "height":
                self.push(name, lambda one=channel: whole(self.x, one), latest=True)  # type: ignore[misc]

    def _push_book(self, name: str, channel: Channel) -> None:
        assert channel.market is not None
        changed = self.books.update(channel.market)
        if changed is not None:
            self.push(name, lambda: changed)

    def _push_prints(self) -> None:
        for name, listening in list(self.subscribers.items()):
            channel = next(iter(listening.values()), None)
            if channel is not None and channel.kind == "trade" and channel.market is not None:
                printed = prices.printed(self.x, channel.market, self.x.number("print"))
                self.push(name, lambda one=printed: self.teller.tape([one]))  # type: ignore[misc]


def _text(info: Any) -> Any:
    """Give a transaction's info as JSON text: it comes as an object, or as text."""
    return dump_json(info) if isinstance(info, dict) else info


def _listed(value: Any) -> list[Any]:
    """Give a list that comes as one, or as its JSON text."""
    found = fields.parsed(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise Refusal(fields.BAD_INFO, "must be a list")
    return found
