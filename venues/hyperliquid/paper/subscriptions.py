"""What can be subscribed to, and the message that tells each in full."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from venues.hyperliquid.paper import bodies, info, shapes
from venues.hyperliquid.paper.bodies import VENUE, BadShape
from venues.hyperliquid.paper.prices import asset_context, best, book
from venues.paper.candles import INTERVALS, merged
from venues.paper.exchange import Exchange

Json = dict[str, Any]
OF_COIN = {"l2Book", "bbo", "trades", "activeAssetCtx", "candle", "activeAssetData"}
OF_USER = {
    "userFills",
    "orderUpdates",
    "userEvents",
    "userFundings",
    "clearinghouseState",
    "openOrders",
    "webData2",
    "activeAssetData",
    "userNonFundingLedgerUpdates",
}


@dataclass(frozen=True)
class Subscription:
    """One subscription; two that mean the same have the same key."""

    kind: str
    coin: str = ""
    user: str = ""
    interval: str = ""

    @property
    def key(self) -> str:
        """Give its name: the kind, then what it is of."""
        return ":".join(part for part in (self.kind, self.user, self.coin, self.interval) if part)


def parse(x: Exchange, wire: Any) -> Subscription:
    """Give the subscription of a request; raises BadShape."""
    wire = bodies.mapping(wire)
    kind = bodies.word(wire.get("type"))
    if kind not in OF_COIN | OF_USER | {"allMids"}:
        raise BadShape
    coin = bodies.coin(x, wire.get("coin")).symbol if kind in OF_COIN else ""
    user = bodies.address(wire.get("user")) if kind in OF_USER else ""
    interval = bodies.word(wire.get("interval")) if kind == "candle" else ""
    if interval and interval not in INTERVALS:
        raise BadShape
    return Subscription(kind, coin, user, interval)


def snapshot(x: Exchange, of: Subscription) -> Json | None:
    """Give the message that tells the whole of it; None where there is only what happens next."""
    make = WHOLE.get(of.kind)
    if make is None:
        return None
    return {"channel": of.kind, "data": make(x, of)}


def _candle(x: Exchange, of: Subscription) -> Json:
    market, minutes = x.markets[of.coin], INTERVALS[of.interval]
    recent = [market.candle] if minutes == 1 else [*list(market.candles)[-minutes:], market.candle]
    *_, last = merged(recent, minutes)
    return shapes.candle(of.coin, of.interval, minutes, last, x.instrument(VENUE, of.coin).size_decimals)


def _fundings(x: Exchange, of: Subscription) -> Json:
    paid = list(x.payments.get((VENUE, of.user), ()))[-info.MOST_FUNDINGS :]
    shown = [shapes.funding(x.instrument(VENUE, one.symbol), one) for one in paid]
    return {"isSnapshot": True, "user": of.user, "fundings": shown}


def _of_user(of: Subscription) -> Mapping[str, Any]:
    return {"user": of.user}


WHOLE: dict[str, Callable[[Exchange, Subscription], Any]] = {
    "allMids": lambda x, of: {"mids": info.all_mids(x, {})},
    "l2Book": lambda x, of: book(x, of.coin),
    "bbo": lambda x, of: best(x, of.coin),
    "activeAssetCtx": lambda x, of: {"coin": of.coin, "ctx": asset_context(x, of.coin)},
    "activeAssetData": lambda x, of: info.active_asset(x, {"user": of.user, "coin": of.coin}),
    "candle": _candle,
    "userFills": lambda x, of: {
        "isSnapshot": True,
        "user": of.user,
        "fills": info.user_fills(x, _of_user(of)),
    },
    "userFundings": _fundings,
    "clearinghouseState": lambda x, of: {
        "dex": "",
        "user": of.user,
        "clearinghouseState": shapes.state(x, info.account(x, _of_user(of))),
    },
    "openOrders": lambda x, of: {"dex": "", "user": of.user, "orders": info.frontend_orders(x, _of_user(of))},
    "webData2": lambda x, of: info.web_data(x, _of_user(of)),
    "userNonFundingLedgerUpdates": lambda x, of: {
        "isSnapshot": True,
        "user": of.user,
        "nonFundingLedgerUpdates": [],
    },
}
