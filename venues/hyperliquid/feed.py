"""What one connection's frames mean: subscriptions, first snapshots, events (venue-hyperliquid.md, 6)."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from venues.contract.errors import BadAnswer, Unreachable
from venues.hyperliquid import wire
from venues.trader.gateway import Event
from venues.trader.gateways.candles import Candles

OF_ACCOUNT = ("userFills", "userFundings", "clearinghouseState", "orderUpdates")
OF_SYMBOL = ("activeAssetCtx", "candle")
NO_SNAPSHOT = frozenset({"orderUpdates", "candle"})
# What cannot be believed of these is lost for good unless it is read again: the connection ends.
PRECIOUS = frozenset({"userFills", "userFundings", "orderUpdates"})

Topic = tuple[str, str]
Subscription = dict[str, Any]


def subscriptions(account: str, symbols: Sequence[str]) -> list[Subscription]:
    """Give what to subscribe for an account and its symbols."""
    wanted: list[Subscription] = [{"type": "allMids"}]
    wanted += [{"type": kind, "user": account} for kind in OF_ACCOUNT]
    wanted += [{"type": "activeAssetCtx", "coin": symbol} for symbol in symbols]
    wanted += [{"type": "candle", "coin": symbol, "interval": "1m"} for symbol in symbols]
    return wanted


def _topic(subscription: Mapping[str, Any]) -> Topic:
    return str(subscription.get("type")), str(subscription.get("coin") or "")


class Feed:
    """Reads the frames of one connection; knows what has still to come before it is whole."""

    def __init__(
        self, account: str, symbols: Sequence[str], told_time: Callable[[int], None] = lambda _: None
    ) -> None:
        self.account = account
        self.subscriptions = subscriptions(account, symbols)
        self.greetings = [
            json.dumps({"method": "subscribe", "subscription": one}) for one in self.subscriptions
        ]
        self.ping = '{"method":"ping"}'
        self.awaited: set[Topic] = {_topic(one) for one in self.subscriptions}
        self.dropped = 0
        self._told_time = told_time
        self._candles = Candles()
        self._readers: dict[str, Callable[[Any], Iterable[Event]]] = {
            "activeAssetCtx": self._prices,
            "candle": self._candle,
            "userFills": self._fills,
            "userFundings": self._fundings,
            "orderUpdates": self._orders,
            "clearinghouseState": self._account,
        }

    def answer(self, _frame: Any) -> None:
        """Give nothing: the venue asks for no answer."""

    def hear(self, frame: Any) -> list[Event]:
        """Give the events of a frame.

        A price, candle or account that cannot be believed is dropped and counted. A fill, funding
        or order that cannot raises BadAnswer; a subscription that is refused raises Unreachable.
        """
        channel = frame.get("channel") if isinstance(frame, Mapping) else None
        data = frame.get("data") if isinstance(frame, Mapping) else None
        if channel == "error":
            raise Unreachable(f"Hyperliquid's stream says: {data}")
        if channel == "subscriptionResponse":
            self._acknowledged(data)
        elif channel == "allMids":
            self.awaited.discard(("allMids", ""))
        reader = self._readers.get(str(channel))
        if reader is None:
            return []
        try:
            return list(reader(data))
        except (BadAnswer, AttributeError, KeyError, TypeError, IndexError) as error:
            self.dropped += 1
            if channel in PRECIOUS:
                raise BadAnswer(f"Hyperliquid's {channel} cannot be believed: {error}") from error
            return []

    def _acknowledged(self, data: Any) -> None:
        topic = _topic((data or {}).get("subscription") or {})
        if topic[0] in NO_SNAPSHOT:
            self.awaited.discard(topic)

    def _prices(self, data: Mapping[str, Any]) -> Iterable[Event]:
        found = wire.prices(data["coin"], data["ctx"])
        self.awaited.discard(("activeAssetCtx", found.symbol))
        return [found]

    def _candle(self, data: Mapping[str, Any] | list[Mapping[str, Any]]) -> Iterable[Event]:
        for row in data if isinstance(data, list) else [data]:
            candle = wire.candle(row, closed=False)
            yield from self._candles.hear(candle)
            self.awaited.discard(("candle", candle.symbol))

    def _fills(self, data: Mapping[str, Any]) -> Iterable[Event]:
        if not self._ours(data):
            return []
        found = wire.fills(data["fills"], self.account)
        self.awaited.discard(("userFills", ""))
        return found

    def _fundings(self, data: Mapping[str, Any]) -> Iterable[Event]:
        if not self._ours(data):
            return []
        found = wire.fundings(data["fundings"])
        self.awaited.discard(("userFundings", ""))
        return found

    def _orders(self, data: Sequence[Mapping[str, Any]]) -> Iterable[Event]:
        return [
            wire.order_state(update["order"], update["status"], update["statusTimestamp"]) for update in data
        ]

    def _account(self, data: Mapping[str, Any]) -> Iterable[Event]:
        if not self._ours(data):
            return []
        found = wire.account_read(data["clearinghouseState"])
        self._told_time(found.at_ms)
        self.awaited.discard(("clearinghouseState", ""))
        return [found]

    def _ours(self, data: Mapping[str, Any]) -> bool:
        return str(data["user"]).lower() == self.account
