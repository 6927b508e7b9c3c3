"""Keeps a stop resting at the venue for the whole of an open trade (risk.md, "One trade", Stop)."""

from dataclasses import dataclass
from decimal import Decimal

from venues.contract.money import from_micros
from venues.contract.states import Side
from venues.trader import gate
from venues.trader.closing import is_closing, request_close
from venues.trader.core import Core
from venues.trader.desk import Desk, Order
from venues.trader.stops import Costs, is_past, needs_move, planned_loss, trigger_price, worst_price

PAST_FOR_S = 3.0
TRIGGERED_FOR_S = 3.0
WAITING_FOR_S = 0.7
UNCOVERED_ALARM_S = 4.0
UNCOVERED_ALARM_EVERY_S = 10.0
STOP_AGAIN_S = 1.0
GONE_WITHIN_S = 1.0
RENEWED_AT_MS = 900  # of each second that a stop may rest: it is renewed at nine tenths of its life


@dataclass(frozen=True)
class Plan:
    """Where the stop of the open trade belongs: trigger in USD, size, and the budget it keeps."""

    side: Side
    trigger: Decimal
    size: Decimal
    budget: Decimal
    costs: Costs


def costs_of(core: Core, desk: Desk) -> Costs:
    """Give the fees and the slip that a stop is computed with."""
    fee = desk.market.known.taker_fee
    return Costs(fee, fee, core.config.slip)


def plan(core: Core, desk: Desk) -> Plan | None:
    """Give where the stop belongs; None when flat.

    Funding the trade has paid, and what its parts already closed have lost, is off its budget.
    """
    side, entry = desk.side, desk.ledger.entry_price
    if side is None or entry is None:
        return None
    paid = max(0, -desk.ledger.trade_funding()) + desk.ledger.trade_lost(desk.market.known.taker_fee)
    budget = max(desk.limits.stop_loss_dollars - from_micros(paid), Decimal(0))
    size, costs = abs(desk.ledger.size), costs_of(core, desk)
    trigger = trigger_price(side, entry, size, budget, costs, desk.leverage, desk.market.known)
    return Plan(side, trigger, size, budget, costs)


def resting_stop(desk: Desk) -> Order | None:
    """Give the newest stop that rests at the venue and is not being cancelled."""
    resting = [order for order in desk.live("stop") if order.resting and order.cancel_at is None]
    return resting[-1] if resting else None


def is_moving(core: Core, desk: Desk) -> bool:
    """Tell whether the stop at the venue is not yet where the settings want it."""
    if not desk.ledger.lots or desk.market.market is None:
        return False
    stop, wanted = resting_stop(desk), plan(core, desk)
    return stop is None or wanted is None or _is_wrong(core, desk, stop, wanted)


def _is_wrong(core: Core, desk: Desk, stop: Order, wanted: Plan) -> bool:
    entry, life = desk.ledger.entry_price, desk.market.known.stop_life_s
    if life is not None and core.gateway.venue_ms() > stop.created_ms + life * RENEWED_AT_MS:
        return True
    if stop.trigger is None or entry is None or stop.size != wanted.size:
        return True
    loss = planned_loss(wanted.side, entry, wanted.size, stop.trigger, wanted.costs)
    return needs_move(wanted.side, stop.trigger, wanted.trigger, loss, wanted.budget)


def step(core: Core, desk: Desk) -> None:
    """Do the next thing that protection needs; called on every event and every quarter second."""
    if desk.market.market is None:
        return
    wanted = plan(core, desk)
    if wanted is None:
        desk.past_since = desk.fired = None
        _covered(core, desk, True)
        _drop_stops(core, desk)
        return
    stops = [order for order in desk.live("stop") if order.cancel_at is None]
    leaving = [order for order in desk.live("stop") if order.cancel_at is not None]
    at_venue = sum((order.size - order.booked for order in desk.live("stop") if order.resting), Decimal(0))
    _covered(core, desk, at_venue >= wanted.size or any(order.live for order in desk.closing_at_once()))
    for order in desk.live("stop"):
        if _waits_too_long(core, order):
            gate.resolve(core, desk, order)
    if _is_past_for_good(core, desk, stops, wanted) or _left_a_rest(core, desk):
        request_close(core, desk, "stop")
    if is_closing(desk) and (desk.closing_at_once() or _is_cut(core, desk)):
        return
    if desk.fired is not None and desk.fired.live:
        return  # it is filling
    if leaving:
        gate.cancel(core, desk, leaving, closing=True)
        if core.shares_symbol(desk) and core.now() - max(_asked_to_go(leaving)) < GONE_WITHIN_S:
            return  # on a shared symbol the old one goes first
    _keep_one(core, desk, stops, wanted)


def _asked_to_go(leaving: list[Order]) -> list[float]:
    return [order.cancel_at for order in leaving if order.cancel_at is not None]


def _left_a_rest(core: Core, desk: Desk) -> bool:
    """Whether a stop of the open trade has fired and did not close all of it."""
    if desk.fired is None:
        return False
    return desk.fired.settled or core.now() - desk.fired.changed_at > TRIGGERED_FOR_S


def _waits_too_long(core: Core, order: Order) -> bool:
    long_ago = core.now() - order.changed_at
    if order.status == "triggered":
        return long_ago > TRIGGERED_FOR_S / 2
    return order.status == "waiting" and long_ago > WAITING_FOR_S


def _is_cut(core: Core, desk: Desk) -> bool:
    """Whether the stop was taken off a shared symbol for a close less than 2 s ago."""
    return desk.stop_cut_at is not None and core.now() - desk.stop_cut_at < 2.0


def _is_past_for_good(core: Core, desk: Desk, stops: list[Order], wanted: Plan) -> bool:
    """Whether the mark has stood past the resting trigger, or a triggered stop left a rest, for 3 s."""
    now = core.now()
    for order in stops:
        if order.status == "triggered" and now - order.changed_at > TRIGGERED_FOR_S:
            return True
    newest = stops[-1] if stops else None
    trigger = newest.trigger if newest is not None and newest.trigger else wanted.trigger
    prices = desk.market.prices
    if prices is None or not core.price_fresh(desk.market) or not is_past(wanted.side, trigger, prices.mark):
        desk.past_since = None
        return False
    desk.past_since = desk.past_since if desk.past_since is not None else now
    return now - desk.past_since > PAST_FOR_S


def _keep_one(core: Core, desk: Desk, stops: list[Order], wanted: Plan) -> None:
    """See to it that one stop of the right size and trigger rests, the new one before the old goes."""
    newest = stops[-1] if stops else None
    if newest is None:
        _place(core, desk, wanted)
    elif newest.status == "waiting":
        if not desk.unsettled("entry") and core.now() - newest.changed_at > WAITING_FOR_S:
            _place(core, desk, wanted)
    elif newest.status == "open":
        if _is_wrong(core, desk, newest, wanted):
            if core.shares_symbol(desk):
                gate.cancel(core, desk, stops, closing=True)
            else:
                _place(core, desk, wanted)
        elif len(stops) > 1:
            gate.cancel(core, desk, stops[:-1], closing=True)


def _place(core: Core, desk: Desk, wanted: Plan) -> None:
    """Place a stop; where the mark is past its trigger already, the trade is closed instead."""
    prices, now = desk.market.prices, core.now()
    if now < desk.stop_next:
        return
    if prices is not None and is_past(wanted.side, wanted.trigger, prices.mark):
        if not any(order.status in {"triggered", "sent", "unknown"} for order in desk.live("stop")):
            request_close(core, desk, "stop")
        return
    last = [order for order in desk.orders.values() if order.kind == "stop"][-1:]
    if last and last[0].status == "rejected":
        core.alarm("%s/%s stop rejected: %s", *desk.key, last[0].said)
    desk.stop_cut_at = None  # a close on a shared symbol takes this one away again
    desk.stop_next = now + (STOP_AGAIN_S if last and last[0].status == "rejected" else 0.0)
    gate.send_stop(core, desk, stop_order(core, desk, wanted.side, wanted.size, wanted.trigger))


def stop_order(core: Core, desk: Desk, side: Side, size: Decimal, trigger: Decimal) -> Order:
    """Give the stop of a trade of this side."""
    return Order(
        client_id=core.client_id(desk, "stop", desk.epoch),
        kind="stop",
        epoch=desk.epoch,
        side="sell" if side == "long" else "buy",
        size=size,
        price=worst_price(side, trigger, desk.market.known),
        trigger=trigger,
    )


def _drop_stops(core: Core, desk: Desk) -> None:
    """Take stops away once flat; those of a kill go only after flat was read (closing.py)."""
    stops = desk.live("stop")
    if not stops or desk.killed or desk.unsettled("entry"):
        return
    known = [order for order in stops if order.status in {"open", "waiting"}]
    if known and not desk.unsettled("close", "kill"):
        gate.cancel(core, desk, known)


def _covered(core: Core, desk: Desk, covered: bool) -> None:
    """Count the milliseconds without cover; every gap of seconds alarms (I8)."""
    now = core.now()
    if not covered:
        if desk.uncovered_since is None:
            desk.uncovered_since = now
        elif now - desk.uncovered_since >= UNCOVERED_ALARM_S and now > desk.uncovered_alarm_next:
            desk.uncovered_alarm_next = now + UNCOVERED_ALARM_EVERY_S
            core.alarm("%s/%s holds %s without a stop at the venue", *desk.key, desk.ledger.size)
    elif desk.uncovered_since is not None:
        desk.uncovered_ms += int((now - desk.uncovered_since) * 1000)
        desk.uncovered_since = None
