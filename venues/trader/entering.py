"""Opens a trade on a strategy's signal: size, stop, gate, one request (risk.md, "One trade")."""

from decimal import Decimal

from venues.contract.money import from_micros
from venues.contract.states import Side
from venues.trader import gate
from venues.trader.closing import request_close
from venues.trader.core import Core
from venues.trader.denied import Denied
from venues.trader.desk import Desk, Order
from venues.trader.protecting import costs_of, stop_order
from venues.trader.sizing import order_size
from venues.trader.stops import check_entry_stop, trigger_price
from venues.trader.strategies.base import Wanted

REACH_MAJOR, REACH_OTHER = Decimal("0.002"), Decimal("0.004")
EXPIRES_MS = 10_000


def take_signal(core: Core, desk: Desk, wanted: Wanted) -> None:
    """Take what the strategy wants from here on: leave another side at once, enter when flat.

    A killed one leaves nothing on a signal: its kill says whether to close or to hold.
    """
    desk.signal = wanted
    if wanted == desk.held:
        desk.spend_signal()  # what it wants it has
    elif desk.ledger.lots and not desk.killed:
        request_close(core, desk, "signal")


def step(core: Core, desk: Desk) -> None:
    """Enter where a signal waits and nothing is left of the trade before."""
    if desk.signal not in {"long", "short"} or desk.lots or desk.close_cause:
        return
    if any(not order.settled for order in desk.orders.values()) or desk.uncovered_since is not None:
        return
    if desk.market.market is None:
        return
    try:
        entry, stop = _orders(core, desk)
    except Denied as denied:
        core.deny(desk, denied.reason)
        return
    desk.spend_signal()  # one entry a signal, whatever becomes of it
    gate.send_entry(core, desk, entry, stop)


def _orders(core: Core, desk: Desk) -> tuple[Order, Order]:
    market, prices, account = desk.market.known, desk.market.prices, core.account
    closed = gate.opening_closed(core, desk)
    if closed:
        raise Denied(closed)
    if prices is None or account is None:
        raise Denied("price not fresh" if prices is None else "equity not fresh")
    side: Side = "long" if desk.signal == "long" else "short"
    reach = REACH_MAJOR if desk.key.symbol in gate.MAJORS else REACH_OTHER
    if side == "long":
        limit = market.price_down(prices.mark * (1 + reach))
    else:
        limit = market.price_up(prices.mark * (1 - reach))
    gate.check_opening(core, desk, side == "long", limit)
    size = order_size(
        equity=account.equity,
        risk_per_trade=min(desk.limits.risk_per_trade, core.config.max_risk_per_trade),
        leverage=desk.leverage,
        mark=prices.mark,
        limit_price=limit,
        market=market,
        margin_used=account.margin_used,
        margin_in_flight=gate.margin_in_flight(core),
    )
    costs = costs_of(core, desk)
    trigger = trigger_price(side, limit, size, desk.limits.stop_loss_dollars, costs, desk.leverage, market)
    total = desk.ledger.total(desk.market.mark)
    lost = desk.peak - total if core.config.kill_on == "drawdown" else -total
    room = desk.limits.max_strategy_loss - from_micros(lost)
    check_entry_stop(side, trigger, limit, prices.mark, size, costs, room)
    entry = Order(
        client_id=core.client_id(desk, "entry", desk.epoch),
        kind="entry",
        epoch=desk.epoch,
        side="buy" if side == "long" else "sell",
        size=size,
        price=limit,
        expires_ms=core.gateway.venue_ms() + EXPIRES_MS,
    )
    stop = stop_order(core, desk, side, size, trigger)
    stop.expires_ms = entry.expires_ms  # it arrives with its entry or never
    return entry, stop
