"""Moves between ledgers that no order of ours makes, and how bookings reach the disk."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from venues.contract.money import from_micros
from venues.contract.states import Trade
from venues.trader.core import Core
from venues.trader.desk import Desk, MarketState
from venues.trader.ledger import ClosedTrade, Ledger, price_micros
from venues.trader.models import Booking
from venues.trader.store import NotStored

log = logging.getLogger(__name__)

KEEP_AGAIN_S = 1.0


def ledger_of(core: Core, desk: Desk | None, epoch: int, symbol: str) -> Ledger:
    """Give the ledger of a desk's epoch, or the unattributed one of a symbol, made where missing."""
    decimals = core.markets[symbol].known.size_decimals
    if desk is None:
        return core.unattributed.setdefault(symbol, Ledger(decimals))
    if epoch == desk.epoch:
        return desk.ledger
    return desk.old.setdefault(epoch, Ledger(decimals))


def set_off(core: Core, symbol: str, price: int, at_ms: int, fill_id: str) -> list[Desk]:
    """Settle ledgers that ended up on opposite sides, at the fill's price (I21); give who was touched.

    Nothing is bought back: the larger side gives what the smaller one has too much.
    """
    touched: list[Desk] = []
    for step in range(len(core.desks) + 1):
        sides = _holders(core, symbol)
        long, short = max(sides, key=lambda one: one[2]), min(sides, key=lambda one: one[2])
        lots = min(long[2], -short[2])
        if lots <= 0:
            break
        bookings: list[Booking] = []
        trades: list[tuple[int, Trade]] = []
        for part, (desk, epoch, signed) in enumerate(((*long[:2], -lots), (*short[:2], lots))):
            closed = ledger_of(core, desk, epoch, symbol).fill(signed, price, 0, at_ms)
            bookings.append(
                Booking(
                    kind="transfer", venue_id=f"off-{fill_id}-{step}", part=part, symbol=symbol, lots=signed,
                    strategy_id=desk.number if desk else None, epoch=epoch, price=price, amount=0,
                    at_ms=at_ms, external=True,
                )
            )  # fmt: skip
            if desk is not None:
                touched.append(desk)
                if closed is not None:
                    trade = closed_trade(desk, epoch, closed, "external", f"off-{fill_id}-{step}")
                    trades.append((desk.number, trade))
        keep(core, bookings, trades)
        log.warning("%s: %s lots on opposite sides set off", symbol, lots)
    return touched


def _holders(core: Core, symbol: str) -> list[tuple[Desk | None, int, int]]:
    """Give (desk or None for unattributed, epoch, signed lots) of every ledger on a symbol."""
    rest = core.unattributed.get(symbol)
    found: list[tuple[Desk | None, int, int]] = [(None, 0, rest.lots if rest else 0)]
    for desk in core.on_symbol(symbol):
        found.append((desk, desk.epoch, desk.ledger.lots))
        found += [(desk, epoch, ledger.lots) for epoch, ledger in desk.old.items()]
    return found


def to_unattributed(core: Core, desk: Desk, ledger: Ledger, epoch: int) -> None:
    """Move what a ledger holds to unattributed at mark: dust, a forced reset, a lost history."""
    lots, symbol = ledger.lots, desk.key.symbol
    if not lots:
        return
    price = desk.market.mark or price_micros(ledger.entry_price or desk.market.known.min_notional)
    at_ms = core.gateway.venue_ms()
    venue_id = core.transfer_id(f"{desk.number}-{epoch}", at_ms)
    closed = ledger.fill(-lots, price, 0, at_ms)
    ledger_of(core, None, 0, symbol).fill(lots, price, 0, at_ms)
    halves = [(desk.number, epoch, -lots), (None, 0, lots)]
    bookings = [
        Booking(
            kind="transfer", venue_id=venue_id, part=index, symbol=symbol, strategy_id=number,
            epoch=whose, lots=part, price=price, amount=0, at_ms=at_ms, external=True,
        )
        for index, (number, whose, part) in enumerate(halves)
    ]  # fmt: skip
    trades = [(desk.number, closed_trade(desk, epoch, closed, "external", venue_id))] if closed else []
    keep(core, bookings, trades)
    core.alarm("%s/%s: %s of %s moved to unattributed", *desk.key, ledger.size_of(lots), symbol)
    core.publish(desk)


def adjust(core: Core, state: MarketState, desk: Desk | None, lots: int) -> None:
    """Book a difference that no fill explains, at mark: to unattributed, or to a desk that is to close it."""
    at_ms = core.gateway.venue_ms()
    epoch = desk.epoch if desk else 0
    ledger_of(core, desk, epoch, state.symbol).fill(lots, state.mark, 0, at_ms)
    booking = Booking(
        kind="transfer", venue_id=core.transfer_id(f"difference-{state.symbol}", at_ms), symbol=state.symbol,
        strategy_id=desk.number if desk else None, epoch=epoch, lots=lots, price=state.mark, amount=0,
        at_ms=at_ms, external=True,
    )  # fmt: skip
    keep(core, [booking], [])


def closed_trade(desk: Desk, epoch: int, closed: ClosedTrade, by: str, fill_id: str) -> Trade:
    """Give a closed trade as it is told; slippage is what it lost beyond its stop's budget."""
    pnl, budget = from_micros(closed.pnl), desk.limits.stop_loss_dollars
    return Trade(
        trade_id=f"{desk.number}-{fill_id}",
        strategy_id=desk.key.strategy_id,
        symbol=desk.key.symbol,
        epoch=epoch,
        side=closed.side,
        size=closed.size,
        entry_price=round(closed.entry_price, 6),
        exit_price=round(closed.exit_price, 6),
        opened_at=iso(closed.opened_ms),
        closed_at=iso(closed.closed_ms),
        pnl=pnl,
        fees=from_micros(closed.fees),
        funding=from_micros(closed.funding),
        slippage=max(-pnl - budget, from_micros(0)),
        closed_by=by or "signal",
    )


def iso(at_ms: int) -> str:
    """Give a venue time as the wire writes it."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def keep(core: Core, bookings: Sequence[Booking], trades: Sequence[tuple[int, Trade]]) -> None:
    """Write bookings and trades until the disk has them; the venue could tell them again."""
    for _, trade in trades:
        core.trades.append(trade)
        core.hub.publish(f"trade:{trade.trade_id}")
    core.spawn(_keep(core, bookings, trades))


async def _keep(core: Core, bookings: Sequence[Booking], trades: Sequence[tuple[int, Trade]]) -> None:
    told = False
    while True:
        try:
            await core.store.book(bookings, trades)
        except NotStored as error:
            if not told:
                core.alarm("bookings are in memory, not on disk: %s", error)
            told = True
            await asyncio.sleep(KEEP_AGAIN_S)
        else:
            return
