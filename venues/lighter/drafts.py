"""Orders as Lighter's transactions carry them: whole numbers in the order of its signed fields."""

from collections.abc import Sequence
from typing import NamedTuple

from venues.contract.errors import Refused
from venues.lighter.rules import STOP_LIFE_S, LighterMarket
from venues.trader.gateway import OrderRequest

LIMIT, MARKET, STOP_LOSS = 0, 1, 2
IMMEDIATE, TILL_TIME, POST_ONLY = 0, 1, 2
ONE_TRIGGERS_THE_OTHER = 1


class Draft(NamedTuple):
    """One order, its fields named and ordered as in the venue's CreateOrder (section 4)."""

    market: int
    client_index: int
    size: int
    price: int
    is_ask: int
    kind: int
    time_in_force: int
    reduce_only: int
    trigger: int
    expiry_ms: int


def draft(order: OrderRequest, market: LighterMarket, now_ms: int) -> Draft:
    """Give an order as it is signed; raises Refused for a number that the venue cannot carry exactly.

    What must fill at once is a market order with its worst price; a stop is a market order too,
    once its trigger is reached. What rests does so for 28 days.
    """
    rests = order.trigger is not None or not order.ioc
    if order.trigger is not None:
        kind, time_in_force = STOP_LOSS, IMMEDIATE
    else:
        resting = POST_ONLY if order.post_only else TILL_TIME
        kind, time_in_force = (MARKET, IMMEDIATE) if order.ioc else (LIMIT, resting)
    return Draft(
        market=market.number,
        client_index=order.client_id,
        size=market.size_units(order.size),
        price=market.price_units(order.price),
        is_ask=int(order.side == "sell"),
        kind=kind,
        time_in_force=time_in_force,
        reduce_only=int(order.reduce_only),
        trigger=market.price_units(order.trigger) if order.trigger is not None else 0,
        expiry_ms=now_ms + STOP_LIFE_S * 1000 if rests else 0,
    )


def drafts(orders: Sequence[OrderRequest], markets: Sequence[LighterMarket], now_ms: int) -> list[Draft]:
    """Give one order, or an entry and its stop, which takes the size of what the entry fills."""
    made = [draft(order, market, now_ms) for order, market in zip(orders, markets, strict=True)]
    if len(made) == 1:
        return made
    if [order.kind for order in orders] != ["entry", "stop"] or made[0].market != made[1].market:
        raise Refused("Lighter takes one order at a time, or an entry with the stop that goes with it.")
    return [made[0], made[1]._replace(size=0)]
