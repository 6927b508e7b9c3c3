"""Gives what the engine knows as the rows, account, positions and orders of api.md, section 2."""

from decimal import Decimal
from typing import Any

from venues.contract.money import from_micros, plain
from venues.contract.states import Account, Position, StrategyState
from venues.trader import closing, gate
from venues.trader.core import Core
from venues.trader.desk import Desk, Order
from venues.trader.protecting import costs_of, is_moving, resting_stop
from venues.trader.stops import planned_loss
from venues.trader.transfers import iso

CENT = Decimal("0.000001")


def row(core: Core, desk: Desk) -> StrategyState:
    """Give a strategy's row as it stands."""
    total = desk.total()
    return StrategyState(
        strategy_id=desk.key.strategy_id,
        symbol=desk.key.symbol,
        name=desk.name,
        enabled=desk.enabled,
        limits=desk.limits,
        is_killed=desk.killed,
        total_pnl=None if total is None else from_micros(total),
        model_reward=desk.model_reward,
        revision=desk.revision,
        epoch=desk.epoch,
        kill=desk.kill,
        drawdown=None if total is None else from_micros(max(0, desk.peak - total)),
        leverage=desk.leverage,
        last_denial=desk.last_denial,
        position=position(core, desk),
        warnings=tuple(warnings(core, desk)),
        kill_on=core.config.kill_on,
        as_of=core.clock.iso(),
    )


def tell_changed(core: Core) -> None:
    """Publish rows of which more than money has changed: a stop that rests by now, a warning of age.

    Prices publish a row too, and a market that stands still has none.
    """
    for desk in core.desks.values():
        held = position(core, desk)
        trade = held and (held.side, held.size, held.entry_price, held.stop_price)
        shown = (trade, desk.kill, tuple(warnings(core, desk)), desk.last_denial)
        if shown != desk.shown:
            desk.shown = shown
            core.publish(desk)


def position(core: Core, desk: Desk) -> Position | None:
    """Give the open trade of a desk; None when flat."""
    side, entry = desk.side, desk.ledger.entry_price
    if side is None or entry is None:
        return None
    prices, stop = desk.market.prices, resting_stop(desk)
    trigger = stop.trigger if stop else None
    size, read = abs(desk.ledger.size), desk.market.market is not None
    loss = planned_loss(side, entry, size, trigger, costs_of(core, desk)) if trigger and read else None
    return Position(
        side=side,
        size=plain(size),
        entry_price=plain(round(entry, 6)),
        mark_price=prices.mark if prices else None,
        unrealized_pnl=from_micros(desk.ledger.unrealized(desk.market.mark)) if prices else None,
        stop_price=trigger,
        planned_loss=None if loss is None else plain(loss.quantize(CENT)),
    )


def warnings(core: Core, desk: Desk) -> list[str]:
    """Give what a person should know of a row beyond its figures."""
    said = []
    if is_moving(core, desk) and not closing.is_closing(desk):
        said.append("stop_moving")
    if desk.close_cause and desk.ledger.lots:
        said.append("this closes the open trade now")
    if desk.retired:
        said.append("no longer in the strategies file: it is closed when it is flat")
    if desk.not_durable:
        said.append(f"in force, not on disk yet: {desk.not_durable}")
    if desk.check_failed:
        said.append(f"the kill check failed, nothing opens: {desk.check_failed}")
    if desk.market.market is not None and not desk.market.leverage_ok:
        said.append(f"nothing opens: leverage: {desk.market.leverage_said}")
    if desk.uncovered_since is not None and core.now() - desk.uncovered_since > 2:
        said.append("the open trade has no stop at the venue")
    return said


def account(core: Core) -> Account:
    """Give the account; equity None while it is not fresh."""
    read = core.account if core.equity_fresh() else None
    return Account(
        equity=read.equity if read else None,
        margin_used=read.margin_used if read else None,
        unattributed=from_micros(unattributed(core)),
        network=core.gateway.network,
        venue=core.gateway.venue,
        halted=core.halted_by() or _not_ready(core),
        connected=core.stream_alive(),
        as_of=core.clock.iso(),
    )


def _not_ready(core: Core) -> str | None:
    if not core.reconciled:
        return core.why
    return gate.CLOCK_OFF if gate.clock_off(core) else None


def unattributed(core: Core) -> int:
    """Give what is no strategy's, in micro-dollars, at mark."""
    return sum(ledger.total(core.markets[symbol].mark) for symbol, ledger in core.unattributed.items())


def positions(core: Core) -> list[dict[str, Any]]:
    """Give every open trade, and what is unattributed."""
    held = [(desk, position(core, desk)) for desk in core.desks.values()]
    rows = [
        {"strategy_id": desk.key.strategy_id, "symbol": desk.key.symbol, **open_trade.to_json()}
        for desk, open_trade in held
        if open_trade is not None
    ]
    for symbol, ledger in core.unattributed.items():
        if ledger.lots:
            rows.append(
                {
                    "strategy_id": None, "symbol": symbol,
                    "side": "long" if ledger.lots > 0 else "short", "size": abs(ledger.size),
                    "entry_price": round(ledger.entry_price or Decimal(0), 6),
                }
            )  # fmt: skip
    return rows


def orders(core: Core) -> list[dict[str, Any]]:
    """Give every order of ours that is not final."""
    return [
        order_row(desk, order) for desk in core.desks.values() for order in desk.orders.values() if order.live
    ]


def order_row(desk: Desk, order: Order) -> dict[str, Any]:
    """Give an order as the API and the page show it."""
    return {
        "strategy_id": desk.key.strategy_id,
        "symbol": desk.key.symbol,
        "kind": order.kind,
        "side": order.side,
        "size": order.size,
        "filled": order.filled,
        "price": order.price,
        "trigger_price": order.trigger,
        "reduce_only": order.kind != "entry",
        "status": order.status,
        "order_id": order.order_id,
        "client_id": f"0x{order.client_id:032x}",
        "placed_at": iso(order.created_ms) if order.created_ms else None,  # not of one that was adopted
    }


def metrics(core: Core) -> dict[str, float]:
    """Give counts for /metrics."""
    killed = sum(desk.killed for desk in core.desks.values())
    return {
        "strategies": len(core.desks),
        "strategies_killed": killed,
        "connected": float(core.stream_alive()),
        "reconciled": float(core.reconciled),
        "uncovered_ms": sum(desk.uncovered_ms for desk in core.desks.values()),
        **{name.replace(":", "_").replace(" ", "_"): float(count) for name, count in core.counts.items()},
        **{f"gateway_{name}": float(value) for name, value in core.gateway.counters().items()},
    }
