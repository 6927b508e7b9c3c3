"""What the trader's page shows, as words and figures; pure, for any thread."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings

from venues.contract.states import Account, StrategyState, Trade
from venues.serving.numerals import UNKNOWN, clock, figure, moment, parts, percent, reward

CLOSING = {"requested", "gate_closed"}
KINDS = {"entry": "Entry", "stop": "Stop", "close": "Close"}


def view(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give the context of the page's templates; in any thread."""
    rows: list[StrategyState] = found["rows"]
    names = {(row.strategy_id, row.symbol): row.name or row.strategy_id for row in rows}
    pnls = [row.position.unrealized_pnl for row in rows if row.position and row.position.unrealized_pnl]
    strategies = [_strategy(row) for row in rows]
    counts = [
        (word, sum(1 for row in rows if row.status == word)) for word in ("Active", "Disabled", "Killed")
    ]
    return {
        "source": found["source"],
        "now_ms": found["now_ms"],
        "network": found["account"].network,
        "account": found["account"],
        "equity": figure(found["account"].equity),
        "open_pnl": figure(sum(pnls, Decimal(0)), signed=True),
        "killed": sum(1 for row in rows if row.is_killed),
        "strategies": strategies,
        "counts": ", ".join(f"{count} {word.lower()}" for word, count in counts if count),
        "kill_on": settings.KILL_ON,
        "figures": _cards(found["account"], sum(pnls, Decimal(0))),
        "positions": [_position(one, names) for one in found["positions"]],
        "orders": [_order(one, names) for one in found["orders"]],
        "trades": [_trade(one, names) for one in found["trades"]],
    }


def _strategy(row: StrategyState) -> dict[str, str]:
    closing = row.is_killed and row.kill is not None and row.kill.state in CLOSING
    word, tone, icon = {
        "Killed": ("KILLED", "killing" if closing else "killed", "stop"),
        "Disabled": ("Disabled", "disabled", "off"),
        "Active": ("Active", "active", "on"),
    }[row.status]
    return {
        "key": f"{row.strategy_id}/{row.symbol}",
        "name": row.name or row.strategy_id,
        "symbol": row.symbol,
        "reward": reward(row.model_reward),
        "word": word,
        "tone": tone,
        "icon": icon,
        "more": "closing" if closing else "",
        "pnl": figure(row.total_pnl, signed=True),
        "row": "killed" if row.is_killed else "",
    }


def _cards(account: Account, open_pnl: Decimal) -> list[tuple[str, str, str]]:
    equity, margin = account.equity, account.margin_used
    share = "of equity" if not equity or margin is None else f"{percent(margin * 100 / equity, 1)} of equity"
    free = None if equity is None or margin is None else equity - margin
    known = "not known at present" if equity is None else f"as of {clock(account.as_of)} UTC"
    return [
        ("Equity ($)", figure(equity), known),
        ("Open PnL ($)", figure(open_pnl, signed=True), "at mark price"),
        ("Margin used ($)", figure(margin), share),
        ("Free ($)", figure(free), "before another margin"),
        ("Unattributed ($)", figure(account.unattributed, signed=True), "by hand, fees, differences"),
    ]  # fmt: skip


def _named(one: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    strategy_id = one.get("strategy_id")
    name = names.get((str(strategy_id), one["symbol"]), strategy_id) if strategy_id else "Unattributed"
    return {"name": name, "symbol": one["symbol"], "side": str(one.get("side") or UNKNOWN).capitalize()}


def _n(number: Decimal | None) -> tuple[str, str]:
    return (UNKNOWN, "") if number is None else parts(number)


def _position(one: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    mark, size = one.get("mark_price"), one.get("size")
    return {
        **_named(one, names),
        "cells": [
            ("Size", _n(size)),
            ("Entry", _n(one.get("entry_price"))),
            ("Mark", _n(mark)),
            ("Stop rests at", _n(one.get("stop_price"))),
        ],
        "value": figure(None if mark is None or size is None else abs(size) * mark),
        "pnl": figure(one.get("unrealized_pnl"), signed=True),
    }


def _order(one: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    kind = str(one.get("kind") or "order")
    price = one.get("price") if one.get("trigger_price") is None else one["trigger_price"]
    said = [str(one.get("status") or "").replace("_", " ")]
    said += ["reduce-only"] if one.get("reduce_only") else []
    said += (
        [f"{figure(one['filled'] * 100 / one['size'], 0)} % filled"]
        if one.get("filled") and one.get("size")
        else []
    )
    return {
        **_named(one, names),
        "kind": KINDS.get(kind, kind.replace("_", " ").capitalize()),
        "cells": [("Size", _n(one.get("size"))), ("Price", _n(price))],
        "placed": moment(one["placed_at"]) if one.get("placed_at") else UNKNOWN,
        "state": ", ".join(part for part in said if part),
    }  # fmt: skip


def _trade(trade: Trade, names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "closed": moment(trade.closed_at),
        "name": names.get((trade.strategy_id, trade.symbol), trade.strategy_id),
        "symbol": trade.symbol,
        "side": trade.side.capitalize(),
        "size": _n(trade.size),
        "pnl": figure(trade.pnl, signed=True),
        "fees": figure(trade.fees),
        "slippage": figure(trade.slippage),
        "by": trade.closed_by.replace("_", " ") or UNKNOWN,
    }
