"""Lighter's JSON shapes of accounts: orders, trades, positions, balances (venue-lighter.md, 3.2, 3.3)."""

import hashlib
from decimal import Decimal
from typing import Any

from venues.lighter.paper.markets import INSTRUMENTS, NAME, LighterInstrument, fraction_of
from venues.lighter.paper.words import (
    TIF_WORDS,
    kind_of,
    order_index,
    status_word,
    trigger_word,
    wire_index,
)
from venues.paper.accounts import Account, Position
from venues.paper.exchange import Exchange
from venues.paper.instruments import divide
from venues.paper.margin import reserved
from venues.paper.orders import Fill, Order, Payment

Json = dict[str, Any]
USDC = 3
COUNTERPARTY = 281_474_976_600_000  # the account that the market's own orders are of


def money(micros: int) -> str:
    """Give micros with all six decimals."""
    return f"{Decimal(micros).scaleb(-6):.6f}"


def ratio(numerator: int, denominator: int, decimals: int) -> str:
    """Give a quotient with so many decimals; 0 over nothing."""
    value = Decimal(numerator) / Decimal(denominator) if denominator else Decimal(0)
    return f"{value:.{decimals}f}"


def digest(*parts: object) -> str:
    """Give 80 hex digits that name what happened, as a transaction's hash does."""
    return hashlib.blake2b(":".join(map(str, parts)).encode(), digest_size=40).hexdigest()


def height(ms: int) -> int:
    """Give the number of the block at a wall time; one a second."""
    return ms // 1000 - 1_500_000_000


def order(x: Exchange, one: Order) -> Json:
    """Give an order with what became of it."""
    instrument = INSTRUMENTS[one.symbol]
    index, parent = order_index(one), x.orders.get(one.parent) if one.parent else None
    children = [_index_text(x, oid) for oid in [*one.children, None, None][:2]]
    return {
        "order_index": index,
        "client_order_index": int(one.client_id or 0),
        "order_id": str(index),
        "client_order_id": one.client_id or "0",
        "market_index": instrument.number,
        "owner_account_index": int(one.account),
        "initial_base_amount": instrument.size_text(one.lots),
        "price": instrument.price_text(one.price),
        "nonce": one.oid,
        "remaining_base_amount": instrument.size_text(one.left),
        "is_ask": not one.buy,
        "base_size": one.lots,
        "base_price": one.price // instrument.scale,
        "filled_base_amount": instrument.size_text(one.filled),
        "filled_quote_amount": money(one.traded),
        "side": "buy" if one.buy else "sell",
        "type": kind_of(one),
        "time_in_force": TIF_WORDS[one.tif],
        "reduce_only": one.reduce_only,
        "trigger_price": instrument.price_text(one.trigger or 0),
        "order_expiry": one.details.get("expiry_ms", 0),
        "status": status_word(x, one),
        "trigger_status": trigger_word(one),
        "trigger_time": 0,
        "parent_order_index": order_index(parent) if parent else 0,
        "parent_order_id": _index_text(x, one.parent),
        "to_trigger_order_id_0": children[0],
        "to_trigger_order_id_1": children[1],
        "to_cancel_order_id_0": _index_text(x, one.sibling),
        "integrator_fee_collector_index": "0",
        "integrator_taker_fee": "0",
        "integrator_maker_fee": "0",
        "block_height": height(one.status_ms),
        "timestamp": one.at_ms,
        "created_at": one.at_ms,
        "updated_at": one.status_ms,
        "transaction_time": one.status_ms * 1000,
    }


def _index_text(x: Exchange, oid: int | None) -> str:
    found = x.orders.get(oid) if oid is not None else None
    return str(order_index(found)) if found else "0"


def trade(one: Fill) -> Json:
    """Give an execution of an account against the market; fees of 0 are left out, as at the venue."""
    instrument = INSTRUMENTS[one.symbol]
    mine, theirs = ("bid", "ask") if one.buy else ("ask", "bid")
    role, other = ("taker", "maker") if one.taker else ("maker", "taker")
    market_index = wire_index(one.tid % 2**32, not one.buy)
    signed = one.lots if one.buy else -one.lots
    shown = {
        "trade_id": one.tid,
        "trade_id_str": str(one.tid),
        "tx_hash": digest("trade", one.oid, one.at_ms),
        "type": "trade",
        "market_id": instrument.number,
        "size": instrument.size_text(one.lots),
        "price": instrument.price_text(one.price),
        "usd_amount": money(instrument.notional(one.lots, one.price)),
        **_side(mine, wire_index(one.oid, one.buy), int(one.client_id or 0), int(one.account)),
        **_side(theirs, market_index, 0, COUNTERPARTY),
        "is_maker_ask": one.taker == one.buy,
        "block_height": height(one.at_ms),
        "timestamp": one.at_ms,
        f"{role}_position_size_before": instrument.size_text(one.start),
        f"{role}_entry_quote_before": money(abs(one.start_cost)),
        f"{role}_initial_margin_fraction_before": one.fraction or 500,
        f"{role}_position_sign_changed": one.start * (one.start + signed) < 0 or one.start == 0,
        f"{other}_position_size_before": instrument.size_text(0),
        f"{other}_entry_quote_before": money(0),
        f"{other}_initial_margin_fraction_before": 500,
        f"{other}_position_sign_changed": False,
        f"{mine}_account_pnl": money(one.pnl),
        f"{theirs}_account_pnl": money(0),
        "transaction_time": one.at_ms * 1000,
    }
    if one.fee:
        rate = divide(one.fee * 10**6, instrument.notional(one.lots, one.price))
        shown[f"{role}_fee"] = rate
    return shown


def _side(name: str, index: int, client: int, account: int) -> Json:
    return {
        f"{name}_id": index,
        f"{name}_id_str": str(index),
        f"{name}_client_id": client,
        f"{name}_client_id_str": str(client),
        f"{name}_account_id": account,
    }


def position(x: Exchange, account: Account, instrument: LighterInstrument) -> Json:
    """Give what an account holds of a market; the size is unsigned, the margin fraction in percent."""
    held, mark = account.position(instrument.symbol), x.markets[instrument.symbol].marks[NAME]
    orders = [one for one in x.orders_of(account) if one.symbol == instrument.symbol]
    waiting = [one for one in orders if one.waits or not one.armed]
    cross = account.leverage(instrument, 20).cross
    return {
        "market_id": instrument.number,
        "symbol": instrument.shown,
        "initial_margin_fraction": ratio(fraction_of(account, instrument), 100, 2),
        "open_order_count": len(orders) - len(waiting),
        "pending_order_count": len(waiting),
        "position_tied_order_count": 0,
        "sign": -1 if held.lots < 0 else 1,
        "position": instrument.size_text(abs(held.lots)),
        "avg_entry_price": _entry(instrument, held),
        "position_value": money(abs(instrument.notional(held.lots, mark))),
        "unrealized_pnl": money(held.unrealised(instrument, mark)),
        "realized_pnl": money(realised(x, account, instrument.symbol)),
        "liquidation_price": liquidation_price(x, account, instrument),
        "total_funding_paid_out": money(held.funding_open),
        "margin_mode": 0 if cross else 1,
        "allocated_margin": money(0 if cross else held.margin),
        "total_discount": money(0),
    }


def _entry(instrument: LighterInstrument, held: Position) -> str:
    decimals = max(instrument.price_decimals, 1)
    return ratio(held.cost * 10**instrument.size_decimals, held.lots * 10**6, decimals)


def realised(x: Exchange, account: Account, symbol: str) -> int:
    """Give the PnL realised since the position was opened, in micros."""
    total = 0
    for one in reversed(x.fills.get((NAME, account.name), ())):
        if one.symbol == symbol:
            total += one.pnl
            if one.start == 0:
                break
    return total


def liquidation_price(x: Exchange, account: Account, instrument: LighterInstrument) -> str:
    """Give the mark at which the margin left equals the maintenance margin; 0 where there is none."""
    held, mark = account.position(instrument.symbol), x.markets[instrument.symbol].marks[NAME]
    if not held.lots:
        return "0"
    rate = Decimal(instrument.maintenance) / 10_000
    if account.leverage(instrument, 20).cross:
        margins = x.margins(account)
        spare = Decimal(margins.cross_value - margins.cross_maintenance)
    else:
        value = abs(instrument.notional(held.lots, mark))
        spare = held.margin + held.unrealised(instrument, mark) - value * rate
    side, size = (1 if held.lots > 0 else -1), abs(instrument.size(held.lots))
    price = Decimal(mark) - side * spare / size / (1 - rate * side)
    return instrument.price_text(max(0, int(price)))


def positions(x: Exchange, account: Account, closed: bool = False) -> list[Json]:
    """Give every market with a position, an order or a setting; `closed`: also those traded before."""
    named = {*account.positions, *account.leverages, *(one.symbol for one in x.orders_of(account))}
    if closed:
        named |= {one.symbol for one in x.fills.get((NAME, account.name), ())}
    known = sorted((INSTRUMENTS[name] for name in named), key=lambda one: one.number)
    return [position(x, account, one) for one in known]


def available(x: Exchange, account: Account) -> int:
    """Give what new positions may take as margin, resting orders counted, in micros."""
    return max(0, x.margins(account).free - reserved(x, account))


def assets(account: Account) -> list[Json]:
    """Give the balances: all of the cash is margin."""
    return [
        {
            "symbol": "USDC",
            "asset_id": USDC,
            "balance": money(0),
            "locked_balance": money(0),
            "margin_mode": "disabled",
            "margin_balance": money(account.cash),
        }
    ]


def l1_address(account: Account) -> str:
    """Give the Ethereum address that stands for an account's owner; nobody has its key."""
    return f"0x{hashlib.sha256(f'{NAME}:{account.name}'.encode()).hexdigest()[:40]}"


def account_head(x: Exchange, one: Account) -> Json:
    """Give an account as the list of a wallet's accounts shows it."""
    orders = x.orders_of(one)
    return {
        "code": 0,
        "account_type": 0,
        "index": int(one.name),
        "l1_address": l1_address(one),
        "cancel_all_time": one.cancel_at or 0,
        "total_order_count": len(orders),
        "total_isolated_order_count": 0,
        "pending_order_count": sum(order.waits or not order.armed for order in orders),
        "available_balance": money(available(x, one)),
        "status": 1,
        "collateral": money(one.cash),
        "transaction_time": 0,
        "account_trading_mode": 0,
    }


def account(x: Exchange, one: Account) -> Json:
    """Give an account in full; its equity is total_asset_value."""
    margins = x.margins(one)
    return {
        **account_head(x, one),
        "account_index": int(one.name),
        "name": "",
        "description": "",
        "can_invite": False,
        "referral_points_percentage": "",
        "can_rfq": False,
        "can_rfq_market_ids": None,
        "created_at": 0,
        "metadata": {"color": ""},
        "positions": positions(x, one, closed=True),
        "assets": assets(one),
        "total_asset_value": money(margins.value),
        "cross_asset_value": money(margins.cross_value),
        "cross_initial_margin_requirement": money(margins.cross_used),
        "cross_maintenance_margin_requirement": money(margins.cross_maintenance),
        "shares": [],
        "pending_unlocks": [],
        "approved_integrators": [],
    }


def stats(x: Exchange, one: Account) -> Json:
    """Give what user_stats tells of an account; margin usage in percent."""
    margins = x.margins(one)
    shown = {
        "available_balance": money(available(x, one)),
        "buying_power": "0",
        "collateral": money(one.cash),
        "leverage": ratio(margins.notional, margins.value, 2),
        "margin_usage": ratio(100 * margins.used, margins.value, 2),
        "portfolio_value": money(margins.value),
    }
    return {"account_trading_mode": 0, **shown, "cross_stats": dict(shown), "total_stats": dict(shown)}


def funding(one: Payment) -> Json:
    """Give a funding payment; its time is in seconds."""
    instrument = INSTRUMENTS[one.symbol]
    return {
        "timestamp": one.at_ms // 1000,
        "market_id": instrument.number,
        "funding_id": one.number,
        "change": money(one.amount),
        "discount": money(0),
        "rate": ratio(one.rate, 10**8, 4),
        "position_size": instrument.size_text(abs(one.lots)),
        "position_side": "long" if one.lots > 0 else "short",
    }
