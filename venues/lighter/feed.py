"""What one connection's frames mean: channels, first snapshots, events (venue-lighter.md, section 6)."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from venues.contract.errors import BadAnswer, Unreachable
from venues.lighter import wire
from venues.trader.gateway import Event
from venues.trader.gateways.belief import UNBELIEVABLE, milliseconds
from venues.trader.gateways.candles import Candles

OF_ACCOUNT = (
    "account_all_orders",
    "account_all_trades",
    "account_all_positions",
    "account_all_assets",
    "user_stats",
)
# What cannot be believed of these is lost for good unless it is read again: the connection ends.
PRECIOUS = frozenset({"account_all_orders", "account_all_trades"})
ALREADY_SUBSCRIBED = 30003


class Feed:
    """Reads the frames of one connection; knows what has still to come before it is whole."""

    ping = '{"type":"ping"}'

    def __init__(
        self,
        account: int,
        symbols: Sequence[str],
        names: Mapping[int, str],
        token: str,
        *,
        is_stale: Callable[[], bool] = lambda: False,
        told_time: Callable[[int], None] = lambda _: None,
        paid: Callable[[], None] = lambda: None,
    ) -> None:
        self._account = account
        self._names = names
        self._is_stale = is_stale
        self._told_time = told_time
        self._paid = paid
        self._paid_out: dict[str, Any] = {}
        self._candles = Candles()
        self._positions: dict[str, Decimal] | None = None
        numbers = {name: number for number, name in names.items()}
        traded = [numbers[symbol] for symbol in symbols if symbol in numbers]
        public = [f"market_stats/{number}" for number in traded]
        public += [f"candle/{number}/1m" for number in traded]
        private = [f"{name}/{account}" for name in OF_ACCOUNT]
        self.greetings = [_subscribe(one) for one in public] + [_subscribe(one, token) for one in private]
        self.awaited: set[str] = {one.replace("/", ":") for one in public + private}
        self.dropped = 0
        self._readers: dict[str, Callable[[Mapping[str, Any]], Iterable[Event]]] = {
            "market_stats": self._prices,
            "candle": self._candle,
            "account_all_orders": self._orders,
            "account_all_trades": self._fills,
            "account_all_positions": self._held,
            "user_stats": self._stats,
        }

    def answer(self, frame: Any) -> str | None:
        """Give the pong that the venue ends a connection for want of."""
        return '{"type":"pong"}' if isinstance(frame, Mapping) and frame.get("type") == "ping" else None

    def hear(self, frame: Any) -> list[Event]:
        """Give the events of a frame.

        A price, candle or account that cannot be believed is dropped and counted. A fill or order
        that cannot raises BadAnswer; a refused subscription, an announced end, and a token
        about to expire raise Unreachable.
        """
        if not isinstance(frame, Mapping):
            self.dropped += 1
            return []
        _check_end(frame)
        if self._is_stale():
            raise Unreachable("The auth token is about to expire: a fresh one needs a new connection.")
        channel = str(frame.get("channel") or "")
        name = channel.partition(":")[0]
        try:
            if frame.get("timestamp"):
                self._told_time(milliseconds(frame["timestamp"]))
            reader = self._readers.get(name)
            events = list(reader(frame)) if reader else []
        except (BadAnswer, *UNBELIEVABLE) as error:
            self.dropped += 1
            if name in PRECIOUS:
                raise BadAnswer(f"Lighter's {name} cannot be believed: {error}") from error
            return []
        self.awaited.discard(channel)
        return events

    def _prices(self, frame: Mapping[str, Any]) -> Iterable[Event]:
        stats = frame["market_stats"]
        return [wire.prices(stats, self._names[stats["market_id"]])]

    def _candle(self, frame: Mapping[str, Any]) -> Iterable[Event]:
        symbol = self._names[int(frame["channel"].split(":")[1])]
        for row in frame["candles"] or []:
            yield from self._candles.hear(wire.candle(row, symbol, closed=False))

    def _orders(self, frame: Mapping[str, Any]) -> Iterable[Event]:
        return wire.order_states(frame, self._names)

    def _fills(self, frame: Mapping[str, Any]) -> Iterable[Event]:
        return wire.fills(frame, self._account, self._names)

    def _held(self, frame: Mapping[str, Any]) -> Iterable[Event]:
        self._positions = wire.positions(frame["positions"])  # each frame is a full snapshot
        paid_out = wire.paid_out(frame["positions"])
        if any(self._paid_out.get(symbol, paid) != paid for symbol, paid in paid_out.items()):
            self._paid()
        self._paid_out |= paid_out
        return []

    def _stats(self, frame: Mapping[str, Any]) -> Iterable[Event]:
        stats = frame["stats"]
        value, free = stats["portfolio_value"], stats["available_balance"]
        at_ms = milliseconds(frame["timestamp"])
        return [wire.account_of(value, free, dict(self._positions or {}), at_ms)]


def _subscribe(channel: str, token: str | None = None) -> str:
    asked = {"type": "subscribe", "channel": channel}
    return json.dumps(asked if token is None else {**asked, "auth": token})


def _check_end(frame: Mapping[str, Any]) -> None:
    error = frame.get("error") or (frame if frame.get("type") == "error" else None)
    if isinstance(error, Mapping) and error.get("code") != ALREADY_SUBSCRIBED:
        raise Unreachable(f"Lighter's stream says: {error.get('message') or error}")
    if frame.get("type") == "shutdown":
        raise Unreachable("Lighter's stream is about to be shut down.")
