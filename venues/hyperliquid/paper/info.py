"""POST /info: unsigned reads in the venue's shapes (venue-hyperliquid.md, section 3)."""

from collections.abc import Callable, Mapping
from typing import Any

from venues.hyperliquid.paper import bodies, shapes
from venues.hyperliquid.paper.actions import account_of
from venues.hyperliquid.paper.bodies import VENUE, BadShape
from venues.hyperliquid.paper.prices import asset_context, book, meta, recent_trades
from venues.paper.accounts import Account
from venues.paper.candles import INTERVALS, MINUTE_MS, merged
from venues.paper.exchange import Exchange
from venues.paper.instruments import divide

Body = Mapping[str, Any]
Json = dict[str, Any]
MOST_FILLS = 2000
MOST_FUNDINGS = 500
REQUESTS = 10_000
USDC = {
    "name": "USDC",
    "szDecimals": 8,
    "weiDecimals": 8,
    "index": 0,
    "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True,
    "evmContract": None,
    "fullName": None,
}


def answer(x: Exchange, body: Any) -> Any:
    """Give the answer to a request; raises BadShape for one that the venue does not know."""
    body = bodies.mapping(body)
    kind = bodies.word(body.get("type"))
    if kind not in REQUESTS_KNOWN:
        raise BadShape
    return REQUESTS_KNOWN[kind](x, body)


def account(x: Exchange, body: Body) -> Account:
    """Give the account of `user`; an empty one for an address that nobody has."""
    name = bodies.address(body.get("user"))
    return x.accounts.get((VENUE, name)) or Account(VENUE, name)


def all_mids(x: Exchange, body: Body) -> Json:
    """Give every mid."""
    return {name: shapes.micros(market.mid) for name, market in x.markets.items()}


def _contexts(x: Exchange, body: Body) -> list[Any]:
    return [meta(x), [asset_context(x, symbol) for symbol in x.venues[VENUE].instruments]]


def _book(x: Exchange, body: Body) -> Json | None:
    if body.get("coin") not in x.venues[VENUE].instruments:
        return None
    return book(x, body["coin"])


def _open_orders(x: Exchange, body: Body) -> list[Json]:
    mine = reversed(x.orders_of(account(x, body)))
    return [shapes.plain_order(one, x.instrument(VENUE, one.symbol)) for one in mine]


def frontend_orders(x: Exchange, body: Body) -> list[Json]:
    """Give open orders and triggers; children stand beside their parent as well as inside it."""
    return [shapes.full_order(x, one) for one in reversed(x.orders_of(account(x, body)))]


def user_fills(x: Exchange, body: Body) -> list[Json]:
    """Give the latest 2 000 fills, newest first."""
    name = bodies.address(body.get("user"))
    latest = list(x.fills.get((VENUE, name), ()))[-MOST_FILLS:]
    return [shapes.fill(x.instrument(VENUE, one.symbol), one) for one in reversed(latest)]


def _fills_by_time(x: Exchange, body: Body) -> list[Json]:
    start, end = _span(x, body)
    name = bodies.address(body.get("user"))
    found = [one for one in x.fills.get((VENUE, name), ()) if start <= one.at_ms <= end][:MOST_FILLS]
    return [shapes.fill(x.instrument(VENUE, one.symbol), one) for one in found]


def _span(x: Exchange, body: Body) -> tuple[int, int]:
    start, end = bodies.whole(body.get("startTime")), body.get("endTime")
    return start, 2**53 if end is None else bodies.whole(end)


def _order_status(x: Exchange, body: Body) -> Json:
    mine, name = account(x, body), body.get("oid")
    if isinstance(name, str):
        order = x.order_by_client(mine, bodies.cloid(name))
    else:
        order = x.orders.get(bodies.whole(name))
    if order is None or order.account != mine.name or order.venue != VENUE:
        return {"status": "unknownOid"}
    return {"status": "order", "order": shapes.reported(x, order)}


def _historical(x: Exchange, body: Body) -> list[Json]:
    mine = account(x, body)
    closed = [x.orders[oid] for oid in x.closed.get((VENUE, mine.name), ()) if oid in x.orders]
    every = sorted([*closed, *x.orders_of(mine)], key=lambda one: (one.status_ms, one.oid), reverse=True)
    return [shapes.reported(x, one) for one in every[:MOST_FILLS]]


def _candles(x: Exchange, body: Body) -> list[Json]:
    asked = bodies.mapping(body.get("req"))
    interval = bodies.word(asked.get("interval"))
    instrument = bodies.coin(x, asked.get("coin"))
    if interval not in INTERVALS:
        raise BadShape
    minutes = INTERVALS[interval]
    start, end = _span(x, asked)
    market = x.markets[instrument.symbol]
    whole = merged([*market.candles, market.candle], minutes)
    return [
        shapes.candle(instrument.symbol, interval, minutes, one, instrument.size_decimals)
        for one in whole
        if one.open_ms + minutes * MINUTE_MS > start and one.open_ms <= end
    ]


def _user_funding(x: Exchange, body: Body) -> list[Json]:
    start, end = _span(x, {"startTime": 0, **body})
    name = bodies.address(body.get("user"))
    found = [one for one in x.payments.get((VENUE, name), ()) if start <= one.at_ms <= end]
    return [shapes.funding_delta(x.instrument(VENUE, one.symbol), one) for one in found[:MOST_FUNDINGS]]


def _funding_history(x: Exchange, body: Body) -> list[Json]:
    symbol = bodies.coin(x, body.get("coin")).symbol
    start, end = _span(x, body)
    return [
        {
            "coin": symbol,
            "fundingRate": shapes.ratio(one.rate, 10**10, 10),
            "premium": shapes.ratio(one.premium, 10**10, 10),
            "time": one.at_ms,
        }
        for one in x.rates[symbol]
        if start <= one.at_ms <= end
    ]


def active_asset(x: Exchange, body: Body) -> Json:
    """Give leverage and what may be traded of one coin."""
    mine, instrument = account(x, body), bodies.coin(x, body.get("coin"))
    mark = x.markets[instrument.symbol].marks[VENUE]
    value = mine.leverage(instrument, x.venues[VENUE].default_leverage).value
    free = max(0, x.margins(mine).free)
    held = mine.position(instrument.symbol).lots
    most = divide(free * value * 10**instrument.size_decimals, mark)
    sizes = [most + 2 * max(0, -held), most + 2 * max(0, held)]
    released = divide(2 * abs(instrument.notional(held, mark)), value)
    return {
        "user": mine.name,
        "coin": instrument.symbol,
        "leverage": shapes.leverage(x, mine, instrument),
        "maxTradeSzs": [shapes.text(instrument.size(one)) for one in sizes],
        "availableToTrade": [
            shapes.micros(free + (released if held < 0 else 0)),
            shapes.micros(free + (released if held > 0 else 0)),
        ],
        "markPx": shapes.micros(mark),
    }


def _fees(x: Exchange, body: Body) -> Json:
    account(x, body)
    venue = x.venues[VENUE]
    taker, maker = shapes.ratio(venue.taker_ppm, 10**6), shapes.ratio(venue.maker_ppm, 10**6)
    return {
        "dailyUserVlm": [],
        "feeSchedule": {
            "cross": taker,
            "add": maker,
            "tiers": {"vip": [], "mm": []},
            "referralDiscount": "0.0",
        },
        "userCrossRate": taker,
        "userAddRate": maker,
        "activeReferralDiscount": "0.0",
        "trial": None,
        "feeTrialReward": "0.0",
        "nextTrialAvailableTimestamp": None,
    }


def _rate_limit(x: Exchange, body: Body) -> Json:
    mine = account(x, body)
    cap = REQUESTS + mine.volume // 1_000_000
    return {
        "cumVlm": shapes.micros(mine.volume),
        "nRequestsUsed": mine.requests,
        "nRequestsCap": cap,
        "nRequestsSurplus": max(0, cap - mine.requests),
    }


def _role(x: Exchange, body: Body) -> Json:
    address = bodies.address(body.get("user"))
    if (VENUE, address) in x.accounts:
        return {"role": "user"}
    master = account_of(x, address)
    return {"role": "agent", "data": {"user": master.name}} if master else {"role": "missing"}


def _agents(x: Exchange, body: Body) -> list[Json]:
    mine = account(x, body)
    return [
        {"name": key.name, "address": address, "validUntil": key.valid_until or 2**48}
        for address, key in mine.keys.items()
        if address != mine.name
    ]


def _portfolio_value(x: Exchange, body: Body) -> Json:
    account(x, body)
    usdc = {"coin": "USDC", "token": 0, "total": "0.0", "hold": "0.0", "entryNtl": "0.0"}
    return {"balances": [usdc]}


def _spot_meta(x: Exchange, body: Body) -> Json:
    return {"universe": [], "tokens": [USDC]}


def web_data(x: Exchange, body: Body) -> Json:
    """Give what the venue's own page asks for of an account."""
    mine = account(x, body)
    return {
        "clearinghouseState": shapes.state(x, mine),
        "leadingVaults": [],
        "totalVaultEquity": "0.0",
        "openOrders": frontend_orders(x, body),
        "agentAddress": next((one for one in mine.keys if one != mine.name), None),
        "agentValidUntil": None,
        "cumLedger": shapes.micros(mine.deposits),
        "meta": meta(x),
        "assetCtxs": [asset_context(x, symbol) for symbol in x.venues[VENUE].instruments],
        "serverTime": x.now_ms(),
        "isVault": False,
        "user": mine.name,
    }


REQUESTS_KNOWN: dict[str, Callable[[Exchange, Body], Any]] = {
    "meta": lambda x, _: meta(x),
    "spotMeta": _spot_meta,
    "spotMetaAndAssetCtxs": lambda x, body: [_spot_meta(x, body), []],
    "metaAndAssetCtxs": _contexts,
    "perpDexs": lambda x, _: [None],
    "allMids": all_mids,
    "l2Book": _book,
    "clearinghouseState": lambda x, body: shapes.state(x, account(x, body)),
    "spotClearinghouseState": _portfolio_value,
    "frontendOpenOrders": frontend_orders,
    "openOrders": _open_orders,
    "userFills": user_fills,
    "userFillsByTime": _fills_by_time,
    "orderStatus": _order_status,
    "historicalOrders": _historical,
    "candleSnapshot": _candles,
    "userFunding": _user_funding,
    "fundingHistory": _funding_history,
    "activeAssetData": active_asset,
    "userFees": _fees,
    "userRateLimit": _rate_limit,
    "userRole": _role,
    "extraAgents": _agents,
    "subAccounts": lambda x, body: (account(x, body), None)[1],
    "userAbstraction": lambda x, body: (account(x, body), "default")[1],
    "exchangeStatus": lambda x, _: {"time": x.now_ms(), "specialStatuses": None},
    "webData2": web_data,
    "recentTrades": lambda x, body: recent_trades(x, bodies.coin(x, body.get("coin")).symbol),
}
