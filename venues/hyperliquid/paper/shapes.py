"""Hyperliquid's JSON shapes: orders, fills, positions, candles (venue-hyperliquid.md, section 3)."""

import hashlib
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from venues.hyperliquid.paper.words import direction, status_word
from venues.paper.accounts import Account, Position
from venues.paper.candles import MINUTE_MS, Candle
from venues.paper.exchange import Exchange
from venues.paper.instruments import Instrument
from venues.paper.orders import Fill, Order, Payment

Json = dict[str, Any]


def text(number: Decimal) -> str:
    """Give a number as the venue writes it: plain, without trailing zeros, with one decimal at least."""
    plain = f"{number:f}"
    if "." not in plain:
        return plain + ".0"
    short = plain.rstrip("0")
    return short + "0" if short.endswith(".") else short


def micros(amount: int) -> str:
    """Give micros as text."""
    return text(Decimal(amount).scaleb(-6))


def ratio(numerator: int, denominator: int, decimals: int = 6) -> str:
    """Give a quotient as text, rounded to so many decimals; 0.0 over nothing."""
    if not denominator:
        return "0.0"
    step = Decimal(1).scaleb(-decimals)
    return text((Decimal(numerator) / Decimal(denominator)).quantize(step, ROUND_HALF_EVEN))


def digest(*parts: object) -> str:
    """Give a hash that looks like a transaction's and names what happened."""
    return "0x" + hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()


def plain_order(order: Order, instrument: Instrument) -> Json:
    """Give an order as openOrders and orderUpdates show it."""
    shown: Json = {
        "coin": order.symbol,
        "side": "B" if order.buy else "A",
        "limitPx": micros(order.price),
        "sz": text(instrument.size(order.left)),
        "oid": order.oid,
        "timestamp": order.at_ms,
        "origSz": text(instrument.size(order.lots)),
    }
    if order.client_id is not None:
        shown["cloid"] = order.client_id
    if order.reduce_only:
        shown["reduceOnly"] = True
    return shown


def full_order(x: Exchange, order: Order, nested: bool = True) -> Json:
    """Give an order as frontendOpenOrders and orderStatus show it, with its children."""
    instrument = x.instrument(order.venue, order.symbol)
    children = [x.orders[oid] for oid in order.children if oid in x.orders] if nested else []
    return {
        **plain_order(order, instrument),
        "triggerCondition": _condition(order),
        "isTrigger": order.trigger is not None,
        "triggerPx": micros(order.trigger or 0),
        "children": [full_order(x, child, nested=False) for child in children if not child.is_final],
        "isPositionTpsl": order.whole,
        "reduceOnly": order.reduce_only,
        "orderType": _kind(order),
        "tif": None if order.trigger is not None and order.market else order.tif.capitalize(),
        "cloid": order.client_id,
    }


def _condition(order: Order) -> str:
    if order.trigger is None:
        return "N/A"
    if order.fired:
        return "Triggered"
    rising = order.buy != order.take_profit
    return f"Price {'above' if rising else 'below'} {micros(order.trigger).removesuffix('.0')}"


def _kind(order: Order) -> str:
    if order.trigger is None:
        return "Limit"
    return f"{'Take Profit' if order.take_profit else 'Stop'} {'Market' if order.market else 'Limit'}"


def reported(x: Exchange, order: Order) -> Json:
    """Give an order with its status, as historicalOrders and orderStatus do."""
    return {
        "order": full_order(x, order),
        "status": status_word(order),
        "statusTimestamp": order.status_ms,
    }


def update(x: Exchange, order: Order) -> Json:
    """Give an order with its status, as orderUpdates does."""
    instrument = x.instrument(order.venue, order.symbol)
    return {
        "order": plain_order(order, instrument),
        "status": status_word(order),
        "statusTimestamp": order.status_ms,
    }


def fill(instrument: Instrument, one: Fill) -> Json:
    """Give an execution; closedPnl leaves fees out, a fee above zero is a cost."""
    lots = one.lots if one.buy else -one.lots
    shown: Json = {
        "coin": one.symbol,
        "px": micros(one.price),
        "sz": text(instrument.size(one.lots)),
        "side": "B" if one.buy else "A",
        "time": one.at_ms,
        "startPosition": text(instrument.size(one.start)),
        "dir": direction(one.start, lots),
        "closedPnl": micros(one.pnl),
        "hash": digest("fill", one.oid, one.at_ms),
        "oid": one.oid,
        "crossed": one.taker,
        "fee": micros(one.fee),
        "tid": one.tid,
        "feeToken": "USDC",
        "twapId": None,
    }
    if one.client_id is not None:
        shown["cloid"] = one.client_id
    return shown


def funding(instrument: Instrument, one: Payment) -> Json:
    """Give a funding payment as the stream shows it."""
    return {
        "time": one.at_ms,
        "coin": one.symbol,
        "usdc": micros(one.amount),
        "szi": text(instrument.size(one.lots)),
        "fundingRate": ratio(one.rate, 10**10, 10),
        "nSamples": None,
    }


def funding_delta(instrument: Instrument, one: Payment) -> Json:
    """Give a funding payment as userFunding shows it."""
    delta = {"type": "funding", **funding(instrument, one)}
    return {"time": delta.pop("time"), "hash": digest("funding", one.number), "delta": delta}


def candle(symbol: str, interval: str, minutes: int, one: Candle, decimals: int) -> Json:
    """Give a candle; its times are market time."""
    return {
        "t": one.open_ms,
        "T": one.open_ms + minutes * MINUTE_MS - 1,
        "s": symbol,
        "i": interval,
        "o": micros(one.open),
        "c": micros(one.close),
        "h": micros(one.high),
        "l": micros(one.low),
        "v": text(Decimal(repr(one.volume)).quantize(Decimal(1).scaleb(-decimals))),
        "n": one.trades,
    }


def leverage(x: Exchange, account: Account, instrument: Instrument) -> Json:
    """Give what is set for a symbol; isolated with the raw USD behind it."""
    found = account.leverage(instrument, x.venues[account.venue].default_leverage)
    if found.cross:
        return {"type": "cross", "value": found.value}
    position = account.position(instrument.symbol)
    return {"type": "isolated", "value": found.value, "rawUsd": micros(position.margin - position.cost)}


def state(x: Exchange, account: Account) -> Json:
    """Give clearinghouseState (section 3.1)."""
    margins = x.margins(account)
    marks = x.marks(account.venue)
    positions = [
        _position(x, account, symbol, one, marks) for symbol, one in sorted(account.positions.items())
    ]
    cost = sum(one.cost for one in account.positions.values())
    crossed = sum(
        one.cost - one.margin if one.margin else 0 for one in account.positions.values()
    )  # what isolated positions keep out of the cross summary
    return {
        "marginSummary": {
            "accountValue": micros(margins.value),
            "totalNtlPos": micros(margins.notional),
            "totalRawUsd": micros(account.cash - cost),
            "totalMarginUsed": micros(margins.used),
        },
        "crossMarginSummary": {
            "accountValue": micros(margins.cross_value),
            "totalNtlPos": micros(margins.cross_notional),
            "totalRawUsd": micros(account.cash - cost + crossed),
            "totalMarginUsed": micros(margins.cross_used),
        },
        "crossMaintenanceMarginUsed": micros(margins.cross_maintenance),
        "withdrawable": micros(max(0, margins.free)),
        "assetPositions": [{"type": "oneWay", "position": one} for one in positions],
        "time": x.now_ms(),
    }


def _position(x: Exchange, account: Account, symbol: str, held: Position, marks: Mapping[str, int]) -> Json:
    instrument = x.instrument(account.venue, symbol)
    mark = marks[symbol]
    value = abs(instrument.notional(held.lots, mark))
    pnl = held.unrealised(instrument, mark)
    found = account.leverage(instrument, x.venues[account.venue].default_leverage)
    used = value // found.value if found.cross else held.margin + pnl
    return {
        "coin": symbol,
        "szi": text(instrument.size(held.lots)),
        "leverage": leverage(x, account, instrument),
        "entryPx": ratio(held.cost * 10**instrument.size_decimals, held.lots * 1_000_000),
        "positionValue": micros(value),
        "unrealizedPnl": micros(pnl),
        "returnOnEquity": ratio(pnl * found.value, abs(held.cost), 8),
        "liquidationPx": _liquidation(x, account, instrument, held, mark),
        "marginUsed": micros(used),
        "maxLeverage": instrument.max_leverage,
        "cumFunding": {
            "allTime": micros(held.funding_all),
            "sinceOpen": micros(held.funding_open),
            "sinceChange": micros(held.funding_open),
        },
    }


def _liquidation(
    x: Exchange, account: Account, instrument: Instrument, held: Position, mark: int
) -> str | None:
    """Give the mark at which the margin left equals the maintenance margin; None where there is none."""
    value = abs(instrument.notional(held.lots, mark))
    rate = Decimal(instrument.maintenance_ppm) / 1_000_000
    if account.leverage(instrument, 1).cross:
        margins = x.margins(account)
        spare = Decimal(margins.cross_value - margins.cross_maintenance)
    else:
        spare = held.margin + held.unrealised(instrument, mark) - value * rate
    side = 1 if held.lots > 0 else -1
    size = abs(instrument.size(held.lots))
    price = (Decimal(mark) - side * spare / size / (1 - rate * side)) / 1_000_000
    return text(price.quantize(Decimal("0.000001"))) if price > 0 else None
