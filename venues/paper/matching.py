"""Executions: what an order takes from the book, what resting orders get, and what follows a fill."""

import random

from venues.paper.accounts import Account, Position
from venues.paper.book import levels, walk
from venues.paper.exchange import Exchange
from venues.paper.instruments import Instrument, divide
from venues.paper.margin import has_margin, opening
from venues.paper.orders import Fill, Order, Rejected, Status

Part = tuple[int, int]  # price, lots
MOST_PARTS = 5
PARTIAL_IOC = 0.02


def enter(x: Exchange, account: Account, order: Order) -> None:
    """Match an order on its arrival: fill it, let the rest stand or go. Raises Rejected."""
    market = x.markets[order.symbol]
    instrument = x.instrument(order.venue, order.symbol)
    bid, ask = market.touch(instrument)
    crosses = order.price >= ask if order.buy else order.price <= bid
    if not crosses:
        if order.tif == "ioc":
            raise Rejected("no_match")
        x.set_status(order, "open")
        return
    if order.tif == "alo":
        raise Rejected("post_only", f"{price_text(bid)}@{price_text(ask)}")
    wanted = _wanted(x, account, order, instrument)
    take(x, account, order, walk(market, instrument, order.buy, wanted, order.price, x.pace_ms))


def price_text(price: int) -> str:
    """Give micros as the shortest decimal text."""
    whole, rest = divmod(price, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _wanted(x: Exchange, account: Account, order: Order, instrument: Instrument) -> int:
    """Give the lots to match: no more than a reduce-only order may, and now and then only a part."""
    lots = order.left
    if order.reduce_only:
        lots = min(lots, abs(account.position(order.symbol).lots))
    chance = random.Random(f"{x.seed}:partial:{order.oid}")
    if order.tif != "ioc" or "partial_ioc" in x.without or chance.random() >= PARTIAL_IOC:
        return lots
    part = int(lots * chance.uniform(0.3, 0.9))
    smallest = instrument.notional(min(part, lots - part), order.price)
    return part if smallest >= x.venues[order.venue].minimum else lots


def take(x: Exchange, account: Account, order: Order, parts: list[Part]) -> None:
    """Fill an order as taker; what is left rests or, where it may not, is cancelled."""
    if not parts:
        raise Rejected("no_match")
    _execute(x, account, order, _split(x, order, parts), taker=True)
    if order.is_final:
        return
    if order.reduce_only and account.position(order.symbol).lots == 0:
        finish(x, order, "reduce_only_canceled")
    elif order.tif == "ioc" or order.market:
        finish(x, order, "canceled")
    else:
        x.set_status(order, "open")


def _split(x: Exchange, order: Order, parts: list[Part]) -> list[Part]:
    """Break one execution into up to five, as a real book's many small orders would."""
    if "parts" in x.without or len(parts) > 1:
        return parts
    (price, lots), chance = parts[0], random.Random(f"{x.seed}:parts:{order.oid}:{order.filled}")
    count = min(chance.randint(1, MOST_PARTS), lots)
    cuts = sorted(chance.sample(range(1, lots), count - 1)) if lots < 10**9 else []
    return [(price, end - start) for start, end in zip([0, *cuts], [*cuts, lots], strict=True)]


def _execute(x: Exchange, account: Account, order: Order, parts: list[Part], taker: bool) -> None:
    instrument = x.instrument(order.venue, order.symbol)
    position = account.positions.setdefault(order.symbol, Position())
    fills = [_fill(x, account, order, position, instrument, part, taker) for part in parts]
    if position.lots == 0:
        del account.positions[order.symbol]
    x.touch(account)
    x.add_fills(fills)
    if order.left == 0:
        finish(x, order, "filled")
    _cancel_reduce_only(x, account, order.symbol)


def _fill(
    x: Exchange,
    account: Account,
    order: Order,
    position: Position,
    instrument: Instrument,
    part: Part,
    taker: bool,
) -> Fill:
    price, lots = part
    venue = x.venues[order.venue]
    start, start_cost, signed = position.lots, position.cost, lots if order.buy else -lots
    notional = instrument.notional(lots, price)
    fee = divide(notional * (venue.taker_ppm if taker else venue.maker_ppm), 1_000_000)
    pnl = position.trade(instrument, signed, price)
    leverage = account.leverage(instrument, venue.default_leverage)
    if not leverage.cross:
        position.margin += leverage.needed(instrument.notional(opening(start, signed), price))
    account.realised, account.fees = account.realised + pnl, account.fees + fee
    account.volume += notional
    order.filled, order.traded = order.filled + lots, order.traded + notional
    return Fill(
        tid=x.number("fill"),
        oid=order.oid,
        venue=order.venue,
        account=order.account,
        symbol=order.symbol,
        buy=order.buy,
        price=price,
        lots=lots,
        at_ms=x.now_ms(),
        start=start,
        pnl=pnl,
        fee=fee,
        taker=taker,
        client_id=order.client_id,
        start_cost=start_cost,
        fraction=leverage.fraction or 0,
    )


def rest(x: Exchange, order: Order) -> None:
    """Fill a resting order as maker, as far as the book has come to its price."""
    market, account = x.markets[order.symbol], x.accounts[order.venue, order.account]
    instrument = x.instrument(order.venue, order.symbol)
    bid, ask = market.touch(instrument)
    if not (ask <= order.price if order.buy else bid >= order.price):
        return
    lots = order.left
    if order.reduce_only:
        lots = min(lots, abs(account.position(order.symbol).lots))
    elif not has_margin(x, account, order, lots):
        finish(x, order, "margin_canceled")
        return
    there = 0
    for price, depth in levels(market, instrument, order.buy, x.pace_ms):
        if there >= lots or (price > order.price if order.buy else price < order.price):
            break
        there += depth
    _execute(x, account, order, [(order.price, min(lots, there))], taker=False)
    if not order.is_final:
        x.set_status(order, "open")


def finish(x: Exchange, order: Order, status: Status, reason: str | None = None) -> None:
    """End an order, and settle what hangs on it: its children, and the other children of its parent."""
    x.set_status(order, status, reason)
    for oid in order.children:
        child = x.orders[oid]
        if child.is_final:
            continue
        partly = order.filled and x.venues[order.venue].partial_entry_keeps_stops
        if status == "filled" or partly:
            child.armed = True
            child.lots = min(child.lots, order.filled) if partly else child.lots
            x.set_status(child, "open")
        else:
            cancel(x, child)
    if order.filled:
        for sibling in _siblings(x, order):
            if not sibling.is_final:
                finish(x, sibling, "sibling_canceled")


def _siblings(x: Exchange, order: Order) -> list[Order]:
    """Give the other children of an order's parent, and the order tied to it."""
    parent = x.orders.get(order.parent) if order.parent is not None else None
    named = [*(parent.children if parent else ()), order.sibling]
    return [x.orders[oid] for oid in named if oid is not None and oid != order.oid and oid in x.orders]


def cancel(x: Exchange, order: Order, status: Status = "canceled") -> None:
    """Cancel an order that is still open; its children go with it."""
    if not order.is_final:
        finish(x, order, status)


def _cancel_reduce_only(x: Exchange, account: Account, symbol: str) -> None:
    """Cancel reduce-only orders that have nothing left to reduce."""
    held = account.position(symbol).lots
    for order in list(x.open[symbol].values()):
        mine = (order.venue, order.account) == (account.venue, account.name)
        if not mine or not order.reduce_only or not order.armed or order.status != "open":
            continue
        if held == 0 or (held > 0) == order.buy:
            finish(x, order, "reduce_only_canceled")
