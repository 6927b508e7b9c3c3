"""Hyperliquid's public market shapes: meta, asset contexts, books."""

import random
from collections.abc import Mapping
from typing import Any

from venues.hyperliquid.paper import shapes
from venues.hyperliquid.paper.bodies import VENUE
from venues.paper.book import shown
from venues.paper.exchange import Exchange
from venues.paper.funding import rate

Json = dict[str, Any]
NOBODY = "0x" + "0" * 40
TAPE = ("coin", "side", "px", "sz", "hash", "time", "tid")


def meta(x: Exchange) -> Json:
    """Give the markets; a margin table below 50 is a single tier of that leverage."""
    return {
        "universe": [
            {
                "name": one.symbol,
                "szDecimals": one.size_decimals,
                "maxLeverage": one.max_leverage,
                "marginTableId": one.max_leverage,
            }
            for one in x.venues[VENUE].instruments.values()
        ],
        "marginTables": [],
        "collateralToken": 0,
    }


def asset_context(x: Exchange, symbol: str) -> Json:
    """Give a market's prices, funding and volume."""
    market, instrument = x.markets[symbol], x.instrument(VENUE, symbol)
    opened, base, traded = market.day()
    bid, ask = market.touch(instrument)
    return {
        "funding": shapes.ratio(rate(x, market), 10**10, 10),
        "openInterest": shapes.ratio(market.symbol.depth * 10**7, market.mid, instrument.size_decimals),
        "prevDayPx": shapes.micros(opened),
        "dayNtlVlm": f"{traded:.6f}",
        "premium": shapes.ratio(round(market.basis), market.oracle, 10),
        "oraclePx": shapes.micros(market.oracle),
        "markPx": shapes.micros(market.marks[VENUE]),
        "midPx": shapes.micros(market.mid),
        "impactPxs": [shapes.micros(bid), shapes.micros(ask)],
        "dayBaseVlm": f"{base:.{instrument.size_decimals or 1}f}",
    }


def book(x: Exchange, symbol: str) -> Json:
    """Give twenty levels a side, best first."""
    market, instrument = x.markets[symbol], x.instrument(VENUE, symbol)
    sides = shown(market, instrument, x.pace_ms)
    return {
        "coin": symbol,
        "time": x.now_ms(),
        "levels": [[_level(x, symbol, *one) for one in side] for side in sides],
    }


def _level(x: Exchange, symbol: str, price: int, lots: int) -> Json:
    size = x.instrument(VENUE, symbol).size(lots)
    return {"px": shapes.micros(price), "sz": shapes.text(size), "n": 1 + lots % 7}


def best(x: Exchange, symbol: str) -> Json:
    """Give the best level of each side."""
    levels = book(x, symbol)
    bids, asks = levels["levels"]
    return {"coin": symbol, "time": levels["time"], "bbo": [bids[0], asks[0]]}


def market_trade(x: Exchange, symbol: str, number: int, ago_s: int = 0) -> Json:
    """Give a trade of the market with itself, at the touch; the tape between the accounts' own fills."""
    market, instrument = x.markets[symbol], x.instrument(VENUE, symbol)
    chance = random.Random(f"{symbol}:{number}")
    buying = chance.random() < 0.5
    size = int(chance.lognormvariate(0, 1) * 1e8 * 10**instrument.size_decimals / market.mid)
    stamp = x.now_ms() - 1000 * ago_s
    return {
        "coin": symbol,
        "side": "B" if buying else "A",
        "px": shapes.micros(market.touch(instrument)[buying]),
        "sz": shapes.text(instrument.size(max(1, size))),
        "hash": shapes.digest("market", symbol, number),
        "time": stamp,
        "tid": number,
        "users": [NOBODY, NOBODY],
    }


def own_trade(fill: Mapping[str, Any], user: str) -> Json:
    """Give an account's fill as the public tape shows it."""
    users = [user, NOBODY] if fill["side"] == "B" else [NOBODY, user]
    return {**{name: fill[name] for name in TAPE}, "users": users}


def recent_trades(x: Exchange, symbol: str) -> list[Json]:
    """Give ten trades of the last seconds, newest first."""
    return [market_trade(x, symbol, x.second - ago, ago) for ago in range(10)]
