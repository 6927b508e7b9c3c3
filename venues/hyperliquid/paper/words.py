"""Hyperliquid's own words for what the engine says: refusals, statuses, directions (section 4)."""

from venues.paper.orders import Order, Rejected

SENTENCES = {
    "tick": "Price must be divisible by tick size.",
    "size": "Order has invalid size.",
    "zero_size": "Order has zero size.",
    "price": "Order has invalid price.",
    "far": "Order price cannot be more than 80% away from the reference price.",
    "minimum": "Order must have minimum value of $10.",
    "margin": "Insufficient margin to place order.",
    "reduce_only": "Reduce only order would increase position.",
    "post_only": "Post only order would have immediately matched, bbo was {}.",
    "no_match": "Order could not immediately match against any resting orders.",
    "trigger": "Invalid TP/SL price.",
    "no_liquidity": "No liquidity available for market order.",
}
REJECTED = {
    "tick": "tickRejected",
    "minimum": "minTradeNtlRejected",
    "margin": "perpMarginRejected",
    "reduce_only": "reduceOnlyRejected",
    "post_only": "badAloPxRejected",
    "no_match": "iocCancelRejected",
    "trigger": "badTriggerPxRejected",
    "no_liquidity": "marketOrderNoLiquidityRejected",
    "far": "oracleRejected",
}
STATUSES = {
    "reduce_only_canceled": "reduceOnlyCanceled",
    "margin_canceled": "marginCanceled",
    "sibling_canceled": "siblingFilledCanceled",
    "scheduled_cancel": "scheduledCancel",
}
NEVER_PLACED = "Order was never placed, already canceled, or filled."
NO_CHANGE = "Cannot modify canceled or filled order"
SWITCH = "Cannot switch leverage type with open position."
LEVERAGE_MARGIN = "{} position does not have sufficient margin available to decrease leverage."
SHAPE = "Failed to deserialize the JSON body into the target type"


def sentence(rejected: Rejected, asset: int) -> str:
    """Give the venue's sentence for an order that was not taken."""
    return f"{SENTENCES[rejected.reason].format(rejected.detail)} asset={asset}"


def status_word(order: Order) -> str:
    """Give the venue's word for what became of an order."""
    if order.status == "rejected":
        return REJECTED.get(order.reason or "", "rejected")
    return STATUSES.get(order.status, order.status)


def direction(start: int, lots: int) -> str:
    """Give what a fill of signed lots did to a position."""
    if start == 0 or (start > 0) == (lots > 0):
        return "Open Long" if lots > 0 else "Open Short"
    if abs(lots) <= abs(start):
        return "Close Long" if start > 0 else "Close Short"
    return "Long > Short" if start > 0 else "Short > Long"
