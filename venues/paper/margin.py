"""Whether an account can carry more: initial margin against what is free, resting orders counted."""

from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.orders import Order


def opening(held: int, lots: int) -> int:
    """Give how many of signed lots would open or increase a position."""
    if held == 0 or (held > 0) == (lots > 0):
        return abs(lots)
    return max(0, abs(lots) - abs(held))


def has_margin(x: Exchange, account: Account, order: Order, lots: int) -> bool:
    """Tell whether the account can carry `lots` more of an order, its other orders counted."""
    instrument = x.instrument(order.venue, order.symbol)
    mark = x.markets[order.symbol].marks[order.venue]
    more = opening(account.position(order.symbol).lots, lots if order.buy else -lots)
    if not more:
        return True
    default = x.venues[order.venue].default_leverage
    leverage = account.leverage(instrument, default)
    needed = leverage.needed(instrument.notional(more, mark))
    released = leverage.needed(instrument.notional(lots - more, mark))
    return needed <= x.margins(account).free + released - reserved(x, account, order)


def reserved(x: Exchange, account: Account, besides: Order | None = None) -> int:
    """Give the initial margin that an account's resting orders hold back."""
    total = 0
    for order in x.orders_of(account):
        if order is besides or order.reduce_only or order.waits:
            continue
        instrument = x.instrument(order.venue, order.symbol)
        leverage = account.leverage(instrument, x.venues[order.venue].default_leverage)
        signed = order.left if order.buy else -order.left
        more = opening(account.position(order.symbol).lots, signed)
        total += leverage.needed(instrument.notional(more, order.price))
    return total
