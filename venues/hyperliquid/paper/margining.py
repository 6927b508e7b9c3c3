"""Leverage and isolated margin actions."""

from collections.abc import Mapping
from typing import Any

from venues.hyperliquid.paper import bodies
from venues.hyperliquid.paper.bodies import BadShape
from venues.hyperliquid.paper.refusals import Refusal
from venues.hyperliquid.paper.words import LEVERAGE_MARGIN, SWITCH
from venues.paper.accounts import Account, Leverage
from venues.paper.exchange import Exchange
from venues.paper.instruments import divide

Json = dict[str, Any]


def set_leverage(x: Exchange, account: Account, action: Mapping[str, Any]) -> Json:
    """Set leverage and mode of a symbol; the mode cannot change while a position is open."""
    instrument = bodies.instrument(x, action.get("asset"))
    cross = bodies.flag(action.get("isCross"))
    value = bodies.whole(action.get("leverage"))
    if not 1 <= value <= instrument.max_leverage:
        raise Refusal("Invalid leverage value")
    old = account.leverage(instrument, x.venues[account.venue].default_leverage)
    held = account.position(instrument.symbol)
    if held.lots and old.cross != cross:
        raise Refusal(SWITCH)
    account.leverages[instrument.symbol] = Leverage(value, cross)
    if held.lots and value < old.value:
        _require_margin(x, account, instrument.symbol, old)
    return {"type": "default"}


def _require_margin(x: Exchange, account: Account, symbol: str, old: Leverage) -> None:
    """Put the old leverage back and refuse, where a lower one asks for more margin than there is."""
    held, wanted = account.position(symbol), account.leverages[symbol]
    if wanted.cross:
        enough = x.margins(account).free >= 0
    else:
        instrument = x.instrument(account.venue, symbol)
        needed = divide(abs(instrument.notional(held.lots, x.marks(account.venue)[symbol])), wanted.value)
        more = max(0, needed - held.margin)
        enough = x.margins(account).free >= more
        held.margin += more if enough else 0
    if not enough:
        account.leverages[symbol] = old
        raise Refusal(LEVERAGE_MARGIN.format("Cross" if wanted.cross else "Isolated"))


def set_isolated_margin(x: Exchange, account: Account, action: Mapping[str, Any]) -> Json:
    """Move margin (micros; below zero takes it back) between an isolated position and the rest."""
    instrument = bodies.instrument(x, action.get("asset"))
    bodies.flag(action.get("isBuy"))
    amount = action.get("ntli")
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise BadShape
    held = account.position(instrument.symbol)
    found = account.leverage(instrument, x.venues[account.venue].default_leverage)
    if not held.lots or found.cross:
        raise Refusal("Position does not exist or is not isolated.")
    value = abs(instrument.notional(held.lots, x.marks(account.venue)[instrument.symbol]))
    if amount > x.margins(account).free or held.margin + amount < divide(value, found.value):
        raise Refusal("Insufficient margin available to update isolated margin.")
    held.margin += amount
    return {"type": "default"}
