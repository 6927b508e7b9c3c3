"""Taking orders in: what a venue checks of them, entries with their stops, cancels and changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.instruments import Instrument
from venues.paper.margin import has_margin
from venues.paper.matching import cancel, enter
from venues.paper.orders import Order, Rejected, Wanted
from venues.paper.triggers import fire

FAR_PERCENT = 80


@dataclass(frozen=True)
class Placed:
    """What became of one order asked for; `rejected` says why, where it was not taken."""

    order: Order
    rejected: Rejected | None = None


def place(x: Exchange, account: Account, wanted: Sequence[Wanted], with_stops: bool = False) -> list[Placed]:
    """Take orders one after the other; `with_stops`: the first with the triggers that protect it."""
    if with_stops and len(wanted) > 1:
        placed = _place_with_stops(x, account, wanted[0], wanted[1:])
    else:
        placed = [_place_one(x, account, want) for want in wanted]
    for symbol in {want.symbol for want in wanted}:
        fire(x, symbol)
    return placed


def _place_one(x: Exchange, account: Account, want: Wanted, parent: Order | None = None) -> Placed:
    order = _made(x, account, want, parent)
    try:
        check(x, account, order, parent)
        if order.trigger is not None:
            x.set_status(order, "open")
        else:
            enter(x, account, order)
    except Rejected as rejected:
        x.set_status(order, "rejected", rejected.reason)
        return Placed(order, rejected)
    return Placed(order)


def _place_with_stops(x: Exchange, account: Account, entry: Wanted, stops: Sequence[Wanted]) -> list[Placed]:
    """Take an entry and its stops: they live on its full fill and go with it otherwise."""
    parent = _made(x, account, entry, None)
    placed: list[Placed] = []
    try:
        check(x, account, parent, None)
        for want in stops:
            child = _place_one(x, account, want, parent)
            placed.append(child)
            if child.rejected is None:
                parent.children.append(child.order.oid)
        enter(x, account, parent)
    except Rejected as rejected:
        for child_oid in parent.children:
            cancel(x, x.orders[child_oid])
        x.set_status(parent, "rejected", rejected.reason)
        missing = len(stops) - len(placed)
        return [Placed(parent, rejected), *placed, *[Placed(parent, rejected)] * missing]
    return [Placed(parent), *placed]


def _made(x: Exchange, account: Account, want: Wanted, parent: Order | None) -> Order:
    instrument = x.instrument(account.venue, want.symbol)
    lots = 0 if want.size is None else instrument.lots(want.size)
    return Order(
        oid=x.number("order"),
        venue=account.venue,
        account=account.name,
        symbol=want.symbol,
        buy=want.buy,
        price=want.price,
        lots=-1 if lots is None else lots,
        at_ms=x.now_ms(),
        reduce_only=want.reduce_only,
        tif=want.tif,
        trigger=want.trigger,
        take_profit=want.take_profit,
        market=want.market,
        whole=want.size is None,
        client_id=want.client_id,
        armed=parent is None,
        parent=parent.oid if parent else None,
    )


def check(x: Exchange, account: Account, order: Order, parent: Order | None) -> None:
    """Check what can be checked before matching; raises Rejected."""
    instrument = x.instrument(order.venue, order.symbol)
    mark = x.markets[order.symbol].marks[order.venue]
    _check_shape(order, instrument)
    if abs(order.price - (order.trigger or mark)) * 100 > (order.trigger or mark) * FAR_PERCENT:
        raise Rejected("far")
    if order.trigger is not None:
        _check_trigger(order, parent.price if parent else mark)
    held = account.position(order.symbol).lots
    if order.reduce_only and parent is None and (held == 0 or (held > 0) == order.buy):
        raise Rejected("reduce_only")
    _check_minimum(x, order, instrument, parent.lots if parent else held)
    if not order.reduce_only and not has_margin(x, account, order, order.lots):
        raise Rejected("margin")


def _check_shape(order: Order, instrument: Instrument) -> None:
    if order.price <= 0 or (order.trigger is not None and order.trigger <= 0):
        raise Rejected("price")
    if order.lots < 0:
        raise Rejected("size")
    if order.lots == 0 and not (order.whole and order.trigger is not None):
        raise Rejected("zero_size")
    for price in (order.price, order.trigger):
        if price is not None and price % instrument.tick(price):
            raise Rejected("tick")


def _check_trigger(order: Order, reference: int) -> None:
    """Refuse a trigger that is past the price already, and a market stop's limit on its wrong side."""
    trigger = order.trigger or 0
    rising = order.buy != order.take_profit  # fires when mark rises to it
    if (rising and trigger <= reference) or (not rising and trigger >= reference):
        raise Rejected("trigger")
    if order.market and (order.price < trigger if order.buy else order.price > trigger):
        raise Rejected("trigger")


def _check_minimum(x: Exchange, order: Order, instrument: Instrument, held: int) -> None:
    """Refuse what is worth less than the venue's minimum, unless it closes the whole."""
    closes_all = order.reduce_only and order.lots >= abs(held)
    if order.whole or closes_all:
        return
    if instrument.notional(order.lots, order.price) < x.venues[order.venue].minimum:
        raise Rejected("minimum")


def change(x: Exchange, account: Account, old: Order, want: Wanted) -> Placed:
    """Replace a resting order by another with a number of its own."""
    cancel(x, old)
    return place(x, account, [want])[0]
