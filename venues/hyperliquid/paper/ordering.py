"""Order, cancel and modify actions, from the wire to the engine and back."""

from collections.abc import Mapping
from typing import Any

from venues.hyperliquid.paper import bodies
from venues.hyperliquid.paper.bodies import BadShape
from venues.hyperliquid.paper.shapes import ratio, text
from venues.hyperliquid.paper.words import NEVER_PLACED, NO_CHANGE, sentence
from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.instruments import Instrument
from venues.paper.matching import cancel
from venues.paper.orders import Order, Tif, Wanted
from venues.paper.placing import Placed, change, place

Action = Mapping[str, Any]
Json = dict[str, Any]
TIFS: dict[str, Tif] = {"Gtc": "gtc", "Ioc": "ioc", "Alo": "alo", "FrontendMarket": "ioc"}
GROUPINGS = {"na", "normalTpsl", "positionTpsl"}


def place_orders(x: Exchange, account: Account, action: Action) -> Json:
    """Place orders; `normalTpsl` ties the ones after the first to its fill."""
    grouping = action.get("grouping")
    if grouping not in GROUPINGS:
        raise BadShape
    wanted = [_wanted(x, wire, grouping) for wire in bodies.items(action.get("orders"))]
    with_stops = grouping == "normalTpsl" and wanted[1:] != []
    if with_stops and any(one.trigger is None or one.symbol != wanted[0].symbol for one in wanted[1:]):
        raise BadShape
    placed = place(x, account, wanted, with_stops)
    return {"type": "order", "data": {"statuses": [_status(x, account, one) for one in placed]}}


def _wanted(x: Exchange, wire: Any, grouping: str = "na") -> Wanted:
    wire = bodies.mapping(wire)
    kind = bodies.mapping(wire.get("t"))
    size = bodies.decimal(wire.get("s"))
    common: dict[str, Any] = {
        "symbol": bodies.instrument(x, wire.get("a")).symbol,
        "buy": bodies.flag(wire.get("b")),
        "price": bodies.price(wire.get("p")),
        "size": None if grouping == "positionTpsl" and size == 0 else size,
        "reduce_only": bodies.flag(wire.get("r")),
        "client_id": None if wire.get("c") is None else bodies.cloid(wire["c"]),
    }
    if "trigger" in kind:
        trigger = bodies.mapping(kind["trigger"])
        if trigger.get("tpsl") not in {"tp", "sl"}:
            raise BadShape
        return Wanted(
            **common,
            trigger=bodies.price(trigger.get("triggerPx")),
            take_profit=trigger["tpsl"] == "tp",
            market=bodies.flag(trigger.get("isMarket")),
        )
    tif = bodies.mapping(kind.get("limit")).get("tif")
    if tif not in TIFS:
        raise BadShape
    return Wanted(**common, tif=TIFS[tif])


def _status(x: Exchange, account: Account, placed: Placed) -> Json | str:
    order = placed.order
    instrument = x.instrument(order.venue, order.symbol)
    if placed.rejected is not None:
        return {"error": sentence(placed.rejected, instrument.number)}
    if order.parent is not None:
        return "waitingForTrigger" if order.armed and order.status == "open" else "waitingForFill"
    known: Json = {"oid": order.oid}
    if order.client_id is not None:
        known["cloid"] = order.client_id
    if order.is_final and order.filled and order.trigger is None:
        return {
            "filled": {"totalSz": _size(instrument, order), "avgPx": _average(x, account, order), **known}
        }
    return {"resting": known}


def _size(instrument: Instrument, order: Order) -> str:
    return text(instrument.size(order.filled))


def _average(x: Exchange, account: Account, order: Order) -> str:
    fills = [one for one in reversed(x.fills[account.venue, account.name]) if one.oid == order.oid]
    return ratio(sum(one.price * one.lots for one in fills), sum(one.lots for one in fills) * 1_000_000)


def cancel_orders(x: Exchange, account: Account, action: Action) -> Json:
    """Cancel by the venue's own number."""
    wires = [bodies.mapping(one) for one in bodies.items(action.get("cancels"))]
    named = [(bodies.instrument(x, one.get("a")), bodies.whole(one.get("o"))) for one in wires]
    return _canceled(x, [(instrument, _mine(x, account, oid)) for instrument, oid in named])


def cancel_by_cloid(x: Exchange, account: Account, action: Action) -> Json:
    """Cancel by the client's number."""
    wires = [bodies.mapping(one) for one in bodies.items(action.get("cancels"))]
    named = [(bodies.instrument(x, one.get("asset")), bodies.cloid(one.get("cloid"))) for one in wires]
    return _canceled(x, [(instrument, _mine(x, account, cloid)) for instrument, cloid in named])


def _mine(x: Exchange, account: Account, name: int | str) -> Order | None:
    order = x.order_by_client(account, name) if isinstance(name, str) else x.orders.get(name)
    if order is None or (order.venue, order.account) != (account.venue, account.name):
        return None
    return order


def _canceled(x: Exchange, named: list[tuple[Instrument, Order | None]]) -> Json:
    statuses: list[Any] = []
    for instrument, order in named:
        if order is None or order.is_final or order.symbol != instrument.symbol:
            statuses.append({"error": f"{NEVER_PLACED} asset={instrument.number}"})
            continue
        cancel(x, order)
        statuses.append("success")
    return {"type": "cancel", "data": {"statuses": statuses}}


def modify_orders(x: Exchange, account: Account, action: Action) -> Json:
    """Replace resting orders; a stop cannot be changed, nor an order become one."""
    modifies = [action] if action["type"] == "modify" else bodies.items(action.get("modifies"))
    read = [
        (_name(one.get("oid")), _wanted(x, one.get("order")))
        for one in (bodies.mapping(modify) for modify in modifies)
    ]
    statuses: list[Any] = []
    for name, want in read:
        old = _mine(x, account, name)
        if old is None or old.is_final or old.trigger is not None or want.trigger is not None:
            statuses.append({"error": NO_CHANGE})
            continue
        statuses.append(_status(x, account, change(x, account, old, want)))
    return {"type": "order", "data": {"statuses": statuses}}


def _name(value: Any) -> int | str:
    return bodies.cloid(value) if isinstance(value, str) else bodies.whole(value)
