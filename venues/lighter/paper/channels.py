"""What /stream can be subscribed to, and the frame that tells each in full (venue-lighter.md, section 6)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from venues.lighter.paper import prices, shapes
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.markets import BY_NUMBER, INSTRUMENTS, NAME, LighterInstrument, listed
from venues.lighter.paper.reads import account_of
from venues.lighter.paper.signing import check_token
from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.orders import Fill, Order

Json = dict[str, Any]
BAD_CHANNEL = 30001
RECENT = 50
PRIVATE = {
    "account_all_orders",
    "account_orders",
    "account_all_positions",
    "account_all_assets",
    "user_stats",
}
OF_ACCOUNT = {*PRIVATE, "account_all", "account_all_trades"}
OF_MARKET = {"order_book", "ticker", "trade"}


@dataclass(frozen=True)
class Channel:
    """One channel: its kind, its market (None for all or none), its account, its candles' resolution."""

    kind: str
    market: LighterInstrument | None = None
    account: str = ""
    resolution: str = ""

    @property
    def name(self) -> str:
        """Give the channel as frames name it, with colons."""
        if self.kind == "market_stats":
            return f"market_stats:{self.market.number if self.market else 'all'}"
        market = str(self.market.number) if self.market else ""
        return ":".join(part for part in (self.kind, market, self.account, self.resolution) if part)


def parse(x: Exchange, text: Any) -> Channel:
    """Give the channel of a subscription; raises Refusal."""
    kind, *rest = text.split("/") if isinstance(text, str) else [""]
    match kind, rest:
        case "height", []:
            return Channel(kind)
        case "market_stats", ["all"]:
            return Channel(kind)
        case (("order_book" | "ticker" | "trade" | "market_stats"), [market]):
            return Channel(kind, _market(x, market))
        case "candle", [market, resolution] if resolution in prices.RESOLUTIONS:
            return Channel(kind, _market(x, market), resolution=resolution)
        case "account_orders", [market, account]:
            return Channel(kind, _market(x, market), _account(x, account))
        case _, [account] if kind in OF_ACCOUNT - {"account_orders"}:
            return Channel(kind, account=_account(x, account))
    raise Refusal(BAD_CHANNEL, str(text)[:100])


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Refusal(BAD_CHANNEL, text[:100])
    return int(text)


def _market(x: Exchange, text: str) -> LighterInstrument:
    found = BY_NUMBER.get(_number(text))
    if found is None or found.symbol not in x.markets:
        raise Refusal(BAD_CHANNEL, text)
    return found


def _account(x: Exchange, text: str) -> str:
    return account_of(x, _number(text)).name


def check_access(x: Exchange, channel: Channel, auth: Any) -> None:
    """Refuse a private channel without a token of its account; elsewhere one that came must be good."""
    if channel.kind in PRIVATE or (channel.account and auth is not None):
        check_token(x, auth if isinstance(auth, str) else None, x.accounts[NAME, channel.account])


# ── frames ──────────────────────────────────────────────────────────────────────


def by_market(rows: Iterable[Order | Fill], shown: Callable[[Any], Json]) -> dict[str, list[Json]]:
    """Give rows as lists under their market's id."""
    found: dict[str, list[Json]] = defaultdict(list)
    for row in rows:
        found[str(INSTRUMENTS[row.symbol].number)].append(shown(row))
    return dict(found)


def orders(x: Exchange, changed: Iterable[Order]) -> dict[str, list[Json]]:
    """Give orders under their market's id."""
    return by_market(changed, lambda one: shapes.order(x, one))


def trades(fills: Iterable[Fill]) -> dict[str, list[Json]]:
    """Give executions under their market's id."""
    return by_market(fills, shapes.trade)


def positions(x: Exchange, account: Account) -> dict[str, Json]:
    """Give positions under their market's id."""
    return {str(one["market_id"]): one for one in shapes.positions(x, account)}


def whole(x: Exchange, channel: Channel) -> Json:
    """Give what a channel's snapshot carries beside type and channel; books are told by `books`."""
    owner = x.accounts[NAME, channel.account] if channel.account else Account(NAME, "0")
    return WHOLE[channel.kind](x, channel, owner)


def _ticker(x: Exchange, channel: Channel, owner: Account) -> Json:
    market = channel.market
    assert market is not None
    ask, bid = prices.best(x, market)
    micros = x.now_ms() * 1000
    shown = {"s": market.shown, "a": ask, "b": bid, "last_updated_at": micros}
    return {"last_updated_at": micros, "nonce": x.second, "ticker": shown}


def _market_stats(x: Exchange, channel: Channel, owner: Account) -> Json:
    if channel.market is not None:
        return {"market_stats": prices.stats(x, channel.market)}
    return {"market_stats": {str(one.number): prices.stats(x, one) for one in listed(x)}}


def _trade(x: Exchange, channel: Channel, owner: Account) -> Json:
    market = channel.market
    assert market is not None
    tape = [prices.printed(x, market, x.second - ago, ago) for ago in range(10)]
    return {"liquidation_trades": [], "nonce": x.second, "trades": tape}


def _candle(x: Exchange, channel: Channel, owner: Account) -> Json:
    market = channel.market
    assert market is not None
    last = prices.last_candle(x, market, channel.resolution)
    return {"candles": [prices.candle(market, last, prices.RESOLUTIONS[channel.resolution])]}


def _open_orders(x: Exchange, channel: Channel, owner: Account) -> Json:
    mine = x.orders_of(owner)
    if channel.market is None:
        return {"orders": orders(x, mine)}
    here = [one for one in mine if one.symbol == channel.market.symbol]
    return {"account": int(owner.name), "nonce": x.second, "orders": orders(x, here)}


def _latest(x: Exchange, owner: Account) -> list[Fill]:
    return list(islice(reversed(x.fills.get((NAME, owner.name), ())), RECENT))


def _positions(x: Exchange, channel: Channel, owner: Account) -> Json:
    return {
        "positions": positions(x, owner),
        "shares": [],
        "last_funding_round": None,
        "last_funding_discount": None,
    }


def account_all(x: Exchange, owner: Account, fills: Iterable[Fill]) -> Json:
    """Give an account's positions with some of its executions."""
    return {
        "account": int(owner.name),
        "daily_trades_count": 0,
        "daily_volume": 0,
        "funding_histories": {},
        "positions": positions(x, owner),
        "shares": [],
        "assets": {str(shapes.USDC): one for one in shapes.assets(owner)},
        "trades": trades(fills),
    }


WHOLE: dict[str, Callable[[Exchange, Channel, Account], Json]] = {
    "ticker": _ticker,
    "market_stats": _market_stats,
    "trade": _trade,
    "candle": _candle,
    "height": lambda x, channel, owner: {"height": shapes.height(x.now_ms())},
    "account_all": lambda x, channel, owner: account_all(x, owner, _latest(x, owner)),
    "account_all_orders": _open_orders,
    "account_orders": _open_orders,
    "account_all_trades": lambda x, channel, owner: {"trades": trades(_latest(x, owner))},
    "account_all_positions": _positions,
    "account_all_assets": lambda x, channel, owner: {
        "assets": {str(one["asset_id"]): one for one in shapes.assets(owner)}
    },
    "user_stats": lambda x, channel, owner: {"stats": shapes.stats(x, owner)},
}
