"""The venue has the last word: at start, after every reconnect, every minute (architecture.md)."""

import logging
from collections.abc import Sequence
from decimal import Decimal

from venues.contract.errors import NotFound, ProductError, Refused, Unreachable
from venues.trader import bookkeeping, gate, restoring, transfers, tripping
from venues.trader.clientid import full_epoch, unpack
from venues.trader.core import Core
from venues.trader.desk import Desk, MarketState, Order
from venues.trader.gateway import AccountRead, Fill, OrderState
from venues.trader.ledger import Ledger

log = logging.getLogger(__name__)

ODD_FOR_S = 2.0  # ... and when it stood as long in our own time, so that late fills kill nobody
REVIVED_AFTER_S = 5.0
QUIET_MS = 2000  # a difference counts only when nothing was booked for this long before the read


async def read_prices(core: Core) -> None:
    """Read every price, once a connection; where the minute holds no read for it, the stream's must do.

    Before the rules: a venue that lists prices and rules together is then asked once.
    """
    if all(state.read_since_connect for state in core.markets.values()):
        return
    try:
        read = await core.gateway.prices()
    except Unreachable as error:
        if error.code != "throttled":
            raise
        log.warning("prices not read: %s", error.detail)
        return
    for prices in read:
        if prices.symbol in core.markets:
            state = core.markets[prices.symbol]
            state.take(prices, core.now())
            state.read_since_connect = True


async def read_markets(core: Core) -> None:
    """Read the venue's rules of every symbol traded that are not known."""
    missing = [symbol for symbol, state in core.markets.items() if state.market is None]
    if missing:
        found = await core.gateway.markets(missing)
        for symbol in missing:
            if symbol not in found:
                core.alarm("the venue has no market %s", symbol)
                continue
            core.markets[symbol].market = found[symbol]


async def check_leverage(core: Core, state: MarketState, held: Decimal) -> None:
    """Read leverage and margin mode back; set them only while the account is flat on the symbol."""
    desks = [desk for desk in core.on_symbol(state.symbol) if not desk.retired]
    if state.market is None or not desks:
        return
    wanted = (desks[0].leverage, not state.market.only_isolated)
    found, said = await core.gateway.leverage(state.symbol), ""
    if found != wanted and not held and not _busy(core, state.symbol):
        if wanted[0] > state.market.max_leverage:
            said = f"{wanted[0]} is above the market's {state.market.max_leverage}"
        else:
            try:
                await core.gateway.set_leverage(state.symbol, *wanted)
            except Refused as error:  # of this symbol alone: the others go on
                said = f"refused by the venue: {error.detail}"
            found = await core.gateway.leverage(state.symbol)
    said = said or f"the venue has {_mode(found)}, configured is {_mode(wanted)}"
    ok = found == wanted
    if not ok and (state.leverage_ok or state.leverage_said != said):
        core.alarm("%s: leverage: %s; nothing opens there", state.symbol, said)
    state.leverage_ok, state.leverage_said = ok, said


def _mode(setting: tuple[int, bool]) -> str:
    return f"{setting[0]} {'cross' if setting[1] else 'isolated'}"


def _busy(core: Core, symbol: str) -> bool:
    return any(desk.unsettled("entry", "close", "kill") for desk in core.on_symbol(symbol))


async def run(core: Core) -> None:
    """Compare everything with the venue, once; raises the gateway's errors, then nothing is settled."""
    newborn = core.since_ms is None
    if newborn:
        since_ms = (await core.gateway.account()).at_ms
        await core.store.fact(restoring.FUNDING_BORN, core.funding_born_ms)
        await core.store.fact(restoring.SINCE, since_ms)
        core.since_ms = since_ms
    began = core.now()
    orders = await core.gateway.open_orders()
    fills = await bookkeeping.read_history(core)
    _check_memory(core, [*orders, *fills])
    read = await core.gateway.account()
    take_account(core, read)
    for desk in list(core.desks.values()):
        _compare_orders(core, desk, orders)
    _adopt_unknown(core, orders, began)
    for symbol, state in core.markets.items():
        if state.market is not None:
            patience = 0.0 if newborn or _memory_lost(core, symbol) else ODD_FOR_S
            await _compare_position(core, state, read, patience)
            await check_leverage(core, state, read.positions.get(symbol, Decimal(0)))


def _check_memory(core: Core, shown: Sequence[OrderState | Fill]) -> None:
    """Kill everything where the venue shows orders of ours that this memory is too old to know."""
    if core.loaded_number is None:
        return
    bits = core.gateway.client_id_bits
    numbers = [said.number for one in shown if (said := unpack(one.client_id, bits)) is not None]
    too_old = any(number >= core.loaded_number and number not in core.issued_early for number in numbers)
    core.loaded_number = None
    core.issued_early.clear()
    if too_old:
        core.alarm("the venue shows orders that this memory does not know: it is an old copy")
        for desk in core.desks.values():
            tripping.trip(core, desk, "memory_lost")


def take_account(core: Core, read: AccountRead) -> None:
    """Take a read of the account; equity is fresh from here on."""
    core.account = read
    core.account_at = core.now()
    core.account_read_since_connect = core.connected
    core.hub.publish("account")


def _compare_orders(core: Core, desk: Desk, orders: list[OrderState]) -> None:
    """Ask for the fate of every order of ours that the venue does not show as open."""
    shown = {state.client_id: state for state in orders}
    for order in [one for one in desk.orders.values() if one.live and one.status != "sent"]:
        state = shown.get(order.client_id)
        if state is not None:
            order.order_id = state.order_id
            order.learn(state.status, state.filled, state.said, core.now())
        else:
            order.asked_at = float("-inf")
            gate.resolve(core, desk, order)


def _adopt_unknown(core: Core, orders: list[OrderState], began: float) -> None:
    """Take in orders with our prefix that memory does not have; their strategies look after them."""
    bits = core.gateway.client_id_bits
    for state in orders:
        said = unpack(state.client_id, bits)
        if said is None:
            continue
        desk = core.by_number.get(said.strategy)
        if desk is None or desk.key.symbol != state.symbol:  # numbers of a memory that was lost
            desk = next(iter(core.on_symbol(state.symbol)), None)
        if desk is None:
            core.alarm(
                "an order with our prefix that no strategy knows: %s on %s", state.order_id, state.symbol
            )
        elif (known := desk.orders.get(state.client_id or 0)) is not None:
            _revive(core, known, state, began)
        else:
            desk.adopt(state, said.kind, full_epoch(said.epoch, desk.epoch, bits), core.now())
            core.add(desk)


def _revive(core: Core, order: Order, state: OrderState, began: float) -> None:
    """Take an order that memory had as final before the read began, and that rests all the same."""
    if order.live or order.changed_at > began - (0.0 if order.presumed else REVIVED_AFTER_S):
        return
    core.alarm("the venue shows %s as %s, it was thought %s", state.order_id, state.status, order.status)
    order.status, order.order_id, order.changed_at = state.status, state.order_id, core.now()
    order.presumed, order.cancel_at = False, None


async def _compare_position(core: Core, state: MarketState, read: AccountRead, patience_s: float) -> None:
    """Settle a difference that no fill explains: unattributed takes it, a lost trade kills."""
    symbol = state.symbol
    if not _stays_odd(core, state, read, patience_s):
        return
    await bookkeeping.read_history(core)
    again = await core.gateway.account()
    if not _stays_odd(core, state, again, patience_s):
        return
    state.odd_since = None
    units = Ledger(state.known.size_decimals)
    missing = _missing(core, state, again)
    core.alarm("%s: the venue holds %s lots more than the ledgers, no fill says why", symbol, missing)
    forgetful = _memory_lost(core, symbol)
    if forgetful is not None:
        transfers.adjust(core, state, forgetful, missing)
        return
    for part in bookkeeping.external_parts(core, symbol, missing):
        if part.desk is None:
            transfers.adjust(core, state, None, part.lots)
        else:
            transfers.to_unattributed(core, part.desk, part.desk.ledger, part.epoch)
            tripping.trip(core, part.desk, "recovery")
    rest = units.lots_of(again.positions.get(symbol, Decimal(0))) - core.booked_lots(symbol)
    if rest:
        transfers.adjust(core, state, None, rest)


def _memory_lost(core: Core, symbol: str) -> Desk | None:
    """Give the desk that is to close what nobody remembers; None where no memory was lost."""
    for desk in core.on_symbol(symbol):
        if desk.kill is not None and desk.kill.cause == "memory_lost" and desk.kill.state == "gate_closed":
            return desk
    return None


def _missing(core: Core, state: MarketState, read: AccountRead) -> int:
    units = Ledger(state.known.size_decimals)
    return units.lots_of(read.positions.get(state.symbol, Decimal(0))) - core.booked_lots(state.symbol)


def _stays_odd(core: Core, state: MarketState, read: AccountRead, patience_s: float) -> bool:
    """Tell whether one and the same difference has stood for a while with nothing on its way."""
    missing, now = _missing(core, state, read), core.now()
    if not missing:
        state.odd_since = None
        return False
    if state.odd_since is None or missing != state.odd_lots:
        state.odd_since, state.odd_lots = now, missing
    quiet = core.last_ms <= read.at_ms - QUIET_MS and not _busy(core, state.symbol)
    if quiet and now - state.odd_since >= patience_s:
        return True
    core.wants_reconcile.set()
    return False


async def check_venue(core: Core) -> list[str]:
    """Give what speaks against trading; a market that does not exist speaks only against its rows."""
    try:
        return await core.gateway.check()
    except NotFound as error:
        return [error.detail]
    except ProductError as error:
        return [f"the venue does not answer: {error.detail}"]
