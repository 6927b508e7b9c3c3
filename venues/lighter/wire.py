"""Turns Lighter's answers and frames into our dataclasses (venue-lighter.md, sections 3 and 6)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from venues.contract.money import plain, venue_number, venue_price
from venues.lighter.rules import FEE_TICK, leverage_of
from venues.trader.gateway import (
    AccountRead,
    BuySell,
    Candle,
    Fill,
    Funding,
    OrderState,
    OrderStatus,
    Prices,
)
from venues.trader.gateways import belief
from venues.trader.gateways.belief import milliseconds, positive, volume

FIRST_MS = 10**11  # funding is stamped in seconds: a lower number than any time in milliseconds
STOPS = frozenset({"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"})
FORCED = frozenset({"liquidation", "deleverage", "market-settlement"})
WAITING: dict[str, OrderStatus] = {"parent-order": "waiting", "ready": "triggered"}

believes = partial(belief.believes, "Lighter")


def order_status(word: str, held_by: str = "na", *, stop: bool = False, filled: bool = False) -> OrderStatus:
    """Give our status for the venue's word; `held_by` is its trigger status.

    A market or limit order that the sequencer ended before anything of it was filled was rejected:
    only "canceled" and the words of what rested say otherwise.
    """
    if word in {"open", "pending", "in-progress"}:
        return WAITING.get(held_by, "open")
    if word == "filled":
        return "filled"
    if word == "canceled-expired":
        return "expired"
    if word in {"canceled", "canceled-oco", "canceled-child", "canceled-liquidation"} or stop or filled:
        return "canceled" if word.startswith("canceled") else "unknown"
    return "rejected" if word.startswith("canceled-") else "unknown"


@believes
def order_state(row: Mapping[str, Any], symbols: Mapping[int, str]) -> OrderState:
    """Give an order of the stream or of a read; `said` is the venue's word in plain letters."""
    word, kind = str(row["status"]), str(row["type"])
    filled = plain(venue_number(row["filled_base_amount"]))
    stop = kind in STOPS
    client = _whole(row["client_order_index"])
    price = venue_number(row["price"])
    return OrderState(
        symbol=symbols[_whole(row["market_index"])],
        side="sell" if row["is_ask"] else "buy",
        status=order_status(word, str(row.get("trigger_status")), stop=stop, filled=filled > 0),
        order_id=str(_whole(row["order_index"])),
        client_id=client or None,
        size=plain(venue_number(row["initial_base_amount"])),
        filled=filled,
        trigger=venue_price(row["trigger_price"]) if stop else None,
        price=plain(price),
        reduce_only=bool(row["reduce_only"]),
        said=word.replace("-", " "),
        at_ms=milliseconds(row["timestamp"]),
    )


@believes
def order_states(answer: Mapping[str, Any], symbols: Mapping[int, str]) -> list[OrderState]:
    """Give the orders of a read or a frame; those of markets that we do not know, spot, are left out."""
    return [order_state(row, symbols) for row in rows_of(answer["orders"]) if row["market_index"] in symbols]


@believes
def fill(row: Mapping[str, Any], account: int, symbols: Mapping[int, str]) -> Fill:
    """Give one execution from the side of `account`; fees are rates in 1e-6 of `usd_amount`."""
    sells = row["ask_account_id"] == account
    if not sells and row["bid_account_id"] != account:
        raise ValueError("a trade of others")
    side: BuySell = "sell" if sells else "buy"
    mine = "ask" if sells else "bid"
    role = "maker" if bool(row["is_maker_ask"]) == sells else "taker"
    before = row.get(f"{role}_position_size_before")
    rate = venue_number(row.get(f"{role}_fee") or 0) * FEE_TICK
    client = _whole(row[f"{mine}_client_id"])
    kind = str(row["type"])
    return Fill(
        fill_id=str(_whole(row["trade_id"])),
        symbol=symbols[_whole(row["market_id"])],
        side=side,
        price=venue_price(row["price"]),
        size=positive(row["size"]),
        fee=plain(venue_number(row["usd_amount"]) * rate),
        at_ms=milliseconds(row["timestamp"]),
        order_id=str(_whole(row[f"{mine}_id"])),
        client_id=client or None,
        liquidation=kind in FORCED and (role == "taker" or kind != "liquidation"),
        start_position=None if before is None else plain(venue_number(before)),
    )


@believes
def fills(answer: Mapping[str, Any], account: int, symbols: Mapping[int, str]) -> list[Fill]:
    """Give the account's fills of a read or a frame, oldest first; spot is no position."""
    rows = [row for row in rows_of(answer["trades"]) if row["market_id"] in symbols]
    return sorted(
        (fill(row, account, symbols) for row in rows), key=lambda one: (one.at_ms, int(one.fill_id))
    )


@believes
def funding(row: Mapping[str, Any], symbols: Mapping[int, str]) -> Funding:
    """Give one payment; the venue stamps it in seconds, on some ways in milliseconds."""
    market = _whole(row["market_id"])
    return Funding(
        funding_id=f"{_whole(row['funding_id'])}:{market}",
        symbol=symbols[market],
        amount=plain(venue_number(row["change"])),
        at_ms=_stamp(row),
    )


@believes
def fundings(answer: Mapping[str, Any], symbols: Mapping[int, str]) -> list[Funding]:
    """Give the payments of a read, oldest first."""
    known = [row for row in rows_of(answer["position_fundings"]) if row["market_id"] in symbols]
    return sorted((funding(row, symbols) for row in known), key=lambda one: one.at_ms)


@believes
def oldest_ms(rows: Any) -> int | None:
    """Give when the first of some rows happened, in whatever market; None where there is none."""
    return min((_stamp(row) for row in rows_of(rows)), default=None)


def _stamp(row: Mapping[str, Any]) -> int:
    at = milliseconds(row["timestamp"])
    return at if at > FIRST_MS else at * 1000


@believes
def account_row(answer: Mapping[str, Any], account: int) -> Mapping[str, Any]:
    """Give the account of an `account` answer; it must be the one asked for."""
    row: Mapping[str, Any] = answer["accounts"][0]
    if _whole(row["index"]) != account:
        raise ValueError(f"account {row['index']} instead of {account}")
    return row


@believes
def account_read(row: Mapping[str, Any], at_ms: int) -> AccountRead:
    """Give the account of its row; equity is `total_asset_value`."""
    return account_of(row["total_asset_value"], row["available_balance"], positions(row["positions"]), at_ms)


def account_of(equity: Any, free: Any, held: dict[str, Decimal], at_ms: int) -> AccountRead:
    """Give an account of the venue's two numbers and the positions; raises ValueError."""
    value, left = plain(venue_number(equity)), plain(venue_number(free))
    return AccountRead(equity=value, margin_used=value - left, free=left, positions=held, at_ms=at_ms)


@believes
def positions(rows: Any) -> dict[str, Decimal]:
    """Give signed sizes by symbol; the venue's are unsigned with a `sign`, and flat ones stay listed."""
    found: dict[str, Decimal] = {}
    for row in rows_of(rows):
        size = plain(venue_number(row["position"]))
        if size < 0 or row["sign"] not in {1, -1, 0} or (size and not row["sign"]):
            raise ValueError(f"not a position: {row['position']!r} with sign {row['sign']!r}")
        if size:
            found[str(row["symbol"])] = size * row["sign"]
    return found


@believes
def paid_out(rows: Any) -> dict[str, Decimal]:
    """Give the funding that each position has paid so far: no stream tells the payments themselves."""
    return {str(row["symbol"]): venue_number(row.get("total_funding_paid_out") or 0) for row in rows_of(rows)}


@believes
def leverage(row: Mapping[str, Any], market: int) -> tuple[int, bool] | None:
    """Give (leverage, is cross) of a market in an account's row; None where it was never set."""
    for position in row["positions"]:
        if position["market_id"] == market:
            percent = venue_number(position["initial_margin_fraction"])
            return leverage_of(percent), _whole(position["margin_mode"]) == 0
    return None


@believes
def prices(stats: Mapping[str, Any], symbol: str) -> Prices:
    """Give the prices of a market's statistics, or of its item of `orderBookDetails`."""
    mid, oracle = stats.get("mid_price"), stats.get("index_price")
    return Prices(
        symbol=symbol,
        mark=venue_price(stats["mark_price"]),
        mid=venue_price(mid) if mid else None,
        oracle=venue_price(oracle) if oracle else None,
    )


@believes
def candle(row: Mapping[str, Any], symbol: str, closed: bool) -> Candle:
    """Give one candle; the venue does not say whether it is closed."""
    return Candle(
        symbol=symbol,
        open_ms=milliseconds(row["t"]),
        open=venue_price(row["o"]),
        high=venue_price(row["h"]),
        low=venue_price(row["l"]),
        close=venue_price(row["c"]),
        volume=volume(row["v"]),
        closed=closed,
    )


@believes
def candle_rows(answer: Mapping[str, Any], symbol: str, count: int) -> list[Candle]:
    """Give the last `count` closed candles of a `candles` answer: its last one is still open."""
    ordered = sorted(answer["c"] or [], key=lambda row: milliseconds(row["t"]))
    return [candle(row, symbol, closed=True) for row in ordered[:-1][-count:]]


@believes
def market_rows(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Give the perpetuals of an `orderBookDetails` by symbol; a market's id is read, never assumed."""
    rows: Sequence[Mapping[str, Any]] = answer["order_book_details"]
    return {str(row["symbol"]): row for row in rows if _whole(row["market_id"]) >= 0}


@believes
def next_nonce(answer: Mapping[str, Any]) -> int:
    """Give the nonce of a `nextNonce` answer."""
    return _whole(answer["nonce"])


def rows_of(grouped: Any) -> Iterable[Mapping[str, Any]]:
    """Give the rows of a list, of an object of lists, or of an object of rows: frames have all three."""
    for entry in grouped.values() if isinstance(grouped, Mapping) else grouped or []:
        yield from entry if isinstance(entry, list) else [entry]


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"not a whole number: {value!r}")
    return value
