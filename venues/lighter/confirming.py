"""Says what became of orders that the venue's API took: 200 is no outcome (venue-lighter.md, section 4)."""

from collections.abc import Awaitable, Callable, Sequence

from venues.contract.errors import BadAnswer, Unknown, Unreachable
from venues.contract.money import plain
from venues.lighter.outcomes import Outcomes, is_final
from venues.lighter.replies import Rejected
from venues.trader.gateway import OrderReply, OrderRequest, OrderState

STREAM_S = 1.5  # takers wait 0.3 s at the venue
ALONE_S = 0.5  # while no stream is up
AGAIN_S = 1.5
DROPPED = "Reduce only: Lighter dropped the order without a report"

Look = Callable[[Sequence[int]], Awaitable[None]]


def is_told(order: OrderRequest, state: OrderState) -> bool:
    """Tell whether enough is known of an order: an end of what fills at once, a rest of what rests."""
    return is_final(state) or ((order.trigger is not None or not order.ioc) and state.status != "unknown")


async def confirm(
    orders: Sequence[OrderRequest], outcomes: Outcomes, look: Look, streaming: bool
) -> list[OrderReply]:
    """Give the reply to each order, from the stream, or from what `look` reads while it is silent.

    Raises Unknown where nothing is known of the first order. One that only reduces, that the venue
    took and knows nothing of, was dropped: there was nothing to reduce.
    """
    by_id = {order.client_id: order for order in orders}

    def enough(state: OrderState) -> bool:
        return is_told(by_id[state.client_id or 0], state)

    failure = ""
    for wait_s in (STREAM_S if streaming else ALONE_S, AGAIN_S):
        if await outcomes.wait(list(by_id), enough, wait_s):
            break
        try:
            await look(list(by_id))
            failure = ""
        except (Unreachable, BadAnswer) as error:
            failure = error.detail
    first = orders[0]
    if outcomes.of(first.client_id) is None and (failure or not first.reduce_only):
        raise Unknown(
            "Lighter took the order and does not say what became of it" + (f": {failure}" if failure else ".")
        )
    return [_reply(order, outcomes.of(order.client_id), bool(failure)) for order in orders]


def _reply(order: OrderRequest, state: OrderState | None, unread: bool) -> OrderReply:
    nothing = plain(order.size * 0)
    if state is None:
        if order.reduce_only and not unread and order.trigger is None:
            return OrderReply(order.client_id, "rejected", filled=nothing, error=DROPPED)
        return OrderReply(order.client_id, "unknown")
    if not is_told(order, state):
        return OrderReply(order.client_id, "unknown", state.order_id, state.filled)
    said = f"Lighter: {state.said}" if state.status in {"rejected", "canceled", "expired"} else None
    return OrderReply(order.client_id, state.status, state.order_id, state.filled, said)


def refused(orders: Sequence[OrderRequest], error: Rejected) -> list[OrderReply]:
    """Give the replies to orders that the venue's API refused."""
    nothing = plain(orders[0].size * 0)
    return [OrderReply(one.client_id, "rejected", filled=nothing, error=error.detail) for one in orders]


def cancelled(client_id: int, state: OrderState | None) -> OrderReply:
    """Give the reply to a cancel that the venue took, of the order's state after it."""
    if state is not None and state.status in {"canceled", "expired"}:
        return OrderReply(client_id, "canceled", state.order_id, state.filled)
    order_id, said = (state.order_id, state.said) if state else (None, "not reported")
    return OrderReply(client_id, "unknown", order_id, error=f"Lighter: {said}")
