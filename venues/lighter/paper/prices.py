"""Lighter's public market shapes: details, books, tickers, statistics, candles, the tape."""

import random
from decimal import Decimal
from typing import Any

from venues.lighter.paper.markets import MOST_QUOTE, NAME, LighterInstrument
from venues.lighter.paper.shapes import COUNTERPARTY, digest, height, money, ratio
from venues.lighter.paper.words import wire_index
from venues.paper.book import shown
from venues.paper.candles import MINUTE_MS, Candle, merged
from venues.paper.exchange import Exchange
from venues.paper.funding import HOUR_S, rate
from venues.paper.market import Market

Json = dict[str, Any]
RESOLUTIONS = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "4h": 240,
    "12h": 720,
    "1d": 1440,
    "1w": 10080,
}
DAY_MINUTES = 1440


def number(micros: int) -> Decimal:
    """Give micros as a JSON number."""
    return Decimal(micros).scaleb(-6).normalize() if micros else Decimal(0)


def rounded(value: float, decimals: int) -> Decimal:
    """Give a float as a JSON number of so many decimals."""
    return Decimal(f"{value:.{decimals}f}")


def market_of(x: Exchange, instrument: LighterInstrument) -> Market:
    """Give the market of an instrument."""
    return x.markets[instrument.symbol]


def summary(instrument: LighterInstrument) -> Json:
    """Give a market as orderBooks shows it."""
    return {
        "symbol": instrument.shown,
        "market_id": instrument.number,
        "market_type": "perp",
        "base_asset_id": 0,
        "quote_asset_id": 0,
        "status": "active",
        "taker_fee": "0.0000",
        "is_taker_fee_enabled": True,
        "maker_fee": "0.0000",
        "is_maker_fee_enabled": True,
        "liquidation_fee": "1.0000",
        "min_base_amount": instrument.size_text(instrument.minimum_lots),
        "min_quote_amount": "10.000000",
        "order_quote_limit": money(MOST_QUOTE),
        "supported_size_decimals": instrument.size_decimals,
        "supported_price_decimals": instrument.price_decimals,
        "supported_quote_decimals": 6,
    }


def details(x: Exchange, instrument: LighterInstrument) -> Json:
    """Give a market as orderBookDetails shows it; margin fractions in 1e-4."""
    market = market_of(x, instrument)
    return {
        **summary(instrument),
        "size_decimals": instrument.size_decimals,
        "price_decimals": instrument.price_decimals,
        "quote_multiplier": 1,
        "default_initial_margin_fraction": max(500, instrument.initial),
        "min_initial_margin_fraction": instrument.initial,
        "maintenance_margin_fraction": instrument.maintenance,
        "closeout_margin_fraction": instrument.closeout,
        "last_trade_price": number(market.last),
        **_day(market, instrument),
        "open_interest": rounded(market.symbol.depth * 10 / (market.mid / 1e6), instrument.size_decimals),
        "daily_chart": {},
        "mark_price": instrument.price_text(market.marks[NAME]),
        "index_price": instrument.price_text(market.oracle),
        "market_config": {
            "market_margin_mode": 0,
            "insurance_fund_account_index": 281_474_976_710_655,
            "liquidation_mode": 0,
            "force_reduce_only": False,
            "trading_hours": "",
            "funding_fee_discounts_enabled": False,
            "hidden": False,
            "rfq_enabled": True,
        },
        "strategy_index": 2,
    }


def _day(market: Market, instrument: LighterInstrument) -> Json:
    opened, coins, dollars = market.day()
    recent = list(market.candles)[-DAY_MINUTES:] or [market.candle]
    return {
        "daily_trades_count": sum(one.trades for one in recent),
        "daily_base_token_volume": rounded(coins, instrument.size_decimals),
        "daily_quote_token_volume": rounded(dollars, 6),
        "daily_price_low": number(min(one.low for one in recent)),
        "daily_price_high": number(max(one.high for one in recent)),
        "daily_price_change": rounded(100 * (market.mid / opened - 1), 6),
    }


def stats(x: Exchange, instrument: LighterInstrument) -> Json:
    """Give a market as market_stats tells it; funding rates are in percent an hour."""
    market = market_of(x, instrument)
    hour_ms = x.market_ms // (HOUR_S * 1000) * HOUR_S * 1000
    last = x.rates[instrument.symbol][-1].rate if x.rates[instrument.symbol] else 0
    day = {name: value for name, value in _day(market, instrument).items() if name != "daily_trades_count"}
    return {
        "symbol": instrument.shown,
        "market_id": instrument.number,
        "index_price": instrument.price_text(market.oracle),
        "mark_price": instrument.price_text(market.marks[NAME]),
        "mid_price": instrument.price_text(market.mid),
        "open_interest": money(market.symbol.depth * 10**7),
        "open_interest_limit": "72057594037927936.000000",
        "funding_clamp_small": "0.0500",
        "funding_clamp_big": "4.0000",
        "base_interest_rate": "0.0100",
        "last_trade_price": instrument.price_text(market.last),
        "current_funding_rate": ratio(rate(x, market), 10**8, 4),
        "funding_rate": ratio(last, 10**8, 4),
        "funding_timestamp": hour_ms,
        **day,
    }


Side = dict[int, int]  # price -> lots


def book(x: Exchange, instrument: LighterInstrument) -> tuple[Side, Side]:
    """Give (asks, bids), best first."""
    bids, asks = shown(market_of(x, instrument), instrument, x.pace_ms)
    return dict(asks), dict(bids)


def levels(instrument: LighterInstrument, side: Side) -> list[Json]:
    """Give levels as the stream tells them; a size of 0 takes a level away."""
    return [
        {"price": instrument.price_text(price), "size": instrument.size_text(lots)}
        for price, lots in side.items()
    ]


def resting(x: Exchange, instrument: LighterInstrument, side: Side, buy: bool) -> list[Json]:
    """Give one order a level, as orderBookOrders does."""
    return [
        {
            "order_index": wire_index(x.second % 2**31 + place, buy),
            "order_id": str(wire_index(x.second % 2**31 + place, buy)),
            "owner_account_index": COUNTERPARTY + place,
            "initial_base_amount": level["size"],
            "remaining_base_amount": level["size"],
            "price": level["price"],
            "order_expiry": x.now_ms() + 28 * 86_400_000,
            "transaction_time": 0,
        }
        for place, level in enumerate(levels(instrument, side))
    ]


def best(x: Exchange, instrument: LighterInstrument) -> tuple[Json, Json]:
    """Give the best (ask, bid)."""
    asks, bids = (levels(instrument, side) for side in book(x, instrument))
    return asks[0], bids[0]


def candle(instrument: LighterInstrument, one: Candle, minutes: int) -> Json:
    """Give a candle; prices and volumes are JSON numbers, its time is market time."""
    return {
        "t": one.open_ms,
        "o": number(one.open),
        "h": number(one.high),
        "l": number(one.low),
        "c": number(one.close),
        "v": rounded(one.volume, max(instrument.size_decimals, 1)),
        "V": rounded(one.volume * one.close / 1e6, 6),
        "i": one.open_ms // MINUTE_MS * 10_000 + min(one.trades, 9_999 * minutes),
    }


def candles(x: Exchange, instrument: LighterInstrument, resolution: str) -> list[Candle]:
    """Give all candles of a resolution, oldest first; the last one is not closed."""
    market = market_of(x, instrument)
    return list(merged([*market.candles, market.candle], RESOLUTIONS[resolution]))


def last_candle(x: Exchange, instrument: LighterInstrument, resolution: str) -> Candle:
    """Give the candle that is not closed."""
    market, minutes = market_of(x, instrument), RESOLUTIONS[resolution]
    recent = [market.candle] if minutes == 1 else [*list(market.candles)[-minutes:], market.candle]
    return list(merged(recent, minutes))[-1]


def printed(x: Exchange, instrument: LighterInstrument, tape: int, ago_s: int = 0) -> Json:
    """Give a trade of the market with itself, at the touch."""
    market, chance = market_of(x, instrument), random.Random(f"{instrument.symbol}:{tape}")
    buying = chance.random() < 0.5
    lots = max(1, int(chance.lognormvariate(0, 1) * 1e8 * 10**instrument.size_decimals / market.mid))
    price, ms = market.touch(instrument)[buying], x.now_ms() - 1000 * ago_s
    ask, bid = (wire_index(tape % 2**32, buy) for buy in (False, True))
    return {
        "trade_id": tape,
        "trade_id_str": str(tape),
        "tx_hash": digest("print", instrument.symbol, tape),
        "type": "trade",
        "market_id": instrument.number,
        "size": instrument.size_text(lots),
        "price": instrument.price_text(price),
        "usd_amount": money(instrument.notional(lots, price)),
        "ask_id": ask,
        "ask_id_str": str(ask),
        "bid_id": bid,
        "bid_id_str": str(bid),
        "ask_client_id": 0,
        "ask_client_id_str": "0",
        "bid_client_id": 0,
        "bid_client_id_str": "0",
        "ask_account_id": COUNTERPARTY,
        "bid_account_id": COUNTERPARTY + 1,
        "is_maker_ask": buying,
        "block_height": height(ms),
        "timestamp": ms,
        "taker_position_size_before": instrument.size_text(0),
        "taker_entry_quote_before": money(0),
        "taker_initial_margin_fraction_before": 500,
        "maker_position_size_before": instrument.size_text(0),
        "maker_entry_quote_before": money(0),
        "maker_initial_margin_fraction_before": 500,
        "transaction_time": ms * 1000,
    }
