"""Triggers on mark price: when a stop or take-profit fires, and what it does then."""

from venues.paper.book import walk
from venues.paper.exchange import Exchange
from venues.paper.matching import enter, finish, rest, take
from venues.paper.orders import Order, Rejected


def fire(x: Exchange, symbol: str) -> None:
    """Let the orders of a symbol meet its prices: triggers on mark, resting orders on the book."""
    orders = x.open.get(symbol)
    if not orders:
        return
    for order in list(orders.values()):
        if order.is_final or not order.armed:
            continue
        if not order.waits:
            rest(x, order)
        elif _reached(order, x.markets[symbol].marks[order.venue]):
            _trigger(x, order)


def _reached(order: Order, mark: int) -> bool:
    trigger = order.trigger or 0
    rising = order.buy != order.take_profit
    return mark >= trigger if rising else mark <= trigger


def worst_price(x: Exchange, order: Order) -> int:
    """Give the price past which a triggered market order does not fill: its own, or the venue's bound."""
    percent = x.venues[order.venue].stop_worst_percent
    trigger = order.trigger or 0
    if order.buy:
        return min(order.price, trigger * (100 + percent) // 100)
    return max(order.price, -(-trigger * (100 - percent) // 100))


def _trigger(x: Exchange, order: Order) -> None:
    account = x.accounts[order.venue, order.account]
    held = account.position(order.symbol).lots
    if order.reduce_only and (held == 0 or (held > 0) == order.buy):
        finish(x, order, "reduce_only_canceled")
        return
    order.fired = True
    x.set_status(order, "triggered")
    if order.whole:
        order.lots = abs(held)
    try:
        if order.market:
            _take_market(x, order)
        else:
            enter(x, account, order)
    except Rejected as rejected:
        finish(x, order, "rejected", "no_liquidity" if order.market else rejected.reason)


def _take_market(x: Exchange, order: Order) -> None:
    account, market = x.accounts[order.venue, order.account], x.markets[order.symbol]
    instrument = x.instrument(order.venue, order.symbol)
    lots = min(order.left, abs(account.position(order.symbol).lots)) if order.reduce_only else order.left
    take(x, account, order, walk(market, instrument, order.buy, lots, worst_price(x, order), x.pace_ms))
