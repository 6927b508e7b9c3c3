"""Orders as they are asked for: read from the wire, checked as far as the API checks them (section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from venues.lighter.paper import fields
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.markets import MINIMUM_QUOTE, MOST_QUOTE, NAME, LighterInstrument
from venues.lighter.paper.words import ASKS, KINDS, TIFS, Kind
from venues.paper.accounts import Account
from venues.paper.exchange import Exchange
from venues.paper.margin import has_margin
from venues.paper.orders import Order, Tif

MINUTE_MS, DAY_MS = 60_000, 86_400_000
SHORTEST_EXPIRY_MS = 5 * MINUTE_MS
LONGEST_EXPIRY_MS = 30 * DAY_MS
DEAREST = 2**32 - 1
MOST_LOTS = 2**48 - 1
# Of an account and of one of its markets, with the codes (section 6): what rests, and what waits to.
ACTIVE = ((1500, 21717), (1000, 21718))
PENDING = ((500, 21719), (16, 21720))
ACCIDENTAL_PERCENT = 20  # past the mark, to the order's own harm
FAR_PERCENT = 80
AT_ONCE = {"market", "stop-loss", "take-profit"}  # what they trigger takes what there is


@dataclass(frozen=True)
class Draft:
    """An order of a transaction; price and trigger in micros, `lots` of 0 means the whole position."""

    instrument: LighterInstrument
    client: int
    lots: int
    price: int
    buy: bool
    kind: Kind
    tif: Tif
    reduce_only: bool
    trigger: int | None
    expiry_ms: int

    @property
    def symbol(self) -> str:
        """Give the symbol of its market."""
        return self.instrument.symbol

    @property
    def client_id(self) -> str | None:
        """Give the client's number as the engine keeps it; None for 0."""
        return str(self.client) if self.client else None

    @property
    def rests(self) -> bool:
        """Tell whether it may stand in the book at once."""
        return self.kind == "limit" and self.tif != "ioc"

    def order(self, account: Account, oid: int, now_ms: int) -> Order:
        """Give the order that it becomes."""
        return Order(
            oid=oid,
            venue=NAME,
            account=account.name,
            symbol=self.symbol,
            buy=self.buy,
            price=self.price,
            lots=self.lots,
            at_ms=now_ms,
            reduce_only=self.reduce_only,
            tif=self.tif,
            trigger=self.trigger,
            take_profit=self.kind.startswith("take-profit"),
            market=self.kind in AT_ONCE,
            whole=self.lots == 0,
            client_id=self.client_id,
            status_ms=now_ms,
            details={"kind": self.kind, "expiry_ms": self.expiry_ms},
        )


def read(x: Exchange, wire: Any) -> Draft:
    """Give the order of a transaction's ten fields; raises Refusal for what no order can be."""
    wire = fields.mapping(wire)
    instrument = fields.market(x, fields.whole(wire, "MarketIndex"))
    kind = KINDS[fields.whole(wire, "Type", len(KINDS) - 1)]
    tif = TIFS[fields.whole(wire, "TimeInForce", len(TIFS) - 1)]
    price, trigger = fields.whole(wire, "Price"), fields.whole(wire, "TriggerPrice")
    expiry = fields.whole(wire, "OrderExpiry")
    _check_combination(kind, tif, trigger, expiry)
    client, lots = fields.whole(wire, "ClientOrderIndex"), fields.whole(wire, "BaseAmount")
    if client >= ASKS:
        raise Refusal(21727)
    if not 1 <= price <= DEAREST:
        raise Refusal(21702)
    if trigger > DEAREST:
        raise Refusal(21729)
    if lots > MOST_LOTS:
        raise Refusal(21701)
    return Draft(
        instrument=instrument,
        client=client,
        lots=lots,
        price=price * instrument.scale,
        buy=not fields.whole(wire, "IsAsk", 1),
        kind=kind,
        tif=tif,
        reduce_only=bool(fields.whole(wire, "ReduceOnly", 1)),
        trigger=trigger * instrument.scale or None,
        expiry_ms=expiry,
    )


def _check_combination(kind: Kind, tif: Tif, trigger: int, expiry: int) -> None:
    """Hold time in force, trigger and expiry to what the type takes."""
    triggered = kind not in {"limit", "market"}
    if triggered != bool(trigger):
        raise Refusal(21729)
    if kind in AT_ONCE and tif != "ioc":
        raise Refusal(fields.BAD_INFO, "TimeInForce")
    expires = triggered or (kind == "limit" and tif != "ioc")
    if expires != bool(expiry):
        raise Refusal(21711)


def check(x: Exchange, account: Account, draft: Draft, child: bool = False, beside: int = 0) -> None:
    """Refuse what the API refuses before the sequencer sees it; `child`: of an entry not filled yet.

    `beside` is how many of its kind come with it in the same transaction.
    """
    now = x.now_ms()
    if draft.expiry_ms and not now < draft.expiry_ms <= now + LONGEST_EXPIRY_MS:
        raise Refusal(21711)
    if draft.lots == 0 and not draft.reduce_only:
        raise Refusal(21701)
    if draft.client_id is not None and x.order_by_client(account, draft.client_id) is not None:
        raise Refusal(21728)
    _check_count(x, account, draft, child, beside)
    check_price(x, draft.price, draft.trigger, draft.buy, draft.kind, draft.symbol)
    if child:
        return
    check_size(x, account, draft.instrument, draft.lots, draft.price, draft.reduce_only)
    opens = draft.rests and not draft.reduce_only
    if opens and not has_margin(x, account, draft.order(account, 0, now), draft.lots):
        raise Refusal(21739)


def _check_count(x: Exchange, account: Account, draft: Draft, child: bool, beside: int) -> None:
    """Hold what rests, and what waits for a trigger or its entry, to the venue's counts."""
    pending = child or draft.trigger is not None
    if not pending and not draft.rests:
        return
    alike = [one for one in x.orders_of(account) if (one.waits or not one.armed) == pending]
    here = [one for one in alike if one.symbol == draft.symbol]
    for found, (most, code) in zip((alike, here), PENDING if pending else ACTIVE, strict=True):
        if len(found) + beside >= most:
            raise Refusal(code)


def check_size(
    x: Exchange, account: Account, instrument: LighterInstrument, lots: int, price: int, reduce_only: bool
) -> None:
    """Refuse what is too small, unless it closes the whole, or too large."""
    if reduce_only and (lots == 0 or lots >= abs(account.position(instrument.symbol).lots)):
        return
    quote = instrument.notional(lots, price)
    if lots < instrument.minimum_lots or not MINIMUM_QUOTE <= quote <= MOST_QUOTE:
        raise Refusal(21706)


def check_price(
    x: Exchange, price: int, trigger: int | None, buy: bool, kind: Kind | str, symbol: str
) -> None:
    """Refuse a price out of the venue's bands; the widths are ours, but for the 5 % of a stop's."""
    side = 1 if buy else -1
    if trigger is not None:
        percent = x.venues[NAME].stop_worst_percent
        if kind in AT_ONCE and side * (price - trigger) * 100 > trigger * percent:
            raise Refusal(21735)
        return
    mark = x.markets[symbol].marks[NAME]
    past = side * (price - mark) * 100
    if past > mark * ACCIDENTAL_PERCENT:
        raise Refusal(21733)
    if -past > mark * FAR_PERCENT:
        raise Refusal(21734)


def read_group(x: Exchange, info: Mapping[str, Any]) -> tuple[int, list[Draft]]:
    """Give the grouping (1 OTO, 2 OCO, 3 OTOCO) and its orders, held to the rules of a group."""
    grouping = fields.whole(info, "GroupingType")
    wires = info.get("Orders")
    if grouping not in {1, 2, 3}:
        raise Refusal(21741)
    if not isinstance(wires, list) or len(wires) != (3 if grouping == 3 else 2):
        raise Refusal(21742, "wrong number of orders")
    drafts = [read(x, wire) for wire in wires]
    if len({one.symbol for one in drafts}) != 1:
        raise Refusal(21742, "different markets")
    clients = [one.client for one in drafts if one.client]
    if len(set(clients)) != len(clients):
        raise Refusal(21728)
    if grouping != 2:
        _check_children(drafts[0], drafts[1:])
    if grouping != 1:
        _check_pair(*drafts[-2:])
    return grouping, drafts


def _check_children(parent: Draft, children: list[Draft]) -> None:
    if parent.kind not in {"limit", "market"}:
        raise Refusal(21742, "the first order must be a limit or market order")
    if any(one.buy == parent.buy or one.lots or not one.reduce_only for one in children):
        raise Refusal(21742, "children must be reduce-only, of the other side, with BaseAmount 0")


def _check_pair(one: Draft, other: Draft) -> None:
    kinds = {draft.kind.partition("-")[0] for draft in (one, other)}
    if kinds != {"stop", "take"}:
        raise Refusal(21742, "one stop-loss and one take-profit")
    same = one.buy == other.buy and one.lots == other.lots and one.expiry_ms == other.expiry_ms
    if not same or not one.reduce_only or not other.reduce_only:
        raise Refusal(21742, "siblings must be reduce-only and equal in side, size and expiry")
