"""Puts memory back together at start: desks from file and database, ledgers from bookings."""

import logging
import secrets
from collections.abc import Sequence

from venues.contract.limits import LIMIT_NAMES, RiskLimits
from venues.contract.names import StrategyKey
from venues.trader.core import NUMBERS, Core
from venues.trader.desk import Desk, MarketState
from venues.trader.ledger import Ledger
from venues.trader.models import Booking, Strategy
from venues.trader.roster import RosterEntry
from venues.trader.store import Memory, live_order, read_kill

log = logging.getLogger(__name__)

SINCE = "since_ms"  # the fact that tells from when on the account's history is this trader's
FUNDING_BORN = "funding_born_ms"  # the same for funding, which a venue may stamp by another clock
LEVERAGES = "leverages"  # the fact that tells a strategy's leverage when it has left the file
DECIMALS = "size_decimals"  # the fact that tells how many decimals a symbol's lots have


async def restore(core: Core, roster: Sequence[RosterEntry]) -> None:
    """Make every desk; one new to this trader starts Active on paper, Disabled on a real venue."""
    memory = await core.store.load()
    decimals: dict[str, int] = memory.facts.get(DECIMALS, {})
    stored = {StrategyKey(row.strategy_id, row.symbol): row for row in memory.strategies}
    for entry in roster:
        row = stored.pop(entry.key, None)
        if row is None:
            enabled = core.gateway.network == "paper"
            limits = RiskLimits()
            limits = limits.changed(
                {"risk_per_trade": min(limits.risk_per_trade, core.config.max_risk_per_trade)}
            )
            row = await core.store.strategy(entry.key, limits, enabled)
        core.add(desk_of(core, row, entry, decimals))
    for row in stored.values():
        core.add(desk_of(core, row, None, decimals))
    await _remember_leverages(core, memory)
    core.seen = memory.seen
    core.last_ms = memory.newest_ms.get("fill", 0)
    core.funding_ms = memory.newest_ms.get("funding", 0)
    core.since_ms = memory.facts.get(SINCE)
    core.funding_born_ms = memory.facts.get(FUNDING_BORN, 0)
    # Without a memory, a number that an earlier life is unlikely to have reached.
    core.next_number = memory.facts.get(NUMBERS) or secrets.randbelow(2**20)
    core.loaded_number = core.next_number
    await core.reserve_numbers()
    core.trades.extend(reversed(memory.trades))
    _restore_bookings(core, memory, decimals)
    for order in memory.orders:
        desk = core.by_number.get(order.strategy_id)
        if desk is not None:
            live = live_order(order)
            live.booked = live.filled
            desk.orders[live.client_id] = live
    drop_finished(core)


async def _remember_leverages(core: Core, memory: Memory) -> None:
    """Give retired strategies the leverage they traded with: their stops were computed with it."""
    known = memory.facts.get(LEVERAGES, {})
    for one in core.desks.values():
        if one.retired:
            one.leverage = known.get(str(one.number), one.leverage)
    present = {str(one.number): one.leverage for one in core.desks.values()}
    if present != known:
        await core.store.fact(LEVERAGES, present)


def desk_of(core: Core, row: Strategy, entry: RosterEntry | None, decimals: dict[str, int]) -> Desk:
    """Give a desk of its row and its entry in the file; without an entry it is retired."""
    market = core.markets.setdefault(row.symbol, MarketState(row.symbol))
    return Desk(
        number=row.pk,
        key=StrategyKey(row.strategy_id, row.symbol),
        name=entry.name if entry else row.strategy_id,
        algorithm=entry.algorithm if entry else None,
        leverage=entry.leverage if entry else 1,
        model_reward=entry.model_reward if entry else None,
        market=market,
        limits=RiskLimits(**{name: getattr(row, name) for name in LIMIT_NAMES}),
        enabled=row.enabled and entry is not None,
        revision=row.revision,
        epoch=row.epoch,
        ledger=Ledger(decimals.get(row.symbol, 0)),
        kill=(kill := read_kill(row.kill)),
        flatten=kill is None or kill.state != "held",
        peak=row.peak,
        spent_ms=row.spent_ms,
        marks_saved=(row.peak, row.spent_ms),
        retired=entry is None,
    )


def _restore_bookings(core: Core, memory: Memory, decimals: dict[str, int]) -> None:
    for booking in memory.bookings:
        desk = core.by_number.get(booking.strategy_id) if booking.strategy_id else None
        if booking.strategy_id and desk is None:
            continue
        replay(_ledger(core, desk, booking, decimals), booking)


def _ledger(core: Core, desk: Desk | None, booking: Booking, decimals: dict[str, int]) -> Ledger:
    places = decimals.get(booking.symbol, 0)
    if desk is None:
        return core.unattributed.setdefault(booking.symbol, Ledger(places))
    if booking.epoch == desk.epoch:
        return desk.ledger
    return desk.old.setdefault(booking.epoch, Ledger(places))


def replay(ledger: Ledger, booking: Booking) -> None:
    """Book what was booked before."""
    if booking.kind == "funding":
        ledger.pay_funding(booking.amount)
    else:
        ledger.fill(booking.lots, booking.price, booking.amount, booking.at_ms)


def drop_finished(core: Core) -> bool:
    """Leave out retired strategies that are flat for good; their rows stay, so a kill outlives the file."""
    finished = [desk for desk in core.desks.values() if desk.retired and _is_finished(desk)]
    for desk in finished:
        del core.desks[desk.key]
    return bool(finished)


def _is_finished(desk: Desk) -> bool:
    flat = not desk.lots and all(order.settled for order in desk.orders.values())
    return flat and (desk.kill is None or desk.kill.state == "flat_confirmed")


async def learn_decimals(core: Core) -> None:
    """Give ledgers that have booked nothing yet the lots of their market, and remember them."""
    known: dict[str, int] = {}
    for symbol, state in core.markets.items():
        if state.market is None:
            continue
        known[symbol] = state.market.size_decimals
        for desk in core.on_symbol(symbol):
            if desk.ledger.size_decimals != state.market.size_decimals:
                if desk.ledger.lots or desk.ledger.fees:
                    core.alarm("%s: the venue changed its lots to %s decimals", symbol, known[symbol])
                    core.halted = f"{symbol}: the venue changed its lots"
                else:
                    desk.ledger = Ledger(state.market.size_decimals)
        rest = core.unattributed.get(symbol)
        if rest is not None and rest.size_decimals != state.market.size_decimals:
            core.alarm("%s: unattributed has other lots", symbol)
    if known != core.decimals:
        await core.store.fact(DECIMALS, known)
        core.decimals = known
