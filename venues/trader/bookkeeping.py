"""Books fills, funding and transfers to the ledgers they belong to, each exactly once."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from venues.contract.errors import ProductError
from venues.contract.money import from_micros, to_micros
from venues.contract.states import Trade
from venues.trader import tripping
from venues.trader.clientid import full_epoch, unpack
from venues.trader.core import Core
from venues.trader.desk import Desk, MarketState
from venues.trader.gateway import Fill, Funding
from venues.trader.ledger import ClosedTrade, Ledger, price_micros
from venues.trader.models import Booking
from venues.trader.store import NotStored

log = logging.getLogger(__name__)

OVERLAP_MS = 600_000  # read again from 10 minutes before the last fill seen
NOW_MS = 2**62  # later than any booking: what is held at present


@dataclass(frozen=True)
class Part:
    """What one ledger gets of a fill; `desk` None is unattributed."""

    desk: Desk | None
    epoch: int
    lots: int
    external: bool


def ledger_of(core: Core, desk: Desk | None, epoch: int, symbol: str) -> Ledger:
    """Give the ledger of a desk's epoch, or the unattributed one of a symbol, made where missing."""
    decimals = core.markets[symbol].known.size_decimals
    if desk is None:
        return core.unattributed.setdefault(symbol, Ledger(decimals))
    if epoch == desk.epoch:
        return desk.ledger
    return desk.old.setdefault(epoch, Ledger(decimals))


def book_fill(core: Core, fill: Fill) -> None:
    """Book a fill unless it is booked: to its order's strategy and epoch, or as external."""
    key = ("fill", fill.fill_id)
    if key in core.seen or fill.symbol not in core.markets or core.markets[fill.symbol].market is None:
        return
    core.seen.add(key)
    core.last_ms = max(core.last_ms, fill.at_ms)
    unit = 10 ** core.markets[fill.symbol].known.size_decimals
    lots = int(fill.size * unit) * (1 if fill.side == "buy" else -1)
    desk, epoch = owner(core, fill)
    _note_order(core, desk, fill)
    parts = [Part(desk, epoch, lots, False)] if desk else external_parts(core, fill.symbol, lots)
    fee, price = int(to_micros(fill.fee)), price_micros(fill.price)
    bookings: list[Booking] = []
    trades: list[tuple[int, Trade]] = []
    left = fee
    for index, part in enumerate(parts):
        share = left if index == len(parts) - 1 else fee * abs(part.lots) // abs(lots)
        left -= share
        closed = ledger_of(core, part.desk, part.epoch, fill.symbol).fill(part.lots, price, share, fill.at_ms)
        bookings.append(
            Booking(
                kind="fill", venue_id=fill.fill_id, part=index, symbol=fill.symbol, lots=part.lots,
                strategy_id=part.desk.number if part.desk else None, epoch=part.epoch, price=price,
                amount=share, at_ms=fill.at_ms, external=part.external,
            )
        )  # fmt: skip
        if part.desk is not None and closed is not None:
            by = "external" if part.external else part.desk.closed_by
            trade = closed_trade(part.desk, part.epoch, closed, by, fill.fill_id)
            trades.append((part.desk.number, trade))
    keep(core, bookings, trades)
    said = unpack(fill.client_id, core.gateway.client_id_bits)
    if desk is not None and said is not None and said.kind == "kill" and epoch == desk.epoch:
        # The close of a kill that a crash kept from the disk: the kill holds.
        tripping.trip(core, desk, core.config.kill_on)
    for part in parts:
        if part.desk is not None:
            _after_booking(core, part.desk)


def _after_booking(core: Core, desk: Desk) -> None:
    tripping.check(core, desk)
    core.publish(desk)
    core.step(desk)


def owner(core: Core, fill: Fill) -> tuple[Desk | None, int]:
    """Give the desk and epoch whose order filled; (None, 0) for an external fill."""
    said = unpack(fill.client_id, core.gateway.client_id_bits)
    desk = core.by_number.get(said.strategy) if said is not None else None
    if said is not None and desk is not None and desk.key.symbol == fill.symbol:
        epoch = full_epoch(said.epoch, desk.epoch, core.gateway.client_id_bits)
        return desk, epoch
    for desk in core.on_symbol(fill.symbol):
        for order in desk.orders.values():
            if order.order_id and order.order_id == fill.order_id:
                return desk, order.epoch
    return None, 0


def _note_order(core: Core, desk: Desk | None, fill: Fill) -> None:
    if desk is None:
        return
    for order in desk.orders.values():
        if order.client_id == fill.client_id or (order.order_id and order.order_id == fill.order_id):
            order.booked += fill.size
            order.filled = max(order.filled, order.booked)
            if order.booked >= order.size:
                order.learn("filled", None, "", core.now())
            desk.closed_by = "stop" if order.kind == "stop" else desk.close_cause or order.kind
            return


def external_parts(core: Core, symbol: str, lots: int) -> list[Part]:
    """Split a fill that is not ours: unattributed first, then the strategies' trades, largest first."""
    rest = core.unattributed.get(symbol)
    held = rest.lots if rest else 0
    taken = _reducing(held, lots)
    parts = [Part(None, 0, taken, True)] if taken else []
    left = lots - taken
    holders = sorted(core.on_symbol(symbol), key=lambda desk: -abs(desk.ledger.lots))
    for desk in holders:
        taken = _reducing(desk.ledger.lots, left)
        if taken:
            parts.append(Part(desk, desk.epoch, taken, True))
            left -= taken
    if left:
        parts.append(Part(None, 0, left, True))
    return parts


def _reducing(held: int, lots: int) -> int:
    """Give how much of `lots` reduces a holding."""
    if held * lots >= 0:
        return 0
    return lots if abs(lots) <= abs(held) else -held


def book_funding(core: Core, payment: Funding) -> None:
    """Book funding, split by size at its venue time, the rest to the largest."""
    key = ("funding", payment.funding_id)
    if key in core.seen or payment.symbol not in core.markets:
        return
    core.seen.add(key)
    core.funding_ms = max(core.funding_ms, payment.at_ms)
    amount = int(to_micros(payment.amount))
    shares = _funding_shares(core, payment, amount)
    bookings = []
    for index, (desk, share) in enumerate(shares):
        epoch = desk.epoch if desk else 0
        ledger_of(core, desk, epoch, payment.symbol).pay_funding(share)
        bookings.append(
            Booking(
                kind="funding", venue_id=payment.funding_id, part=index, symbol=payment.symbol,
                strategy_id=desk.number if desk else None, epoch=epoch, amount=share, at_ms=payment.at_ms,
            )
        )  # fmt: skip
    keep(core, bookings, [])
    for desk, _ in shares:
        if desk is not None:
            _after_booking(core, desk)


def _funding_shares(core: Core, payment: Funding, amount: int) -> list[tuple[Desk | None, int]]:
    held = _holders_at(core, payment.symbol, payment.at_ms) or _holders_at(core, payment.symbol, NOW_MS)
    if not held:
        return [(None, amount)]
    whole = sum(lots for _, lots in held)
    shares = [(desk, amount * lots // whole) for desk, lots in held]
    left = amount - sum(share for _, share in shares)
    return [(shares[0][0], shares[0][1] + left), *shares[1:]]


def _holders_at(core: Core, symbol: str, at_ms: int) -> list[tuple[Desk | None, int]]:
    """Give who held how many lots of a symbol at a venue time, the largest first."""
    held: list[tuple[Desk | None, int]] = [
        (desk, abs(desk.ledger.lots_at(at_ms))) for desk in core.on_symbol(symbol)
    ]
    rest = core.unattributed.get(symbol)
    held.append((None, abs(rest.lots_at(at_ms)) if rest else 0))
    return sorted((one for one in held if one[1]), key=lambda one: -one[1])


def to_unattributed(core: Core, desk: Desk, ledger: Ledger, epoch: int) -> None:
    """Move what a ledger holds to unattributed at mark: dust, a forced reset, a lost history."""
    lots, symbol = ledger.lots, desk.key.symbol
    if not lots:
        return
    price = desk.market.mark or price_micros(ledger.entry_price or desk.market.known.min_notional)
    at_ms = core.gateway.venue_ms()
    venue_id = f"{desk.number}-{epoch}-{at_ms}"
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
        kind="transfer", venue_id=f"difference-{state.symbol}-{at_ms}", symbol=state.symbol,
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
        opened_at=_iso(closed.opened_ms),
        closed_at=_iso(closed.closed_ms),
        pnl=pnl,
        fees=from_micros(closed.fees),
        funding=from_micros(closed.funding),
        slippage=max(-pnl - budget, from_micros(0)),
        closed_by=by or "signal",
    )


def _iso(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def keep(core: Core, bookings: Sequence[Booking], trades: Sequence[tuple[int, Trade]]) -> None:
    """Write bookings and trades until the disk has them; the venue could tell them again."""
    for _, trade in trades:
        core.trades.append(trade)
        core.hub.publish(f"trade:{trade.trade_id}")
    core.spawn(_keep(core, bookings, trades))


async def _keep(core: Core, bookings: Sequence[Booking], trades: Sequence[tuple[int, Trade]]) -> None:
    try:
        await core.store.book(bookings, trades)
    except NotStored as error:
        core.alarm("bookings are in memory, not on disk: %s", error)


def fetch_fills(core: Core) -> None:
    """Read fills and funding from a while before the last one seen, and book what is missing."""
    if core.fetching:
        return
    core.fetching = True
    core.spawn(_fetch(core))


async def _fetch(core: Core) -> None:
    try:
        await read_history(core)
    except ProductError as error:
        log.warning("fills not read: %s", error.detail)
    finally:
        core.fetching = False


async def read_history(core: Core) -> None:
    """Book what the venue knows since then, in its order, kill check after each (I16)."""
    since = core.since_ms or 0
    fills = await core.gateway.fills(max(since, core.last_ms - OVERLAP_MS))
    # Funding may be stamped by another clock than fills: its own last one counts.
    payments = await core.gateway.funding(core.funding_ms - OVERLAP_MS if core.funding_ms else since)
    events: list[Fill | Funding] = [*fills, *payments]
    history = sorted(events, key=lambda one: one.at_ms)
    for one in history:
        if isinstance(one, Fill):
            book_fill(core, one)
        else:
            book_funding(core, one)
