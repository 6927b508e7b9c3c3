"""GET reads in the venue's shapes (venue-lighter.md, section 3); those of an account ask for a token."""

import json
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from venues.lighter.paper import fields, prices, shapes
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.fields import BAD_PARAM, Query
from venues.lighter.paper.markets import BY_NUMBER, NAME, VENUE, listed
from venues.lighter.paper.sequencer import record_name
from venues.lighter.paper.signing import check_token, read_token
from venues.lighter.paper.words import oid_of
from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.funding import rate
from venues.paper.orders import Fill, Order

Json = dict[str, Any]
Auth = str | None
MOST_ROWS = 100
MOST_CANDLES = 500
MOST_CLIENTS = 20
ALL_KEYS = 255
ALL = "all"
NETWORK_ID = 304
SECONDS_BEFORE = 10**11  # timestamps below this are seconds


def account_of(x: Exchange, index: int) -> Account:
    """Give an account; raises Refusal where there is none."""
    found = x.accounts.get((NAME, str(index)))
    if found is None:
        raise Refusal(21100)
    return found


def _own(x: Exchange, query: Query, auth: Auth) -> Account:
    """Give the account asked for, where the token speaks for it."""
    account = account_of(x, query.whole("account_index"))
    check_token(x, auth or query.given.get("auth"), account)
    return account


def _market(x: Exchange, query: Query) -> Any:
    return fields.market(x, query.whole("market_id"))


# ── the venue ───────────────────────────────────────────────────────────────────


def status(x: Exchange, query: Query, auth: Auth) -> Json:
    """Tell that the venue is up, and its time in seconds."""
    return {"status": 200, "network_id": NETWORK_ID, "timestamp": x.now_ms() // 1000}


def info(x: Exchange, query: Query, auth: Auth) -> Json:
    """Give the contract's address: nobody's here."""
    return {"contract_address": f"0x{'0' * 40}"}


def _wanted(x: Exchange, query: Query) -> list[Any]:
    kind = query.text("filter", "all")
    if kind not in {"perp", "spot", "all"}:
        raise Refusal(BAD_PARAM, "filter")
    if query.has("market_id") and query.whole("market_id") != ALL_KEYS:
        return [_market(x, query)]
    return [] if kind == "spot" else listed(x)


def _order_books(x: Exchange, query: Query, auth: Auth) -> Json:
    return {"order_books": [prices.summary(one) for one in _wanted(x, query)]}


def _order_book_details(x: Exchange, query: Query, auth: Auth) -> Json:
    shown = [prices.details(x, one) for one in _wanted(x, query)]
    return {"order_book_details": shown, "spot_order_book_details": []}


def _order_book_orders(x: Exchange, query: Query, auth: Auth) -> Json:
    instrument, limit = _market(x, query), query.whole("limit", high=250, low=1)
    asks, bids = prices.book(x, instrument)
    shown = {
        "asks": prices.resting(x, instrument, dict(islice(asks.items(), limit)), buy=False),
        "bids": prices.resting(x, instrument, dict(islice(bids.items(), limit)), buy=True),
    }
    return {"total_asks": len(shown["asks"]), **shown, "total_bids": len(shown["bids"])}


def _recent_trades(x: Exchange, query: Query, auth: Auth) -> Json:
    instrument, limit = _market(x, query), query.whole("limit", high=MOST_ROWS, low=1)
    tape = [prices.printed(x, instrument, x.second - ago, ago) for ago in range(limit)]
    return {"trades": tape}


def _candles(x: Exchange, query: Query, auth: Auth) -> Json:
    instrument, resolution = _market(x, query), query.text("resolution")
    if resolution not in prices.RESOLUTIONS:
        raise Refusal(BAD_PARAM, "resolution")
    start, end = _span(query)
    most = query.whole("count_back", MOST_CANDLES)
    found = [one for one in prices.candles(x, instrument, resolution) if start <= one.open_ms <= end]
    kept = found[-min(most, MOST_CANDLES) :] if most else []
    minutes = prices.RESOLUTIONS[resolution]
    return {"r": resolution, "c": [prices.candle(instrument, one, minutes) for one in kept]}


def _span(query: Query) -> tuple[int, int]:
    """Give start and end in milliseconds, of timestamps in seconds or milliseconds."""
    start, end = query.whole("start_timestamp", 0), query.whole("end_timestamp", 2**53)
    return tuple(one * 1000 if one < SECONDS_BEFORE else one for one in (start, end))  # type: ignore[return-value]


def _fundings(x: Exchange, query: Query, auth: Auth) -> Json:
    instrument, resolution = _market(x, query), query.text("resolution", "1h")
    if resolution not in {"1h", "1d"}:
        raise Refusal(BAD_PARAM, "resolution")
    start, end = _span(query)
    market = x.markets[instrument.symbol]
    opened = {one.open_ms: one.open for one in market.candles}
    found = [one for one in x.rates[instrument.symbol] if start <= one.at_ms <= end]
    shown = [
        {
            "timestamp": one.at_ms // 1000,
            "value": shapes.ratio(abs(one.rate) * opened.get(one.at_ms, market.oracle), 10**16, 8),
            "rate": shapes.ratio(abs(one.rate), 10**8, 4),
            "direction": "long" if one.rate >= 0 else "short",
        }
        for one in found[-query.whole("count_back", MOST_CANDLES) :]
    ]
    return {"resolution": resolution, "fundings": shown}


def _funding_rates(x: Exchange, query: Query, auth: Auth) -> Json:
    shown = [
        {
            "market_id": one.number,
            "exchange": NAME,
            "symbol": one.shown,
            "rate": prices.rounded(rate(x, x.markets[one.symbol]) / 1e10, 10),
        }
        for one in listed(x)
    ]
    return {"funding_rates": shown}


def _asset_details(x: Exchange, query: Query, auth: Auth) -> Json:
    usdc = {
        "asset_id": shapes.USDC,
        "symbol": "USDC",
        "l1_decimals": 6,
        "decimals": 6,
        "min_transfer_amount": "1.000000",
        "min_withdrawal_amount": "1.000000",
        "margin_mode": "enabled",
        "index_price": "1.000000",
        "l1_address": f"0x{'0' * 40}",
    }
    return {"asset_details": [usdc]}


# ── accounts ────────────────────────────────────────────────────────────────────


def _by(x: Exchange, query: Query) -> list[Account]:
    """Give the accounts of `by` and `value`; raises Refusal where there is none."""
    by, value = query.text("by"), query.text("value")
    if by not in {"index", "l1_address"}:
        raise Refusal(BAD_PARAM, "by")
    found = [account_of(x, query.whole("value"))] if by == "index" else _of_wallet(x, value)
    if not found:
        raise Refusal(21100)
    return found


def _of_wallet(x: Exchange, address: str) -> list[Account]:
    mine = (one for one in x.accounts.values() if one.venue == NAME)
    return [one for one in mine if shapes.l1_address(one) == address.lower()]


def _account(x: Exchange, query: Query, auth: Auth) -> Json:
    found = _by(x, query)
    return {"total": len(found), "accounts": [shapes.account(x, one) for one in found]}


def _wallet(x: Exchange, query: Query, auth: Auth) -> Json:
    address = query.text("l1_address")
    found = _of_wallet(x, address)
    if not found:
        raise Refusal(21100)
    return {"l1_address": address, "sub_accounts": [shapes.account_head(x, one) for one in found]}


def _api_keys(x: Exchange, query: Query, auth: Auth) -> Json:
    account, wanted = account_of(x, query.whole("account_index")), query.whole("api_key_index", ALL_KEYS)
    shown = [
        {
            "account_index": int(account.name),
            "api_key_index": int(index),
            "nonce": key.nonces[-1] + 1,
            "public_key": key.name,
            "transaction_time": 0,
        }
        for index, key in account.keys.items()
        if wanted in {ALL_KEYS, int(index)}
    ]
    if not shown:
        raise Refusal(21109)
    return {"api_keys": shown}


def _next_nonce(x: Exchange, query: Query, auth: Auth) -> Json:
    account = account_of(x, query.whole("account_index"))
    key = account.keys.get(str(query.whole("api_key_index")))
    if key is None:
        raise Refusal(21109)
    return {"nonce": key.nonces[-1] + 1}


def _page(x: Exchange, found: Iterable[Order], query: Query) -> Json:
    """Give orders from the cursor on, and the cursor of what follows where there is more."""
    start, limit = query.whole("cursor", 0), query.whole("limit", MOST_ROWS, high=MOST_ROWS, low=1)
    rows = list(islice(found, start, start + limit + 1))
    more = {"next_cursor": str(start + limit)} if len(rows) > limit else {}
    return {**more, "orders": [shapes.order(x, one) for one in rows[:limit]]}


def _of_market(query: Query, orders: Iterable[Order]) -> Iterable[Order]:
    market = query.whole("market_id", ALL_KEYS)
    symbol = None if market == ALL_KEYS else BY_NUMBER[market].symbol if market in BY_NUMBER else ""
    return (one for one in orders if symbol in {None, one.symbol})


def _active(x: Exchange, query: Query, auth: Auth) -> Json:
    account = _own(x, query, auth)
    shown = [shapes.order(x, one) for one in _of_market(query, reversed(x.orders_of(account)))]
    return {"orders": shown}


def _inactive(x: Exchange, query: Query, auth: Auth) -> Json:
    account = _own(x, query, auth)
    closed = reversed(x.closed.get((NAME, account.name), ()))
    return _page(x, _of_market(query, (x.orders[oid] for oid in closed if oid in x.orders)), query)


def _by_client(x: Exchange, query: Query, auth: Auth) -> Json:
    """Give orders by client index, of the token's account where none is named."""
    named = query.has("account_index")
    account = _own(x, query, auth) if named else account_of(x, int(read_token(x, auth).account))
    names = query.text("client_order_indexes").split(",")
    if len(names) > MOST_CLIENTS or not all(one.isascii() and one.isdigit() for one in names):
        raise Refusal(BAD_PARAM, "client_order_indexes")
    found = (x.order_by_client(account, str(int(one))) for one in names)
    return {"orders": [shapes.order(x, one) for one in found if one is not None]}


def _trades(x: Exchange, query: Query, auth: Auth) -> Json:
    """Give an account's executions, newest first unless `sort_dir` is asc."""
    if not query.has("account_index"):
        return _recent_trades(x, query, auth)
    account = account_of(x, query.whole("account_index"))
    if auth:
        check_token(x, auth, account)
    fills = list(_fills(x, account, query))
    if query.text("sort_dir", "desc") != "asc":
        fills.reverse()
    start, limit = query.whole("cursor", 0), query.whole("limit", MOST_ROWS, high=MOST_ROWS, low=1)
    more = {"next_cursor": str(start + limit)} if len(fills) > start + limit else {}
    return {**more, "trades": [shapes.trade(one) for one in fills[start : start + limit]]}


def _one_of(query: Query, name: str, *words: str) -> str:
    """Give a filter's word, "all" where none is given; raises Refusal for another."""
    found = query.text(name, ALL)
    if found not in {ALL, *words}:
        raise Refusal(BAD_PARAM, name)
    return found


def _fills(x: Exchange, account: Account, query: Query) -> Iterable[Fill]:
    market, since = query.whole("market_id", ALL_KEYS), query.whole("from", 0)
    order = oid_of(query.whole("order_index")) if query.has("order_index") else None
    role = _one_of(query, "role", "maker", "taker")
    for one in x.fills.get((NAME, account.name), ()):
        here = market in {ALL_KEYS, VENUE.instruments[one.symbol].number}
        played = role in {ALL, "taker" if one.taker else "maker"}
        if here and played and one.at_ms >= since and order in {None, one.oid}:
            yield one


def _position_funding(x: Exchange, query: Query, auth: Auth) -> Json:
    account = _own(x, query, auth)
    market, side = query.whole("market_id", ALL_KEYS), _one_of(query, "side", "long", "short")
    paid = [
        one
        for one in reversed(x.payments.get((NAME, account.name), ()))
        if market in {ALL_KEYS, VENUE.instruments[one.symbol].number}
        and side in {ALL, "long" if one.lots > 0 else "short"}
    ]
    start, limit = query.whole("cursor", 0), query.whole("limit", MOST_ROWS, high=MOST_ROWS, low=1)
    more = {"next_cursor": str(start + limit)} if len(paid) > start + limit else {}
    return {**more, "position_fundings": [shapes.funding(one) for one in paid[start : start + limit]]}


def _account_limits(x: Exchange, query: Query, auth: Auth) -> Json:
    _own(x, query, auth)
    return {
        "max_llp_percentage": 25,
        "max_llp_amount": "0.000000",
        "user_tier": "standard",
        "user_tier_name": "standard",
        "can_create_public_pool": False,
        "current_maker_fee_tick": VENUE.maker_ppm,
        "current_taker_fee_tick": VENUE.taker_ppm,
        "effective_lit_stakes": "0",
        "leased_lit": "0",
    }


def _transaction(x: Exchange, query: Query, auth: Auth) -> Json:
    """Give a transaction and what the sequencer said of it; status 1 waits, 2 executed, 0 failed."""
    if query.text("by") != "hash":
        raise Refusal(BAD_PARAM, "by")
    found = x.records.get(record_name(query.text("value")))
    if found is None:
        raise Refusal(21500)
    owner = account_of(x, int(found["account"]))
    done = found["executed_ms"]
    return {
        "hash": found["hash"],
        "type": found["type"],
        "info": found["info"],
        "event_info": json.dumps({"ae": found["error"]}),
        "status": (0 if found["error"] else 2) if done else 1,
        "transaction_index": found["number"],
        "l1_address": shapes.l1_address(owner),
        "account_index": int(owner.name),
        "nonce": found["nonce"],
        "expire_at": found["expires_ms"],
        "block_height": shapes.height(done) if done else 0,
        "queued_at": found["queued_ms"],
        "executed_at": done,
        "sequence_index": found["number"],
        "parent_hash": "",
        "api_key_index": found["key"],
        "transaction_time": done * 1000,
        "committed_at": done,
        "verified_at": done,
    }


Read = Callable[[Exchange, Query, Auth], Json]
READS: dict[str, Read] = {
    "orderBooks": _order_books,
    "orderBookDetails": _order_book_details,
    "orderBookOrders": _order_book_orders,
    "recentTrades": _recent_trades,
    "candles": _candles,
    "fundings": _fundings,
    "funding-rates": _funding_rates,
    "assetDetails": _asset_details,
    "account": _account,
    "accountsByL1Address": _wallet,
    "apikeys": _api_keys,
    "nextNonce": _next_nonce,
    "accountActiveOrders": _active,
    "accountInactiveOrders": _inactive,
    "accountOrders": _by_client,
    "trades": _trades,
    "positionFunding": _position_funding,
    "accountLimits": _account_limits,
    "tx": _transaction,
    "currentHeight": lambda x, query, auth: {"height": shapes.height(x.now_ms())},
}
