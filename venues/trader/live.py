"""A trader's WebSocket `/ws`: a snapshot, then every change, each encoded once for all (api.md, 2)."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from venues.contract import messages
from venues.contract.errors import NotFound
from venues.contract.names import StrategyKey
from venues.contract.states import Account, StrategyState
from venues.serving.guard import Receive, Scope, Send
from venues.serving.hub import Audience, Client
from venues.serving.parsers import dump_json
from venues.trader.facade import Facade, engine

BETWEEN_S = 0.25  # PnL: at most four messages a second and strategy
HEARTBEAT_S = 1.0
SEND_LIMIT_S = 5.0
TOO_SLOW = 1013


@dataclass
class Pace:
    """When one key was last sent and what must not wait of it."""

    urgent: Any = None
    sent_at: float = float("-inf")
    timer: asyncio.TimerHandle | None = None


def urgent(state: StrategyState | Account) -> Any:
    """Give the part of a row or account whose change is sent at once: all but moving money."""
    if isinstance(state, Account):
        return state.halted, state.connected, state.network, state.venue
    held = state.position
    trade = held and (held.side, held.size, held.entry_price, held.stop_price)
    settings = (state.enabled, state.limits, state.revision, state.leverage)
    return settings, (state.is_killed, state.kill, state.epoch), trade


def encode(message: dict[str, Any]) -> str:
    """Give a message's JSON without its opening brace: each connection puts its seq before it."""
    return dump_json(message)[1:]


@dataclass
class Feed:
    """Follows one engine while somebody listens; renders a change once and gives it to every client."""

    engine: Facade
    clock: Callable[[], float] = time.monotonic
    audience: Audience = field(default_factory=Audience)
    paces: dict[str, Pace] = field(default_factory=dict)
    _unlisten: Callable[[], None] | None = None
    _heart: asyncio.Task[None] | None = None

    def join(self) -> Client:
        """Add a client, its snapshot queued first."""
        if not self.audience.clients:
            self._unlisten = self.engine.hub.listen(self.heard)
            self._heart = asyncio.get_running_loop().create_task(self._beat())
        client = self.audience.join()
        self.snapshot(client)
        return client

    def leave(self, client: Client) -> None:
        """Remove a client; the last one ends the feed's own work."""
        self.audience.leave(client)
        if not self.audience.clients and self._unlisten and self._heart:
            self._unlisten()
            self._heart.cancel()
            for pace in self.paces.values():
                if pace.timer:
                    pace.timer.cancel()
            self._unlisten = self._heart = None
            self.paces.clear()

    def snapshot(self, client: Client) -> None:
        """Queue everything for one client; it replaces a snapshot that still waits."""
        rows = [state.to_json() for state in self.engine.rows()]
        client.put("snapshot", encode(messages.snapshot(rows, self.engine.account().to_json())))

    def heard(self, key: str) -> None:
        """Send what a key of the hub names, or have it sent when its turn comes."""
        kind, _, name = key.partition(":")
        if kind == "strategy" or key == "account":
            self._paced(key)
        elif key == "strategies":
            for client in self.audience.clients:
                self.snapshot(client)
        elif kind == "killed":
            self._killed(key)
        elif kind == "trade":
            found = [trade for trade in self.engine.trades() if trade.trade_id == name]
            for trade in found:
                self.audience.send(key, encode(messages.to_json(trade)))

    def _paced(self, key: str) -> None:
        state = self._read(key)
        if state is None:
            return
        pace = self.paces.setdefault(key, Pace())
        wait = pace.sent_at + BETWEEN_S - self.clock()
        if wait <= 0 or urgent(state) != pace.urgent:
            self._send(key, state)
        elif pace.timer is None:
            pace.timer = asyncio.get_running_loop().call_later(wait, self._late, key)

    def _late(self, key: str) -> None:
        state = self._read(key)
        if state is not None:
            self._send(key, state)

    def _send(self, key: str, state: StrategyState | Account) -> None:
        pace = self.paces.setdefault(key, Pace())
        if pace.timer:
            pace.timer.cancel()
        self.paces[key] = Pace(urgent(state), self.clock())
        self.audience.send(key, encode(messages.to_json(state)))

    def _read(self, key: str) -> StrategyState | Account | None:
        if key == "account":
            return self.engine.account()
        with contextlib.suppress(NotFound):
            return self.engine.row(_strategy(key))
        return None

    def _killed(self, key: str) -> None:
        state = self._read(key)
        if isinstance(state, StrategyState) and state.kill:
            message = messages.Killed(state.strategy_id, state.symbol, state.kill)
            self.audience.send(f"{key}:{state.kill.epoch}", encode(messages.to_json(message)))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.audience.send("heartbeat", encode(messages.to_json(messages.Heartbeat())))


def _strategy(key: str) -> StrategyKey:
    _, strategy_id, symbol = key.split(":", 2)  # a symbol may hold colons, an id may not
    return StrategyKey(strategy_id, symbol)


_feeds: WeakKeyDictionary[Any, Feed] = WeakKeyDictionary()


def feed_of(source: Facade) -> Feed:
    """Give the one feed of an engine."""
    return _feeds.setdefault(source, Feed(source))


async def socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection that access.py has let in, until either side ends it."""
    await receive()
    await send({"type": "websocket.accept"})
    feed = feed_of(engine())
    client = feed.join()
    listening = asyncio.create_task(_listen(receive, feed, client))
    try:
        await _talk(send, client)
    finally:
        feed.leave(client)
        listening.cancel()


async def _listen(receive: Receive, feed: Feed, client: Client) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            client.drop()
            return
        if _wants_resync(message.get("text")):
            feed.snapshot(client)


def _wants_resync(text: str | None) -> bool:
    try:
        return bool(json.loads(text or "null") == messages.RESYNC)
    except (ValueError, RecursionError):
        return False


async def _talk(send: Send, client: Client) -> None:
    seq = 0
    while (texts := await client.take()) is not None:
        for text in texts:
            seq += 1
            message = {"type": "websocket.send", "text": f'{{"seq":{seq},{text}'}
            try:
                async with asyncio.timeout(SEND_LIMIT_S):
                    await send(message)
            except TimeoutError:
                return
    with contextlib.suppress(Exception):
        await send({"type": "websocket.close", "code": TOO_SLOW})
