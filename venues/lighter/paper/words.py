"""Lighter's own words for what the engine says, and its order numbers (venue-lighter.md, section 3.3)."""

from typing import Literal

from venues.paper.exchange import Exchange
from venues.paper.orders import Order, Tif

Kind = Literal["limit", "market", "stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"]
KINDS: tuple[Kind, ...] = (
    "limit",
    "market",
    "stop-loss",
    "stop-loss-limit",
    "take-profit",
    "take-profit-limit",
)
TIFS: tuple[Tif, ...] = ("ioc", "gtc", "alo")
TIF_WORDS = {"ioc": "immediate-or-cancel", "gtc": "good-till-time", "alo": "post-only"}
REJECTED = {
    "margin": "canceled-margin-not-allowed",
    "post_only": "canceled-post-only",
    "no_match": "canceled",
    "no_liquidity": "canceled-too-much-slippage",
    "slippage": "canceled-too-much-slippage",
    "depth": "canceled-not-enough-liquidity",
}
ENDED = {
    "filled": "filled",
    "reduce_only_canceled": "canceled-reduce-only",
    "margin_canceled": "canceled-margin-not-allowed",
    "sibling_canceled": "canceled-oco",
    "scheduled_cancel": "canceled",
}
ASKS, BIDS = 1 << 48, 1 << 49  # asks are numbered upwards, bids downwards; client indexes end below both
BETWEEN = (ASKS + BIDS) // 2


def order_index(order: Order) -> int:
    """Give the venue's number of an order."""
    return wire_index(order.oid, order.buy)


def wire_index(oid: int, buy: bool) -> int:
    """Give the venue's number of the order with a number of ours."""
    return BIDS - oid if buy else ASKS + oid


def oid_of(index: int) -> int:
    """Give our number of an order by the venue's."""
    return BIDS - index if index > BETWEEN else index - ASKS


def kind_of(order: Order) -> str:
    """Give the venue's word for an order's type."""
    return str(order.details.get("kind", "limit"))


def takes_any_price(order: Order) -> bool:
    """Tell whether an order's price is only the worst it accepts."""
    return kind_of(order) in {"market", "stop-loss", "take-profit"}


def status_word(x: Exchange, order: Order) -> str:
    """Give the venue's word for what became of an order."""
    if order.status in {"open", "triggered"}:
        return "pending" if order.waits or not order.armed else "open"
    if order.status == "rejected":
        if order.reason == "no_match" and takes_any_price(order):
            return REJECTED["slippage"]
        return REJECTED.get(order.reason or "", "canceled")
    if order.status == "canceled":
        return _canceled_word(order)
    return ENDED[order.status]


def _canceled_word(order: Order) -> str:
    if order.reason == "expired":
        return "canceled-expired"
    if order.reason == "user":
        return "canceled"
    if order.parent is not None and not order.armed:
        return "canceled-child"
    return "canceled-too-much-slippage" if takes_any_price(order) else "canceled"


def trigger_word(order: Order) -> str:
    """Give what holds an order back."""
    if not order.armed:
        return "parent-order"
    if order.trigger is None:
        return "na"
    return "ready" if order.fired else "mark-price"
