"""Closes a strategy's trade and confirms that it is flat (risk.md, "Kill switch", steps 3 and 4)."""

from dataclasses import replace
from decimal import Decimal

from venues.contract.errors import ProductError
from venues.contract.money import from_micros
from venues.trader import gate, resting, tripping
from venues.trader.clientid import Kind
from venues.trader.core import Core
from venues.trader.desk import Desk, Order
from venues.trader.ledger import Ledger
from venues.trader.transfers import to_unattributed

LADDER = (Decimal("0.01"), Decimal("0.02"), Decimal("0.04"), Decimal("0.08"))
EXPIRES_MS = 10_000
LONGEST_WAIT_S = 10.0
ALARM_AFTER_S = 10.0
ALARM_EVERY_S = 60.0
STOP_CUT_S = 1.0
CONFIRM_FIRST_S, CONFIRM_LAST_S = 0.1, 2.0  # reads are few at some venues


def request_close(core: Core, desk: Desk, cause: str) -> None:
    """Ask for the open trade to be closed; the first cause stands."""
    if desk.ledger.lots and not desk.close_cause:
        desk.close_cause = cause
        desk.close_tries = 0
        desk.close_next = 0.0


def is_closing(desk: Desk) -> bool:
    """Tell whether the desk is to get rid of what it holds."""
    if desk.kill is not None and desk.flatten:
        return True
    return bool(desk.close_cause) or any(ledger.lots for ledger in desk.old.values())


def is_under_way(core: Core) -> bool:
    """Tell whether a strategy has still to get rid of a trade, or its being flat to be confirmed."""
    return any(is_closing(desk) and not _is_done(desk) for desk in core.desks.values())


def _is_done(desk: Desk) -> bool:
    return desk.kill is not None and desk.kill.state == "flat_confirmed" and not desk.lots


def step(core: Core, desk: Desk) -> None:
    """Do the next thing that closing needs; called on every event and every quarter second."""
    if desk.killed or not desk.enabled:
        _cancel_entries(core, desk)
    for epoch, ledger in desk.old.items():
        if ledger.lots:
            _close(core, desk, ledger, epoch)
            return
    if desk.ledger.lots:
        if is_closing(desk):
            _close(core, desk, desk.ledger, desk.epoch)
        else:
            resting.end_all(core, desk)
        return
    resting.end_all(core, desk)
    if not desk.unsettled("close", "kill"):
        desk.close_cause = ""
        desk.close_tries = 0
        desk.close_since = desk.stop_cut_at = None
    if desk.kill is not None and desk.kill.state != "flat_confirmed":
        _alarm_when_unconfirmed(core, desk)
        if not desk.confirming:
            _confirm_when_quiet(core, desk)


def _cancel_entries(core: Core, desk: Desk) -> None:
    """Cancel entries that may rest at the venue; one whose fate is unknown is asked to go once."""
    resting = [order for order in desk.live("entry") if order.status == "open"]
    lost = [order for order in desk.live("entry") if order.status == "unknown" and order.cancel_at is None]
    gate.cancel(core, desk, [*resting, *lost], closing=desk.killed)


def _close(core: Core, desk: Desk, ledger: Ledger, epoch: int) -> None:
    now = core.now()
    desk.close_since = desk.close_since if desk.close_since is not None else now
    _alarm_when_long(core, desk, now)
    if desk.market.market is None:
        return
    resting.end_outlived(core, desk)
    last = _last_close(desk, desk.close_since)
    rests = last is not None and resting.refuses_ioc(last)
    if desk.unsettled("close", "kill") or (now < desk.close_next and not rests):
        return
    if core.shares_symbol(desk) and not _stop_is_cut(core, desk, now):
        return
    if last is not None and last.status == "rejected":
        if _is_dust(desk, ledger):
            to_unattributed(core, desk, ledger, epoch)
            return
        if "educe only" in last.said:
            core.wants_reconcile.set()
    close = _order(core, desk, ledger, epoch)
    if rests:
        resting.lay(desk, close)
    gate.send_close(core, desk, close)
    desk.close_tries += 1
    if desk.kill is not None:
        desk.kill = replace(desk.kill, tries=desk.kill.tries + 1)
    desk.close_next = now + (resting.REQUOTE_S if rests else _wait_s(desk.close_tries))


def _last_close(desk: Desk, since: float) -> Order | None:
    closes = [one for one in desk.orders.values() if one.kind in {"close", "kill"} and one.sent_at >= since]
    return closes[-1] if closes else None


def _wait_s(tries: int) -> float:
    return min(LONGEST_WAIT_S, 0.1 * 2.0 ** min(10, max(0, tries - len(LADDER))))


def _order(core: Core, desk: Desk, ledger: Ledger, epoch: int) -> Order:
    market = desk.market.known
    past = LADDER[min(desk.close_tries, len(LADDER) - 1)]
    base = desk.market.prices.mark if desk.market.prices else ledger.entry_price or Decimal(1)
    sells = ledger.lots > 0
    price = market.price_down(base * (1 - past)) if sells else market.price_up(base * (1 + past))
    kind: Kind = "kill" if desk.killed or epoch != desk.epoch else "close"
    return Order(
        core.client_id(desk, kind, epoch), kind, epoch, "sell" if sells else "buy",
        abs(ledger.size), price, expires_ms=core.gateway.venue_ms() + EXPIRES_MS,
    )  # fmt: skip


def _is_dust(desk: Desk, ledger: Ledger) -> bool:
    market, prices = desk.market.known, desk.market.prices
    if not market.active:
        return True
    size = abs(ledger.size)
    return prices is not None and (size < market.min_size or size * prices.mark < market.min_notional)


def _stop_is_cut(core: Core, desk: Desk, now: float) -> bool:
    """On a shared symbol the stop goes first, its fate read within a second."""
    stops = desk.live("stop")
    if not stops:
        return True
    if desk.stop_cut_at is None:
        desk.stop_cut_at = now
    gate.cancel(core, desk, stops, closing=True)
    return now - desk.stop_cut_at > STOP_CUT_S


def _alarm_when_long(core: Core, desk: Desk, now: float) -> None:
    if desk.close_since is None or now - desk.close_since < ALARM_AFTER_S or now < desk.alarm_next:
        return
    desk.alarm_next = now + ALARM_EVERY_S
    left = abs(desk.ledger.size_of(desk.lots))
    said = next((order.said for order in reversed(list(desk.orders.values())) if order.said), "")
    core.alarm(
        "%s/%s is not flat after %d s: %s %s left, last answer %r; close it by hand at the venue",
        *desk.key, int(now - desk.close_since), left, desk.key.symbol, said,
    )  # fmt: skip
    if desk.kill is not None:
        desk.kill = replace(desk.kill, left=left, last_answer=said or None)
        core.publish(desk)


def _alarm_when_unconfirmed(core: Core, desk: Desk) -> None:
    now = core.now()
    desk.confirm_since = desk.confirm_since if desk.confirm_since is not None else now
    if now - desk.confirm_since > ALARM_AFTER_S and now > desk.alarm_next:
        desk.alarm_next = now + ALARM_EVERY_S
        core.alarm("%s/%s is not confirmed flat after %d s", *desk.key, int(now - desk.confirm_since))


def _confirm_when_quiet(core: Core, desk: Desk) -> None:
    if not core.reconciled or desk.unsettled("entry", "close", "kill"):
        return
    if core.now() < desk.confirm_next:
        return
    desk.confirming = True
    desk.confirm_wait = min(max(desk.confirm_wait * 2, CONFIRM_FIRST_S), CONFIRM_LAST_S)
    desk.confirm_next = core.now() + desk.confirm_wait
    core.spawn(_confirm(core, desk))


async def _confirm(core: Core, desk: Desk) -> None:
    """Read the position after every order is final, take the stop away, and read again (I14)."""
    try:
        final = not desk.unsettled("stop")
        if not await _reads_flat(core, desk):
            return
        stops = desk.live("stop")
        if stops:
            gate.cancel(core, desk, stops, closing=True)
        elif final:
            _confirmed(core, desk)
    finally:
        desk.confirming = False


async def _reads_flat(core: Core, desk: Desk) -> bool:
    try:
        read = await core.gateway.account()
    except ProductError:
        return False
    if desk.lots or desk.unsettled("entry", "close", "kill"):
        return False
    held = read.positions.get(desk.key.symbol, Decimal(0))
    flat = desk.ledger.lots_of(held) == core.booked_lots(desk.key.symbol)
    if not flat:
        core.wants_reconcile.set()
    return flat


def _confirmed(core: Core, desk: Desk) -> None:
    if desk.kill is None:
        return
    desk.confirm_wait, desk.confirm_since = 0.0, None
    total = from_micros(desk.ledger.total(desk.market.mark))
    desk.kill = replace(desk.kill, state="flat_confirmed", total_pnl_flat=total, left=Decimal(0))
    tripping.persist(core, desk)
    core.publish(desk)
