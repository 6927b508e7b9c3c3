"""Rests a close at the touch while the venue takes no IOC (risk.md, "Kill switch").

Hyperliquid says "Only post-only orders allowed immediately after a network upgrade", for minutes,
of an order or of the whole request. A rest has its time, then an IOC is tried again: it is back
at once where the venue takes it, and else rests at the touch as it is by then.
"""

from decimal import Decimal

from venues.trader import gate
from venues.trader.core import Core
from venues.trader.desk import Desk, Order

RESTS_S = 10.0
REQUOTE_S = 3.0  # ... where the touch has moved
POST_ONLY = ("post-only", "post only")


def refuses_ioc(last: Order) -> bool:
    """Tell whether a venue has refused a close for being an IOC; a rest's own refusal says other things."""
    said = last.said.lower()
    return last.status == "rejected" and not last.is_resting_close and any(word in said for word in POST_ONLY)


def lay(desk: Desk, close: Order) -> None:
    """Make a resting order of a close: at its own price, for as long as it takes."""
    close.price, close.expires_ms = touch(desk, close), None


def touch(desk: Desk, close: Order) -> Decimal:
    """Give the best price in USD that does not cross: the tick beside the middle of the book."""
    market, prices = desk.market.known, desk.market.prices
    base = (prices.mid or prices.mark) if prices else close.price
    return market.price_up(base) if close.side == "sell" else market.price_down(base)


def end_outlived(core: Core, desk: Desk) -> None:
    """Cancel a rest that has had its time, so that an IOC is tried."""
    for close in resting(desk):
        age_s = core.now() - close.sent_at
        if age_s >= RESTS_S or (age_s >= REQUOTE_S and close.price != touch(desk, close)):
            gate.cancel(core, desk, [close], closing=True)


def end_all(core: Core, desk: Desk) -> None:
    """Cancel every rest: there is nothing to close any more."""
    gate.cancel(core, desk, resting(desk), closing=True)


def resting(desk: Desk) -> list[Order]:
    """Give the closing orders that rest, or may."""
    return [close for close in desk.live("close", "kill") if close.is_resting_close]
