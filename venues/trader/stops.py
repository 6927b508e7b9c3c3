"""Where a stop lies so that a trade loses at most its budget (risk.md, "One trade", Stop)."""

from dataclasses import dataclass
from decimal import Decimal

from venues.contract.states import Side
from venues.trader.denied import Denied
from venues.trader.gateway import Market

ONE = Decimal(1)
LIQUIDATION_SHARE = Decimal("0.8")  # of the way from entry to liquidation
NEAREST = Decimal("0.001")  # of mark or entry: a trigger nearer than this is no stop
STEP = Decimal("0.0005")  # of the price: a stop moves out only past this


@dataclass(frozen=True)
class Costs:
    """Fractions: fee of the entry, fee of the exit, slip allowed between trigger and fill."""

    fee_in: Decimal
    fee_out: Decimal
    slip: Decimal


def exit_price(side: Side, entry: Decimal, size: Decimal, budget: Decimal, costs: Costs) -> Decimal:
    """Give the exit at which the trade has lost exactly `budget` USD, both fees included.

    long: (entry × (1 + fee_in) − budget / size) / (1 − fee_out); short mirrored.
    """
    if side == "long":
        return (entry * (ONE + costs.fee_in) - budget / size) / (ONE - costs.fee_out)
    return (entry * (ONE - costs.fee_in) + budget / size) / (ONE + costs.fee_out)


def liquidation_price(side: Side, entry: Decimal, leverage: int, maintenance: Decimal) -> Decimal:
    """Give where the trade standing alone, isolated, would be liquidated."""
    if side == "long":
        return entry * (ONE - ONE / leverage) / (ONE - maintenance)
    return entry * (ONE + ONE / leverage) / (ONE + maintenance)


def trigger_price(
    side: Side,
    entry: Decimal,
    size: Decimal,
    budget: Decimal,
    costs: Costs,
    leverage: int,
    market: Market,
) -> Decimal:
    """Give the trigger of the stop, on the tick, rounded towards the smaller loss.

    Beyond 80 % of the way to liquidation, or at or below zero, it is placed at those 80 %.
    """
    out = exit_price(side, entry, size, budget, costs)
    edge = entry + LIQUIDATION_SHARE * (liquidation_price(side, entry, leverage, market.maintenance) - entry)
    if side == "long":
        return market.price_up(max(out / (ONE - costs.slip), edge))
    return market.price_down(min(out / (ONE + costs.slip), edge))


def planned_loss(side: Side, entry: Decimal, size: Decimal, trigger: Decimal, costs: Costs) -> Decimal:
    """Give what the trade loses in USD when it leaves at the trigger and the slip, fees included."""
    if side == "long":
        out = trigger * (ONE - costs.slip)
        return size * (entry * (ONE + costs.fee_in) - out * (ONE - costs.fee_out))
    out = trigger * (ONE + costs.slip)
    return size * (out * (ONE + costs.fee_out) - entry * (ONE - costs.fee_in))


def worst_price(side: Side, trigger: Decimal, market: Market) -> Decimal:
    """Give the worst price of a stop's order, `market.stop_worst` past its trigger and never more."""
    if side == "long":
        return market.price_up(trigger * (ONE - market.stop_worst))
    return market.price_down(trigger * (ONE + market.stop_worst))


def is_past(side: Side, trigger: Decimal, mark: Decimal) -> bool:
    """Tell whether the mark has reached the trigger."""
    return mark <= trigger if side == "long" else mark >= trigger


def check_entry_stop(
    side: Side, trigger: Decimal, entry: Decimal, mark: Decimal, size: Decimal, costs: Costs, room: Decimal
) -> None:
    """Raise Denied for an entry whose stop is no stop, or whose two fees alone pass Max DD.

    `room` is what total_pnl may still lose before the kill switch trips, in USD.
    """
    for price in (entry, mark):
        distance = price - trigger if side == "long" else trigger - price
        if distance < price * NEAREST:
            raise Denied(f"stop impossible: trigger {trigger} is nearer than 0.1 % to {price}")
    fees = size * entry * (costs.fee_in + costs.fee_out)
    if fees > room:
        raise Denied(f"no room: fees of {fees:.2f} alone would pass Max DD")


def needs_move(
    side: Side, resting: Decimal, wanted: Decimal, loss_at_resting: Decimal, budget: Decimal
) -> bool:
    """Tell whether a resting stop is to be replaced.

    In, as soon as it would lose more than the budget; out, only past the minimum step.
    """
    if resting == wanted:
        return False
    tighter = wanted > resting if side == "long" else wanted < resting
    if tighter:
        return loss_at_resting > budget
    return abs(wanted - resting) > wanted * STEP
