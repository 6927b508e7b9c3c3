"""The only way out for an order (risk.md, "Order gate"): checked, stored, permitted, sent."""

import logging
from collections.abc import Sequence
from decimal import Decimal

from venues.contract.errors import ProductError, Unknown, Unreachable
from venues.trader.bookkeeping import fetch_fills
from venues.trader.core import Core
from venues.trader.denied import Denied
from venues.trader.desk import Desk, Order
from venues.trader.gateway import OrderReply
from venues.trader.gateways.clock import MOST_SKEW_MS
from venues.trader.store import NotStored

log = logging.getLogger(__name__)

MAJORS = {"BTC", "ETH"}
COLLAR_MAJOR, COLLAR_OTHER = Decimal("0.005"), Decimal("0.01")
RESOLVE_FIRST_S, RESOLVE_MOST_S = 0.5, 5.0
STOP_ARRIVES_S = 1.0
SENT_FOR_S = 20.0
EXPIRED_FOR_MS = 2000
NEVER_ARRIVED_S = 12.0
UNBOOKED_FOR_S = 0.5
CLOCK_OFF = "clock skew: this machine's clock is 2 s or more off the venue's"


def opening_closed(core: Core, desk: Desk) -> str | None:
    """Give why the gate is closed for an order that would open; None while it is open.

    Asked when an entry is decided, and again in the sending thread at the last moment (I1).
    """
    if desk.killed:
        return "killed"
    if desk.check_failed:
        return f"killed: the kill check failed: {desk.check_failed}"
    if not desk.enabled or desk.retired:
        return "disabled"
    halted = core.halted_by()
    if halted:
        return f"source halted: {halted}"
    if not core.connected:
        return "venue disconnected"
    if not core.reconciled:
        return "venue not reconciled"
    return CLOCK_OFF if clock_off(core) else None


def clock_off(core: Core) -> bool:
    """Tell whether wall time is 2 s or more off the venue's, or nobody knows (I19).

    Timers are monotonic and expiries in venue time, so only what opens waits for it.
    """
    skew_ms = core.gateway.skew_ms()
    return skew_ms is None or abs(skew_ms) >= MOST_SKEW_MS


def check_opening(core: Core, desk: Desk, buy: bool, limit_price: Decimal) -> None:
    """Raise Denied unless an order of this side and worst price may open for the desk."""
    closed = opening_closed(core, desk)
    if closed:
        raise Denied(closed)
    market = desk.market
    if not core.price_fresh(market) or market.prices is None:
        raise Denied("price not fresh")
    if not core.equity_fresh():
        raise Denied("equity not fresh")
    if not market.known.active:
        raise Denied("market not active")
    if market.odd_since is not None:
        raise Denied("venue not reconciled: it holds other than the ledgers")
    if not market.leverage_ok:
        raise Denied(f"leverage: {market.leverage_said}")
    net = core.booked_lots(desk.key.symbol) + _entries_in_flight(core, desk)
    if net and (net > 0) != buy:
        raise Denied("opposite side: use a sub-account")
    collar = COLLAR_MAJOR if desk.key.symbol in MAJORS else COLLAR_OTHER
    mark = market.prices.mark
    if abs(limit_price - mark) > mark * collar:
        raise Denied(f"price outside the collar: {limit_price} is more than {collar:%} from mark {mark}")


def _entries_in_flight(core: Core, desk: Desk) -> int:
    lots = 0
    for other in core.on_symbol(desk.key.symbol):
        for order in other.unsettled("entry"):
            size = other.ledger.lots_of(order.size - order.booked)
            lots += size if order.side == "buy" else -size
    return lots


def margin_in_flight(core: Core) -> Decimal:
    """Give the margin in USD of entries on their way, and of those the account's last read may not show."""
    margin = Decimal(0)
    for desk in core.desks.values():
        for order in desk.orders.values():
            if order.kind == "entry" and not order.settled:
                margin += order.size * order.price / desk.leverage
            elif order.kind == "entry" and order.changed_at >= core.account_at:
                margin += order.filled * order.price / desk.leverage
    return margin


def send_entry(core: Core, desk: Desk, entry: Order, stop: Order) -> None:
    """Send an entry with the stop that goes with it; stored before it is sent."""
    core.spawn(_send(core, desk, [entry, stop], opening=True))
    _on_its_way(core, desk, entry, stop)


def send_stop(core: Core, desk: Desk, stop: Order) -> None:
    """Send a stop. No reason of the gate denies what only reduces (I20)."""
    core.spawn(_send(core, desk, [stop], opening=False))
    _on_its_way(core, desk, stop)


def send_close(core: Core, desk: Desk, close: Order) -> None:
    """Send a closing order of at most what the desk holds, less its closing orders in flight.

    Raises ValueError for a larger one: that would be a mistake of ours, never of a user's.
    """
    in_flight = sum((order.size - order.booked for order in desk.unsettled("close", "kill")), Decimal(0))
    if close.size + in_flight > desk.ledger.size_of(abs(desk.lots)):
        raise ValueError(f"closing {close.size} of {desk.key} with {in_flight} in flight is too much")
    core.spawn(_send(core, desk, [close], opening=False))
    _on_its_way(core, desk, close)


def _on_its_way(core: Core, desk: Desk, *orders: Order) -> None:
    for order in orders:
        order.status = "sent"
        order.sent_at = order.changed_at = core.now()
        order.created_ms = core.gateway.venue_ms()
        desk.orders[order.client_id] = order


async def _send(core: Core, desk: Desk, orders: list[Order], opening: bool) -> None:
    storing = core.store.add_orders(desk.number, orders, desk.spent_ms if opening else None)
    if opening:
        try:
            await storing
        except NotStored as error:
            core.alarm("%s/%s entry not sent, the disk refused it: %s", *desk.key, error)
            _learn_all(core, desk, orders, "rejected", "not stored")
            return
    else:
        core.spawn(storing)  # a failing disk does not stop a close or a stop; its id says whose it is
    requests = [order.request(desk.key.symbol) for order in orders]
    try:
        replies = await core.gateway.place(
            requests,
            lambda: not opening or opening_closed(core, desk) is None,
            closing=not opening,
        )
    except Unreachable as error:
        _learn_all(core, desk, orders, "rejected", error.detail)
    except Unknown as error:
        _learn_all(core, desk, orders, "unknown", error.detail)
    except ProductError as error:
        _learn_all(core, desk, orders, "rejected", error.detail)
    except Exception:
        _learn_all(core, desk, orders, "unknown", "the sending failed")
        raise
    else:
        learn_replies(core, desk, replies)
    core.step(desk)


def _learn_all(core: Core, desk: Desk, orders: Sequence[Order], status: str, said: str) -> None:
    for order in orders:
        order.learn(status, None, said, core.now())
        _stored(core, order)
        if status == "rejected":
            rejected(core, desk, order)


def learn_replies(core: Core, desk: Desk, replies: Sequence[OrderReply]) -> None:
    """Take the venue's answers for orders of one desk."""
    for reply in replies:
        order = desk.orders.get(reply.client_id)
        if order is None:
            continue
        order.order_id = reply.order_id or order.order_id
        was = order.status
        order.learn(reply.status, reply.filled, reply.error or "", core.now())
        _stored(core, order)
        if order.status == "rejected" and was != "rejected":
            rejected(core, desk, order)


def rejected(core: Core, desk: Desk, order: Order) -> None:
    """Note a venue's refusal where a person sees it."""
    core.counts[f"rejected:{order.kind}"] += 1
    log.warning("%s/%s %s rejected: %s", *desk.key, order.kind, order.said)
    if order.kind == "entry":
        core.deny(desk, f"rejected by the venue: {order.said}")
        desk.signal = None  # the next closed candle asks again


def _stored(core: Core, order: Order) -> None:
    core.spawn(core.store.update_order(order))


def cancel(core: Core, desk: Desk, orders: Sequence[Order], closing: bool = False) -> None:
    """Cancel orders that are not being cancelled already; asks again after a second."""
    now = core.now()
    due = [order for order in orders if order.cancel_at is None or now - order.cancel_at > 1.0]
    if not due:
        return
    for order in due:
        order.cancel_at = now
    core.spawn(_cancel(core, desk, due, closing))


async def _cancel(core: Core, desk: Desk, orders: list[Order], closing: bool) -> None:
    try:
        replies = await core.gateway.cancel(
            [(desk.key.symbol, order.client_id) for order in orders], closing=closing
        )
    except ProductError as error:
        log.warning("%s/%s cancel: %s", *desk.key, error.detail)
        return
    for reply in replies:
        order = desk.orders.get(reply.client_id)
        if order is None:
            continue
        if reply.status == "canceled":
            order.learn("canceled", reply.filled, "", core.now())
            _stored(core, order)
        else:
            order.asked_at = float("-inf")
            resolve(core, desk, order)
    core.step(desk)


def resolve(core: Core, desk: Desk, order: Order) -> None:
    """Ask the venue what became of an order, less and less often."""
    now = core.now()
    if now - order.asked_at < order.asked_wait:
        return
    order.asked_at = now
    order.asked_wait = min(max(order.asked_wait * 2, RESOLVE_FIRST_S), RESOLVE_MOST_S)
    core.spawn(_resolve(core, desk, order))


async def _resolve(core: Core, desk: Desk, order: Order) -> None:
    try:
        state = await core.gateway.order(desk.key.symbol, order.client_id)
    except ProductError as error:
        log.warning("%s/%s order %x: %s", *desk.key, order.client_id, error.detail)
        return
    if state is not None:
        order.order_id = state.order_id
        order.learn(state.status, state.filled, state.said, core.now())
    elif order.order_id:
        order.learn("canceled", None, "the venue knows it no more", core.now())
        order.presumed = True
    elif _can_no_longer_arrive(core, order) or _is_a_missing_stop(core, desk, order):
        order.learn("rejected", None, "the venue never had it", core.now())
        order.presumed = True
    _stored(core, order)
    core.step(desk)


def settle(core: Core, desk: Desk) -> None:
    """Find out what is not known: the fate of lost orders, fills the venue told of and did not show."""
    for order in desk.orders.values():
        if _is_unclear(core, order):
            resolve(core, desk, order)
        elif not order.settled and not order.live and core.now() - order.changed_at > UNBOOKED_FOR_S:
            fetch_fills(core)


def _is_unclear(core: Core, order: Order) -> bool:
    if order.status == "sent":
        return core.now() - order.sent_at > SENT_FOR_S
    rests = order.trigger is not None or order.is_resting_close
    return order.status == "unknown" or (order.status == "open" and not rests)


def _is_a_missing_stop(core: Core, desk: Desk, order: Order) -> bool:
    """Whether a trade is open and the venue does not know its stop: a second one only reduces too."""
    return order.kind == "stop" and bool(desk.lots) and core.now() - order.sent_at >= STOP_ARRIVES_S


def _can_no_longer_arrive(core: Core, order: Order) -> bool:
    if order.expires_ms is not None:
        return core.gateway.venue_ms() > order.expires_ms + EXPIRED_FOR_MS
    return core.now() - order.sent_at > NEVER_ARRIVED_S
