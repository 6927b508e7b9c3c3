"""What the sequencer does with an order's transaction; outcomes are seen on the account's streams only."""

import random
from collections.abc import Sequence

from venues.lighter.paper.drafts import SHORTEST_EXPIRY_MS, Draft
from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.margin import has_margin
from venues.paper.matching import enter, finish
from venues.paper.orders import Order, Rejected
from venues.paper.triggers import fire

REJECT_CHANCE = 0.005
REJECT_REASONS = ("margin", "slippage", "depth")
NOTHING = ""


def create(x: Exchange, account: Account, draft: Draft, accepted_ms: int) -> str:
    """Carry out a create; gives why it vanished without a report, else nothing."""
    lost = vanishes(account, draft, accepted_ms)
    if lost:
        return lost
    order = _made(x, account, draft)
    _admit(x, account, order)
    fire(x, order.symbol)
    return NOTHING


def create_group(
    x: Exchange, account: Account, grouping: int, drafts: Sequence[Draft], accepted_ms: int
) -> str:
    """Carry out an OTO, OCO or OTOCO; gives why it vanished without a report, else nothing."""
    for draft in drafts if grouping == 2 else drafts[:1]:
        lost = vanishes(account, draft, accepted_ms)
        if lost:
            return lost
    orders = [_made(x, account, draft) for draft in drafts]
    pair = orders[-2:] if grouping != 1 else []
    for one, other in zip(pair, reversed(pair), strict=True):
        one.sibling = other.oid
    if grouping == 2:
        for order in orders:
            x.set_status(order, "open")
    else:
        _adopt(x, orders[0], orders[1:])
        _admit(x, account, orders[0])
    fire(x, orders[0].symbol)
    return NOTHING


def vanishes(account: Account, draft: Draft, accepted_ms: int) -> str:
    """Give why an order vanishes without a report: it would open though reduce-only, or ends too soon."""
    if draft.expiry_ms and draft.expiry_ms < accepted_ms + SHORTEST_EXPIRY_MS:
        return "order expiry is less than 5 minutes away"
    held = account.position(draft.symbol).lots
    if draft.reduce_only and (held == 0 or (held > 0) == draft.buy):
        return "reduce only order would increase the position"
    return NOTHING


def _made(x: Exchange, account: Account, draft: Draft) -> Order:
    order = draft.order(account, x.number("order"), x.now_ms())
    if order.whole and order.trigger is None:
        order.lots = abs(account.position(draft.symbol).lots)
    return order


def _adopt(x: Exchange, parent: Order, children: Sequence[Order]) -> None:
    """Tie children to an entry: they inherit its size, and live once it has ended with a fill."""
    for child in children:
        child.parent, child.armed, child.lots, child.whole = parent.oid, False, parent.lots, False
        parent.children.append(child.oid)
        x.set_status(child, "open")
    x.orders[parent.oid] = parent


def _admit(x: Exchange, account: Account, order: Order) -> None:
    """Let an order into the book, or end it with its reason."""
    refused = _refused_by_chance(x, order)
    if refused:
        finish(x, order, "rejected", refused)
        return
    try:
        if order.trigger is not None:
            x.set_status(order, "open")
            return
        if not order.reduce_only and not has_margin(x, account, order, order.lots):
            raise Rejected("margin")
        enter(x, account, order)
    except Rejected as rejected:
        finish(x, order, "rejected", rejected.reason)


def _refused_by_chance(x: Exchange, order: Order) -> str | None:
    """Give a reason for half a percent of the orders that the API took (paper-exchange.md, "latency")."""
    chance = random.Random(f"{x.seed}:reject:{order.oid}")
    if "rejects" in x.without or chance.random() >= REJECT_CHANCE:
        return None
    return chance.choice(REJECT_REASONS)


def cancel_order(x: Exchange, order: Order | None) -> str:
    """Cancel an order that is still open; gives why not, else nothing."""
    if order is None or order.is_final:
        return "order is not active"
    finish(x, order, "canceled", "user")
    return NOTHING


def modify(
    x: Exchange, account: Account, order: Order | None, lots: int, price: int, trigger: int | None
) -> str:
    """Change size, price and trigger of an open order, which keeps its number."""
    if order is None or order.is_final or 0 < lots <= order.filled:
        return "order is not active"
    order.lots = lots or order.lots
    order.price, order.trigger = price, trigger
    if order.waits or not order.armed:
        x.set_status(order, "open")
    else:
        _admit_again(x, account, order)
    fire(x, order.symbol)
    return NOTHING


def _admit_again(x: Exchange, account: Account, order: Order) -> None:
    try:
        if not order.reduce_only and not has_margin(x, account, order, order.left):
            raise Rejected("margin")
        enter(x, account, order)
    except Rejected as rejected:
        finish(x, order, "rejected", rejected.reason)
