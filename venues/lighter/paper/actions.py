"""The kinds of transactions: what the API checks of each, and what the sequencer does (section 4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from venues.lighter.paper import drafts, executing, fields
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.markets import FRACTIONS, LighterInstrument, margin_fraction
from venues.lighter.paper.words import ASKS, kind_of, oid_of
from venues.paper.accounts import Account, Leverage
from venues.paper.exchange import Exchange
from venues.paper.orders import Order

Info = Mapping[str, Any]
Queued = frozenset[str]  # client ids of orders that are accepted and not executed yet
TAKER_MS, MAKER_MS = 300, 200
SOONEST_CANCEL_MS, LATEST_CANCEL_MS = 5 * drafts.MINUTE_MS, 15 * drafts.DAY_MS


@dataclass(frozen=True)
class Action:
    """One kind: `check` raises Refusal; `execute` gives why nothing came of it, else an empty text."""

    check: Callable[[Exchange, Account, Info, Queued], None]
    execute: Callable[[Exchange, Account, Info, int], str]
    delay_ms: Callable[[Exchange, Info], int] = lambda x, info: MAKER_MS


def attributes(info: Info) -> Mapping[str, Any]:
    """Give the attributes beside a transaction's body; none is an empty object."""
    found = info.get("L2TxAttributes")
    return {} if found is None else fields.mapping(found)


def clients_of(info: Info) -> list[str]:
    """Give the client ids that a transaction would use."""
    wires = info.get("Orders", [info])
    return [str(one["ClientOrderIndex"]) for one in wires if one.get("ClientOrderIndex")]


def _refuse_queued(info: Info, queued: Queued) -> None:
    if not queued.isdisjoint(clients_of(info)):
        raise Refusal(21728)


# ── create ──────────────────────────────────────────────────────────────────────


def _check_create(x: Exchange, account: Account, info: Info, queued: Queued) -> None:
    drafts.check(x, account, drafts.read(x, info))
    _refuse_queued(info, queued)


def _create(x: Exchange, account: Account, info: Info, accepted_ms: int) -> str:
    return executing.create(x, account, drafts.read(x, info), accepted_ms)


def _create_delay(x: Exchange, info: Info) -> int:
    """Give 300 ms for what takes from the book, 200 for what rests or waits."""
    draft = drafts.read(x, info)
    if draft.trigger is not None or draft.tif == "alo":
        return MAKER_MS
    bid, ask = x.markets[draft.symbol].touch(draft.instrument)
    crosses = draft.price >= ask if draft.buy else draft.price <= bid
    return TAKER_MS if crosses or draft.tif == "ioc" else MAKER_MS


def _check_group(x: Exchange, account: Account, info: Info, queued: Queued) -> None:
    grouping, group = drafts.read_group(x, info)
    for number, draft in enumerate(group):
        child = grouping != 2 and number > 0
        drafts.check(x, account, draft, child, beside=number - child)
    _refuse_queued(info, queued)


def _create_group(x: Exchange, account: Account, info: Info, accepted_ms: int) -> str:
    return executing.create_group(x, account, *drafts.read_group(x, info), accepted_ms)


def _group_delay(x: Exchange, info: Info) -> int:
    grouping, _ = drafts.read_group(x, info)
    return MAKER_MS if grouping == 2 else _create_delay(x, info["Orders"][0])


# ── cancel, modify ──────────────────────────────────────────────────────────────


def _named(x: Exchange, account: Account, index: int) -> Order | None:
    """Give the account's order of a client index or, from 2^48, of the venue's own."""
    if index < ASKS:
        return x.order_by_client(account, str(index))
    order = x.orders.get(oid_of(index))
    mine = order is not None and (order.venue, order.account) == (account.venue, account.name)
    return order if mine else None


def _resting(x: Exchange, account: Account, info: Info) -> tuple[LighterInstrument, Order]:
    """Give the open order that a transaction names; raises Refusal."""
    instrument = fields.market(x, fields.whole(info, "MarketIndex"))
    order = _named(x, account, fields.whole(info, "Index"))
    if order is None or order.symbol != instrument.symbol:
        raise Refusal(21700)
    if order.is_final:
        raise Refusal(21715)
    return instrument, order


def _check_cancel(x: Exchange, account: Account, info: Info, queued: Queued) -> None:
    if str(info.get("Index")) not in queued:
        _resting(x, account, info)


def _cancel(x: Exchange, account: Account, info: Info, accepted_ms: int) -> str:
    return executing.cancel_order(x, _named(x, account, info["Index"]))


def _changed(instrument: LighterInstrument, info: Info) -> tuple[int, int, int | None]:
    """Give (lots, price, trigger) of a modify."""
    lots = fields.whole(info, "BaseAmount", drafts.MOST_LOTS)
    price = fields.whole(info, "Price", drafts.DEAREST)
    trigger = fields.whole(info, "TriggerPrice", drafts.DEAREST)
    return lots, price * instrument.scale, trigger * instrument.scale or None


def _check_modify(x: Exchange, account: Account, info: Info, queued: Queued) -> None:
    instrument, order = _resting(x, account, info)
    lots, price, trigger = _changed(instrument, info)
    if not price:
        raise Refusal(21702)
    if (order.trigger is None) != (trigger is None):
        raise Refusal(21729)
    if lots <= order.filled and not (lots == 0 and order.reduce_only):
        raise Refusal(21701)
    drafts.check_price(x, price, trigger, order.buy, kind_of(order), order.symbol)
    drafts.check_size(x, account, instrument, lots, price, order.reduce_only)


def _modify(x: Exchange, account: Account, info: Info, accepted_ms: int) -> str:
    instrument = fields.market(x, info["MarketIndex"])
    return executing.modify(x, account, _named(x, account, info["Index"]), *_changed(instrument, info))


def _check_cancel_all(x: Exchange, account: Account, info: Info, queued: Queued) -> None:
    """Hold the dead man's switch to 5 minutes to 15 days; one market only at once."""
    when, time = fields.whole(info, "TimeInForce", 2), fields.whole(info, "Time")
    if when != 1 and time:
        raise Refusal(21714)
    if when == 1 and not SOONEST_CANCEL_MS <= time - x.now_ms() + 1000 <= LATEST_CANCEL_MS:
        raise Refusal(21714)
    only = attributes(info).get("5")
    if only is not None:
        fields.market(x, fields.whole(attributes(info), "5"))
        if when:
            raise Refusal(fields.BAD_INFO, "one market can only be cancelled at once")


def _cancel_all(x: Exchange, account: Account, info: Info, accepted_ms: int) -> str:
    if info["TimeInForce"]:
        account.cancel_at = info["Time"] if info["TimeInForce"] == 1 else None
        x.touch(account)
        return executing.NOTHING
    only = attributes(info).get("5")
    symbol = None if only is None else fields.market(x, only).symbol
    for order in x.orders_of(account):
        if symbol in {None, order.symbol}:
            executing.cancel_order(x, order)
    return executing.NOTHING


# ── leverage ────────────────────────────────────────────────────────────────────


def _check_leverage(x: Exchange, account: Account, info: Info, queued: Queued) -> None:
    instrument = fields.market(x, fields.whole(info, "MarketIndex"))
    fraction = fields.whole(info, "InitialMarginFraction")
    if not instrument.initial <= fraction <= FRACTIONS:
        raise Refusal(21113)
    if fields.whole(info, "MarginMode") > 1:
        raise Refusal(21613)
    old = account.leverage(instrument, x.venues[account.venue].default_leverage)
    busy = account.position(instrument.symbol).lots or any(
        order.symbol == instrument.symbol for order in x.orders_of(account)
    )
    if busy and old.cross != (info["MarginMode"] == 0):
        raise Refusal(21132)
    if fraction > margin_fraction(old) and not _carries(x, account, instrument, info):
        raise Refusal(21508)


def _wanted_leverage(info: Info) -> Leverage:
    fraction = info["InitialMarginFraction"]
    return Leverage(FRACTIONS // fraction, info["MarginMode"] == 0, fraction)


def _carries(x: Exchange, account: Account, instrument: LighterInstrument, info: Info) -> bool:
    """Tell whether what is open could be carried with another margin fraction."""
    kept = account.leverages.get(instrument.symbol)
    account.leverages[instrument.symbol] = _wanted_leverage(info)
    enough = x.margins(account).free >= 0
    if kept is None:
        del account.leverages[instrument.symbol]
    else:
        account.leverages[instrument.symbol] = kept
    return enough


def _leverage(x: Exchange, account: Account, info: Info, accepted_ms: int) -> str:
    account.leverages[fields.market(x, info["MarketIndex"]).symbol] = _wanted_leverage(info)
    x.touch(account)
    return executing.NOTHING


ACTIONS = {
    14: Action(_check_create, _create, _create_delay),
    15: Action(_check_cancel, _cancel),
    16: Action(_check_cancel_all, _cancel_all),
    17: Action(_check_modify, _modify, lambda x, info: TAKER_MS),
    20: Action(_check_leverage, _leverage),
    28: Action(_check_group, _create_group, _group_delay),
}
