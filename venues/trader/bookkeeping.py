"""Books fills, funding and transfers to the ledgers they belong to, each exactly once."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from venues.contract.errors import ProductError
from venues.contract.money import to_micros
from venues.contract.states import Trade
from venues.trader import tripping
from venues.trader.clientid import full_epoch, unpack
from venues.trader.core import Core
from venues.trader.desk import Desk, Order
from venues.trader.gateway import Fill, Funding
from venues.trader.ledger import price_micros
from venues.trader.models import Booking
from venues.trader.transfers import closed_trade, keep, ledger_of, set_off

log = logging.getLogger(__name__)

OVERLAP_MS = 600_000  # read again from 10 minutes before the last fill seen
FETCH_FIRST_S, FETCH_MOST_S = 0.25, 10.0
NOW_MS = 2**62  # later than any booking: what is held at present


@dataclass(frozen=True)
class Part:
    """What one ledger gets of a fill; `desk` None is unattributed."""

    desk: Desk | None
    epoch: int
    lots: int
    external: bool


def book_fill(core: Core, fill: Fill) -> None:
    """Book a fill unless it is booked: to its order's strategy and epoch, or as external."""
    key = ("fill", fill.fill_id)
    if key in core.seen or not _is_ours_to_book(core, fill.symbol):
        return
    if core.since_ms is None or fill.at_ms < core.since_ms:
        return  # of a time before this trader
    price = price_micros(fill.price)
    core.seen.add(key)
    core.last_ms = max(core.last_ms, fill.at_ms)
    unit = 10 ** core.markets[fill.symbol].known.size_decimals
    lots = int(fill.size * unit) * (1 if fill.side == "buy" else -1)
    desk, epoch = owner(core, fill)
    _note_order(core, desk, fill)
    parts = [Part(desk, epoch, lots, False)] if desk else external_parts(core, fill.symbol, lots)
    fee = int(to_micros(fill.fee))
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
    touched = set_off(core, fill.symbol, price, fill.at_ms, fill.fill_id)
    said = unpack(fill.client_id, core.gateway.client_id_bits)
    if desk is not None and said is not None and said.kind == "kill" and epoch == desk.epoch:
        # The close of a kill that a crash kept from the disk: the kill holds.
        tripping.trip(core, desk, core.config.kill_on)
    touched += [part.desk for part in parts if part.desk is not None]
    for one in dict.fromkeys(touched):
        _after_booking(core, one)


def _is_ours_to_book(core: Core, symbol: str) -> bool:
    """Whether a symbol is traded here and its lots are known."""
    return symbol in core.markets and core.markets[symbol].market is not None


def _after_booking(core: Core, desk: Desk) -> None:
    if desk.lots:
        core.add(desk)  # a retired one that had left is back with a late fill
    tripping.follow(core, desk)
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
            if order.kind == "stop":
                desk.fired = order
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
    if core.since_ms is None:
        core.funding_born_ms = max(core.funding_born_ms, payment.at_ms)
    if payment.at_ms <= core.funding_born_ms:
        return  # of a time before this trader
    if key in core.seen or not _is_ours_to_book(core, payment.symbol):
        return
    core.seen.add(key)
    core.funding_ms = max(core.funding_ms, payment.at_ms)
    amount = int(to_micros(payment.amount))
    shares = _funding_shares(core, payment, amount)
    bookings = []
    for index, (desk, epoch, share) in enumerate(shares):
        ledger_of(core, desk, epoch, payment.symbol).pay_funding(share)
        bookings.append(
            Booking(
                kind="funding", venue_id=payment.funding_id, part=index, symbol=payment.symbol,
                strategy_id=desk.number if desk else None, epoch=epoch, amount=share, at_ms=payment.at_ms,
            )
        )  # fmt: skip
    keep(core, bookings, [])
    for desk, _, _ in shares:
        if desk is not None:
            _after_booking(core, desk)


def _funding_shares(core: Core, payment: Funding, amount: int) -> list[tuple[Desk | None, int, int]]:
    held = _holders_at(core, payment.symbol, payment.at_ms) or _holders_at(core, payment.symbol, NOW_MS)
    if not held:
        return [(None, 0, amount)]
    whole = sum(lots for _, _, lots in held)
    shares = [(desk, epoch, amount * lots // whole) for desk, epoch, lots in held]
    left = amount - sum(share for _, _, share in shares)
    return [(*shares[0][:2], shares[0][2] + left), *shares[1:]]


def _holders_at(core: Core, symbol: str, at_ms: int) -> list[tuple[Desk | None, int, int]]:
    """Give who held, in which epoch, how many lots of a symbol at a venue time, the largest first."""
    held: list[tuple[Desk | None, int, int]] = []
    for desk in core.on_symbol(symbol):
        for epoch, ledger in [(desk.epoch, desk.ledger), *desk.old.items()]:
            held.append((desk, epoch, abs(ledger.lots_at(at_ms))))
    rest = core.unattributed.get(symbol)
    held.append((None, 0, abs(rest.lots_at(at_ms)) if rest else 0))
    return sorted((one for one in held if one[2]), key=lambda one: -one[2])


def fetch_fills(core: Core) -> None:
    """Read fills and funding from a while before the last one seen, and book what is missing."""
    now = core.now()
    if core.fetching or now < core.fetch_next:
        return
    core.fetching = True
    # What does not come is asked for less and less, until a while passed without a question.
    core.fetch_wait = 0.0 if now > core.fetch_next + FETCH_MOST_S else core.fetch_wait
    core.fetch_wait = min(max(core.fetch_wait * 2, FETCH_FIRST_S), FETCH_MOST_S)
    core.fetch_next = now + core.fetch_wait
    core.spawn(_fetch(core))


async def _fetch(core: Core) -> None:
    try:
        await read_history(core)
    except ProductError as error:
        log.warning("fills not read: %s", error.detail)
    finally:
        core.fetching = False


async def read_history(core: Core) -> list[Fill]:
    """Book what the venue knows since then, in its order, kill check after each (I16); give the fills."""
    since = core.since_ms or 0
    waiting = _unbooked(core)
    oldest = min((order.created_ms for order in waiting), default=core.last_ms)
    fills = await core.gateway.fills(max(since, min(core.last_ms, oldest) - OVERLAP_MS))
    # Funding may be stamped by another clock than fills: its own last one counts.
    payments = await core.gateway.funding(core.funding_ms - OVERLAP_MS if core.funding_ms else since)
    events: list[Fill | Funding] = [*fills, *payments]
    history = sorted(events, key=lambda one: one.at_ms)
    for one in history:
        if isinstance(one, Fill):
            book_fill(core, one)
        else:
            book_funding(core, one)
    for order in waiting:
        _settle_by(order, fills)
    return fills


def _unbooked(core: Core) -> list[Order]:
    return [
        order
        for desk in core.desks.values()
        for order in desk.orders.values()
        if not order.live and not order.settled
    ]


def _settle_by(order: Order, fills: Sequence[Fill]) -> None:
    """Take what of an order is booked from the venue's list: after a crash only the bookings know."""
    whole = sum((fill.size for fill in fills if _is_of(fill, order)), Decimal(0))
    order.booked = max(order.booked, whole)


def _is_of(fill: Fill, order: Order) -> bool:
    if fill.client_id is not None:
        return fill.client_id == order.client_id
    return bool(order.order_id) and order.order_id == fill.order_id
